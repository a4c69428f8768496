"""A shape put together from parts of others: each part pasted, the rest left or brought along.

Brought along, the parts are observed exactly and the rest is its mean given them, under the
Gaussian of the shapes drawn (Rasmussen and Williams 2006, eq. 2.11 f.).
"""

from __future__ import annotations

from typing import Final

import numpy as np

_DEVIATION: Final = 0.001
"""Metres at each observed point: neighbours err together, so that a part says less than all its
points."""
_WHOLLY: Final = 0.9
_MOST: Final = 400


def moves(
    shape: np.ndarray,
    modes: np.ndarray,
    masks: np.ndarray,
    targets: np.ndarray,
    follows: np.ndarray,
) -> np.ndarray:
    """(V, 3) float64 metres that bring a shape (V, 3) to its parts.

    modes : (R, V, 3) of deviation 1; masks : (P, V) in 0..1; targets : (P, V, 3), the shape that
    each part is taken from; follows : (P,) bool, whether the rest goes along with it.
    """
    apart = np.asarray(targets, np.float64) - shape
    share = masks / np.maximum(masks.sum(axis=0), 1.0)
    pasted = (share[..., None] * apart).sum(axis=0)
    if not follows.any():
        return pasted
    seen = np.flatnonzero(masks[follows].max(axis=0) > _WHOLLY)
    seen = seen[:: -(-len(seen) // _MOST) or 1]
    owner = np.flatnonzero(follows)[masks[follows][:, seen].argmax(axis=0)]
    rows = modes[:, seen].reshape(len(modes), -1).astype(np.float64) / _DEVIATION
    wanted = apart[owner, seen].ravel() / _DEVIATION
    latent = np.linalg.solve(rows @ rows.T + np.eye(len(modes)), rows @ wanted)
    rest = np.tensordot(latent, modes, 1)
    return pasted + (1 - share.sum(axis=0))[:, None] * rest
