"""A copy of the head to export from; the artist's scene is as it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from .. import disagreement, hypotheses, rig
from .lods import reduced, without_keys
from .plan import LOD_RATIOS, Plan, identifier
from .shapes import Shapes, gather

_NOT_SHIPPED: Final = (disagreement.LAYER,)


@dataclass(frozen=True, eq=False)
class Stage:
    """meshes : copies of the head, the finest first; armature : copy of its rig, or None;
    shapes : of the finest; names : as in the file."""

    meshes: tuple[bpy.types.Object, ...]
    armature: bpy.types.Object | None
    shapes: Shapes

    @property
    def objects(self) -> tuple[bpy.types.Object, ...]:
        """Everything that goes into the file."""
        return (*self.meshes, self.armature) if self.armature else self.meshes


@contextmanager
def staged(head: bpy.types.Object, plan: Plan) -> Iterator[Stage]:
    """Make the copies, alone selected and active; take them away again whatever happens."""
    view = bpy.context.view_layer
    selected, active = list(bpy.context.selected_objects), view.objects.active
    made: list[bpy.types.Object] = []
    try:
        stage = _make(head, plan, made)
        for each in selected:
            each.select_set(False)
        for each in stage.objects:
            each.select_set(True)
        view.objects.active = stage.meshes[0]
        yield stage
    finally:
        _remove(made)
        for each in selected:
            each.select_set(True)
        view.objects.active = active


def _make(head: bpy.types.Object, plan: Plan, made: list[bpy.types.Object]) -> Stage:
    name = identifier(head.name)
    collection = bpy.context.scene.collection
    armature = _copy_rig(rig.rig_of(head), name, made) if plan.preset.rig else None
    shapes = gather(head, plan)
    meshes = [_copy_head(head, name, made)]
    _shape(meshes[0], shapes)
    for level in range(1, min(plan.lods, len(LOD_RATIOS))):
        finer = meshes[0]
        coarse = reduced(finer, shapes, LOD_RATIOS[level], f"{name}_LOD{level}")
        made.append(coarse)
        meshes.append(coarse)
    if len(meshes) > 1:
        meshes[0].name = f"{name}_LOD0"
    for each in (*meshes, *([armature] if armature else [])):
        collection.objects.link(each)
    if armature:
        for each in meshes:
            each.parent = armature
            each.modifiers.new(rig.MODIFIER, "ARMATURE").object = armature
    return Stage(tuple(meshes), armature, shapes)


def _copy_rig(
    source: bpy.types.Object | None, name: str, made: list[bpy.types.Object]
) -> bpy.types.Object | None:
    """The rig at rest, without constraints, animation or shapes, at the world's origin."""
    if source is None:
        return None
    copy = source.copy()
    copy.data = source.data.copy()
    made.append(copy)
    copy.name = copy.data.name = f"{name}_rig"
    copy.animation_data_clear()
    _put_forward(copy)
    for bone in copy.pose.bones:
        bone.matrix_basis.identity()
        bone.custom_shape = None
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
    return copy


def _copy_head(head: bpy.types.Object, name: str, made: list[bpy.types.Object]) -> bpy.types.Object:
    """The head without keys, modifiers, animation or parent, at the world's origin."""
    copy = head.copy()
    made.append(copy)
    copy.data = without_keys(head)
    copy.name = copy.data.name = f"{name}_head"
    copy.animation_data_clear()
    copy.modifiers.clear()
    _put_forward(copy)
    for key in list(copy.keys()):
        del copy[key]
    for layer in _NOT_SHIPPED:
        if attribute := copy.data.color_attributes.get(layer):
            copy.data.color_attributes.remove(attribute)
    return copy


def _put_forward(copy: bpy.types.Object) -> None:
    """Alone at the world's origin, and shown: the exporters take what is selected, and what is
    hidden cannot be."""
    copy.parent = None
    copy.matrix_world.identity()
    copy.hide_viewport = copy.hide_select = copy.hide_render = False


def _shape(copy: bpy.types.Object, shapes: Shapes) -> None:
    """Give the copy its shapes: every key at 0, from 0 to 1."""
    copy.data.vertices.foreach_set("co", np.ascontiguousarray(shapes.basis).ravel())
    if shapes.names:
        hypotheses.set_points(copy.shape_key_add(name="Basis", from_mix=False), shapes.basis)
    for name, move in zip(shapes.names, shapes.moves, strict=True):
        key = copy.shape_key_add(name=name, from_mix=False)
        hypotheses.set_points(key, shapes.basis + move)
        key.value, key.slider_min, key.slider_max = 0.0, 0.0, 1.0
    copy.data.update()


def _remove(made: list[bpy.types.Object]) -> None:
    for each in reversed(made):
        data = each.data
        if isinstance(data, bpy.types.Mesh) and data.shape_keys:
            each.shape_key_clear()  # a mesh leaves its keys behind, which then crash who reads them
        bpy.data.objects.remove(each)
        if data.users == 0:
            kind = bpy.data.armatures if isinstance(data, bpy.types.Armature) else bpy.data.meshes
            kind.remove(data)
