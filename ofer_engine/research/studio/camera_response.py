"""From linear light to what a telephone would have saved: exposure, lens, sensor, compression."""

from __future__ import annotations

import io

import numpy as np
from numba import njit
from PIL import Image
from scipy.ndimage import gaussian_filter


def halve(picture: np.ndarray) -> np.ndarray:
    """Average 2 x 2 blocks. (2S, 2S, 3) -> (S, S, 3), same dtype."""
    rows = picture[0::2] + picture[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)


def random_exposure(rng: np.random.Generator, brightness: float, skin: np.ndarray) -> np.ndarray:
    """Gains (3,) float32 of a camera that half believes the person is grey, and half sees the skin.

    brightness : mean linear light of the person; skin : (3,) linear albedo.
    """
    grey_world = 0.19 * float(skin.mean() / 0.3) ** 0.45
    target = grey_world * np.exp(0.1 + rng.normal() * 0.36)
    tint = np.exp(rng.normal(size=3) * 0.06)
    return (np.clip(target / max(brightness, 1e-3), 0.15, 8.0) * tint).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def mean_light(picture: np.ndarray, layer: np.ndarray) -> float:
    """Mean of light (S, S, 3) float32 where layer (S, S) uint8 is not 0; 0.2 if that is nowhere."""
    total, count = 0.0, 0
    for row in range(layer.shape[0]):
        for column in range(layer.shape[1]):
            if layer[row, column] > 0:
                count += 3
                for k in range(3):
                    total += picture[row, column, k]
    return total / count if count else 0.2


@njit(cache=True, nogil=True, fastmath=True)
def expose(picture: np.ndarray, layer: np.ndarray, gains: np.ndarray) -> None:
    """Multiply (S, S, 3) float32 by gains (3,) where layer is not 0, in place."""
    for row in range(layer.shape[0]):
        for column in range(layer.shape[1]):
            if layer[row, column] > 0:
                for k in range(3):
                    picture[row, column, k] *= gains[k]


class CameraResponse:
    """Tone curve, blur, noise and compression of one camera, drawn once and then applied to one or
    more pictures alike."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.gamma = 1 / rng.uniform(1.9, 2.6)
        self.contrast = rng.uniform(0.85, 1.35)
        self.saturation = 0.0 if rng.random() < 0.1 else rng.uniform(0.6, 1.25)
        self.blur = rng.uniform(0.25, 1.2) if rng.random() < 0.28 else 0.0
        self.shrink = rng.uniform(0.4, 0.9) if rng.random() < 0.2 else 1.0
        self.noise = 0.03 * rng.uniform() ** 2 * (rng.random() < 0.6)
        self.quality = int(rng.integers(20, 92)) if rng.random() < 0.45 else 0
        self.seed = int(rng.integers(2**31))
        self.sharpen = rng.uniform(0.0, 0.8) if rng.random() < 0.35 else 0.0

    def applied_to(self, linear: np.ndarray, zoom: float = 1.0) -> np.ndarray:
        """(S, S, 3) float32 linear, exposed -> (S, S, 3) uint8. zoom : pixels of the picture for
        each pixel of one of 128, in which blur is given."""
        picture = np.clip(linear, 0.0, None)
        picture = picture / (1 + 0.12 * picture)
        picture = np.clip(picture, 1e-5, 1.1) ** np.float32(self.gamma)
        grey = picture.mean(2, keepdims=True)
        picture = grey + (picture - grey) * np.float32(self.saturation)
        picture = (picture - np.float32(0.45)) * np.float32(self.contrast) + np.float32(0.45)
        if self.blur:
            wide = self.blur * zoom
            picture = gaussian_filter(picture, (wide, wide, 0))
        elif self.sharpen:
            soft = gaussian_filter(picture, (0.8, 0.8, 0))
            picture = picture + np.float32(self.sharpen) * (picture - soft)
        noise_rng = np.random.default_rng(self.seed)
        if self.noise:
            grain = noise_rng.standard_normal(picture.shape, dtype=np.float32)
            picture = picture + grain * np.float32(self.noise)
        finished = (np.clip(picture, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
        return self._compress(finished)

    def _compress(self, picture: np.ndarray) -> np.ndarray:
        if self.shrink == 1.0 and not self.quality:
            return picture
        size = picture.shape[0]
        image = Image.fromarray(picture)
        if self.shrink < 1.0:
            small = max(int(size * self.shrink), 8)
            image = image.resize((small, small), Image.Resampling.BOX)
            image = image.resize((size, size), Image.Resampling.BILINEAR)
        if self.quality:
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=self.quality)
            image = Image.open(buffer)
        return np.asarray(image.convert("RGB"))
