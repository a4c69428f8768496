"""The real size of a head in its scene, whatever scales it."""

from __future__ import annotations

from typing import Final

import bpy
from mathutils import Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat
from ..rig import rig

_APART: Final = 1e-4
_ONE: Final = Vector((1, 1, 1))
_SCALES: Final = ("scale", "delta_scale")


def give(head: bpy.types.Object) -> None:
    """Scale the head, or the rig that it hangs on, to its real size, against what that hangs on.

    Raises OferError(BAD_REQUEST) where something else holds a scale; then nothing was changed.
    """
    sized = [each for each in (rig.rig_of(head), head) if each]
    for each in sized:
        if _is_played(each):
            raise _held(each)
    scales = [_against(each, sized) for each in sized]
    before = [(each, each.scale.copy(), each.delta_scale.copy()) for each in sized]
    for each, scale in zip(sized, scales, strict=True):
        each.scale, each.delta_scale = (scale,) * 3, _ONE
    bpy.context.view_layer.update()
    if head.visible_get() and (head.matrix_world.to_scale() - _ONE).length > _APART:
        for each, scale, delta in before:
            each.scale, each.delta_scale = scale, delta
        bpy.context.view_layer.update()
        raise _held(next((each for each in sized if each.constraints), head))


def _is_played(thing: bpy.types.Object) -> bool:
    """A driver or an animation would scale it again."""
    animation = thing.animation_data
    if animation is None:
        return False
    curves = [*compat.all_curves_of(thing), *animation.drivers]
    return any(curve.data_path in _SCALES for curve in curves)


def _against(thing: bpy.types.Object, sized: list[bpy.types.Object]) -> float:
    """The scale that undoes what it hangs on. Raises OferError(BAD_REQUEST) where none does."""
    above = thing.parent
    if above is None:
        return 1.0
    place = thing.matrix_parent_inverse
    if above not in sized:  # which has its real size then
        place = above.matrix_world @ place
    turned = place.to_3x3()
    sides = [column.length for column in turned.col]
    scale = sum(sides) / 3
    even = (
        scale > 0
        and turned.determinant() > 0
        and all(
            abs(turned.col[a].dot(turned.col[b]) / scale**2 - (a == b)) <= _APART
            for a in range(3)
            for b in range(3)
        )
    )
    if not even:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} hangs on {above}, which is mirrored or scaled unevenly.",
            "Apply the scale of {above} first.",
            name=thing.name,
            above=above.name,
        )
    return 1.0 if abs(scale - 1) <= _APART else 1 / scale


def _held(thing: bpy.types.Object) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST,
        "A driver, an animation or a constraint holds the scale of {name}.",
        "Remove that first.",
        name=thing.name,
    )
