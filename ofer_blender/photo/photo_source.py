"""Where a photo is: a file, or an image of the .blend written where the engine can read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client import handover
from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat
from ..image_size import image_size, refused

MAX_PIXELS: Final = 50_000_000
_FALLBACK_NAME: Final = "photo"


def chosen(settings: bpy.types.PropertyGroup) -> tuple[PhotoSource, ...]:
    """The photos of the person in the panel, the main one first.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE | PHOTO_TOO_LARGE).
    """
    if not settings.photos:
        raise none_chosen()
    sources: list[PhotoSource] = []
    try:
        for photo in settings.photos:
            sources.append(from_photo(photo))
    except BaseException:
        for source in sources:
            source.discard()
        raise
    return tuple(sources)


def from_photo(photo: bpy.types.PropertyGroup) -> PhotoSource:
    """One photo of the panel. Raises OferError as `chosen`."""
    return from_image(photo.image) if photo.source == "IMAGE" else from_file(photo.filepath)


def key(photo: bpy.types.PropertyGroup) -> str:
    """What tells a photo of the panel from others, as its `PhotoSource` does."""
    if photo.source == "IMAGE":
        return f"image:{photo.image.name_full}" if photo.image else ""
    return f"file:{bpy.path.abspath(photo.filepath)}" if photo.filepath else ""


def title(photo: bpy.types.PropertyGroup) -> str:
    """What the panel calls it."""
    if photo.source == "IMAGE":
        return photo.image.name if photo.image else ""
    return bpy.path.basename(photo.filepath)


def from_file(photo: str) -> PhotoSource:
    """A photo on disk; `//` starts at the .blend. Raises OferError(PHOTO_MISSING)."""
    if not photo:
        raise none_chosen()
    path = Path(bpy.path.abspath(photo))
    if not path.is_file():
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            "There is no photo {name}.",
            "Choose a photo of a face.",
            name=repr(path.name),
        )
    return PhotoSource(f"file:{path}", path.stem, path)


def none_chosen() -> OferError:
    """What to say where a photo is needed and there is none."""
    return OferError(
        ErrorCode.PHOTO_MISSING, "No photo is chosen.", "Drop a photo of a face on the viewport."
    )


def is_picture(image: bpy.types.Image) -> bool:
    """It is one picture: no film, row of tiles, pair for two eyes or what Blender renders."""
    plain = image.source in {"FILE", "GENERATED"} and not image.is_stereo_3d
    return plain and image.type not in {"RENDER_RESULT", "COMPOSITING"}


def from_image(image: bpy.types.Image | None) -> PhotoSource:
    """An image of the .blend. Raises OferError as `chosen`."""
    if image is None:
        raise OferError(
            ErrorCode.PHOTO_MISSING, "No image is chosen.", "Choose an image of this file."
        )
    if not is_picture(image):
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "The image {name} is no single picture.",
            "Choose another image, or save this one to a file first.",
            name=repr(image.name),
        )
    source_key = f"image:{image.name_full}"
    name = Path(image.name).stem or _FALLBACK_NAME
    on_disk = Path(bpy.path.abspath(image.filepath, library=image.library))
    if image.source == "FILE" and not image.is_dirty:
        if image.packed_file:
            path = handover.give(f"photo{_suffix(on_disk)}", image.packed_file.data)
            return PhotoSource(source_key, name, path, temporary=True)
        if on_disk.is_file():
            return PhotoSource(source_key, name, on_disk)
    check_size(image, MAX_PIXELS)
    return PhotoSource(source_key, name, _write(image), temporary=True)


def check_size(image: bpy.types.Image, most: int) -> tuple[int, int]:
    """Width and height of an image that has pixels, `most` of them, before any is read. Raises
    OferError(PHOTO_UNREADABLE | PHOTO_TOO_LARGE)."""
    size = image_size(image)
    if not size[0]:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "The image {name} has no pixels.",
            "Choose another image, or save this one to a file first.",
            name=repr(image.name),
        )
    if found := refused(image, size, most, ErrorCode.PHOTO_TOO_LARGE):
        raise found
    return size


def _write(image: bpy.types.Image) -> Path:
    """The pixels as a BMP, which is quicker to write than any compressed kind."""
    path = handover.expect("photo.bmp")
    try:
        compat.save_copy(image, str(path), "BMP")
    except RuntimeError as cause:
        handover.forget(path)
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "Blender cannot write the image {name}: {cause}",
            "Choose another image, or save this one to a file first.",
            name=repr(image.name),
            cause=cause,
        ) from cause
    return path


def _suffix(path: Path) -> str:
    """Of a name that stands in a file from anywhere."""
    return path.suffix if re.fullmatch(r"\.\w{1,8}", path.suffix) else ".png"
