"""Heads in the asset browser: a mark with picture, licence and catalogue, here or in a library."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from . import previews, provenance

THIS_FILE: Final = "THIS_FILE"
CATALOGUE: Final = "7f1d3c52-4f5e-4a53-9c0e-5a6f0f3b8e21"
"""Ours, the same in every library."""
_CATALOGUE_LINE: Final = f"{CATALOGUE}:OFER Faces/Heads:OFER Faces-Heads"
_CATALOGUES: Final = "blender_assets.cats.txt"
_NEW_CATALOGUES: Final = "VERSION 1\n\n"

_items: list[tuple[str, str, str]] = []
"""Kept alive here, as Blender needs the strings of an enumeration to be."""


def libraries(
    self: bpy.types.Operator, context: bpy.types.Context | None
) -> list[tuple[str, str, str]]:
    """This file, and every asset library of the preferences: the items of an enumeration."""
    _items[:] = [(THIS_FILE, "This File", "Mark the head as an asset of this .blend")]
    for library in bpy.context.preferences.filepaths.asset_libraries:
        if library.path:
            _items.append((library.name, library.name, f"Write the head to {library.path}"))
    return _items


def mark(head: bpy.types.Object) -> None:
    """Make the head an asset of this file; its catalogue is told beside a saved .blend."""
    head.asset_mark()
    made_of = provenance.read(head)
    data = head.asset_data
    data.catalog_id = CATALOGUE
    data.tags.new("OFER Faces", skip_if_exists=True)
    if made_of:
        pack = made_of["pack"]
        data.license = pack["licence"]
        data.description = f"{pack['title']} {pack['version']}: {pack['claim']}"
    _set_picture(head)
    if bpy.data.filepath:
        _add_catalogue(Path(bpy.data.filepath).parent)


def export(head: bpy.types.Object, library: str) -> Path:
    """Write the head as a .blend of its own into a library; this file stays as it was.

    Raises OSError where the library cannot be written.
    """
    folder = Path(bpy.context.preferences.filepaths.asset_libraries[library].path)
    folder.mkdir(parents=True, exist_ok=True)
    path = _free_path(folder, head.name)
    was_asset = head.asset_data is not None
    try:
        mark(head)
        try:
            bpy.data.libraries.write(str(path), {head}, compress=True)
        except RuntimeError as cause:
            raise PermissionError(13, str(cause).strip()) from cause
    finally:
        if not was_asset:
            head.asset_clear()
    _add_catalogue(folder)
    return path


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
    text = path.read_text(encoding="utf-8") if path.is_file() else _NEW_CATALOGUES
    if CATALOGUE not in text:
        path.write_text(f"{text.rstrip()}\n\n{_CATALOGUE_LINE}\n", encoding="utf-8")


def _free_path(folder: Path, name: str) -> Path:
    plain = bpy.path.clean_name(name)
    path, number = folder / f"{plain}.blend", 1
    while path.exists():
        number += 1
        path = folder / f"{plain}_{number:02d}.blend"
    return path
