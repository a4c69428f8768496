"""Coefficients in another basis: how a conditioner goes on when its head has new modes."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...heads.open_head import OpenHead

_READING: Final = 0.7e-3
"""Metres by which an earlier conditioner's reading misses, all over the face together."""


def rebased(old: OpenHead, new: OpenHead, missed: float = _READING) -> tuple[Tensor, Tensor]:
    """turn (K', K) and shift (K',), float32: `turn @ coefficients + shift` are the likeliest
    coefficients on `new` for a face that was given in those of `old`.

    Both heads have one mesh and one frame. missed : metres, how wrong the coefficients were; the
    prior of `new` decides the rest, so that modes which hardly move the face stay near the average.
    """
    face = new.face
    modes = new.identity[:, face].reshape(len(new.identity), -1).T.astype(np.float64)
    away = (old.template - new.template)[face].reshape(1, -1)
    known = np.concatenate([old.identity[:, face].reshape(len(old.identity), -1), away])
    pull = missed**2 * face.sum() * np.linalg.inv(new.prior.covariance)
    found = np.linalg.solve(modes.T @ modes + pull, modes.T @ known.T.astype(np.float64))
    return torch.from_numpy(found[:, :-1]).float(), torch.from_numpy(found[:, -1]).float()
