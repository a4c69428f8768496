"""The skin that a head wears, as files for the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ..head import head_frame
from ..head.head_object import UV_LAYER
from . import skin

_CORNERS: Final = 4


def write(head: bpy.types.Object, place: Path) -> tuple[str, str]:
    """Paths of the skin's picture and of its UVs, (F, 4, 2) float32; empty where none is worn, or
    its picture is lost.

    place : a folder that is there. Raises OSError, and OferError as `head_frame.polygons`.
    """
    image, layer = skin.picture(head), head.data.uv_layers.get(UV_LAYER)
    if image is None or layer is None:
        return "", ""
    picture = Path(bpy.path.abspath(image.filepath))
    if image.packed_file:
        picture = place / "albedo.png"
        picture.write_bytes(image.packed_file.data)
    if not picture.is_file():
        return "", ""
    np.save(place / "uv.npy", _painted_uv(head.data, layer, head_frame.polygons(head)))
    return str(picture), str(place / "uv.npy")


def _painted_uv(
    mesh: bpy.types.Mesh, layer: bpy.types.MeshUVLoopLayer, polygons: int
) -> np.ndarray:
    """(F, 4, 2) float32, 0 in polygons that are not the skin's; polygons : F, the head's own, which
    are the first of the mesh."""
    values = np.empty(len(mesh.loops) * 2, np.float32)
    layer.data.foreach_get("uv", values)
    sizes, slots = (np.empty(len(mesh.polygons), np.int32) for _ in range(2))
    mesh.polygons.foreach_get("loop_total", sizes)
    mesh.polygons.foreach_get("material_index", slots)
    sizes, slots = sizes[:polygons], slots[:polygons]
    uv = np.zeros((len(sizes), _CORNERS, 2), np.float32)
    uv[np.arange(_CORNERS) < sizes[:, None]] = values.reshape(-1, 2)[: sizes.sum()]
    uv[slots != 0] = 0.0
    return uv
