"""Lashes of single hairs: where those of the bundled pack's heads lie in a picture of strands.

Other heads' lashes are bands that let some light through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.contract.reconstruction import Reconstruction
from . import carried, strands

PART: Final = "lashes"
FILE: Final = Path(__file__).with_suffix(".npz")
COLOUR: Final = (0.018, 0.011, 0.008)
"""Linear; lashes are darker than the hair."""


def uv(reconstruction: Reconstruction, arrays: HeadArrays) -> tuple[np.ndarray, np.ndarray] | None:
    """(F,) bool, the polygons of the lashes, and (N, 4, 2) float32 where their corners lie in the
    picture; None for a head whose lashes are others."""
    if PART not in reconstruction.parts:
        return None
    with np.load(FILE, allow_pickle=False) as stored:
        if carried.digest(arrays.polygons) != str(stored["head"]):
            return None
        own = arrays.part == reconstruction.parts.index(PART)
        polygons = arrays.polygons[own]
        return own, stored["uv"][np.searchsorted(np.unique(polygons), polygons)]


def picture() -> bpy.types.Image:
    """The packed picture of lashes in this .blend, made on first use."""
    found = bpy.data.images.get(f"OFER {PART}")
    return (
        found if found and found.packed_file else strands.picture(FILE.with_suffix(".webp"), COLOUR)
    )
