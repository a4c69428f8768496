"""Coefficients in another basis: how a conditioner goes on when its head has new modes."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...heads.open_head import OpenHead
from ..head_building.resting_lids import shares_at_rest

_RESTING: Final = 3e-3
"""Metres that lids move as they come to rest, at most; 1.5 mm in fact."""
_READING: Final = 0.7e-3
"""Metres by which an earlier conditioner's reading misses, all over the face together."""


def rebased(old: OpenHead, new: OpenHead, missed: float = _READING) -> tuple[Tensor, Tensor]:
    """turn (K', K) and shift (K',), float32: `turn @ coefficients + shift` are the likeliest
    coefficients on `new` for a face that was given in those of `old`.

    The faces of both heads are one mesh in one frame; their other vertices may differ. missed :
    metres, how wrong the coefficients were; the prior of `new` decides the rest, so that modes
    which hardly move the face stay near the average. Lids are not asked: heads of one basis may let
    them rest differently, which makes nobody another person.
    """
    still = ~(_of_lids(old) | _of_lids(new))
    modes = _face_modes(new, still).T
    away = (old.template[old.face] - new.template[new.face])[still].reshape(1, -1)
    known = np.concatenate([_face_modes(old, still), away])
    pull = missed**2 * still.sum() * np.linalg.inv(new.prior.covariance)
    found = np.linalg.solve(modes.T @ modes + pull, modes.T @ known.T.astype(np.float64))
    return torch.from_numpy(found[:, :-1]).float(), torch.from_numpy(found[:, -1]).float()


def same_basis(old: OpenHead, new: OpenHead) -> bool:
    """Whether coefficients mean one face on both heads: `finish` changes eyes, teeth and neck
    alone, and lets lids rest."""
    if old.face.sum() != new.face.sum() or len(old.identity) != len(new.identity):
        return False
    away = old.template[old.face] - new.template[new.face]
    still, everywhere = ~(_of_lids(old) | _of_lids(new)), np.ones(int(old.face.sum()), bool)
    return (
        np.array_equal(_face_modes(old, everywhere), _face_modes(new, everywhere))
        and not away[still].any()
        and bool(np.abs(away).max() < _RESTING)
    )


def _of_lids(head: OpenHead) -> np.ndarray:
    """(F,) bool: vertices of the face that move as lids come to rest."""
    return np.any(head.expression[shares_at_rest() > 0][:, head.face], axis=(0, 2))


def _face_modes(head: OpenHead, rows: np.ndarray) -> np.ndarray:
    """(K, 3 n) float64 of n vertices of the face. rows : (F,) bool."""
    return head.identity[:, head.face][:, rows].reshape(len(head.identity), -1).astype(np.float64)
