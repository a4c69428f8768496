"""The focal length that a camera wrote into its picture."""

from __future__ import annotations

import math

from PIL import Image

FOCAL_LENGTH = 0x920A
FOCAL_LENGTH_35MM = 0xA405
PICTURE_WIDTH = 0xA002
PICTURE_HEIGHT = 0xA003
PLANE_X_RESOLUTION = 0xA20E
PLANE_RESOLUTION_UNIT = 0xA210
EXIF_FOLDER = 0x8769
DIAGONAL_35MM = math.hypot(36, 24)
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_RANGE = (0.3, 20.0)  # focal length over the diagonal: fisheye to strong telephoto


def focal_in_pixels(
    exif: Image.Exif, original: tuple[int, int], working: tuple[int, int]
) -> float | None:
    """Focal length in pixels of the working picture, or None where EXIF does not tell it.

    original, working : (width, height) upright, pixels. The 35 mm equivalent is taken over the
    diagonal (CIPA DCG-001); else the focal length in mm with the sensor's resolution. Data of a
    picture that was cropped after it was taken are not believed.
    """
    try:
        values = exif.get_ifd(EXIF_FOLDER)
    except (OSError, ValueError, TypeError, SyntaxError, KeyError):
        return None
    taken = sorted((_number(values.get(PICTURE_WIDTH)), _number(values.get(PICTURE_HEIGHT))))
    aspect = max(original) / min(original)
    if taken[0] > 0 and abs(taken[1] / taken[0] / aspect - 1) > 0.02:
        return None
    diagonal = math.hypot(*original)
    focal = _number(values.get(FOCAL_LENGTH_35MM)) / DIAGONAL_35MM * diagonal
    if focal <= 0:
        unit = _MM_PER_UNIT.get(int(_number(values.get(PLANE_RESOLUTION_UNIT)) or 2), 25.4)
        per_mm = _number(values.get(PLANE_X_RESOLUTION)) / unit
        shrunk = max(original) / taken[1] if taken[1] > 0 else 1.0
        focal = _number(values.get(FOCAL_LENGTH)) * per_mm * shrunk
    if not _RANGE[0] < focal / diagonal < _RANGE[1]:
        return None
    return focal * max(working) / max(original)


def _number(value: object) -> float:
    """An EXIF value as a finite number; 0 where it is missing, broken or a zero division."""
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0
