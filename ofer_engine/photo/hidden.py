"""What an artist says a photo does not show of a face: named regions or a painted mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..contract.errors import ErrorCode, OferError
from ..contract.records import HiddenRegion
from .align import LEFT_EYE, MOUTH_CORNERS, RIGHT_EYE
from .load import Photo, load_photo

Mask = NDArray[np.bool_]
COVER: Final = np.array((96, 112, 140), np.uint8)
"""A flat blue-grey, which is no colour of skin."""
_BRIGHT: Final = 160
"""Above the grey that `photo.colour` lays under transparent parts."""
_WIDE: Final = 0.75
_TALL: Final = 0.55
"""How far a face reaches beyond its landmarks, in distances between the eyes."""

# Boxes in the face's own frame: x to the subject's left and y down from between the eyes, both in
# distances between the eyes' centres; the mouth lies at about y = 1.1, the chin at 1.9.
_EYE_BOX: Final = (0.16, -0.28, 0.90, 0.26)
_BOXES: Final = {
    HiddenRegion.EYE_LEFT: (_EYE_BOX,),
    HiddenRegion.EYE_RIGHT: ((-_EYE_BOX[2], _EYE_BOX[1], -_EYE_BOX[0], _EYE_BOX[3]),),
    HiddenRegion.EYES: ((-0.95, -0.28, 0.95, 0.26),),
    HiddenRegion.BROWS: ((-1.0, -0.58, 1.0, -0.22),),
    HiddenRegion.FOREHEAD: ((-1.6, -1.9, 1.6, -0.50),),
    HiddenRegion.NOSE: ((-0.16, -0.2, 0.16, 0.35), (-0.36, 0.3, 0.36, 0.82)),
    HiddenRegion.MOUTH: ((-0.55, 0.80, 0.55, 1.42),),
    HiddenRegion.CHIN: ((-0.75, 1.36, 0.75, 2.3),),
}


@dataclass(frozen=True, eq=False)
class HiddenPixels:
    """pixels : (H, W) bool, True where the photo does not show the person; names : the regions;
    digest : sha256 of the painted mask's file, or empty."""

    pixels: Mask
    names: tuple[str, ...]
    digest: str


def hidden_pixels(
    photo: Photo, landmarks: NDArray[np.float64], names: Sequence[str], mask: str
) -> HiddenPixels | None:
    """All that an artist hid in a photo, or None.

    landmarks : (468, 2 or more) photo pixels; names : `HiddenRegion`s; mask : path of a picture
    over the whole photo, or empty. Raises OferError(BAD_REQUEST) for an unknown name or a mask of
    another shape, and as `load_photo`.
    """
    if not names and not mask:
        return None
    pixels = region_pixels(names, landmarks, photo.width, photo.height)
    digest = ""
    if mask:
        painted = load_photo(Path(mask))
        pixels |= fitted(painted, photo)
        digest = painted.sha256
    return HiddenPixels(pixels, tuple(names), digest)


def region_pixels(
    names: Sequence[str], landmarks: NDArray[np.float64], width: int, height: int
) -> Mask:
    """(height, width) bool of named regions. Raises OferError(BAD_REQUEST) for an unknown name."""
    canvas = Image.new("1", (width, height))
    draw = ImageDraw.Draw(canvas)
    frame = _Frame.of(landmarks)
    for name in names:
        if name not in tuple(HiddenRegion):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "There is no region called {name}.",
                "Choose among {hiddenregion}.",
                name=repr(name),
                hiddenregion=", ".join(HiddenRegion),
            )
        for outline in frame.outlines(HiddenRegion(name)):
            draw.polygon([tuple(corner) for corner in outline.tolist()], fill=1)
    return np.array(canvas, bool)


def cover(photo: Photo, pixels: Mask) -> Photo:
    """The photo with a flat colour where `pixels`, (H, W) bool, is True."""
    covered = photo.pixels.copy()
    covered[pixels] = COVER
    return replace(photo, pixels=covered)


def covers(pixels: Mask | None, points: NDArray[np.floating]) -> Mask:
    """(P,) bool: which of the points (P, 2), photo pixels, lie on hidden pixels."""
    if pixels is None:
        return np.zeros(len(points), bool)
    height, width = pixels.shape
    column, row = np.floor(points).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    return inside & pixels[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]


@dataclass(frozen=True, eq=False)
class _Frame:
    """The face's own frame in the photo.

    middle : (2,) photo pixels, between the eyes; left, down : (2,) photo pixels, one distance
    between the eyes towards the subject's left and the chin; low, high : (2,) the landmarks' box
    in this frame.
    """

    middle: NDArray[np.float64]
    left: NDArray[np.float64]
    down: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @staticmethod
    def of(landmarks: NDArray[np.float64]) -> _Frame:
        """A turned face has its eyes closer together: the mouth gives the other size."""
        points = np.asarray(landmarks, np.float64)[:, :2]
        right_eye, left_eye = points[list(RIGHT_EYE)].mean(0), points[list(LEFT_EYE)].mean(0)
        middle = (right_eye + left_eye) / 2
        down = (points[list(MOUTH_CORNERS)].mean(0) - middle) / 1.1
        left = left_eye - right_eye
        size = max(float(np.linalg.norm(left)), 1e-6)
        across = np.array((down[1], -down[0]))
        length = max(float(np.linalg.norm(across)), 1e-6)
        left = across / length * size * np.sign(across @ left or 1.0)
        seen = np.linalg.solve(np.column_stack((left, down)), (points - middle).T).T
        return _Frame(middle, left, down, seen.min(0), seen.max(0))

    def outlines(self, region: HiddenRegion) -> list[NDArray[np.float64]]:
        """Polygons (4, 2) in photo pixels."""
        return [self._corners(box) for box in self._boxes(region)]

    def _boxes(self, region: HiddenRegion) -> Sequence[tuple[float, float, float, float]]:
        left, right = self.low[0] - _WIDE, self.high[0] + _WIDE
        top, bottom = self.low[1] - _TALL, self.high[1] + _TALL
        match region:
            case HiddenRegion.LEFT:
                return ((0.0, top, right, bottom),)
            case HiddenRegion.RIGHT:
                return ((left, top, 0.0, bottom),)
            case HiddenRegion.BELOW_NOSE:
                return ((left, 0.74, right, bottom),)
        return _BOXES[region]

    def _corners(self, box: tuple[float, float, float, float]) -> NDArray[np.float64]:
        x0, y0, x1, y1 = box
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        return self.middle + corners[:, :1] * self.left + corners[:, 1:] * self.down


def fitted(painted: Photo, photo: Photo) -> Mask:
    """(H, W) bool: the bright half of a painted mask at the photo's size.

    Raises OferError(BAD_REQUEST) for a mask of another shape.
    """
    if abs(painted.width * photo.height - painted.height * photo.width) > 2 * max(
        photo.width, photo.height
    ):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The mask {name} does not have the proportions of {name_2}.",
            "Paint it over the whole photo.",
            name=painted.name,
            name_2=photo.name,
        )
    grey = Image.fromarray(painted.pixels).convert("L")
    grey = grey.resize((photo.width, photo.height), Image.Resampling.BILINEAR)
    return np.asarray(grey) >= _BRIGHT
