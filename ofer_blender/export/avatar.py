"""A body and its head as an avatar: how they stand in a VRM, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...ofer_engine.contract.arkit import ARKIT_52
from ..head import joint_anchors, provenance
from . import human_bones, t_pose, vrm
from .plan import Plan
from .shapes import chosen

_SOLES: Final = ("leftFoot", "leftToes", "rightFoot", "rightToes")
_LEAST: Final = 0.1
"""Share that a sole has in what it moves."""


@dataclass(frozen=True, eq=False)
class Avatar:
    """human : humanoid bone → bone; meta : the model's; keys : unit → key in the file; eyes : (3,)
    metres, Blender's axes, the middle between them."""

    human: Mapping[str, str]
    meta: Mapping[str, Any]
    keys: Mapping[str, str]
    eyes: np.ndarray


def stand(
    head: bpy.types.Object,
    plan: Plan,
    armature: bpy.types.Object,
    meshes: Sequence[bpy.types.Object],
    others: Sequence[bpy.types.Object],
    onto: Matrix,
) -> Avatar:
    """Lay the arms of the copies out and put their soles on the ground, the hips above the origin.

    meshes : of the head; others : of the body; onto : from the head's frame into the copies'.
    """
    found = human_bones.of(head)
    human = found.bones if found else {}
    t_pose.spread(armature, others, human)
    hips = armature.data.bones[human["hips"]].head_local
    soles = [low for each in others if (low := _lowest(each, human)) is not None]
    shift = Matrix.Translation((-hips.x, -hips.y, -min(soles, default=0.0)))
    for each in (*meshes, *others):
        each.data.transform(shift, shape_keys=True)  # pyright: ignore[reportCallIssue]
        each.data.update()
    armature.data.transform(shift)
    joints = joint_anchors.places(head)
    middle = shift @ onto @ Vector((joints["eye_L"] + joints["eye_R"]) / 2)
    keys = {source: name for source, name in chosen(head, plan) if source in ARKIT_52}
    return Avatar(human, _meta(head, plan), keys, np.array(middle))


def make_avatar(file: Path, avatar: Avatar) -> None:
    """Make the file of the copies a VRM. Raises OSError, ValueError."""
    x, y, z = avatar.eyes
    vrm.put_in(file, avatar.human, avatar.meta, np.array((x, z, -y)), avatar.keys)


def _meta(head: bpy.types.Object, plan: Plan) -> dict[str, Any]:
    """Name, author and licences; everything that VRM lets one allow stays as narrow as it is where
    nothing is said."""
    pack = provenance.read(head).get("pack", {})
    licence = ", ".join(str(pack[each]) for each in ("title", "licence", "claim") if pack.get(each))
    found = {"name": head.name, "authors": [plan.author.strip() or vrm.NOBODY]}
    return {**found, **({"thirdPartyLicenses": licence} if licence else {})}


def _lowest(mesh: bpy.types.Object, human: Mapping[str, str]) -> float | None:
    """Metres above the ground of the lowest vertex that follows a foot; None where none does."""
    feet = {mesh.vertex_groups[human[each]].index for each in _SOLES
            if each in human and human[each] in mesh.vertex_groups}  # fmt: skip
    heights = [
        vertex.co.z
        for vertex in mesh.data.vertices
        if any(each.group in feet and each.weight > _LEAST for each in vertex.groups)
    ]
    return min(heights, default=None)
