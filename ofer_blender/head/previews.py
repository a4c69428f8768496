"""Thumbnails of hypotheses as Blender icons, from the pictures that the .blend keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import bpy
import bpy.utils.previews
import numpy as np

from ...ofer_engine.client import faults, handover, png
from ...ofer_engine.contract.protocol import HypothesisReady
from ...ofer_engine.contract.reconstruction import THUMBNAILS
from ..engine import jobs

_PICTURES: Final = "pictures"
_AT_A_TIME: Final = 10
"""Pictures: reading more in one go would hold Blender up."""
_NEXT: Final = 0.02  # seconds until the next few
_collections: dict[str, bpy.utils.previews.ImagePreviewCollection] = {}
_arrived: dict[str, bpy.types.ImagePreview | None] = {}


def no_photo() -> int:
    """Icon number of nothing."""
    return 0


photo: Callable[[], int] = no_photo
"""Icon number of the face in the photo of the active head, beside which its gallery is seen; 0
where that photo was not opened. `photo/face_pictures.py` knows it."""


def keep(item: bpy.types.PropertyGroup, picture: bytes, clay: bytes = b"") -> None:
    """Keep a PNG with a hypothesis; the same picture is the same icon in every file.

    clay : the same head without skin, where the picture shows skin.
    """
    item.picture, item.picture_key = picture, _name(picture) if picture else ""
    item.clay, item.clay_key = clay, _name(clay) if clay else ""


def unpainted(item: bpy.types.PropertyGroup) -> bytes:
    """The PNG of a hypothesis without skin."""
    return item.clay or item.picture


def _shown(item: bpy.types.PropertyGroup) -> tuple[bytes, str]:
    """The PNG of a hypothesis that its gallery shows, and its name among the icons."""
    if item.clay_key and item.id_data.ofer.in_clay:
        return item.clay, item.clay_key
    return item.picture, item.picture_key


def icon(item: bpy.types.PropertyGroup) -> int:
    """Icon number of a hypothesis's thumbnail; 0, which draws nothing, where there is none yet.

    Panels ask while they draw, so a picture not yet known is only noted for `_load_missing`.
    """
    _, key = _shown(item)
    if not key:
        return 0
    found = _collections[_PICTURES].get(key)
    if found is None:
        _load_soon()
        return 0
    return found.icon_id


def fetch(arrived: Sequence[HypothesisReady]) -> None:
    """Read thumbnails that the engine has written for the job in hand, a few at a time and each
    once; panels only look them up, and the head that is made of them has them already."""
    missing = [each for each in arrived if _key(each) not in _arrived]
    if not arrived:
        _arrived.clear()
    for each in missing[:_AT_A_TIME]:
        path = Path(each.folder) / THUMBNAILS / f"{each.name}.png"
        picture = path.read_bytes() if path.is_file() else b""
        _arrived[_key(each)] = loaded = load(picture) if picture else None
        if loaded:
            _ = loaded.image_size  # asking for it reads the file


def arrived_icon(arrived: HypothesisReady) -> int:
    """Icon number of a thumbnail that was fetched; 0 where it was not."""
    found = _arrived.get(_key(arrived))
    return found.icon_id if found else 0


def load(picture: bytes, key: str = "") -> bpy.types.ImagePreview:
    """The picture as Blender reads it, lazily and in the background, once in a session.

    key : its name among the icons, where that is known.
    """
    pictures = _collections[_PICTURES]
    key = key or _name(picture)
    if found := pictures.get(key):
        return found
    path = handover.folder() / "picture.png"  # Blender reads it when it is drawn
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


def keep_mixed(
    item: bpy.types.PropertyGroup, parts: Sequence[tuple[bpy.types.PropertyGroup, float]]
) -> None:
    """Keep with a blend the pictures of its parts, hypotheses with shares, laid over each other;
    as it was where one is missing or they differ in size."""
    if picture := mixed([(part.picture, share) for part, share in parts]):
        keep(item, picture, mixed([(part.clay, share) for part, share in parts]))


def _name(picture: bytes) -> str:
    return sha256(picture).hexdigest()[:16]


def _key(arrived: HypothesisReady) -> str:
    """Another request may write another picture at the same place."""
    return f"{arrived.id} {arrived.folder} {arrived.name}"


def _load_soon() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_load_missing):
        bpy.app.timers.register(_load_missing, first_interval=0.0)


@faults.guarded()
def _load_missing() -> float | None:
    """Make icons of the pictures in the file, a few at a time, and have the panels drawn again."""
    heads = [each.ofer for each in bpy.data.objects]
    items = [item for head in heads for item in (*head.identities, *head.expressions)]
    known = _collections[_PICTURES]
    missing = [each for each in map(_shown, items) if each[1] and each[1] not in known]
    for picture, key in missing[:_AT_A_TIME]:
        _ = load(picture, key).image_size  # asking for it reads the file
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":
                    region.tag_redraw()
    return _NEXT if len(missing) > _AT_A_TIME else None


def register() -> None:
    jobs.arrived_listeners.append(fetch)
    _collections[_PICTURES] = bpy.utils.previews.new()


def unregister() -> None:
    jobs.arrived_listeners.remove(fetch)
    if bpy.app.timers.is_registered(_load_missing):
        bpy.app.timers.unregister(_load_missing)
    _arrived.clear()
    bpy.utils.previews.remove(_collections.pop(_PICTURES))
