"""Thumbnails of hypotheses as Blender icons, kept while the add-on is registered."""

from __future__ import annotations

from pathlib import Path

import bpy
import bpy.utils.previews

from ..ofer_engine.contract.reconstruction import THUMBNAILS

_collections: dict[str, bpy.utils.previews.ImagePreviewCollection] = {}


def thumbnail(head: bpy.types.Object, name: str) -> bpy.types.ImagePreview | None:
    """The picture of a hypothesis, or None where the reconstruction's folder is gone.

    Blender reads the file later and in the background; only a path is looked up here, once.
    """
    if not head.ofer.folder:
        return None
    path = Path(bpy.path.abspath(head.ofer.folder)) / THUMBNAILS / f"{name}.png"
    pictures = _collections[THUMBNAILS]
    found = pictures.get(str(path))
    if found is None and path.is_file():
        found = pictures.load(str(path), str(path), "IMAGE")
    return found


def icon(head: bpy.types.Object, name: str) -> int:
    """Icon number of a thumbnail; 0, which draws nothing, where there is none."""
    picture = thumbnail(head, name)
    return picture.icon_id if picture else 0


def register() -> None:
    _collections[THUMBNAILS] = bpy.utils.previews.new()


def unregister() -> None:
    bpy.utils.previews.remove(_collections.pop(THUMBNAILS))
