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

_BETWEEN: Final = re.compile(r"[._\- ]")
_UNIFIED: Final = {
    "EyeClosedLeft": "eyeBlinkLeft", "EyeClosedRight": "eyeBlinkRight",
    "MouthClosed": "mouthClose", "LipFunnel": "mouthFunnel", "LipPucker": "mouthPucker",
    "LipSuckLower": "mouthRollLower", "LipSuckUpper": "mouthRollUpper",
    "MouthRaiserLower": "mouthShrugLower", "MouthRaiserUpper": "mouthShrugUpper",
}  # fmt: skip
"""Names of VRCFaceTracking's Unified Expressions that differ from Apple's, as its documentation
compares the two ("Apple ARKit", Compatibility)."""


def other_side(unit: str) -> str:
    """The unit of the other half of the face; a unit of both halves is its own."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if unit.endswith(side) and unit.removesuffix(side) + other in ARKIT_52:
            return unit.removesuffix(side) + other
    return unit


def without_spelling(name: str) -> str:
    """A name as names are compared whose spelling differs: `EyeBlinkLeft` and `eye_blink.left` are
    one."""
    return _BETWEEN.sub("", name.strip().lower())


def _short(unit: str) -> str:
    """With one letter for its side, where Apple's name ends in one."""
    return re.sub("(?<=[a-z])(Left|Right)$", lambda found: found[0][0], unit)


UNIFIED: Final = {without_spelling(name): unit for name, unit in _UNIFIED.items()}
UNITS: Final = UNIFIED | {
    without_spelling(name): unit for unit in ARKIT_52 for name in (_short(unit), unit)
}
"""Name `without_spelling` → unit: Apple's, its side written out or as one letter (`eyeBlink_L`,
`eyeBlinkL`, `eyeBlink.l`), and those of UNIFIED."""
