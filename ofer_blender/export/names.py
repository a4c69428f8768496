"""What other programs call Apple's 52 face units.

Each table is in ARKIT_52 order, one name a unit; "" where the program has no such unit of its own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ...ofer_engine.contract.arkit import ARKIT_52

UNREAL: Final = tuple(name[0].upper() + name[1:] for name in ARKIT_52)
"""Curves of Live Link Face and of MetaHuman's mh_arkit_mapping_pose. Source: Unreal Engine,
`EARFaceBlendShape` and the Live Link Face app's CSV header."""

UNITY: Final = ARKIT_52
"""Unity's ARKit face tracking and Live Capture match Apple's own names, whatever precedes them.
Source: Unity, `UnityEngine.XR.ARKit.ARKitBlendShapeLocation` and Live Capture's face mapper."""

VRM: Final = ARKIT_52
"""Custom expressions of "Perfect Sync" in VRM 1.0 applications. Source: VirtualMotionCapture's and
VSeeFace's manuals; VRM 0 applications compare without regard to case."""

_UNIFIED: Final = {
    "eyeBlink": "EyeClosed", "eyeLookDown": "EyeLookDown", "eyeLookIn": "EyeLookIn",
    "eyeLookOut": "EyeLookOut", "eyeLookUp": "EyeLookUp", "eyeSquint": "EyeSquint",
    "eyeWide": "EyeWide", "jawForward": "JawForward", "jawOpen": "JawOpen",
    "jawLeft": "JawLeft", "jawRight": "JawRight",
    "mouthClose": "MouthClosed", "mouthFunnel": "LipFunnel", "mouthPucker": "LipPucker",
    "mouthLeft": "MouthLeft", "mouthRight": "MouthRight", "mouthSmile": "MouthSmile",
    "mouthFrown": "MouthFrown", "mouthDimple": "MouthDimple", "mouthStretch": "MouthStretch",
    "mouthRollLower": "LipSuckLower", "mouthRollUpper": "LipSuckUpper",
    "mouthShrugLower": "MouthRaiserLower", "mouthShrugUpper": "MouthRaiserUpper",
    "mouthPress": "MouthPress", "mouthLowerDown": "MouthLowerDown",
    "mouthUpperUp": "MouthUpperUp", "browDown": "BrowDown", "browInnerUp": "BrowInnerUp",
    "browOuterUp": "BrowOuterUp", "cheekPuff": "CheekPuff", "cheekSquint": "CheekSquint",
    "noseSneer": "NoseSneer", "tongueOut": "TongueOut",
}  # fmt: skip

_META: Final = {
    "eyeBlink": "EyesClosed", "eyeLookDown": "EyesLookDown", "eyeLookUp": "EyesLookUp",
    "eyeSquint": "LidTightener", "eyeWide": "UpperLidRaiser",
    "jawForward": "JawThrust", "jawLeft": "JawSidewaysLeft", "jawRight": "JawSidewaysRight",
    "jawOpen": "JawDrop", "mouthClose": "LipsToward",
    "mouthLeft": "MouthLeft", "mouthRight": "MouthRight", "mouthSmile": "LipCornerPuller",
    "mouthFrown": "LipCornerDepressor", "mouthDimple": "Dimpler", "mouthStretch": "LipStretcher",
    "mouthPress": "LipPressor", "mouthLowerDown": "LowerLipDepressor",
    "mouthUpperUp": "UpperLipRaiser", "browDown": "BrowLowerer",
    "browOuterUp": "OuterBrowRaiser", "cheekSquint": "CheekRaiser", "noseSneer": "NoseWrinkler",
    "mouthShrugUpper": "ChinRaiserT", "mouthShrugLower": "ChinRaiserB", "tongueOut": "TongueOut",
}  # fmt: skip
_META_LOOKS: Final = {
    "eyeLookInLeft": "EyesLookRightL", "eyeLookOutLeft": "EyesLookLeftL",
    "eyeLookInRight": "EyesLookLeftR", "eyeLookOutRight": "EyesLookRightR",
}  # fmt: skip
_WHOLE: Final = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
"""Units whose side is where they move, not which half of the face moves."""


def _stem(name: str) -> tuple[str, str]:
    """A unit without its side, and the side."""
    for side in ("Left", "Right"):
        if name.endswith(side) and name not in _WHOLE:
            return name.removesuffix(side), side
    return name, ""


def _unified(name: str) -> str:
    stem, side = _stem(name)
    return _UNIFIED[stem] + side


def _meta(name: str) -> str:
    if name in _META_LOOKS:
        return _META_LOOKS[name]
    stem, side = _stem(name)
    return _META[stem] + side[:1] if stem in _META else ""


UNIFIED: Final = tuple(_unified(name) for name in ARKIT_52)
"""Unified Expressions of VRChat face tracking. Source: VRCFaceTracking, "Unified Expressions" and
its ARKit compatibility table (docs.vrcft.io)."""

META: Final = tuple(_meta(name) for name in ARKIT_52)
"""Face expressions of Meta's Movement SDK. Source: Meta, `OVRFaceExpressions.FaceExpression`
as `Oculus.Movement.Tracking.ARKitFace` matches it. What Meta splits into several units (funnel,
pucker, rolls, inner brows, cheeks) has no single name and keeps Apple's."""


class NameTable(StrEnum):
    """Which names the 52 keys get in a file."""

    ARKIT = "arkit"
    UNITY = "unity"
    UNREAL = "unreal"
    VRM = "vrm"
    UNIFIED = "unified"
    META = "meta"


_TABLES: Final = {
    NameTable.ARKIT: ARKIT_52,
    NameTable.UNITY: UNITY,
    NameTable.UNREAL: UNREAL,
    NameTable.VRM: VRM,
    NameTable.UNIFIED: UNIFIED,
    NameTable.META: META,
}


def names(table: NameTable) -> tuple[str, ...]:
    """52 distinct names in ARKIT_52 order: the program's own, Apple's where it has none."""
    return tuple(own or apple for own, apple in zip(_TABLES[table], ARKIT_52, strict=True))
