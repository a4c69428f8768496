"""Mouth shapes of speech as weights of the 52 ARKit units: Meta's fifteen and Microsoft's 22.

Which visemes there are, their names, their order and the sounds they stand for are published:
Meta's by Oculus Lipsync and OpenXR (`XrFaceTrackingVisemeMETA`), Microsoft's by its Speech API
(`SPVISEMES`), whose numbers its speech service still gives. Neither says how much of which unit
makes one. The weights are ours: from how these sounds are spoken (lips pressed for p, the lower lip
under the teeth for f, rounded for u), set by looking at the open head.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .arkit import ARKIT_52

Weights = Mapping[str, float]


class VisemeSet(StrEnum):
    """Whose visemes."""

    META = "META"
    MICROSOFT = "MICROSOFT"


def _shape(**parts: float) -> Weights:
    """Weights of units; a name without its side stands for both sides."""
    found: dict[str, float] = {}
    for name, weight in parts.items():
        sides = (name,) if name in ARKIT_52 else (f"{name}Left", f"{name}Right")
        found |= dict.fromkeys(sides, weight)
    return MappingProxyType(found)


_SILENT: Final = _shape()
_PRESSED: Final = _shape(mouthPress=0.5, mouthRollUpper=0.3, mouthRollLower=0.35)
_LIP_AT_TEETH: Final = _shape(jawOpen=0.07, mouthRollLower=0.4, mouthUpperUp=0.3)
_TONGUE_AT_TEETH: Final = _shape(
    jawOpen=0.14, tongueOut=0.35, mouthUpperUp=0.2, mouthLowerDown=0.25
)
_TONGUE_BEHIND_TEETH: Final = _shape(
    jawOpen=0.1, mouthUpperUp=0.2, mouthLowerDown=0.35, mouthStretch=0.1
)
_TONGUE_BACK: Final = _shape(jawOpen=0.2, mouthUpperUp=0.1, mouthLowerDown=0.25, mouthStretch=0.1)
_TEETH_TOGETHER_ROUND: Final = _shape(
    jawOpen=0.06, mouthFunnel=0.55, mouthPucker=0.15, mouthUpperUp=0.1, mouthLowerDown=0.15
)
_TEETH_TOGETHER_WIDE: Final = _shape(
    jawOpen=0.03, mouthStretch=0.3, mouthSmile=0.15, mouthUpperUp=0.2, mouthLowerDown=0.4
)
_NASAL: Final = _shape(jawOpen=0.1, mouthUpperUp=0.1, mouthLowerDown=0.25)
_HALF_ROUND: Final = _shape(jawOpen=0.12, mouthFunnel=0.35, mouthPucker=0.3)
_OPEN: Final = _shape(jawOpen=0.6, mouthUpperUp=0.1, mouthLowerDown=0.15)
_HALF_OPEN_WIDE: Final = _shape(
    jawOpen=0.3, mouthStretch=0.25, mouthSmile=0.2, mouthUpperUp=0.1, mouthLowerDown=0.2
)
_NARROW_WIDE: Final = _shape(
    jawOpen=0.15, mouthStretch=0.2, mouthSmile=0.35, mouthUpperUp=0.1, mouthLowerDown=0.2
)
_OPEN_ROUND: Final = _shape(jawOpen=0.4, mouthFunnel=0.6, mouthPucker=0.1)
_NARROW_ROUND: Final = _shape(jawOpen=0.12, mouthFunnel=0.25, mouthPucker=0.75)

_META: Final[Mapping[str, Weights]] = MappingProxyType({
    "sil": _SILENT,  # neutral
    "PP": _PRESSED,  # p b m
    "FF": _LIP_AT_TEETH,  # f v
    "TH": _TONGUE_AT_TEETH,  # th
    "DD": _TONGUE_BEHIND_TEETH,  # t d
    "kk": _TONGUE_BACK,  # k g
    "CH": _TEETH_TOGETHER_ROUND,  # ch j sh
    "SS": _TEETH_TOGETHER_WIDE,  # s z
    "nn": _NASAL,  # n l
    "RR": _HALF_ROUND,  # r
    "aa": _OPEN,  # car
    "E": _HALF_OPEN_WIDE,  # bed
    "ih": _NARROW_WIDE,  # tip
    "oh": _OPEN_ROUND,  # toe
    "ou": _NARROW_ROUND,  # book
})  # fmt: skip
_MICROSOFT: Final[tuple[Weights, ...]] = (
    _SILENT,
    _shape(jawOpen=0.45, mouthStretch=0.15, mouthUpperUp=0.1, mouthLowerDown=0.2),  # ae ax ah
    _OPEN,  # aa
    _shape(jawOpen=0.45, mouthFunnel=0.45),  # ao
    _HALF_OPEN_WIDE,  # ey eh uh
    _shape(jawOpen=0.2, mouthFunnel=0.3, mouthPucker=0.15),  # er
    _NARROW_WIDE,  # y iy ih ix
    _NARROW_ROUND,  # w uw
    _OPEN_ROUND,  # ow
    _shape(jawOpen=0.5, mouthFunnel=0.25),  # aw
    _shape(jawOpen=0.35, mouthFunnel=0.45, mouthPucker=0.05),  # oy
    _shape(jawOpen=0.5, mouthStretch=0.15, mouthSmile=0.1, mouthLowerDown=0.15),  # ay
    _shape(jawOpen=0.25, mouthLowerDown=0.15),  # h
    _HALF_ROUND,  # r
    _shape(jawOpen=0.2, mouthUpperUp=0.1, mouthLowerDown=0.25),  # l
    _TEETH_TOGETHER_WIDE,  # s z
    _TEETH_TOGETHER_ROUND,  # sh ch jh zh
    _TONGUE_AT_TEETH,  # th dh
    _LIP_AT_TEETH,  # f v
    _TONGUE_BEHIND_TEETH,  # d t n
    _TONGUE_BACK,  # k g ng
    _PRESSED,  # p b m
)

_PREFIX: Final = "viseme_"

VISEMES: Final[Mapping[VisemeSet, Mapping[str, Weights]]] = MappingProxyType({
    VisemeSet.META: MappingProxyType({_PREFIX + name: each for name, each in _META.items()}),
    VisemeSet.MICROSOFT: MappingProxyType(
        {f"{_PREFIX}{number}": each for number, each in enumerate(_MICROSOFT)}
    ),
})  # fmt: skip
"""Names of the keys, in the published order, and weights (0..1) by the units' names, those above 0:
`viseme_sil` … `viseme_ou` as Oculus Lipsync has them, `viseme_0` … `viseme_21` by Microsoft's
numbers."""

VRCHAT: Final[Mapping[str, str]] = MappingProxyType({
    name: f"vrc.v_{name.removeprefix(_PREFIX).lower()}" for name in VISEMES[VisemeSet.META]
})  # fmt: skip
"""What VRChat's avatar descriptor fills in by itself. Source: the names that its SDK looks for and
VRChat's documentation, "Lipsync"."""
