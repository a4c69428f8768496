"""What a hint moves among the heads drawn: enough for a client to follow hints live.

A head that is brought to a hint goes the ways that the photos leave open: what would move points
away from where they are seen, weighed by how surely, costs as much as it improbably varies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..packs.pack import Pack, PhotoEvidence
from ..packs.reprojection import seen_points
from .certainty import covariance, unit_moves


def hint_arrays(
    pack: Pack, candidates: np.ndarray, free: np.ndarray, photos: Sequence[PhotoEvidence]
) -> dict[str, np.ndarray]:
    """The arrays `hint_values`, `hint_gram` and `hint_pushes` of candidates (N, K), by name, the
    latter two as `free` (n, K) vary; none for a pack whose hints are no axes of its coefficients.
    """
    axes = pack.hint_axes
    if axes is None:
        return {}
    seen, _ = seen_points(pack, photos)
    pushes = axes @ np.linalg.inv(np.linalg.inv(covariance(pack, free)) + seen)
    moves = unit_moves(pack, candidates.shape[1])
    return {
        "hint_values": (candidates.astype(np.float64) @ axes.T).astype(np.float32),
        "hint_gram": (pushes @ axes.T).astype(np.float32),
        "hint_pushes": np.tensordot(pushes, moves, 1).astype(np.float16),
    }
