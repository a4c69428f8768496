"""Plain, good-looking materials for the parts of a head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.contract.irises import IRIS_RADIUS
from ...ofer_engine.contract.reconstruction import Reconstruction
from .. import compat
from . import eyes, lashes, strands


@dataclass(frozen=True)
class PrincipledValues:
    """colour : linear RGB; roughness, subsurface, alpha, coat, metallic : 0..1, of a Principled
    BSDF: a metal that lets most light through is a film that only shines, in every format; solid :
    RGB in the Solid view, whose lamps show everything darker, where it is not the colour."""

    colour: tuple[float, float, float]
    roughness: float
    subsurface: float = 0.0
    alpha: float = 1.0
    solid: tuple[float, ...] = ()
    coat: float = 0.0
    metallic: float = 0.0


IRIS: Final = "iris"
RING: Final = "iris ring"
WET: Final = "tear line"
PUPIL: Final = "pupil"

MATERIALS: Final = {
    "skin": PrincipledValues((0.51, 0.28, 0.20), 0.5, 0.12, solid=(0.80, 0.60, 0.50)),
    "eye_left": PrincipledValues((0.71, 0.65, 0.60), 0.3, solid=(0.90, 0.87, 0.84), coat=1.0),
    "eye_right": PrincipledValues((0.71, 0.65, 0.60), 0.3, solid=(0.90, 0.87, 0.84), coat=1.0),
    "lashes": PrincipledValues(
        (0.03, 0.018, 0.012), 0.8, alpha=0.45
    ),  # bands of mesh that stand for hairs
    "teeth_upper": PrincipledValues((0.72, 0.66, 0.54), 0.25, 0.05),
    "teeth_lower": PrincipledValues((0.72, 0.66, 0.54), 0.25, 0.05),
    "gums_upper": PrincipledValues((0.48, 0.17, 0.16), 0.3, 0.10),
    "gums_lower": PrincipledValues((0.48, 0.17, 0.16), 0.3, 0.10),
    "tongue": PrincipledValues((0.42, 0.11, 0.10), 0.35, 0.10),
    IRIS: PrincipledValues((0.10, 0.055, 0.025), 0.3, coat=1.0),
    RING: PrincipledValues((0.01, 0.008, 0.006), 0.3, coat=1.0),
    PUPIL: PrincipledValues((0.001, 0.001, 0.001), 0.3, coat=1.0),
    WET: PrincipledValues((1.0, 1.0, 1.0), 0.06, alpha=0.08, metallic=1.0),
}
_UNKNOWN: Final = PrincipledValues((0.5, 0.5, 0.5), 0.5)
_COARSE_IRIS: Final = 0.0055
"""Metres from the line of sight to polygons that are taken for iris where no ring tells."""
_SIZES: Final = 0.25
"""How much larger or smaller than usual an iris may be."""
_RINGS: Final = ((6, RING), (5, IRIS), (2, PUPIL))
"""So many rings of a fine eye's polygons, from the inside, show no white, are iris, are pupil:
`research/head_building/round_eyes.py` of the engine. Eyes are as large as their heads are."""
_COAT_ROUGHNESS: Final = 0.03


def materials(
    parts: tuple[str, ...], iris: np.ndarray | None, hairs: bool
) -> list[bpy.types.Material]:
    """One new material for each part, then those of the eyes' rings, in the order of `slots`.

    iris : (3,) sRGB, None where it is not known; hairs : lashes have their place in a picture.
    """
    colour = eyes.UNSEEN if iris is None else tuple(map(float, iris))
    made = [_material(name, colour) for name in (*parts, *(name for _, name in _RINGS))]
    if hairs:
        tree = made[parts.index(lashes.PART)].node_tree
        strands.show(tree, lashes.picture(), eyes.UV_LAYER)
        _solid_shows_the_colour(tree)
    return made


def wet() -> bpy.types.Material:
    """A new material of the tear line."""
    made = _material(WET, eyes.UNSEEN)
    made.surface_render_method = "BLENDED"  # a film needs no shadow, and dithering would show
    return made


def slots(reconstruction: Reconstruction, arrays: HeadArrays, gaze_uv: np.ndarray) -> np.ndarray:
    """(F,) int32: the material slot of each polygon; gaze_uv : from `eyes.gaze_uv`."""
    eye, first = eyes.polygons(reconstruction, arrays), len(reconstruction.parts)
    own = arrays.part.astype(np.int32)
    for part in np.unique(own[eye]):
        faces = np.flatnonzero(own == part)
        corners = arrays.polygons[faces] >= 0
        away = np.linalg.norm(gaze_uv[faces] - 0.5, axis=-1) * eyes.SIDE
        middle = (gaze_uv[faces] * corners[..., None]).sum(axis=1) / corners.sum(axis=1)[:, None]
        middle = np.linalg.norm(middle - 0.5, axis=-1) * eyes.SIDE
        ring = _rings(arrays.polygons[faces], np.where(corners, away, np.inf))
        if not _is_fine(ring, middle):
            own[faces[middle < _COARSE_IRIS]] = first + [name for _, name in _RINGS].index(IRIS)
            continue
        for slot, (rings, _) in enumerate(_RINGS, first):
            own[faces[ring < rings]] = slot
    return own


def _rings(polygons: np.ndarray, away: np.ndarray) -> np.ndarray:
    """(F,) which ring of polygons each of an eye is in, from 0 around the corner that is nearest to
    the line of sight; one more than are looked for, farther out.

    Told by which polygons touch: how far a ring is from the line of sight differs along it where
    an eyeball is not round. polygons : (F, 4), -1 for no corner; away : (F, 4) metres.
    """
    looked_for = _RINGS[0][0] + 1
    ring = np.full(len(polygons), looked_for)
    reached = np.zeros(polygons.max() + 1, bool)
    reached[polygons.flat[away.argmin()]] = True
    for number in range(looked_for):
        touched = (reached[polygons] & (polygons >= 0)).any(axis=1) & (ring == looked_for)
        ring[touched] = number
        corners = polygons[touched]
        reached[corners[corners >= 0]] = True
    return ring


def _is_fine(ring: np.ndarray, middle: np.ndarray) -> bool:
    """Whether rings lie as those of a fine eye: as many polygons in each but the innermost, and the
    white beginning where an iris ends. middle : (F,) metres of the polygons' middles."""
    last = _RINGS[0][0]
    counts = np.bincount(ring, minlength=last + 1)[1 : last + 1]
    if counts.min() == 0 or counts.min() != counts.max():
        return False
    ends = (middle[ring == last - 1].mean() + middle[ring == last].mean()) / 2
    return bool(abs(ends / IRIS_RADIUS - 1) <= _SIZES)


def _material(part: str, iris: eyes.Colour) -> bpy.types.Material:
    look = _look(part, iris)
    made = bpy.data.materials.new(f"OFER {part.replace('_', ' ')}")
    made.diffuse_color = (*(look.solid or look.colour), look.alpha)
    made.roughness = look.roughness
    tree = compat.enable_nodes(made)
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*look.colour, 1.0)
    shader.inputs["Roughness"].default_value = look.roughness
    shader.inputs["Metallic"].default_value = look.metallic
    shader.inputs["Alpha"].default_value = look.alpha
    shader.inputs["Subsurface Weight"].default_value = look.subsurface
    shader.inputs["Subsurface Radius"].default_value = (0.010, 0.004, 0.002)  # metres
    shader.inputs["Subsurface Scale"].default_value = 1.0
    if look.coat:
        shader.inputs["Coat Weight"].default_value = look.coat
        shader.inputs["Coat Roughness"].default_value = _COAT_ROUGHNESS
    if part in (IRIS, RING, PUPIL) or part in eyes.PARTS:
        _add_picture(tree, shader, eyes.picture(iris))
    return made


def _look(part: str, iris: eyes.Colour) -> PrincipledValues:
    """How a part looks on a head whose irises are of an sRGB colour."""
    look = MATERIALS.get(part, _UNKNOWN)
    shades = dict(zip((RING, IRIS), eyes.shades(iris), strict=True))
    if part not in shades:
        return look
    return replace(look, colour=tuple(value**2.2 for value in shades[part]), solid=shades[part])


def _add_picture(
    tree: bpy.types.NodeTree, shader: bpy.types.Node, picture: bpy.types.Image
) -> None:
    layer = tree.nodes.new("ShaderNodeUVMap")
    layer.uv_map = eyes.UV_LAYER
    layer.location = (-600, 300)
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = picture
    texture.extension = "EXTEND"
    texture.location = (-400, 300)
    tree.links.new(layer.outputs["UV"], texture.inputs["Vector"])
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    _solid_shows_the_colour(tree)


def _solid_shows_the_colour(tree: bpy.types.NodeTree) -> None:
    """The Solid view lays the active picture on by the mesh's first UVs, which are not the gaze's;
    where that is none, it shows the colour."""
    none = tree.nodes.new("ShaderNodeTexImage")
    none.label, none.location, none.hide = "Solid view: colour", (-400, 20), True
    tree.nodes.active = none
