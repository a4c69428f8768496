"""The photos that a head was made from, found again by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat
from ..head import provenance
from ..image_size import image_size
from . import photo_source

_seen: Final[dict[str, str]] = {}
"""SHA-256 of a photo → `PhotoSource.key`, of the heads made in this session: the panel may hold
other photos by now, and no file keeps where a photo lies."""

_read: Final[dict[int, tuple[int, int]]] = {}
"""Session uid of an image → how its file stood when it was read."""


@dataclass(frozen=True)
class HeadPhoto:
    """source : where the engine reads it; view : its record on the head."""

    source: PhotoSource
    view: dict


def find(
    head: bpy.types.Object, settings: bpy.types.PropertyGroup, any_content: bool = False
) -> tuple[HeadPhoto, ...]:
    """All photos of a head, the main one first. any_content : one of the panel that has the name
    will do.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE | PHOTO_TOO_LARGE).
    """
    found: list[HeadPhoto] = []
    try:
        for view in views(head):
            found.append(HeadPhoto(_locate(view["photo"], settings, any_content), view))
    except BaseException:
        for each in found:
            each.source.discard()
        raise
    return tuple(found)


def is_replaced(head: bpy.types.Object, settings: bpy.types.PropertyGroup) -> bool:
    """A photo of the panel has the name of the head's own, but another content."""
    try:
        found = find(head, settings)
    except OferError as error:
        return error.code == ErrorCode.PHOTO_MISSING and _is_there(head, settings)
    for each in found:
        each.source.discard()
    return False


def main(head: bpy.types.Object, settings: bpy.types.PropertyGroup) -> bpy.types.Image:
    """The main photo as an image of the .blend. Raises OferError as `find` and `load`."""
    source = _locate(views(head)[0]["photo"], settings, any_content=False)
    source.discard()
    return image(source)


def unread(head: bpy.types.Object, settings: bpy.types.PropertyGroup) -> bpy.types.Image:
    """The main photo as an image of the .blend whose pixels Blender reads when it draws them.

    Raises OferError as `find`, and PHOTO_UNREADABLE for a kind of file that Blender has no reader
    for.
    """
    source = _locate(views(head)[0]["photo"], settings, any_content=False)
    source.discard()
    kind, _, where = source.key.partition(":")
    if kind == "image":
        return _image_called(where)
    if not is_readable(Path(where)):
        raise _unreadable(Path(where).name)
    return _as_on_disk(Path(where))


def is_readable(path: Path) -> bool:
    """Blender has a reader for files of this kind."""
    return path.suffix.lower() in bpy.path.extensions_image


def views(head: bpy.types.Object) -> list[dict]:
    """The records of the head's photos, the main one first. Raises OferError(BAD_REQUEST)."""
    kept = provenance.views(provenance.read(head))
    if not kept:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The record of {name} was deleted.",
            "Reconstruct the photo again.",
            name=head.name,
        )
    return kept


def load(path: Path) -> bpy.types.Image:
    """The photo as an image of the .blend: its address only, its pixels stay outside.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE).
    """
    if not path.is_file():
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            "There is no photo {name}.",
            "Choose where it is.",
            name=repr(path.name),
        )
    image = _as_on_disk(path)
    if not image.size[0]:  # which reads it
        compat.remove_unused([image])
        raise _unreadable(path.name)
    return image


def _as_on_disk(path: Path) -> bpy.types.Image:
    """A photo as an image of the .blend that shows what the file holds now: one that is there may
    be packed or painted on, or was read before the photo was saved again."""
    stands = _state(path)
    for image in bpy.data.images:
        if _is_of_file(image, path):
            if _read.get(image.session_uid) != stands:
                image.reload()
            break
    else:
        image = bpy.data.images.load(str(path))
    _read[image.session_uid] = stands
    return image


def _is_of_file(image: bpy.types.Image, path: Path) -> bool:
    """It is the picture in a file, and nothing else."""
    if image.source != "FILE" or image.library or image.packed_file or image.is_dirty:
        return False
    return Path(bpy.path.abspath(image.filepath)) == path


def _state(path: Path) -> tuple[int, int]:
    """What tells a file from the same one when it was written again. Raises OSError."""
    state = path.stat()
    return state.st_mtime_ns, state.st_size


def image(source: PhotoSource) -> bpy.types.Image:
    """A photo as an image of the .blend. Raises OferError as `load`."""
    kind, _, where = source.key.partition(":")
    if kind != "image":
        return load(Path(where))
    found = _image_called(where)
    if (
        found is None or not image_size(found)[0]
    ):  # packed in a kind that only the engine reads, perhaps
        raise _unreadable(source.name)
    return found


def _unreadable(name: str) -> OferError:
    return OferError(
        ErrorCode.PHOTO_UNREADABLE,
        "Blender cannot read {name}.",
        "Save the photo as JPEG or PNG and choose that.",
        name=repr(name),
    )


def remember(sha256: str, source: PhotoSource) -> None:
    """Where a photo of this content lies, for the rest of the session."""
    _seen[sha256] = source.key


def is_of(photo: dict, entry: bpy.types.PropertyGroup) -> bool:
    """An entry of the panel seems to be this photo, by where it lies or by its name; quickly, for
    what is only shown."""
    if known := _seen.get(photo["sha256"]):
        return photo_source.key(entry) == known
    return photo_source.title(entry) == photo["name"]


def _locate(photo: dict, settings: bpy.types.PropertyGroup, any_content: bool) -> PhotoSource:
    """The source whose content is the photo's; those of its name are looked at first."""
    named = [e for e in settings.photos if photo_source.title(e) == photo["name"]]
    others = [e for e in settings.photos if e not in named]
    error: OferError | None = None
    for make in _sources(named + others, photo["sha256"]):
        try:
            source = make()
            if _digest(source) == photo["sha256"]:
                return source
            source.discard()
        except OferError as cause:
            error = error or cause
    alike = named or (others if _is_lone_image(others) else [])
    if alike and any_content:
        return photo_source.from_photo(alike[0])
    if alike and not error:
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            "The photo {name} in the Photo panel is not the one that the head was made from.",
            "Choose the one that it was made from.",
            name=photo["name"],
        )
    raise error or OferError(
        ErrorCode.PHOTO_MISSING,
        "The photo {name} is not in the Photo panel.",
        "Choose it there again.",
        name=photo["name"],
    )


def _is_there(head: bpy.types.Object, settings: bpy.types.PropertyGroup) -> bool:
    try:
        found = find(head, settings, any_content=True)
    except OferError:
        return False
    for each in found:
        each.source.discard()
    return True


def _sources(entries: list[bpy.types.PropertyGroup], sha256: str) -> Iterator:
    for entry in entries:
        yield lambda entry=entry: photo_source.from_photo(entry)
    kind, _, where = _seen.get(sha256, "").partition(":")
    if kind == "file":
        yield lambda: photo_source.from_file(where)
    elif kind == "image":
        yield lambda: photo_source.from_image(_image_called(where))


def _image_called(name: str) -> bpy.types.Image | None:
    return next((each for each in bpy.data.images if each.name_full == name), None)


def _is_lone_image(entries: list[bpy.types.PropertyGroup]) -> bool:
    """An image of the .blend has no file name to know it by."""
    return len(entries) == 1 and entries[0].source == "IMAGE"


def _digest(source: PhotoSource) -> str:
    """SHA-256 of what the engine reads. Raises OferError(PHOTO_UNREADABLE)."""
    try:
        return _digest_of(str(source.path), *_state(source.path))
    except OSError as cause:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} cannot be read from disk.",
            "Check that you may read the file, then choose it again.",
            name=source.path.name,
        ) from cause


@lru_cache(maxsize=64)
def _digest_of(path: str, changed: int, size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
