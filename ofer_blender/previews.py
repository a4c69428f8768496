"""Thumbnails of hypotheses as Blender icons, from the pictures that the .blend keeps."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import bpy
import bpy.utils.previews
import numpy as np

from ..ofer_engine.contract.protocol import HypothesisReady
from ..ofer_engine.contract.reconstruction import THUMBNAILS
from . import png

_PICTURES: Final = "pictures"
_collections: dict[str, bpy.utils.previews.ImagePreviewCollection] = {}


def keep(item: bpy.types.PropertyGroup, picture: bytes) -> None:
    """Keep a PNG with a hypothesis; the same picture is the same icon in every file."""
    item.picture = picture
    item.picture_key = sha256(picture).hexdigest()[:16] if picture else ""
    if picture and not bpy.app.background:
        load(picture)


def icon(item: bpy.types.PropertyGroup) -> int:
    """Icon number of a hypothesis's thumbnail; 0, which draws nothing, where there is none yet.

    Panels ask while they draw, so a picture not yet known is only noted for `_load_missing`.
    """
    if not item.picture_key:
        return 0
    found = _collections[_PICTURES].get(item.picture_key)
    if found is None:
        _load_soon()
        return 0
    return found.icon_id


def fetch(arrived: HypothesisReady) -> None:
    """Read a thumbnail that the engine has just written, once; panels only look it up."""
    pictures, key = _collections[_PICTURES], _key(arrived)
    if key not in pictures:
        path = Path(arrived.folder) / THUMBNAILS / f"{arrived.name}.png"
        _ = pictures.load(key, str(path), "IMAGE").image_size  # asking for it reads the file


def arrived_icon(arrived: HypothesisReady) -> int:
    """Icon number of a thumbnail that was fetched; 0 where it was not."""
    found = _collections[_PICTURES].get(_key(arrived))
    return found.icon_id if found else 0


def load(picture: bytes) -> bpy.types.ImagePreview:
    """The picture as Blender reads it, lazily and in the background, once in a session."""
    pictures = _collections[_PICTURES]
    key = sha256(picture).hexdigest()[:16]
    if found := pictures.get(key):
        return found
    path = Path(bpy.app.tempdir) / f"ofer_{key}.png"
    path.write_bytes(picture)
    return pictures.load(key, str(path), "IMAGE")


def mixed(pictures: Sequence[tuple[bytes, float]]) -> bytes:
    """One picture laid over another, in parts that sum to 1: a PNG, or b"" where one is missing
    or they differ in size."""
    if not all(picture for picture, _ in pictures):
        return b""
    loaded = [(load(picture), share) for picture, share in pictures]
    sizes = {tuple(preview.image_size) for preview, _ in loaded}
    if len(sizes) != 1 or 0 in (size := sizes.pop()):
        return b""
    total = np.zeros((size[1], size[0], 4), np.float32)
    for preview, share in loaded:
        pixels = np.empty(total.size, np.float32)
        preview.image_pixels_float.foreach_get(pixels)
        total += share * pixels.reshape(total.shape)
    return png.encode(np.rint(total[::-1] * 255).clip(0, 255).astype(np.uint8))


def _key(arrived: HypothesisReady) -> str:
    """Another request may write another picture at the same place."""
    return f"{arrived.id} {arrived.folder} {arrived.name}"


def _load_soon() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_load_missing):
        bpy.app.timers.register(_load_missing, first_interval=0.0)


def _load_missing() -> None:
    """Make icons of all pictures in the file, then have the panels drawn again."""
    for head in bpy.data.objects:
        for item in (*head.ofer.identities, *head.ofer.expressions):
            if item.picture_key and item.picture_key not in _collections[_PICTURES]:
                load(item.picture)
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":
                    region.tag_redraw()


def register() -> None:
    _collections[_PICTURES] = bpy.utils.previews.new()


def unregister() -> None:
    if bpy.app.timers.is_registered(_load_missing):
        bpy.app.timers.unregister(_load_missing)
    bpy.utils.previews.remove(_collections.pop(_PICTURES))
