"""Heads in the asset browser: a mark with picture, licence and catalogue, here or in a library."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.names import free_name, plain_name
from .. import enum_items
from ..undo.atomic_output import beside, disk_full, is_full, unwritable
from . import previews, provenance

THIS_FILE: Final = "THIS_FILE"
CATALOGUE: Final = "7f1d3c52-4f5e-4a53-9c0e-5a6f0f3b8e21"
"""Ours, the same in every library."""
_CATALOGUE_LINE: Final = f"{CATALOGUE}:OFER Faces/Heads:OFER Faces-Heads"
_ENDING: Final = ".blend"
_CATALOGUES: Final = "blender_assets.cats.txt"
_NEW_CATALOGUES: Final = b"VERSION 1\n\n"


def libraries(
    self: bpy.types.Operator, context: bpy.types.Context | None
) -> list[tuple[str, str, str]]:
    """This file, and every asset library of the preferences: the items of an enumeration."""
    found = [(THIS_FILE, "This File", "Mark the head as an asset of this .blend")]
    for library in bpy.context.preferences.filepaths.asset_libraries:
        if library.path:
            found.append((library.name, library.name, f"Write the head to {library.path}"))
    return enum_items.kept(found)


def mark(head: bpy.types.Object) -> None:
    """Make the head an asset of this file; its catalogue is told beside a saved .blend.

    Raises OferError(DISK_FULL | READ_ONLY) where that cannot be written; then it is no asset.
    """
    if bpy.data.filepath:
        _add_catalogue(Path(bpy.data.filepath).parent)
    _mark(head)


def _mark(head: bpy.types.Object) -> None:
    head.asset_mark()
    made_of = provenance.read(head)
    data = head.asset_data
    data.catalog_id = CATALOGUE
    data.tags.new("OFER Faces", skip_if_exists=True)
    if made_of:
        pack = made_of["pack"]
        data.license = data.license or pack["licence"]
        data.description = data.description or f"{pack['title']} {pack['version']}: {pack['claim']}"
    _set_picture(head)


def export(head: bpy.types.Object, library: str) -> Path:
    """Write the head as a .blend of its own into a library, whole or not at all; this file stays as
    it was.

    Raises OferError(DISK_FULL | READ_ONLY) where the library cannot be written.
    """
    folder = Path(bpy.context.preferences.filepaths.asset_libraries[library].path)
    path = _free_place(folder, head)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise unwritable(path, cause) from cause
    was_asset = head.asset_data is not None
    with beside(path) as scratch:
        try:
            _mark(head)
            _write(head, scratch / path.name, path)
        finally:
            if not was_asset:
                head.asset_clear()
        _add_catalogue(folder)
        made, path = scratch / path.name, _free_place(folder, head)  # others may have been quicker
        made.rename(path)
    return path


def _free_place(folder: Path, head: bpy.types.Object) -> Path:
    return folder / (free_name(folder, plain_name(head.name), (_ENDING,)) + _ENDING)


def _write(head: bpy.types.Object, file: Path, path: Path) -> None:
    """Raises OferError about `path`."""
    try:
        bpy.data.libraries.write(str(file), {head}, compress=True)
    except RuntimeError as cause:
        full = is_full(file.parent)
        raise (disk_full(path) if full else unwritable(path, str(cause))) from cause


def _set_picture(head: bpy.types.Object) -> None:
    item = head.ofer.identities.get(head.ofer.basis)
    if item is None or not item.picture:
        return
    thumbnail = previews.load(item.picture)
    size = tuple(thumbnail.image_size)
    pixels = np.empty(size[0] * size[1] * 4, np.float32)
    thumbnail.image_pixels_float.foreach_get(pixels)
    preview = head.preview_ensure()
    preview.image_size = size
    preview.image_pixels_float.foreach_set(pixels)


def _add_catalogue(folder: Path) -> None:
    """Beside an asset file, or in the library's folder above it."""
    place = next(
        (each for each in (folder, *folder.parents) if (each / _CATALOGUES).is_file()), folder
    )
    path = place / _CATALOGUES
    with beside(path) as scratch:
        text = path.read_bytes() if path.is_file() else _NEW_CATALOGUES
        if CATALOGUE.encode() not in text:
            new = scratch / _CATALOGUES
            new.write_bytes(text.rstrip() + f"\n\n{_CATALOGUE_LINE}\n".encode())
            new.replace(path)
