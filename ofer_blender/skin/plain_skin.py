"""Whether a head still has the plain skin that it was made with, which another may replace."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..head.material import MATERIALS

_SAME: Final = 1e-4


def wears(head: bpy.types.Object) -> bool:
    """Its first material is as we made it: no picture on it, and no colour of an artist's."""
    material = head.data.materials[0] if len(head.data.materials) else None
    tree = material and material.node_tree
    shader = tree and next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    if not shader or any(each.is_linked for each in shader.inputs):
        return False
    look = MATERIALS["skin"]
    has = (*shader.inputs["Base Color"].default_value[:3], shader.inputs["Roughness"].default_value)
    return bool(np.allclose(has, (*look.colour, look.roughness), atol=_SAME))
