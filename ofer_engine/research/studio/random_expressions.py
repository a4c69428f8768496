"""Random facial expressions: faces people make, single units, and the neutral face."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arkit import ARKIT_52

_INDEX: Final = {name: i for i, name in enumerate(ARKIT_52)}
_NEUTRAL_SHARE, _SMILING_SHARE, _ACTED_SHARE = 0.25, 0.2, 0.33

_ACTS: Final[tuple[dict[str, float], ...]] = (
    {"mouthSmile": 0.8, "cheekSquint": 0.5, "eyeSquint": 0.3},
    {"mouthSmile": 1.0, "cheekSquint": 0.7, "jawOpen": 0.25, "mouthUpperUp": 0.5, "eyeSquint": 0.4},
    {"mouthSmile": 0.9, "jawOpen": 0.55, "mouthLowerDown": 0.4, "mouthUpperUp": 0.4},
    {"mouthDimple": 0.6, "mouthPress": 0.5},
    {"jawOpen": 0.4, "mouthFunnel": 0.4},
    {"jawOpen": 0.3, "mouthLowerDown": 0.4, "mouthStretch": 0.3},
    {"mouthFunnel": 0.7, "mouthPucker": 0.4, "jawOpen": 0.15},
    {"mouthPucker": 0.9},
    {"browInnerUp": 0.8, "browOuterUp": 0.8, "eyeWide": 0.6, "jawOpen": 0.5},
    {"browDown": 0.9, "noseSneer": 0.5, "mouthPress": 0.5, "eyeSquint": 0.4},
    {"browDown": 0.6, "eyeSquint": 0.6},
    {"browInnerUp": 0.8, "mouthFrown": 0.8, "mouthShrugLower": 0.5},
    {"noseSneer": 0.8, "mouthUpperUp": 0.6, "browDown": 0.4, "cheekSquint": 0.4},
    {"eyeBlink": 1.0},
    {"eyeBlink": 0.5, "eyeSquint": 0.3},
    {"jawOpen": 0.9, "mouthStretch": 0.3, "eyeSquint": 0.5},
    {"mouthRollLower": 0.7, "mouthRollUpper": 0.5, "mouthPress": 0.3},
    {"mouthShrugLower": 0.6, "mouthShrugUpper": 0.5},
    {"cheekPuff": 0.8, "mouthPress": 0.3},
    {"jawOpen": 0.5, "mouthClose": 0.45},
    {"jawForward": 0.7},
)  # fmt: skip
"""Faces as unit stems; a stem stands for the unit, or for its left and right one together."""
_NARROWED_SHARE: Final = 0.5
"""People who see a camera, or light, hold their eyes narrower than a scan's neutral face."""
_SMILES: Final = 4
"""The first so many: people smile for a photo more often than they do anything else."""


def random_expression(rng: np.random.Generator) -> np.ndarray:
    """Unit strengths (52,) float32, 0..1, ARKIT_52 order.

    `tongueOut` is never used, `mouthClose` never exceeds `jawOpen`, and both eyes look one way.
    """
    units = np.zeros(len(ARKIT_52), np.float32)
    kind = rng.random()
    if kind < _NEUTRAL_SHARE:
        return units
    if kind < _NEUTRAL_SHARE + _SMILING_SHARE:
        _perform(units, _ACTS[rng.integers(_SMILES)], rng)
    elif kind < _NEUTRAL_SHARE + _SMILING_SHARE + _ACTED_SHARE:
        for act in rng.choice(len(_ACTS), 1 + (rng.random() < 0.35), replace=False):
            _perform(units, _ACTS[act], rng)
    else:
        chosen = rng.choice(len(units), rng.integers(1, 8), replace=False)
        units[chosen] = rng.uniform(size=len(chosen)) ** 1.3
        if rng.random() < 0.3:
            units[_INDEX["jawOpen"]] = rng.uniform(0.0, 0.8)
    if rng.random() < _NARROWED_SHARE:
        for stem, most in (("eyeSquint", 0.5), ("eyeBlink", 0.3)):
            value = rng.uniform(0, most)
            for side in ("Left", "Right"):
                units[_INDEX[f"{stem}{side}"]] += value
    if rng.random() < 0.5:
        _look(units, rng)
    units[_INDEX["tongueOut"]] = 0.0
    np.clip(units, 0.0, 1.0, out=units)
    close, jaw = _INDEX["mouthClose"], _INDEX["jawOpen"]
    units[close] = min(units[close], units[jaw])
    return units


def _perform(units: np.ndarray, act: dict[str, float], rng: np.random.Generator) -> None:
    strength = rng.uniform(0.25, 1.15)
    lopsided = rng.normal() * (0.12 if rng.random() < 0.8 else 0.6)
    for stem, amount in act.items():
        value = amount * strength * rng.uniform(0.7, 1.2)
        if stem in _INDEX:
            units[_INDEX[stem]] += value
        else:
            units[_INDEX[f"{stem}Left"]] += value * np.clip(1 + lopsided, 0.0, 1.3)
            units[_INDEX[f"{stem}Right"]] += value * np.clip(1 - lopsided, 0.0, 1.3)


def _look(units: np.ndarray, rng: np.random.Generator) -> None:
    side, height = rng.normal(size=2) * 0.35
    toward_left = ("eyeLookOutLeft", "eyeLookInRight")
    toward_right = ("eyeLookInLeft", "eyeLookOutRight")
    for name in toward_left + toward_right:
        units[_INDEX[name]] = 0.0
    for name in toward_left if side > 0 else toward_right:
        units[_INDEX[name]] = abs(side)
    for eye in ("Left", "Right"):
        units[_INDEX[f"eyeLookUp{eye}"]] = max(height, 0.0)
        units[_INDEX[f"eyeLookDown{eye}"]] = max(-height, 0.0)
