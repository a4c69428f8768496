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

    The faces of both heads are one mesh in one frame; their other vertices may differ. missed :
    metres, how wrong the coefficients were; the prior of `new` decides the rest, so that modes
    which hardly move the face stay near the average.
    """
    modes = _face_modes(new).T
    away = (old.template[old.face] - new.template[new.face]).reshape(1, -1)
    known = np.concatenate([_face_modes(old), away])
    pull = missed**2 * new.face.sum() * np.linalg.inv(new.prior.covariance)
    found = np.linalg.solve(modes.T @ modes + pull, modes.T @ known.T.astype(np.float64))
    return torch.from_numpy(found[:, :-1]).float(), torch.from_numpy(found[:, -1]).float()


def same_basis(old: OpenHead, new: OpenHead) -> bool:
    """Whether coefficients mean one face on both heads: `finish` changes eyes, teeth and neck
    alone."""
    if old.face.sum() != new.face.sum() or len(old.identity) != len(new.identity):
        return False
    return np.array_equal(_face_modes(old), _face_modes(new)) and np.array_equal(
        old.template[old.face], new.template[new.face]
    )


def _face_modes(head: OpenHead) -> np.ndarray:
    """(K, 3 F) float64."""
    return head.identity[:, head.face].reshape(len(head.identity), -1).astype(np.float64)
