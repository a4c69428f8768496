"""What is behind the head: real places and studios from the wardrobe, or gradients, rooms and
noise made up."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter, zoom

from .wardrobe import Wardrobe

_BANK_SEED: Final = 7_001
_BANK: Final = 48
_REAL_SHARE: Final = 0.92


class BackdropBank:
    """Textures (N, S, S, 3) uint8 made once from a fixed seed, so that any picture can be drawn
    alone and still comes out the same; also the cloth of flat occluders."""

    def __init__(self, size: int, wardrobe: Wardrobe | None = None) -> None:
        self.size = size
        self.wardrobe = wardrobe
        self._textures = _bank(size)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One backdrop, linear light, (S, S, 3) float32."""
        if self.wardrobe is not None and rng.random() < _REAL_SHARE:
            return self._real(rng, self.wardrobe)
        texture = self._textures[rng.integers(_BANK)]
        turned = np.rot90(texture, int(rng.integers(4)))[:, :: rng.choice([-1, 1])]
        shifted = (
            np.roll(turned, rng.integers(0, self.size, 2), (0, 1)) if rng.random() < 0.3 else turned
        )
        display = shifted[..., rng.permutation(3)].astype(np.float32) / np.float32(255)
        grey = display.mean(2, keepdims=True)
        display = grey + (display - grey) * np.float32(rng.uniform(0.0, 1.1))
        gain, lift = rng.uniform(0.4, 1.1), rng.uniform(-0.15, 0.2)
        display = np.clip(display * np.float32(gain) + np.float32(lift), 0.0, 1.0)
        return display * display

    def _real(self, rng: np.random.Generator, wardrobe: Wardrobe) -> np.ndarray:
        bank = wardrobe.backdrops[rng.integers(len(wardrobe.backdrops))]
        picture = bank[rng.integers(len(bank))]
        side = int(len(picture) * rng.uniform(0.5, 1.0))
        top, left = rng.integers(0, len(picture) - side + 1, 2)
        part = picture[top : top + side, left : left + side][:, :: rng.choice([-1, 1])]
        softer = Image.fromarray(np.ascontiguousarray(part))
        if rng.random() < 0.3:
            softer = softer.filter(ImageFilter.BoxBlur(rng.uniform(0.5, 4.0)))
        grown = softer.resize((self.size, self.size), Image.Resampling.BILINEAR)
        display = np.asarray(grown, np.float32) / np.float32(255)
        tint = np.exp(rng.normal() * 0.3 + rng.normal(size=3) * 0.08).astype(np.float32)
        return np.clip(display ** np.float32(2.2) * tint, 0.0, 1.0)


@cache
def _bank(size: int) -> np.ndarray:
    """The textures of every bank of this size, not to be written to: they take seconds to make."""
    rng = np.random.default_rng(_BANK_SEED)
    textures = np.stack([_texture(rng, size) for _ in range(_BANK)])
    textures.flags.writeable = False
    return textures


def _texture(rng: np.random.Generator, size: int) -> np.ndarray:
    kind = rng.integers(5)
    picture = _clouds(rng, size, (2, 4) if kind != 0 else (2, 5, 12, 32, 90))
    if kind == 1:
        picture = _panels(rng, picture)
    elif kind == 2:
        picture = _discs(rng, picture, int(rng.integers(15, 60)))
    elif kind == 3:
        picture = _discs(rng, _panels(rng, picture), 12)
    soft = rng.choice([0.0, 1.5, 5.0, 10.0])
    picture = gaussian_filter(picture, (soft, soft, 0)) if soft else picture
    picture = picture + rng.normal(size=picture.shape) * rng.uniform(0, 0.03)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _clouds(rng: np.random.Generator, size: int, octaves: tuple[int, ...]) -> np.ndarray:
    picture = np.zeros((size, size, 3))
    for octave in octaves:
        coarse = rng.uniform(0, 1, (octave, octave, 3))
        smooth = np.asarray(
            zoom(coarse, (size / octave, size / octave, 1), order=1, mode="nearest")
        )
        picture += smooth * (1.0 / len(octaves))
    return picture * rng.uniform(0.7, 1.3)


def _panels(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Walls, windows, shelves: flat rectangles with edges."""
    picture = picture.copy()
    size = len(picture)
    for _ in range(rng.integers(4, 18)):
        top, left = rng.integers(-size // 4, size, 2)
        high, wide = (rng.uniform(0.04, 0.8, 2) * size).astype(int)
        rows = slice(max(top, 0), max(top + high, 0))
        columns = slice(max(left, 0), max(left + wide, 0))
        picture[rows, columns] *= 0.25
        picture[rows, columns] += 0.75 * rng.uniform(0, 1, 3)
    return picture


def _discs(rng: np.random.Generator, picture: np.ndarray, count: int) -> np.ndarray:
    """Lights out of focus, leaves, heads of other people."""
    picture = picture.copy()
    size = len(picture)
    rows, columns = np.mgrid[:size, :size]
    for _ in range(count):
        middle, radius = rng.uniform(0, size, 2), rng.uniform(0.01, 0.16) * size
        squash = rng.uniform(0.5, 1.5)
        distance = np.hypot(rows - middle[0], (columns - middle[1]) * squash)
        cover = np.clip((radius - distance) / 2, 0, 1)[..., None] * rng.uniform(0.3, 1.0)
        picture += cover * (rng.uniform(0, 1, 3) - picture)
    return picture
