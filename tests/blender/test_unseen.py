"""Heads that no view shows: what is asked for happens all the same."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import pytest
from ofer_faces.ofer_blender.rig import rig


def hidden_in_all_views(holder: bpy.types.LayerCollection) -> None:
    holder.collection.hide_viewport = True


def hidden_in_this_one(holder: bpy.types.LayerCollection) -> None:
    holder.hide_viewport = True


def excluded(holder: bpy.types.LayerCollection) -> None:
    holder.exclude = True


def in_another_scene(holder: bpy.types.LayerCollection) -> None:
    bpy.context.window.scene = bpy.data.scenes.new("another")


WAYS = (hidden_in_all_views, hidden_in_this_one, excluded, in_another_scene)


@pytest.mark.parametrize("hide", WAYS)
def test_a_head_that_no_view_shows_is_rigged_where_it_is(
    head: bpy.types.Object, hide: Callable[[bpy.types.LayerCollection], None]
) -> None:
    holder = bpy.data.collections.new("heads")
    bpy.context.scene.collection.children.link(holder)
    bpy.context.scene.collection.objects.unlink(head)
    holder.objects.link(head)
    bpy.context.view_layer.objects.active = head
    hide(bpy.context.view_layer.layer_collection.children["heads"])
    bpy.context.view_layer.update()
    with bpy.context.temp_override(object=head, active_object=head):
        assert bpy.ops.ofer.add_rig() == {"FINISHED"}
    armature = rig.rig_of(head)
    assert set(rig.BONES) == set(armature.data.bones.keys())
    assert armature.users_collection == (holder,) == head.users_collection
    assert all(bone.custom_shape for bone in armature.pose.bones)
    assert bpy.context.mode == "OBJECT"
