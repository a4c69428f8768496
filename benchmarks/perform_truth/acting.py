"""What the sitter of a rendered video does: units, turns and place of the head, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.geometry.rotations import rotation_about

RATE = 30
_UNIT = {name: place for place, name in enumerate(ARKIT_52)}
_BLINK = (0.45, 0.95, 1.0, 0.7, 0.35, 0.12)
"""Lids of a blink at 30 frames a second: they close in half the time that they open in."""
_BLINK_EVERY = (18, 46)
_TALK = {
    "jawOpen": 0.45, "mouthFunnel": 0.5, "mouthPucker": 0.5, "mouthLowerDownLeft": 0.4,
    "mouthLowerDownRight": 0.4, "mouthUpperUpLeft": 0.25, "mouthUpperUpRight": 0.25,
    "mouthPressLeft": 0.3, "mouthPressRight": 0.3, "mouthRollLower": 0.25,
}  # fmt: skip
_SMILE = ("mouthSmile", 0.7), ("cheekSquint", 0.4), ("eyeSquint", 0.25)
_BROWS = ("browOuterUp", 0.6), ("eyeWide", 0.3)
_HAND = (0.62, 0.74)
"""Share of the video during which a hand passes over the face."""


@dataclass(frozen=True)
class Acting:
    """weights : (F, 52) float32; rotation : (F, 3, 3) head → camera; place : (F, 3) metres, of the
    head's pivot in the camera's frame; blinks : frames in which the lids are closed; hand : (F,)
    metres that the hand is aside of where it covers most, NaN where there is none."""

    weights: np.ndarray
    rotation: np.ndarray
    place: np.ndarray
    blinks: tuple[int, ...]
    hand: np.ndarray


def acted(seed: int, frames: int) -> Acting:
    """A sitter who looks about, talks, smiles, raises the brows and blinks."""
    rng = np.random.default_rng([seed, 7])
    weights = np.zeros((frames, len(ARKIT_52)), np.float32)
    share = np.arange(frames) / frames
    _set(weights, "eyeSquint", 0.12)
    _set(weights, "eyeBlink", 0.08)
    talking = _between(share, 0.08, 0.5)
    moved = np.zeros(frames)
    for name, most in _TALK.items():
        if not name.endswith("Right"):  # which moves as the left one does
            moved = np.clip(_noise(rng, frames, 3.0), 0, 2)
        weights[:, _UNIT[name]] += most * talking * moved
    for (stem, most), when in [(each, _between(share, 0.5, 0.72)) for each in _SMILE] + [
        (each, _between(share, 0.76, 0.9)) for each in _BROWS
    ]:
        _set(weights, stem, most * when * (1 + 0.1 * _noise(rng, frames, 20)))
    weights[:, _UNIT["browInnerUp"]] += 0.7 * _between(share, 0.76, 0.9)
    _look(weights, rng)
    blinks = _blink(weights, rng)
    np.clip(weights, 0, 1, out=weights)
    yaw = 24 * np.sin(2 * np.pi * (share * 1.5 + 0.1)) + 3 * _noise(rng, frames, 12)
    pitch = 9 * np.sin(2 * np.pi * (share * 2.3)) + 2 * _noise(rng, frames, 10)
    roll = 7 * np.sin(2 * np.pi * (share * 1.1 + 0.3)) + _noise(rng, frames, 14)
    rotation = np.stack(
        [
            rotation_about("z", r) @ rotation_about("x", p) @ rotation_about("y", y)
            for y, p, r in zip(yaw, pitch, roll, strict=True)
        ]
    )
    place = np.column_stack(
        (
            0.05 * np.sin(2 * np.pi * share) + 0.004 * _noise(rng, frames, 15),
            -0.01 + 0.015 * np.sin(2 * np.pi * share * 1.7) + 0.004 * _noise(rng, frames, 15),
            -0.75 + 0.08 * np.sin(2 * np.pi * share * 0.8),
        )
    )
    along = (share - _HAND[0]) / (_HAND[1] - _HAND[0])
    hand = np.where((along >= 0) & (along <= 1), 0.36 * (along - 0.5), np.nan)
    return Acting(weights, rotation, place, blinks, hand)


def _set(weights: np.ndarray, stem: str, value: np.ndarray | float) -> None:
    for side in ("Left", "Right"):
        weights[:, _UNIT[f"{stem}{side}"]] += value


def _noise(rng: np.random.Generator, frames: int, width: float) -> np.ndarray:
    smooth = gaussian_filter1d(rng.standard_normal(frames), width, mode="nearest")
    return smooth / max(float(smooth.std()), 1e-9)


def _between(share: np.ndarray, first: float, last: float) -> np.ndarray:
    ramp = 0.03
    return np.clip(np.minimum(share - first, last - share) / ramp, 0, 1)


def _look(weights: np.ndarray, rng: np.random.Generator) -> None:
    """Saccades: the eyes rest for some frames, then leap."""
    frame = 0
    while frame < len(weights):
        until = frame + int(rng.integers(8, 40))
        side, height = rng.normal(size=2) * 0.25
        outer, inner = ("Left", "Right") if side > 0 else ("Right", "Left")
        weights[frame:until, _UNIT[f"eyeLookOut{outer}"]] = abs(side)
        weights[frame:until, _UNIT[f"eyeLookIn{inner}"]] = abs(side)
        for eye in ("Left", "Right"):
            weights[frame:until, _UNIT[f"eyeLook{'Up' if height > 0 else 'Down'}{eye}"]] = abs(
                height
            )
        frame = until


def _blink(weights: np.ndarray, rng: np.random.Generator) -> tuple[int, ...]:
    found, frame = [], int(rng.integers(8, 20))
    while frame + len(_BLINK) < len(weights):
        for eye in ("Left", "Right"):
            column = _UNIT[f"eyeBlink{eye}"]
            during = weights[frame : frame + len(_BLINK), column]
            np.maximum(during, _BLINK, out=during)
        found.append(frame + 2)
        frame += int(rng.integers(*_BLINK_EVERY))
    return tuple(found)
