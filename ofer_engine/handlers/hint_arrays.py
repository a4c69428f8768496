"""What a hint moves among the heads drawn: enough for a client to follow hints live."""

from __future__ import annotations

import numpy as np

from ..packs.pack import Pack
from .certainty import covariance, unit_moves


def hint_arrays(pack: Pack, candidates: np.ndarray, free: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays `hint_values`, `hint_gram` and `hint_pushes` of candidates (N, K), by name, the
    latter two as `free` (n, K) vary; none for a pack whose hints are no axes of its coefficients.
    """
    axes = pack.hint_axes
    if axes is None:
        return {}
    pushes = axes @ covariance(free)
    moves = unit_moves(pack, candidates.shape[1])
    return {
        "hint_values": (candidates.astype(np.float64) @ axes.T).astype(np.float32),
        "hint_gram": (pushes @ axes.T).astype(np.float32),
        "hint_pushes": np.tensordot(pushes, moves, 1).astype(np.float16),
    }
