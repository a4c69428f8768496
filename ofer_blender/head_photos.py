"""The photos that a head was made from, found again among those of the panel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..ofer_engine.contract.errors import ErrorCode, OferError
from . import photo_source, provenance


@dataclass(frozen=True)
class HeadPhoto:
    """entry : of the panel; source : where the engine reads it; view : its record on the head."""

    entry: bpy.types.PropertyGroup
    source: photo_source.PhotoSource
    view: dict


def find(head: bpy.types.Object, settings: bpy.types.PropertyGroup) -> tuple[HeadPhoto, ...]:
    """All photos of a head, the main one first.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE | PHOTO_TOO_LARGE).
    """
    found: list[HeadPhoto] = []
    try:
        for view in views(head):
            entry = _entry(view["photo"], settings)
            found.append(HeadPhoto(entry, photo_source.from_photo(entry), view))
    except BaseException:
        for each in found:
            each.source.discard()
        raise
    return tuple(found)


def main(head: bpy.types.Object, settings: bpy.types.PropertyGroup) -> bpy.types.PropertyGroup:
    """The panel's entry for the main photo. Raises OferError(PHOTO_MISSING | BAD_REQUEST)."""
    return _entry(views(head)[0]["photo"], settings)


def views(head: bpy.types.Object) -> list[dict]:
    """The records of the head's photos, the main one first. Raises OferError(BAD_REQUEST)."""
    kept = provenance.views(provenance.read(head))
    if not kept:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"The record of {head.name} was deleted.",
            "Reconstruct the photo again.",
        )
    return kept


def load(path: Path) -> bpy.types.Image:
    """The photo as an image of the .blend: its address only, its pixels stay outside.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE).
    """
    if not path.is_file():
        raise OferError(
            ErrorCode.PHOTO_MISSING, f"There is no photo {path.name!r}.", "Choose where it is."
        )
    image = bpy.data.images.load(str(path), check_existing=True)
    if not image.size[0]:  # which reads it
        bpy.data.images.remove(image)
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            f"Blender cannot read {path.name!r}.",
            "Save the photo as JPEG or PNG and choose that.",
        )
    return image


def image(entry: bpy.types.PropertyGroup) -> bpy.types.Image:
    """A photo of the panel as an image of the .blend. Raises OferError as `load`."""
    if entry.source == "IMAGE" and entry.image:
        return entry.image
    return load(Path(bpy.path.abspath(entry.filepath)))


def _entry(photo: dict, settings: bpy.types.PropertyGroup) -> bpy.types.PropertyGroup:
    """By name; of several of the same name the one with the same content."""
    named = [e for e in settings.photos if photo_source.title(e) == photo["name"]]
    if len(named) == 1:
        return named[0]
    for entry in named or settings.photos:
        path = Path(bpy.path.abspath(entry.filepath)) if entry.filepath else Path()
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == photo["sha256"]:
            return entry
    if len(settings.photos) == 1 and settings.photos[0].source == "IMAGE":
        return settings.photos[0]  # an image of the .blend has no file name to know it by
    raise OferError(
        ErrorCode.PHOTO_MISSING,
        f"The photo {photo['name']} is not in the Photo panel.",
        "Choose it there again.",
    )
