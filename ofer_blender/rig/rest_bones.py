"""Where the six bones of a head rest: on its joints, along its own axes, at its own size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.geometry import affine_map
from ...ofer_engine.geometry.affine_map import Affine
from ..head import joint_anchors, shape_keys
from ..head.head_frame import HeadFrame

BONES: Final = ("root", "neck", "head", "jaw", "eye_L", "eye_R")
EYES: Final = ("eye_L", "eye_R")
_LEFT: Final = np.array((1.0, 0.0, 0.0))
_UP: Final = np.array((0.0, 0.0, 1.0))
_AHEAD: Final = np.array((0.0, -1.0, 0.0))
_CHIN: Final = np.array((0.0, -1.0, -0.7))
_LENGTHS: Final = {"root": 0.05, "head": 0.12, "eye_L": 0.03, "eye_R": 0.03}
"""Metres, on a head as the engine drew it."""
_FOLLOWS: Final = 0.5
_FEWEST: Final = 8
"""Vertices that tell where an eyeball went."""


@dataclass(frozen=True)
class RestBone:
    """head, tail : ends of a bone, left : the subject's left along its X axis; object frame."""

    head: Vector
    tail: Vector
    left: Vector


def of(head: bpy.types.Object, frame: HeadFrame | None) -> dict[str, RestBone]:
    """The bones of a head as it stands in its mesh, sculpted, moved and scaled.

    frame : None where the reconstruction is lost; then the head is taken to stand as it was drawn.
    Raises OferError(RECONSTRUCTION_DAMAGED) where joints are missing.
    """
    if frame:
        placed, joints, shape = frame.placed, frame.joints, frame.basis[: frame.vertices]
    else:
        placed, joints = affine_map.UNMOVED, joint_anchors.places(head)
        shape = shape_keys.points(head.data.shape_keys.reference_key)
    if not set(BONES) <= joints.keys():
        raise OferError(
            ErrorCode.RECONSTRUCTION_DAMAGED,
            "The reconstruction of {name} does not say where all of its joints are.",
            "Reconstruct the photo again.",
            name=head.name,
        )
    drawn = (shape - placed.offset) @ np.linalg.inv(placed.linear).T
    heads = {name: joints[name] for name in BONES}
    tails = _tails(heads, drawn[: len(shape)], joint_anchors.shares(head, "jaw")[: len(shape)])
    left = Vector(placed.rotation @ _LEFT)
    return {
        name: RestBone(*_ends(head, frame, placed, name, heads[name], tails[name]), left)
        for name in BONES
    }


def _ends(
    head: bpy.types.Object,
    frame: HeadFrame | None,
    placed: Affine,
    name: str,
    start: np.ndarray,
    end: np.ndarray,
) -> tuple[Vector, Vector]:
    ends = placed.points(np.stack((start, end)))
    if frame and name in EYES:
        ends = _moved_with_eyeball(head, frame, name, ends)
    return Vector(ends[0]), Vector(ends[1])


def _moved_with_eyeball(
    head: bpy.types.Object, frame: HeadFrame, name: str, ends: np.ndarray
) -> np.ndarray:
    """An artist may have moved an eyeball within the head: its bone stays at its centre."""
    ball = joint_anchors.shares(head, name)[: frame.vertices] > _FOLLOWS
    if ball.sum() < _FEWEST:
        return ends
    own = affine_map.find(
        frame.placed.points(frame.neutral[ball]), frame.basis[: frame.vertices][ball]
    )
    start = own.points(ends[0])
    return np.stack((start, start + ends[1] - ends[0]))


def _tails(
    heads: Mapping[str, np.ndarray], shape: np.ndarray, jaw: np.ndarray
) -> dict[str, np.ndarray]:
    """Where each bone ends, in the frame of the engine's shapes."""
    tails = {name: heads[name] + _UP * _LENGTHS[name] for name in ("root", "head")}
    tails["neck"] = heads["head"]
    tails |= {name: heads[name] + _AHEAD * _LENGTHS[name] for name in EYES}
    followers = shape[jaw >= jaw.max() / 2]
    chin = followers[(followers @ _CHIN).argmax()]  # the foremost low point, wherever aside
    tails["jaw"] = np.array((heads["jaw"][0], *chin[1:]))
    return tails
