"""What the bones of a rig are picked by: thin rings around the face, which leave it in sight."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Final

import bpy
import numpy as np

from ..head import joint_anchors, shape_keys

RING: Final = "OFER ring"
_CORNERS: Final = 32
_WIDTH: Final = 2.0
"""Pixels."""
_COLOURS: Final = {
    "root": "THEME03", "neck": "THEME03", "head": "THEME03",
    "jaw": "THEME02", "eye_L": "THEME09", "eye_R": "THEME09",
}  # fmt: skip
# In distances between the eyes, so that heads of any size have fitting rings.
_EYE_AHEAD: Final = 0.75
_OVER_CROWN: Final = 0.25
_UNDER_CHIN: Final = 0.3
_OFF_NECK: Final = 0.12
_NECK_SLICE: Final = 0.2
_RADII: Final = {"root": 2.2, "head": 0.9, "jaw": 0.35, "eye_L": 0.28, "eye_R": 0.28}


def put_on(rig: bpy.types.Object, head: bpy.types.Object) -> None:
    """Give each bone of a rig its ring; rig and head in Object mode.

    Every ring lies across its bone: the root's at its foot, the neck's around it, the head's over
    the crown, the jaw's beyond the chin, an eye's ahead of it.
    """
    ring = _ring()
    for name, (along, radius) in _rings(rig, head).items():
        bone = rig.pose.bones[name]
        bone.custom_shape = ring
        bone.use_custom_shape_bone_size = False
        bone.custom_shape_translation = (0.0, along, 0.0)
        bone.custom_shape_scale_xyz = (radius, radius, radius)
        bone.custom_shape_wire_width = _WIDTH
        bone.bone.color.palette = _COLOURS[name]


def _rings(rig: bpy.types.Object, head: bpy.types.Object) -> dict[str, tuple[float, float]]:
    """Metres along its bone and metres of radius of each bone's ring."""
    bones = rig.data.bones
    eyes = (bones["eye_L"].head_local - bones["eye_R"].head_local).length
    over_head = shape_keys.points(head.data.shape_keys.reference_key)
    over_head = over_head - np.array(bones["head"].head_local)
    crown = float((over_head @ _along(bones["head"])).max())
    along = {
        "root": 0.0,
        "head": crown + _OVER_CROWN * eyes,
        "jaw": bones["jaw"].length + _UNDER_CHIN * eyes,
        "eye_L": _EYE_AHEAD * eyes,
        "eye_R": _EYE_AHEAD * eyes,
    }
    found = {name: (along[name], _RADII[name] * eyes) for name in along}
    return found | {"neck": _neck(bones["neck"], head, eyes)}


def _neck(bone: bpy.types.Bone, head: bpy.types.Object, eyes: float) -> tuple[float, float]:
    """The ring around the middle of the neck."""
    axis, middle = _along(bone), bone.length / 2
    shape = shape_keys.points(head.data.shape_keys.reference_key) - np.array(bone.head_local)
    along = shape @ axis
    from_bone = np.linalg.norm(shape - along[:, None] * axis, axis=1)
    own = joint_anchors.shares(head, bone.name) > 0.5
    near = from_bone[own & (abs(along - middle) < _NECK_SLICE * eyes)]
    return middle, float(near.max(initial=eyes)) + _OFF_NECK * eyes


def _along(bone: bpy.types.Bone) -> np.ndarray:
    """(3,) direction of a bone in the rig's frame; Blender's own `vector` is in its parent's."""
    return np.array((bone.tail_local - bone.head_local).normalized())


def _ring() -> bpy.types.Object:
    """A circle of radius 1 across Y, in no collection; one serves all rigs of the file."""
    found = bpy.data.objects.get((RING, None))
    if found and found.type == "MESH":
        return found
    mesh = bpy.data.meshes.new(RING)
    angles = [2 * pi * corner / _CORNERS for corner in range(_CORNERS)]
    edges = [(corner, (corner + 1) % _CORNERS) for corner in range(_CORNERS)]
    mesh.from_pydata([(cos(angle), 0.0, sin(angle)) for angle in angles], edges, [])
    return bpy.data.objects.new(RING, mesh)
