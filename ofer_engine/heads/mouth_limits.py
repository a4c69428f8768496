"""How far the open head's mouth units may go together before teeth leave the lips.

The units are sculpted one by one; a sampler that draws them freely can ask for sums that no mouth
makes. Found by looking at the head, not measured on people.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52

CORNER_LIMIT: Final = 1.1
"""Of all units of one side that pull the corner of the mouth."""
CLOSED_LIMIT: Final = 0.3
"""Of `mouthClose`; beyond it the same lips are had with a jaw that is less open."""

_CORNER: Final = ("mouthSmile", "mouthStretch", "mouthFrown", "mouthDimple", "mouthPress")
_SIDES: Final = tuple(
    tuple(ARKIT_52.index(f"{unit}{side}") for unit in _CORNER) for side in ("Left", "Right")
)
_CLOSE: Final = ARKIT_52.index("mouthClose")
_JAW: Final = ARKIT_52.index("jawOpen")


def limited(weights: np.ndarray) -> np.ndarray:
    """Unit weights (E, 52) brought within 0..1 and the limits above; a copy."""
    weights = np.clip(weights, 0.0, 1.0)
    for side in _SIDES:
        total = weights[:, side].sum(axis=1, keepdims=True)
        weights[:, side] *= np.minimum(1.0, CORNER_LIMIT / np.maximum(total, 1e-6))
    weights[:, _CLOSE] = np.minimum(weights[:, _CLOSE], weights[:, _JAW])
    excess = np.maximum(weights[:, _CLOSE] - CLOSED_LIMIT, 0.0)
    weights[:, _CLOSE] -= excess
    weights[:, _JAW] -= excess
    return weights
