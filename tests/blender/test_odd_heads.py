"""Heads as artists have them: whatever is muted, locked, hidden, driven or beside, the work is the
same as on a plain one, and what was set stays set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from exporting import export
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_blender.rig import rig
from shapes import points
from test_export_promises import _geometry

SCULPTED = 5
"""A vertex that was pulled by four millimetres on every key."""
Change = Callable[[bpy.types.Object], None]


def _keys(head: bpy.types.Object) -> bpy.types.bpy_prop_collection:
    return head.data.shape_keys.key_blocks


def muted_and_locked(head: bpy.types.Object) -> None:
    for key in _keys(head)[1:]:
        key.mute = key.lock_shape = True
    head.lock_location = head.lock_rotation = head.lock_scale = (True, True, True)
    head.hide_select = True


def limited_to_a_group(head: bpy.types.Object) -> None:
    half = head.vertex_groups.new(name="mine")
    half.add(list(range(0, len(head.data.vertices), 2)), 0.5, "REPLACE")
    _keys(head)["identity_02"].vertex_group = _keys(head)["expression_01"].vertex_group = "mine"


def relative_to_another(head: bpy.types.Object) -> None:
    _keys(head)["identity_02"].relative_key = _keys(head)["identity_03"]


def beyond_the_usual_range(head: bpy.types.Object) -> None:
    for key in _keys(head)[1:]:
        key.slider_min, key.slider_max = -3.0, 4.0
        key.value = 2.5


def pinned(head: bpy.types.Object) -> None:
    head.show_only_shape_key = head.use_shape_key_edit_mode = True
    head.active_shape_key_index = 2


def driven(head: bpy.types.Object) -> None:
    for name in ("identity_02", "expression_01"):
        driver = _keys(head)[name].driver_add("value").driver
        driver.type, driver.expression = "SCRIPTED", "frame / 100"


def animated(head: bpy.types.Object) -> None:
    key = _keys(head)["identity_02"]
    for frame, value in ((1, 0.3), (30, 0.9)):
        key.value = value
        key.keyframe_insert("value", frame=frame)
    bpy.context.scene.frame_set(15)


def on_a_mirrored_parent(head: bpy.types.Object) -> None:
    parent = bpy.data.objects.new("parent", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.scale, parent.rotation_euler = (2.0, -1.0, 1.0), (1.0, 2.0, 3.0)
    head.parent = parent


def in_two_scenes(head: bpy.types.Object) -> None:
    bpy.data.scenes.new("other").collection.objects.link(head)


def in_a_hidden_collection(head: bpy.types.Object) -> None:
    hidden = bpy.data.collections.new("hidden")
    bpy.context.scene.collection.children.link(hidden)
    for each in head.users_collection:
        each.objects.unlink(head)
    hidden.objects.link(head)
    bpy.context.view_layer.objects.active = head
    bpy.context.view_layer.layer_collection.children["hidden"].hide_viewport = True


def in_a_second_layer(head: bpy.types.Object) -> None:
    bpy.context.window.view_layer = bpy.context.scene.view_layers.new("second")
    bpy.context.view_layer.objects.active = head
    head.hide_viewport = head.hide_render = True


def with_layers_of_its_own(head: bpy.types.Object) -> None:
    head.data.attributes.new("mine", "FLOAT_VECTOR", "POINT")
    head.data.color_attributes.new("colour", "BYTE_COLOR", "CORNER")
    head["note"] = {"deep": {"er": [1, 2, 3]}}
    head.data.use_mirror_x = True


ODD: tuple[Change, ...] = (
    muted_and_locked, limited_to_a_group, relative_to_another, beyond_the_usual_range, pinned,
    driven, animated, on_a_mirrored_parent, in_two_scenes, in_a_hidden_collection,
    in_a_second_layer, with_layers_of_its_own,
)  # fmt: skip


@pytest.fixture
def head(tmp_path: Path) -> bpy.types.Object:
    record = synthetic.write(tmp_path, "anna")
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = hypotheses.active_head(bpy.context)
    for key in _keys(head):
        key.data[SCULPTED].co.x += 0.004
    head.data.vertices[SCULPTED].co.x += 0.004
    return head


def _points(head: bpy.types.Object, name: str) -> np.ndarray:
    return points(_keys(head)[name])


def _settings(head: bpy.types.Object) -> dict[str, tuple]:
    return {
        key.name: (key.value, key.mute, key.lock_shape, key.slider_min, key.slider_max,
                   key.vertex_group, key.relative_key.name)
        for key in _keys(head)
    }  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_another_head_is_used_whole(head: bpy.types.Object, odd: Change) -> None:
    wanted = _points(head, "identity_03")
    odd(head)
    bpy.ops.ofer.use_identity(name="identity_03")
    np.testing.assert_array_equal(_points(head, "Basis"), wanted)


@pytest.mark.parametrize("odd", ODD)
def test_units_and_bones_are_those_of_a_plain_head(head: bpy.types.Object, odd: Change) -> None:
    plain = head.copy()
    plain.data = head.data.copy()
    bpy.context.scene.collection.objects.link(plain)
    odd(head)
    found = []
    for each in (head, plain):
        bpy.context.view_layer.objects.active = each
        bpy.ops.ofer.add_arkit()
        bpy.ops.ofer.add_rig()
        bones = rig.rig_of(each).data.bones
        found.append(([_points(each, name) - _points(each, "Basis")
                       for name in ("jawOpen", "mouthSmileLeft")],
                      [tuple(bone.head_local) for bone in bones]))  # fmt: skip
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("odd", ODD)
def test_compared_it_keeps_what_was_set(head: bpy.types.Object, odd: Change) -> None:
    odd(head)
    bpy.context.view_layer.update()  # what drives a key has done so
    before, rest = _settings(head), _points(head, "Basis")
    bpy.ops.ofer.compare(count="4")
    bpy.ops.ofer.end_compare()
    assert _settings(head) == before
    np.testing.assert_array_equal(_points(head, "Basis"), rest)


@pytest.mark.parametrize("target", [Target.GLB, Target.UNREAL, Target.USD, Target.OBJ])
def test_its_file_is_that_of_a_plain_head(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    plain = _geometry(export(tmp_path / "plain", target))
    for odd in (muted_and_locked, pinned, driven, in_a_second_layer):
        odd(head)
        seen = _geometry(export(tmp_path / odd.__name__, target))
        assert seen.keys() == plain.keys()
        for name, values in plain.items():
            np.testing.assert_array_equal(seen[name], values, err_msg=f"{odd.__name__} {name}")
