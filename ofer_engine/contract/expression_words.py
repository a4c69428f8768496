"""What an expression is called: by the units that move most in it, and on which side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .arkit import ARKIT_52

CALM: Final = "CALM"
FEATURES: Final = (
    (CALM, "Calm", ""),
    ("BROWS_DOWN", "Brows Down", ""),
    ("BROWS_UP", "Brows Up", ""),
    ("CHEEKS_PUFFED", "Cheeks Puffed", ""),
    ("CHEEKS_UP", "Cheeks Up", ""),
    ("EYES_CLOSED", "Eyes Closed", ""),
    ("EYES_NARROW", "Eyes Narrow", ""),
    ("EYES_WIDE", "Eyes Wide", ""),
    ("MOUTH_OPEN", "Mouth Open", ""),
    ("JAW_ASIDE", "Jaw Aside", ""),
    ("JAW_FORWARD", "Jaw Forward", ""),
    ("MOUTH_ASIDE", "Mouth Aside", ""),
    ("SMILE", "Smile", ""),
    ("FROWN", "Frown", ""),
    ("DIMPLES", "Dimples", ""),
    ("LIPS_STRETCHED", "Lips Stretched", ""),
    ("LIPS_PRESSED", "Lips Pressed", ""),
    ("LIPS_ROUND", "Lips Round", ""),
    ("LIPS_ROLLED", "Lips Rolled", ""),
    ("POUT", "Pout", ""),
    ("TEETH_SHOWN", "Teeth Shown", ""),
    ("NOSE_WRINKLED", "Nose Wrinkled", ""),
    ("TONGUE_OUT", "Tongue Out", ""),
)
"""As an enumeration's items."""
SIDES: Final = (("BOTH", "Both Sides", ""), ("LEFT", "Left", ""), ("RIGHT", "Right", ""))
"""The subject's, as an enumeration's items."""
_OF_UNIT: Final = {
    "browDown": "BROWS_DOWN", "browInnerUp": "BROWS_UP", "browOuterUp": "BROWS_UP",
    "cheekPuff": "CHEEKS_PUFFED", "cheekSquint": "CHEEKS_UP", "eyeBlink": "EYES_CLOSED",
    "eyeSquint": "EYES_NARROW", "eyeWide": "EYES_WIDE", "jawOpen": "MOUTH_OPEN",
    "jawForward": "JAW_FORWARD", "mouthSmile": "SMILE", "mouthFrown": "FROWN",
    "mouthDimple": "DIMPLES", "mouthStretch": "LIPS_STRETCHED", "mouthPress": "LIPS_PRESSED",
    "mouthFunnel": "LIPS_ROUND", "mouthPucker": "LIPS_ROUND", "mouthRollLower": "LIPS_ROLLED",
    "mouthRollUpper": "LIPS_ROLLED", "mouthShrugLower": "POUT", "mouthShrugUpper": "POUT",
    "mouthLowerDown": "TEETH_SHOWN", "mouthUpperUp": "TEETH_SHOWN", "noseSneer": "NOSE_WRINKLED",
    "tongueOut": "TONGUE_OUT",
}  # fmt: skip
_ASIDE: Final = {
    "jawLeft": ("JAW_ASIDE", 0), "jawRight": ("JAW_ASIDE", 1),
    "mouthLeft": ("MOUTH_ASIDE", 0), "mouthRight": ("MOUTH_ASIDE", 1),
}  # fmt: skip
_LEAST: Final = 0.15
"""Weight of a unit from which on it is seen."""
_ONE_SIDED: Final = 2.0
"""Weight of one side against the other from which on it is the side that is named."""
NEAR: Final = 0.004
"""Metres that the most moved point of one expression is from another, or from none, at which the
eye sees no difference at the size of a gallery: of 15 drawn for one smile 8 are left."""


@dataclass(frozen=True)
class Words:
    """feature, second : of FEATURES, CALM for none; side : of SIDES."""

    feature: str
    side: str
    second: str

    def __str__(self) -> str:
        """In English: `Smile, Left and Brows Up`."""
        named = {name: label for name, label, _ in (*FEATURES, *SIDES)}
        first = named[self.feature]
        if self.side != SIDES[0][0]:
            first = f"{first}, {named[self.side]}"
        return first if self.second == CALM else f"{first} and {named[self.second]}"


def words(weights: np.ndarray) -> Words:
    """What an expression is called. weights : (52,) in ARKIT_52 order, 0..1."""
    sides: dict[str, list[float]] = {}
    for unit, weight in zip(ARKIT_52, weights, strict=True):
        feature, places = _meant(unit)
        found = sides.setdefault(feature, [0.0, 0.0])
        for place in places:
            found[place] = max(found[place], float(weight))
    sides.pop("", None)
    strongest = sorted(sides, key=lambda name: -max(sides[name]))
    seen = [name for name in strongest if max(sides[name]) >= _LEAST]
    first, second = (*seen, CALM, CALM)[:2]
    return Words(first, _side(sides.get(first, [0.0, 0.0])), second)


def alike(expressions: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """(E,) bool: which of the expressions (E, V, 3) look like the neutral head (V, 3), or like one
    before them that is kept. Metres."""
    kept = [neutral]
    found = np.zeros(len(expressions), bool)
    for row, shape in enumerate(expressions):
        away = [np.linalg.norm(shape - other, axis=1).max() for other in kept]
        found[row] = min(away) < NEAR
        if not found[row]:
            kept.append(shape)
    return found


def _meant(unit: str) -> tuple[str, tuple[int, ...]]:
    """The feature of a unit, empty for none, and its sides: 0 left, 1 right."""
    if unit in _ASIDE:
        feature, place = _ASIDE[unit]
        return feature, (place,)
    for ending, places in (("Left", (0,)), ("Right", (1,))):
        if unit.endswith(ending):
            return _OF_UNIT.get(unit.removesuffix(ending), ""), places
    return _OF_UNIT.get(unit, ""), (0, 1)


def _side(weights: list[float]) -> str:
    left, right = weights
    if left > _ONE_SIDED * right:
        return "LEFT"
    return "RIGHT" if right > _ONE_SIDED * left else "BOTH"
