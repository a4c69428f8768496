"""The 52 face units of Apple's ARFaceAnchor.BlendShapeLocation, in Apple's order.

Left and right are the subject's. Engines match them by bare, case-sensitive name.
"""

from __future__ import annotations

import re
from typing import Final

_EYE: Final = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")

ARKIT_52: Final[tuple[str, ...]] = (
    *(f"eye{unit}Left" for unit in _EYE),
    *(f"eye{unit}Right" for unit in _EYE),
    "jawForward", "jawLeft", "jawRight", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight",
    "tongueOut",
)  # fmt: skip

_SIDES: Final = {"l": "left", "r": "right"}
_ONE_LETTER: Final = re.compile(r"[._\- ]([lr])$")
_BETWEEN: Final = re.compile(r"[._\- ]")


def without_spelling(name: str) -> str:
    """A unit's name as names are compared whose spelling differs: `EyeBlinkLeft`, `eyeBlink_L` and
    `eye_blink.left` are one."""
    low = _ONE_LETTER.sub(lambda found: _SIDES[found[1]], name.strip().lower())
    return _BETWEEN.sub("", low)


UNITS: Final = {without_spelling(unit): unit for unit in ARKIT_52}
"""Name `without_spelling` → unit."""
