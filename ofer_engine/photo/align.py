"""Crops of a photo: where each lies, how to get there and back, and its pixels.

Image coordinates are continuous: (0, 0) is the top-left corner of the picture, pixel centres lie
at +0.5. Papers and libraries that put pixel centres at whole numbers are converted here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..geometry.similarity import best_similarity
from .load import Photo

EYE_CORNERS = (33, 263)
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
NOSE_TIP = 4
MOUTH_CORNERS = (61, 291)

ARCFACE_SIZE = 112
# insightface's template (docs/method.md §4): right eye, left eye, nose tip, mouth corners of
# the subject, pixel centres at whole numbers.
ARCFACE_TEMPLATE = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
FARL_SIZE = 224
FARL_BOX_SCALE = 1.6


@dataclass(frozen=True, eq=False)
class Crop:
    """A square picture cut out of a photo by an affine map.

    matrix : (2, 3) float64, photo pixels → crop pixels, both continuous
    size : side of the crop, pixels
    """

    matrix: NDArray[np.float64]
    size: int

    @property
    def scale(self) -> float:
        """Crop pixels per photo pixel."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    @property
    def photo_scale(self) -> float:
        """Photo pixels per crop pixel."""
        return 1 / self.scale

    def resized(self, size: int) -> Crop:
        """The same part of the photo in a picture of another side."""
        return Crop(self.matrix * (size / self.size), size) if size != self.size else self

    def to_crop(self, points: ArrayLike) -> NDArray[np.float64]:
        """points : (..., 2) photo pixels → (..., 2) float64 crop pixels."""
        return np.asarray(points, np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def to_photo(self, points: ArrayLike) -> NDArray[np.float64]:
        """points : (..., 2) crop pixels → (..., 2) float64 photo pixels."""
        offsets = np.asarray(points, np.float64) - self.matrix[:, 2]
        return offsets @ np.linalg.inv(self.matrix[:, :2]).T


def square_crop(centre: ArrayLike, side: float, angle: float, size: int) -> Crop:
    """A square of the photo, turned upright.

    centre : (2,) photo pixels; side : photo pixels; angle : radians, the direction in the photo
    (x right, y down) that becomes the crop's x axis; size : crop pixels.
    """
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([(cosine, sine), (-sine, cosine)]) * (size / side)
    shift = size / 2 - linear @ np.asarray(centre, np.float64)
    return Crop(np.column_stack((linear, shift)), size)


def aligned_crop(landmarks: ArrayLike, size: int, margin: float) -> Crop:
    """A crop in which the outer eye corners lie level and all landmarks fit.

    landmarks : (468, 2 or more) photo pixels. The side is `margin` times the larger extent of the
    levelled landmarks; the crop is centred on their bounding box.
    """
    points = np.asarray(landmarks, np.float64)[:, :2]
    across = points[EYE_CORNERS[1]] - points[EYE_CORNERS[0]]
    angle = float(np.arctan2(across[1], across[0]))
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    levelled = points @ turn.T
    low, high = levelled.min(0), levelled.max(0)
    return square_crop((low + high) / 2 @ turn, margin * float(max(high - low)), angle, size)


def evidence_crop(landmarks: ArrayLike, size: int = 128, margin: float = 1.22) -> Crop:
    """The crop that the evidence network reads; its training pictures are cut the same way.

    landmarks : (468, 2 or more) photo pixels.
    """
    return aligned_crop(landmarks, size, margin)


def five_points(landmarks: ArrayLike) -> NDArray[np.float64]:
    """landmarks : (468, 2 or more) photo pixels → (5, 2) float64 photo pixels: right eye, left eye
    (means of the lid contours), nose tip, right and left mouth corner, right being the subject's.
    """
    points = np.asarray(landmarks, np.float64)[:, :2]
    eyes = (points[list(RIGHT_EYE)].mean(0), points[list(LEFT_EYE)].mean(0))
    return np.stack((*eyes, points[NOSE_TIP], *points[list(MOUTH_CORNERS)]))


def arcface_crop(points: ArrayLike) -> Crop:
    """insightface's `norm_crop` to 112 px (docs/method.md §4).

    points : (5, 2) photo pixels in the order of `five_points`.
    """
    return Crop(similarity(points, ARCFACE_TEMPLATE + 0.5), ARCFACE_SIZE)


def farl_crop(box: ArrayLike) -> Crop:
    """OFER's 224 px picture: 1.6 times the face box, no landmark alignment (docs/method.md §4).

    box : (x, y, width, height) photo pixels. The published code maps a side of `size` pixels to
    223 pixel steps between the centres of the first and the last pixel; so does this.
    """
    x, y, width, height = np.asarray(box, np.float64)
    side = int(FARL_BOX_SCALE * (width + height) / 2)
    scale = (FARL_SIZE - 1) / side
    corner = np.array((x + width / 2, y + height / 2)) - side / 2
    return Crop(np.column_stack((np.eye(2) * scale, 0.5 - scale * corner)), FARL_SIZE)


def similarity(source: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift without reflection.

    source, target : (N, 2) → (2, 3) float64 with target ≈ matrix[:, :2] @ source + matrix[:, 2].
    """
    fit = best_similarity(np.asarray(source, np.float64), np.asarray(target, np.float64))
    return np.column_stack((fit.scale * fit.rotation, fit.translation))


def cut(
    photo: Photo, crop: Crop, border: float = 0.5, antialias: bool = True
) -> NDArray[np.float32]:
    """The crop's picture, (size, size, 3) float32 in 0..1; see `cut_pixels`."""
    return cut_pixels(photo.pixels, crop, border, antialias)


def cut_pixels(
    pixels: NDArray[np.uint8], crop: Crop, border: float = 0.5, antialias: bool = True
) -> NDArray[np.float32]:
    """A crop out of an array.

    pixels : (H, W, 3) uint8 → (size, size, 3) float32 in 0..1, in steps of 1/255.
    border : value outside the photo. Mid grey by default: edge pixels drawn out into stripes look
    like structure to a network, and black like a shadow.
    antialias : shrinking photos are first averaged over whole blocks, then sampled twice as
    finely as needed and averaged again. False samples bilinearly as OpenCV's `warpAffine` does,
    which is what ArcFace and FaRL saw in training.
    """
    shrink = crop.photo_scale
    region, matrix = _region(pixels, crop)
    oversample = 1
    if antialias and shrink > 1.25:
        oversample = 2
        block = int(shrink)
        if block > 1:
            region = region.reduce(block)
            matrix = matrix @ np.diag((block, block, 1))
    inverse = np.linalg.inv(matrix) @ np.diag((1 / oversample, 1 / oversample, 1))
    grey = round(border * 255)
    picture = region.transform(
        (crop.size * oversample, crop.size * oversample),
        Image.Transform.AFFINE,
        tuple(inverse[:2].ravel()),
        Image.Resampling.BILINEAR,
        fillcolor=(grey, grey, grey),
    )
    if oversample > 1:
        picture = picture.reduce(oversample)
    return np.asarray(picture, np.float32) / np.float32(255)


def _region(pixels: NDArray[np.uint8], crop: Crop) -> tuple[Image.Image, NDArray[np.float64]]:
    """The part of the photo that the crop can see, and the (3, 3) map from it to crop pixels.

    Copying only this part keeps a small crop of a large photo cheap.
    """
    height, width = pixels.shape[:2]
    corners = crop.to_photo([(0, 0), (crop.size, 0), (0, crop.size), (crop.size, crop.size)])
    margin = 2 + 2 * crop.photo_scale
    low = np.floor(corners.min(0) - margin).astype(int)
    high = np.ceil(corners.max(0) + margin).astype(int)
    left, top = np.clip(low, 0, (width - 1, height - 1))
    right, bottom = np.clip(high, (left + 1, top + 1), (width, height))
    matrix = np.vstack((crop.matrix, (0, 0, 1)))
    matrix = matrix @ np.array([(1, 0, left), (0, 1, top), (0, 0, 1)], np.float64)
    part = np.ascontiguousarray(pixels[top:bottom, left:right])
    return Image.fromarray(part), matrix
