"""Linked copies of a head: what is done to one leaves the other alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_blender.skin import skin
from scene_dump import differences, dump
from shapes import key_points
from test_undo import PREPARED

CHANGES: dict[str, Callable[[bpy.types.Object], Any]] = {
    "a slider of the panel": lambda head: setattr(head.ofer, "identity_index", 2),
    "a pinned expression": lambda head: setattr(head.ofer.expressions[1], "pinned", True),
    "use_identity": lambda head: bpy.ops.ofer.use_identity(name="identity_03"),
    "remove_hypothesis": lambda head: bpy.ops.ofer.remove_hypothesis(name="identity_02"),
    "add_arkit": lambda head: bpy.ops.ofer.add_arkit(),
    "add_rig": lambda head: bpy.ops.ofer.add_rig(),
}


@pytest.fixture
def copy(head: bpy.types.Object) -> bpy.types.Object:
    """As Alt-D makes it, and active."""
    bpy.ops.object.duplicate(linked=True)
    assert bpy.context.object.data == head.data and bpy.context.object != head
    return bpy.context.object


def agrees(head: bpy.types.Object) -> bool:
    """Every hypothesis but the Basis has its key, once, and the shown one is on."""
    keys = [key.name for key in head.data.shape_keys.key_blocks]
    listed = [i.name for i in (*head.ofer.identities, *head.ofer.expressions)]
    without = {head.ofer.basis, hypotheses.NEUTRAL}
    return len(set(keys)) == len(keys) and set(listed) - without <= set(keys)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_to_the_copy_leaves_the_head_alone(
    head: bpy.types.Object, copy: bpy.types.Object, change: str
) -> None:
    before = dump()["objects"][head.name], key_points(head), head.data.name
    values = {key.name: key.value for key in head.data.shape_keys.key_blocks}
    CHANGES[change](copy)
    assert copy.data != head.data and agrees(copy) and agrees(head)
    now = key_points(head)
    assert now.keys() == before[1].keys()
    assert all(np.array_equal(now[name], before[1][name]) for name in now)
    assert {key.name: key.value for key in head.data.shape_keys.key_blocks} == values
    assert head.data.name == before[2]
    assert differences(before[0], dump()["objects"][head.name]) == []


def test_a_change_to_the_head_leaves_the_copy_alone(
    head: bpy.types.Object, copy: bpy.types.Object
) -> None:
    before = key_points(copy)
    bpy.context.view_layer.objects.active = head
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    assert agrees(copy) and agrees(head) and head.ofer.basis != copy.ofer.basis
    assert all(np.array_equal(key_points(copy)[name], before[name]) for name in before)


def test_what_changes_no_head_leaves_them_linked(
    head: bpy.types.Object, copy: bpy.types.Object, tmp_path: Path
) -> None:
    bpy.ops.ofer.choose_photo(**PREPARED["choose_photo"](tmp_path))
    assert copy.data == head.data


def test_a_skin_on_a_copy_is_not_worn_by_the_head(
    head: bpy.types.Object, copy: bpy.types.Object, tmp_path: Path
) -> None:
    bpy.ops.ofer.wear_skin(**PREPARED["wear_skin"](tmp_path))
    assert skin.picture(copy) is not None and skin.picture(head) is None
    bpy.ops.object.duplicate()  # shares its materials, as Blender does by default
    again = bpy.context.object
    bpy.ops.ofer.remove_skin()
    assert skin.picture(again) is None and skin.picture(copy) is not None


def duplicated(head: bpy.types.Object) -> bpy.types.Object:
    """As Shift-D makes it, away from the head and active."""
    for each in bpy.context.selected_objects:
        each.select_set(False)
    bpy.context.view_layer.objects.active = head
    head.select_set(True)
    bpy.ops.object.duplicate()
    bpy.context.object.location.x = 2.0
    bpy.context.view_layer.update()
    return bpy.context.object


def test_a_copy_has_its_own_camera(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.through_photo(**PREPARED["through_photo"](tmp_path))
    camera = head.ofer.camera
    copy = duplicated(head)
    assert copy.ofer.camera == camera and copy.ofer.through_photo, "as Blender copies it"
    bpy.ops.ofer.through_photo(**PREPARED["through_photo"](tmp_path))
    bpy.context.view_layer.update()
    own = copy.ofer.camera
    assert own not in (None, camera) and own.parent == copy and camera.parent == head
    apart = own.matrix_world.translation - camera.matrix_world.translation
    assert np.allclose(apart, (2.0, 0.0, 0.0), atol=1e-5)
    assert bpy.context.scene.camera == own and head.ofer.camera == camera


def test_a_copy_has_its_own_photo_beside(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.choose_photo(**PREPARED["choose_photo"](tmp_path))
    bpy.ops.ofer.photo_beside()
    beside = head.ofer.photo_beside
    copy = duplicated(head)
    synthetic.made_of(copy, tmp_path / "anna.jpg")
    bpy.ops.ofer.photo_beside()
    assert head.ofer.photo_beside == beside and beside.parent == head
    assert copy.ofer.photo_beside.parent == copy
    bpy.ops.ofer.photo_beside()
    assert copy.ofer.photo_beside is None and head.ofer.photo_beside == beside
