"""What a hint moves among the heads drawn: enough for a client to follow hints live."""

from __future__ import annotations

import numpy as np

from ..packs.pack import Pack
from .certainty import BEYOND, unit_moves


def hint_arrays(pack: Pack, candidates: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays `hint_values`, `hint_gram` and `hint_pushes` of candidates (N, K), by name; none
    for a pack whose hints are no axes of its coefficients."""
    axes = pack.hint_axes
    if axes is None:
        return {}
    away = candidates.astype(np.float64) - candidates.mean(axis=0)
    covariance = away.T @ away / max(len(away) - 1, 1) + BEYOND * np.eye(away.shape[1])
    pushes = axes @ covariance
    moves = unit_moves(pack, candidates.shape[1])
    return {
        "hint_values": (candidates.astype(np.float64) @ axes.T).astype(np.float32),
        "hint_gram": (pushes @ axes.T).astype(np.float32),
        "hint_pushes": np.tensordot(pushes, moves, 1).astype(np.float16),
    }
