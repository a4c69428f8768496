"""Paints dark glasses, spectacles, moustaches, beards, masks and objects before portraits.

All in the picture: regions come from the face detector's 468 landmarks, colours and patterns are
random or taken from other portraits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from ...photo.align import LEFT_EYE, RIGHT_EYE

SIDE: Final = 256
"""Side of the pictures painted on, pixels."""
_JAW: Final = (
    132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361,
)  # fmt: skip
_CHEEKS: Final = ((117, 50, 187, 212), (432, 411, 280, 346))
"""From the lower lid down beside the mouth, of the right, and up again of the left."""
_LIPS: Final = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
_UPPER_LIP: Final = (61, 40, 37, 0, 267, 270, 291)
_UNDER_NOSE: Final = (326, 2, 97)
_EARS: Final = (127, 356)
_BRIDGE: Final = (193, 417)


@dataclass(frozen=True, eq=False)
class Covered:
    """picture : (SIDE, SIDE, 3) float32 in 0..1; hidden : (SIDE, SIDE) float32 in 0..1, how far a
    cover is before the face; doubtful : (SIDE, SIDE) bool, where that is a matter of taste."""

    picture: np.ndarray
    hidden: np.ndarray
    doubtful: np.ndarray


def dark_glasses(
    rng: np.random.Generator, picture: np.ndarray, marks: np.ndarray, other: np.ndarray
) -> Covered:
    """Lenses through which no eye is seen. picture : (SIDE, SIDE, 3) in 0..1; marks : (468, 2) its
    pixels; other : a picture of which they mirror something."""
    return _glasses(rng, picture, marks, other, rng.uniform(0.86, 1.0))


def spectacles(
    rng: np.random.Generator, picture: np.ndarray, marks: np.ndarray, other: np.ndarray
) -> Covered:
    """Lenses through which the eyes are seen; nothing is hidden. As `dark_glasses`."""
    found = _glasses(rng, picture, marks, other, rng.uniform(0.0, 0.25))
    return Covered(found.picture, np.zeros_like(found.hidden), found.doubtful)


def _glasses(
    rng: np.random.Generator,
    picture: np.ndarray,
    marks: np.ndarray,
    other: np.ndarray,
    opaque: float,
) -> Covered:
    lenses, eyes = np.zeros((SIDE, SIDE)), [marks[list(eye)] for eye in (RIGHT_EYE, LEFT_EYE)]
    width = max(float(np.ptp(eye[:, 0])) for eye in eyes)
    level = eyes[1].mean(0) - eyes[0].mean(0)
    angle = np.arctan2(level[1], level[0])
    half = width * np.array([rng.uniform(0.75, 1.12), rng.uniform(0.45, 0.9)])
    power, drop, out = rng.uniform(2, 6), rng.uniform(-0.05, 0.3), rng.uniform(0, 0.12)
    for side, eye in zip((-1, 1), eyes, strict=True):
        narrow = np.clip(np.ptp(eye[:, 0]) / width, 0.45, 1)
        centre = eye.mean(0) + width * np.array([side * out, drop])
        lenses = np.maximum(lenses, _superellipse(centre, half * (narrow, 1), angle, power))
    rim = _grown(lenses, width * rng.choice([0.02, 0.05, 0.09])) - lenses
    bridge = marks[list(_BRIDGE)] + (0, width * rng.uniform(-0.1, 0.15))
    frame = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(frame)
    thick = max(int(width * rng.uniform(0.04, 0.12)), 1)
    draw.line([tuple(p) for p in bridge], 255, thick)
    for side, eye, ear in zip((-1, 1), eyes, _EARS, strict=True):
        end = eye.mean(0) + (side * half[0], width * (drop - 0.1))
        draw.line([tuple(end), tuple(marks[ear])], 255, thick)
    rim = np.maximum(rim, np.asarray(frame, np.float64) / 255 * (1 - lenses))
    colour = rng.uniform(0, 0.22) * np.ones(3) + rng.uniform(-0.06, 0.06, 3)
    if rng.random() < 0.2:
        colour = rng.uniform(0.05, 0.5, 3)
    rows = np.linspace(-1, 1, SIDE)[:, None, None]
    glass = np.clip(colour + rows * rng.normal(0, 0.15), 0, 1) + np.zeros((SIDE, SIDE, 3))
    if rng.random() < 0.7:
        share = rng.uniform(0.02, 0.3)
        glass = glass + share * gaussian_filter(other, (rng.uniform(1, 8),) * 2 + (0,))
    frame_colour = rng.uniform(0, 0.15, 3) if rng.random() < 0.7 else rng.uniform(0, 1, 3)
    shown = _laid(picture, glass, lenses * opaque)
    shown = _laid(shown, frame_colour + 0 * shown, np.clip(rim, 0, 1) * rng.uniform(0.7, 1))
    return Covered(shown, lenses, _grown(lenses, 0.1 * width) - lenses + rim > 0.2)


def moustache(
    rng: np.random.Generator, picture: np.ndarray, marks: np.ndarray, other: np.ndarray
) -> Covered:
    """Hair between nose and lips, and over the lips. As `dark_glasses`; other : not looked at."""
    lip, nose = marks[list(_UPPER_LIP)], marks[list(_UNDER_NOSE)]
    height = float(np.linalg.norm(nose.mean(0) - marks[0]))
    low = lip + (0, height * rng.uniform(0, 1.3))
    low[[0, -1]] += (0, height * rng.uniform(-0.2, 1.2))
    low[0, 0] -= height * rng.uniform(0, 0.8)
    low[-1, 0] += height * rng.uniform(0, 0.8)
    region = _polygon([*low, *(nose + (0, height * rng.uniform(-0.1, 0.3)))])
    return _hairy(rng, picture, region, marks)


def beard(
    rng: np.random.Generator, picture: np.ndarray, marks: np.ndarray, other: np.ndarray
) -> Covered:
    """Hair over chin and jaw, mostly with a moustache. As `moustache`."""
    jaw, right, left = (marks[list(each)] for each in (_JAW, *_CHEEKS))
    down = np.ptp(marks[:, 1]) * np.array([0, rng.uniform(0.0, 0.12)])
    high = rng.uniform(0.0, 0.8)
    tops = [
        each[2:] * (1 - high) + high * jaw[[0, 1] if n == 0 else [-2, -1]]
        for n, each in enumerate((right, left[::-1]))
    ]
    mouth = marks[list(_UPPER_LIP)] - (0, rng.uniform(0, 0.06) * np.ptp(marks[:, 1]))
    region = _polygon([*(jaw + down), tops[1][0], *mouth[::-1], tops[0][1]])
    if rng.random() < 0.8:
        lips = _polygon(marks[list(_LIPS)])
        region = np.clip(region - gaussian_filter(lips, rng.uniform(0.5, 2)), 0, 1)
    found = _hairy(rng, picture, region, marks)
    if rng.random() < 0.2:
        return found
    more = moustache(rng, found.picture, marks, other)
    return Covered(
        more.picture, np.maximum(found.hidden, more.hidden), found.doubtful | more.doubtful
    )


def _hairy(
    rng: np.random.Generator, picture: np.ndarray, region: np.ndarray, marks: np.ndarray
) -> Covered:
    """Strokes of hair all over a region (SIDE, SIDE) in 0..1, downwards, away from the middle."""
    colour = rng.uniform(0.03, 0.75) * np.array([1.0, rng.uniform(0.75, 1), rng.uniform(0.5, 1)])
    if picture.std(2).mean() < 0.01:
        colour[:] = colour.mean()
    zoom = 2
    image = Image.fromarray((picture * 255).astype(np.uint8)).resize((SIDE * zoom, SIDE * zoom))
    over = Image.new("L", image.size)
    draw, covers = ImageDraw.Draw(image), ImageDraw.Draw(over)
    rows, columns = np.nonzero(region > 0.5)
    if not len(rows):
        return Covered(picture, region, region > 0)
    middle = marks[2]
    dense, spread = rng.uniform(0.35, 1.2), rng.uniform(0.15, 0.5)
    length = np.ptp(marks[:, 1]) * rng.uniform(0.03, 0.09)
    for pick in rng.integers(0, len(rows), int(dense * len(rows))):
        place = np.array([columns[pick], rows[pick]])
        way = np.array([(place[0] - middle[0]) * 0.02, 1.0]) + rng.normal(0, spread, 2)
        end = place + length * way / max(np.linalg.norm(way), 1e-3)
        shade = tuple((np.clip(colour * rng.lognormal(0, 0.35), 0, 1) * 255).astype(int))
        line = [tuple(place * zoom), tuple(end * zoom)]
        draw.line(line, shade, int(rng.integers(1, 3)))
        covers.line(line, 255, 2)
    shown = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255
    lies = np.asarray(over.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64) / 255
    thick = gaussian_filter(lies, 2.0)
    return Covered(shown, (thick > 0.75).astype(float), (thick > 0.15) & (thick <= 0.75))


def mask(
    rng: np.random.Generator, picture: np.ndarray, marks: np.ndarray, other: np.ndarray
) -> Covered:
    """Cloth over mouth and nose. As `dark_glasses`; other : what is sometimes printed on it."""
    right, left = (marks[list(each)] for each in _CHEEKS)
    top = marks[197] * (t := rng.uniform(0, 1)) + marks[4] * (1 - t)
    region = _polygon([*marks[list(_JAW)], left[-1], top, right[0]])
    colour = rng.uniform(0.02, 1, 3) if rng.random() < 0.6 else rng.uniform(0.5, 1) + np.zeros(3)
    cloth = colour + np.zeros((SIDE, SIDE, 3))
    if rng.random() < 0.3:
        cloth = 0.5 * cloth + 0.5 * other
    folds = gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), (rng.uniform(3, 6), 16))
    folds *= rng.uniform(0, 0.15) / max(folds.std(), 1e-6)
    columns = np.arange(SIDE) - marks[4, 0]
    round_ = 1 - rng.uniform(0.1, 0.5) * (columns / np.ptp(marks[:, 0]) * 2) ** 2
    cloth = cloth * np.clip(round_, 0.2, 1)[None, :, None] * np.exp(folds)[..., None]
    return Covered(_laid(picture, cloth, region), region, (region > 0.02) & (region < 0.98))


def random_object(
    rng: np.random.Generator, picture: np.ndarray, marks: np.ndarray, other: np.ndarray
) -> Covered:
    """A shape with a piece of another portrait, skin of a face rarely. As `dark_glasses`."""
    size = np.ptp(marks, axis=0)
    centre = marks[rng.integers(len(marks))] + rng.normal(0, 0.1, 2) * size
    region = _superellipse(
        centre, size * rng.uniform(0.12, 0.4, 2), rng.uniform(0, np.pi), rng.uniform(1.5, 5)
    )
    moved = np.roll(other, rng.integers(0, SIDE, 2), axis=(0, 1))
    region = gaussian_filter(region, rng.uniform(0.5, 1.5))
    return Covered(_laid(picture, moved, region), region, (region > 0.05) & (region < 0.95))


COVERS: Final = (dark_glasses, spectacles, moustache, beard, mask, random_object)


def _superellipse(centre: np.ndarray, half: np.ndarray, angle: float, power: float) -> np.ndarray:
    """(SIDE, SIDE) 0..1, soft over a pixel."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    x, y = columns - centre[0], rows - centre[1]
    across = np.abs(np.cos(angle) * x + np.sin(angle) * y) / half[0]
    down = np.abs(-np.sin(angle) * x + np.cos(angle) * y) / half[1]
    away = (across**power + down**power) ** (1 / power)
    return np.clip((1 - away) * half.min() + 0.5, 0, 1)


def _polygon(corners: list[np.ndarray] | np.ndarray) -> np.ndarray:
    """(SIDE, SIDE) 0..1, soft over a pixel."""
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).polygon([tuple(map(float, corner)) for corner in corners], 255)
    return gaussian_filter(np.asarray(image, np.float64) / 255, 1.0)


def _grown(region: np.ndarray, by: float) -> np.ndarray:
    """A region that reaches some pixels farther."""
    return np.clip(4 * gaussian_filter((region > 0.5).astype(float), max(by, 0.3)), 0, 1)


def _laid(picture: np.ndarray, over: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 3) float32 in 0..1."""
    share = share[..., None]
    return np.clip(picture * (1 - share) + over * share, 0, 1).astype(np.float32)
