"""Read any picture file into upright sRGB pixels, or say in one sentence why not."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence
from .colour import to_srgb, without_sign
from .exif import focal_in_pixels
from .kinds import (
    DEEP_TIFF,
    Container,
    container,
    count_scans,
    declared_sizes,
    describes_pixels,
    other_kind,
)

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
"""What Pillow may read a file as that is in no container."""
MAX_FILE_BYTES = 512 * 1024**2
MAX_PIXELS = 16384 * 16384
BULKY_PIXELS = 48_000_000
PIXELS_PER_BYTE = 500
"""Photos have 2 to 100; a bomb has thousands."""
MAX_SCANS = 100
"""Of a JPEG; a progressive one has about ten. Each goes over all pixels again, for a hundred bytes
of the file."""
MIN_SIDE = 32
WORKING_SIDE = 4096

_MOVING = ("GIF", "WEBP", "PNG", "AVIF")

# EXIF orientation → what makes the picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow's own limits, twice this value, would refuse a real 200-megapixel photo.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as the engine works on it.

    pixels : (H, W, 3) uint8, sRGB, upright, at most WORKING_SIDE on its longer side
    name : file name without folder
    sha256 : of the file's bytes; for given pixels, of their shape and values
    focal : focal length in pixels of `pixels`, from the file's EXIF data, or None
    original_size : (width, height) of the file's picture, upright
    notes : what had to be done to read it, one sentence each
    """

    pixels: NDArray[np.uint8]
    name: str
    sha256: str
    focal: float | None
    original_size: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def scale(self) -> float:
        """Working pixels per original pixel, at most 1."""
        return max(self.width, self.height) / max(self.original_size)


def load_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF file.

    Raises OferError PHOTO_MISSING, PHOTO_UNREADABLE, PHOTO_TOO_LARGE, FACE_TOO_SMALL (a picture
    of a few pixels) or OUT_OF_MEMORY.
    """
    path = Path(path)
    data = _read(path)
    if other := other_kind(data):
        raise other.error(path.name)
    # A decoder fed with a damaged file may raise anything at all; whatever it is, the file is to
    # blame and the cause travels along for the log.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of metadata that we do not use
            return _decode(data, path.name)
    except OferError:
        raise
    except MemoryError as error:
        raise OferError(
            ErrorCode.OUT_OF_MEMORY,
            "{name} does not fit into memory.",
            "Save it at a smaller size and try again.",
            name=path.name,
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_large(path.name) from error
    except Exception as error:
        if isinstance(error, UnidentifiedImageError) and describes_pixels(data):
            raise DEEP_TIFF.error(path.name) from error
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} is damaged or not a picture.",
            "Choose a JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF file that other programs "
            "can open.",
            name=path.name,
        ) from error


def photo_from_pixels(pixels: NDArray[np.generic], name: str) -> Photo:
    """A picture that is already in memory, such as an image of a .blend file.

    pixels : (H, W), (H, W, 3) or (H, W, 4), top row first, sRGB; uint8, or float in 0..1.
    Raises OferError BAD_REQUEST for another shape or type, PHOTO_TOO_LARGE, FACE_TOO_SMALL.
    """
    array = np.asarray(pixels)
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise OferError(ErrorCode.BAD_REQUEST, "{name} is not an array of RGB pixels.", name=name)
    _check_size(name, array.shape[1], array.shape[0])
    if np.issubdtype(array.dtype, np.floating):
        array = np.nan_to_num(array.astype(np.float32), nan=0.0).clip(0, 1)
        array = np.round(array * 255).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has pixels of type {dtype}.",
            name=name,
            dtype=array.dtype,
        )
    array = np.ascontiguousarray(array.reshape(array.shape[0], array.shape[1], channels))
    digest = hashlib.sha256(str(array.shape).encode() + array.tobytes()).hexdigest()
    image = Image.fromarray(array[:, :, 0] if channels == 1 else array)
    return _finish(image, name, digest, None, image.size, [])


def _read(path: Path) -> bytes:
    try:
        if os.name == "nt" and len(str(path.absolute())) > 240:
            path = Path(rf"\\?\{path.absolute()}")
        if path.is_dir():
            raise OferError(
                ErrorCode.PHOTO_UNREADABLE,
                "{name} is a folder, not a photo.",
                "Choose a photo in it.",
                name=path.name or str(path),
            )
        if not path.is_file():
            raise FileNotFoundError(path)
        size = path.stat().st_size  # 0 of the system's own files, which may have no end
        if size > MAX_FILE_BYTES:
            raise _too_large(path.name)
        with path.open("rb") as file:
            data = file.read((size or MAX_FILE_BYTES) + 1)
        if len(data) > MAX_FILE_BYTES:
            raise _too_large(path.name)
    except FileNotFoundError as error:
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            "There is no file {name}.",
            "Check its name, or choose it again.",
            name=path.name,
        ) from error
    except (OSError, ValueError) as error:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} cannot be read from disk.",
            "Check that you may read the file, then choose it again.",
            name=path.name,
        ) from error
    if not data:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} is empty.",
            "Copy or download the photo again.",
            name=path.name,
        )
    return data


def _decode(data: bytes, name: str) -> Photo:
    formats = _formats(data, name)
    for size in declared_sizes(data):
        _check_size(name, *size, least=0)
    image = Image.open(io.BytesIO(data), formats=formats)
    original = image.size
    _check_size(name, *original)
    _check_bulk(name, *original, len(data))
    if count_scans(data, MAX_SCANS) > MAX_SCANS:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} has more than {most} scans.",
            "Open it in another program and save it as JPEG.",
            name=name,
            most=MAX_SCANS,
        )
    notes = []
    if image.format in _MOVING and getattr(image, "is_animated", False):
        notes.append("The first picture of the animation was used.")
    # JPEG decodes to 1/2, 1/4 or 1/8 of its size for a fraction of the time and memory; a tenth
    # less than the working size is taken rather than four times the pixels.
    factor = 0.9 * WORKING_SIDE / max(original)
    image.draft(None, (max(1, int(image.width * factor)), max(1, int(image.height * factor))))
    image.load()
    exif, turn = _exif(image)
    image = _shrink(without_sign(image))
    if turn is not None:
        image = image.transpose(turn)
    if (image.width > image.height) != (original[0] > original[1]):
        original = (original[1], original[0])
    focal = focal_in_pixels(exif, original, image.size) if exif else None
    return _finish(image, name, hashlib.sha256(data).hexdigest(), focal, original, notes)


def _formats(data: bytes, name: str) -> tuple[str, ...]:
    """What Pillow may take these bytes for. Raises OferError(PHOTO_UNREADABLE) without a reader."""
    kind = container(data)
    if kind is None:
        return FORMATS
    if kind is Container.HEIC:
        _prepare_heic(name)
    return (kind.value,)


def _prepare_heic(name: str) -> None:
    """Tell Pillow of libheif, which reads nothing but the picture itself."""
    try:
        import pillow_heif
    except ImportError as error:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} is a HEIC photo, and what reads it is not installed.",
            "Set up the engine again, or save the photo as JPEG and choose that.",
            name=name,
        ) from error
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _exif(image: Image.Image) -> tuple[Image.Exif | None, Image.Transpose | None]:
    """Its EXIF data and the turn they ask for; a picture with broken EXIF data is taken as it is.

    To be asked after loading: Pillow turns TIFF by itself and then takes the mark away.
    """
    try:
        exif = image.getexif()
        return exif, _UPRIGHT.get(exif.get(ExifTags.Base.Orientation, 1))
    except (OSError, ValueError, TypeError, SyntaxError, KeyError, IndexError, struct.error):
        return None, None


def _finish(
    image: Image.Image,
    name: str,
    digest: str,
    focal: float | None,
    original: tuple[int, int],
    notes: list[str],
) -> Photo:
    image = _shrink(image)
    if max(original) > max(image.size):
        notes.append(
            Sentence(
                "The photo was scaled down to {width} x {height} pixels.",
                width=image.width,
                height=image.height,
            )
        )
    image, colour_notes = to_srgb(image)
    pixels = np.ascontiguousarray(np.asarray(image, np.uint8))
    return Photo(pixels, name, digest, focal, original, (*notes, *colour_notes))


def _shrink(image: Image.Image) -> Image.Image:
    """The image at no more than the working size."""
    factor = WORKING_SIDE / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    if image.mode in ("1", "P"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode.startswith("I;16"):  # Pillow's block reduction takes no 16-bit pictures
        image = image.convert("I")
    resized = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    resized.info = image.info
    return resized


def _check_size(name: str, width: int, height: int, least: int = MIN_SIDE) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(name)
    if min(width, height) < least:
        raise OferError(
            ErrorCode.FACE_TOO_SMALL,
            "{name} has only {width} x {height} pixels.",
            "Choose a photo in which the face is at least 100 pixels wide.",
            name=name,
            width=width,
            height=height,
        )


def _check_bulk(name: str, width: int, height: int, size: int) -> None:
    """Refuse what would take seconds and gigabytes to decode and can hold no photo."""
    if width * height > max(BULKY_PIXELS, PIXELS_PER_BYTE * size):
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} claims {width} x {height} pixels, more than its {size} bytes can hold.",
            "Copy or download the photo again.",
            name=name,
            width=width,
            height=height,
            size=size,
        )


def _too_large(name: str) -> OferError:
    return OferError(
        ErrorCode.PHOTO_TOO_LARGE,
        "{name} is larger than {pixels} megapixels or {bytes} MB.",
        "Save it at a smaller size and choose it again.",
        name=name,
        pixels=MAX_PIXELS // 1_000_000,
        bytes=MAX_FILE_BYTES // 1024**2,
    )
