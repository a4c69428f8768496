"""Plain, good-looking materials for the parts of a head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.contract.reconstruction import Reconstruction
from .. import compat
from . import eyes


@dataclass(frozen=True)
class Look:
    """colour : linear RGB; roughness, subsurface, alpha : 0..1, of a Principled BSDF; solid : RGB
    in the Solid view, whose lamps show everything darker, where it is not the colour."""

    colour: tuple[float, float, float]
    roughness: float
    subsurface: float = 0.0
    alpha: float = 1.0
    solid: tuple[float, ...] = ()


IRIS: Final = "iris"

LOOKS: Final = {
    "skin": Look((0.51, 0.28, 0.20), 0.5, 0.12, solid=(0.80, 0.60, 0.50)),
    "eye_left": Look((0.78, 0.74, 0.70), 0.15, solid=(0.94, 0.92, 0.90)),
    "eye_right": Look((0.78, 0.74, 0.70), 0.15, solid=(0.94, 0.92, 0.90)),
    "lashes": Look((0.03, 0.018, 0.012), 0.8, alpha=0.45),  # bands of mesh that stand for hairs
    "teeth_upper": Look((0.72, 0.66, 0.54), 0.25, 0.05),
    "teeth_lower": Look((0.72, 0.66, 0.54), 0.25, 0.05),
    "tongue": Look((0.42, 0.11, 0.10), 0.35, 0.10),
    IRIS: Look((0.10, 0.055, 0.025), 0.15),
}
_UNKNOWN: Final = Look((0.5, 0.5, 0.5), 0.5)
_IRIS_SLOT_RADIUS: Final = 0.0055  # metres: polygons shown dark in the Solid view


def materials(parts: tuple[str, ...]) -> list[bpy.types.Material]:
    """One new material for each part, then the iris's, in the order of `slots`."""
    return [_material(name) for name in (*parts, IRIS)]


def slots(reconstruction: Reconstruction, arrays: HeadArrays, gaze_uv: np.ndarray) -> np.ndarray:
    """(F,) int32: the material slot of each polygon; gaze_uv : from `eyes.gaze_uv`."""
    corners = arrays.polygons[..., None] >= 0
    middle = (gaze_uv * corners).sum(axis=1) / corners.sum(axis=1)
    near = np.linalg.norm(middle - 0.5, axis=1) * eyes.SIDE < _IRIS_SLOT_RADIUS
    iris = near & eyes.polygons(reconstruction, arrays)
    return np.where(iris, len(reconstruction.parts), arrays.part).astype(np.int32)


def _material(part: str) -> bpy.types.Material:
    look = LOOKS.get(part, _UNKNOWN)
    made = bpy.data.materials.new(f"OFER {part.replace('_', ' ')}")
    made.diffuse_color = (*(look.solid or look.colour), look.alpha)
    made.roughness = look.roughness
    tree = compat.enable_nodes(made)
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*look.colour, 1.0)
    shader.inputs["Roughness"].default_value = look.roughness
    shader.inputs["Alpha"].default_value = look.alpha
    shader.inputs["Subsurface Weight"].default_value = look.subsurface
    shader.inputs["Subsurface Radius"].default_value = (0.010, 0.004, 0.002)  # metres
    shader.inputs["Subsurface Scale"].default_value = 1.0
    if part == IRIS or part in eyes.PARTS:
        _add_picture(tree, shader)
    return made


def _add_picture(tree: bpy.types.NodeTree, shader: bpy.types.Node) -> None:
    layer = tree.nodes.new("ShaderNodeUVMap")
    layer.uv_map = eyes.UV_LAYER
    layer.location = (-600, 300)
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = eyes.picture()
    texture.extension = "EXTEND"
    texture.location = (-400, 300)
    tree.links.new(layer.outputs["UV"], texture.inputs["Vector"])
    # The Solid view lays the active picture on by the mesh's first UVs, which are not the gaze's;
    # where that is none, it shows the colour.
    none = tree.nodes.new("ShaderNodeTexImage")
    none.label, none.location, none.hide = "Solid view: colour", (-400, 20), True
    tree.nodes.active = none
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
