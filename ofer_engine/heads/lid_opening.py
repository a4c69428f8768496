"""How far the lids are open: the newer landmarker's edges of both lids (`photo/lids`).

Heads that were read from 23 portraits opened their eyes by 0.17 of an eye's width, the portraits by
0.22. Only units of lids answer: how a cheek or a smile lifts the lower lid, other points say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..photo.lids import Lids
from .camera import Camera
from .rims import Rims

LID_UNITS: Final = np.array(
    [name.startswith(("eyeBlink", "eyeSquint", "eyeWide")) for name in ARKIT_52]
)
"""(52,) bool."""
_EYE: Final = np.array([int(name.endswith("Right")) for name in ARKIT_52])
"""(52,) the eye of those: 0 left, 1 right."""
_DOUBTED: Final = 1.5
"""How much the units of lids are doubted where an eye is seen, of what they are else: wide eyes are
rare among renders. On 23 portraits the gap's error is 0.012 of an eye's width with it, 0.017 with
1."""
_DEVIATION: Final = 0.028
"""Of a gap, of the distance between an eye's corners. The eyes of 879 portraits, most of them seen
from the front, differ as if each were read to 0.016; the three gaps of an eye err alike."""


@dataclass(frozen=True, eq=False)
class SeenLids:
    """Lids of a photo beside a head's: rims : of the ARKIT_52; seen : (2,) 0..1, how far the left
    eye is, and the right."""

    lids: Lids
    rims: Rims
    seen: np.ndarray

    def doubt(self) -> np.ndarray:
        """(52,) how much each unit is doubted, of what it is where no eye is seen."""
        return 1 + (_DOUBTED - 1) * self.seen[_EYE] * LID_UNITS

    def misses(self, camera: Camera, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M,) deviations by which a head at unit weights (52,) opens its lids too little, and
        (M, 52) slopes of how far it opens them; zeros where both are shut."""
        upper, lower = self.rims.moved(weights)
        shown, each = self.lids.gap.reshape(-1), self.lids.gap.shape[1]
        across = np.repeat(self.lids.across, each, axis=0)
        deviation = _DEVIATION * np.repeat(self.lids.width, each)
        gap = np.einsum("mc,mc->m", camera.project(lower) - camera.project(upper), across)
        by_upper, by_lower = (
            camera.slopes(rim, self.rims.units[:, lid]).reshape(len(gap), 2, -1)
            for lid, rim in enumerate((upper, lower))
        )
        slopes = np.einsum("mcx,mc->mx", by_lower - by_upper, across) * LID_UNITS
        both_shut = (shown <= 0) & (gap <= 0)  # how far they overlap no photo shows
        sure = np.sqrt(np.repeat(self.seen, each)) / deviation * ~both_shut
        return sure * (shown - gap), sure[:, None] * slopes
