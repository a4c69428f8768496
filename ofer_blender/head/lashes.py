"""Lashes of single hairs: where those of the bundled pack's heads lie in a picture of strands.

Other heads' lashes are bands that let some light through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.contract.files.digest import polygons_digest
from ...ofer_engine.contract.reconstruction import Reconstruction

PART: Final = "lashes"
FILE: Final = Path(__file__).with_suffix(".npz")


def uv(reconstruction: Reconstruction, arrays: HeadArrays) -> tuple[np.ndarray, np.ndarray] | None:
    """(F,) bool, the polygons of the lashes, and (N, 4, 2) float32 where their corners lie in the
    picture; None for a head whose lashes are others."""
    if PART not in reconstruction.parts:
        return None
    with np.load(FILE, allow_pickle=False) as stored:
        if polygons_digest(arrays.polygons) != str(stored["head"]):
            return None
        own = arrays.part == reconstruction.parts.index(PART)
        polygons = arrays.polygons[own]
        return own, stored["uv"][np.searchsorted(np.unique(polygons), polygons)]


def picture() -> bpy.types.Image:
    """The packed picture of lashes in this .blend, made on first use: our file as it is."""
    name = f"OFER {PART}"
    found = bpy.data.images.get(name)
    if found and found.packed_file:
        return found
    content = FILE.with_suffix(".png").read_bytes()
    made = bpy.data.images.new(name, 8, 8, alpha=True)
    made.pack(data=content, data_len=len(content))
    made.source = "FILE"
    made.alpha_mode = "CHANNEL_PACKED"
    return made
