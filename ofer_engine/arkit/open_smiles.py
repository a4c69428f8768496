"""Open smiles: sums of units that faces make often, in which teeth must stay in the mouth too.

A unit alone keeps its teeth behind skin and lips; the sum of a smile and an open jaw does not. The
smile takes the teeth back with it as far as any of these sums needs, which a smile with the jaw
closed hides behind the lips.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..heads.teeth import Teeth
from ..heads.teeth_probes import Clearance

_JAW: Final = ARKIT_52.index("jawOpen")
_LEFT: Final = ARKIT_52.index("mouthSmileLeft")
_RIGHT: Final = ARKIT_52.index("mouthSmileRight")
_OPEN: Final = (0.3, 0.6, 1.0)
"""Weights of jawOpen at which teeth are taken back; between them they then stay in, too."""
_MIDDLE: Final = 0.010
"""Metres of breadth over which teeth pass from the right smile to the left one."""


def clear_open_smiles(
    teeth: Teeth,
    neutral: np.ndarray,
    units: np.ndarray,
    rest: tuple[Clearance, ...],
    check: Callable[[], None],
) -> None:
    """Let the smiles among units (52, V, 3), metres, take the teeth back, in place.

    neutral : (V, 3) metres; rest : its clearances; check : called now and again, may raise to stop.
    """
    if not units[[_JAW, _LEFT, _RIGHT]].any((1, 2)).all():
        return
    left = np.clip(neutral[:, :1] / _MIDDLE + 0.5, 0.0, 1.0)
    for sides in ((_LEFT,), (_RIGHT,), (_LEFT, _RIGHT)):
        shares = {_LEFT: left, _RIGHT: 1.0 - left} if len(sides) > 1 else {sides[0]: 1.0}
        for opened in _OPEN:
            check()
            shape = neutral + units[list(sides)].sum(0) + opened * units[_JAW]
            back = teeth.withdrawn(shape, rest) - shape
            for side, share in shares.items():
                units[side] += share * back
