"""Real Size: whatever scales a head is undone, or said in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import pytest
from ofer_faces.ofer_blender.rig import rig
from scene_dump import differences, dump


def _empty(name: str) -> bpy.types.Object:
    made = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(made)
    return made


def mirrored(head: bpy.types.Object) -> None:
    head.scale = (-2, 2, 2)


def by_delta(head: bpy.types.Object) -> None:
    head.scale, head.delta_scale = (2, 2, 2), (0.5, 0.25, 0.5)


def by_what_it_hangs_on(head: bpy.types.Object) -> None:
    head.parent, above = _empty("above"), _empty("higher")
    head.parent.parent, above.scale, head.parent.rotation_euler = above, (3, 3, 3), (0.1, 0.2, 0.3)


def under_a_rig(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_rig()
    armature = rig.rig_of(head)
    by_what_it_hangs_on(armature)
    armature.scale, head.scale = (2, 2, 2), (1, 5, 1)


@pytest.mark.parametrize("scale", [mirrored, by_delta, by_what_it_hangs_on, under_a_rig])
def test_it_is_made_right(
    head: bpy.types.Object, scale: Callable[[bpy.types.Object], None]
) -> None:
    scale(head)
    bpy.context.view_layer.update()
    assert max(abs(each - 1) for each in head.matrix_world.to_scale()) > 0.2
    assert bpy.ops.ofer.real_size() == {"FINISHED"}
    bpy.context.view_layer.update()
    assert tuple(head.matrix_world.to_scale()) == pytest.approx((1, 1, 1), abs=1e-4)
    assert head.matrix_world.determinant() > 0


def driven(head: bpy.types.Object) -> None:
    head.driver_add("scale", 0).driver.expression = "2"


def keyed(head: bpy.types.Object) -> None:
    head.scale = (2, 2, 2)
    head.keyframe_insert("scale", frame=1)


def constrained(head: bpy.types.Object) -> None:
    limit = head.constraints.new("LIMIT_SCALE")
    limit.use_min_x, limit.min_x = True, 2


def under_what_is_uneven(head: bpy.types.Object) -> None:
    head.parent = _empty("above")
    head.parent.scale = (1, 1, 3)


def under_what_is_mirrored(head: bpy.types.Object) -> None:
    head.parent = _empty("above")
    head.parent.scale = (-1, 1, 1)


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (driven, "holds the scale of"),
        (keyed, "holds the scale of"),
        (constrained, "holds the scale of"),
        (under_what_is_uneven, "hangs on above"),
        (under_what_is_mirrored, "hangs on above"),
    ],
)
def test_what_holds_a_scale_is_said_and_nothing_changes(
    head: bpy.types.Object, scale: Callable[[bpy.types.Object], None], said: str
) -> None:
    scale(head)
    for _ in range(2):
        bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.ofer.real_size()
    bpy.context.view_layer.update()
    assert differences(before, dump()) == []
