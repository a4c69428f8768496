"""The gallery in another order, heads exaggerated, and faces of a group from left to right."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_blender.photo import face_order
from ofer_faces.ofer_engine.contract.face_parts import FACE_PARTS
from ofer_faces.ofer_engine.contract.protocol import FaceFound
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump
from shapes import key_points, shown


@pytest.mark.parametrize(
    ("by", "part", "axis"), [("WIDTH", "cheeks", 0), ("JAW", "jaw", 0), ("NOSE", "nose", 1)]
)
def test_heads_are_sorted_by_what_the_eye_can_follow(
    record: Reconstruction, head: bpy.types.Object, by: str, part: str, axis: int
) -> None:
    bpy.ops.ofer.show(name="identity_03")
    before = shown(head)
    assert bpy.ops.ofer.sort_gallery(by=by) == {"FINISHED"}
    weights = record.array("part_masks")[FACE_PARTS.index(part)].astype(float)
    sizes = {}
    for each, shape in zip(record.identities, record.array("identity_vertices"), strict=True):
        middle = np.average(shape[:, axis], weights=weights)
        sizes[each.name] = np.average((shape[:, axis] - middle) ** 2, weights=weights)
    names = [item.name for item in head.ofer.identities]
    assert names == sorted(sizes, key=sizes.get)
    assert hypotheses.chosen_identity(head) == "identity_03"
    assert np.array_equal(shown(head), before)
    bpy.ops.ofer.sort_gallery(by="RANK")
    assert [item.rank for item in head.ofer.identities] == [1, 2, 3, 4]


def test_heads_are_sorted_from_young_to_old(record: Reconstruction, head: bpy.types.Object) -> None:
    ages = record.array("hint_values")[:, 0]
    assert bpy.ops.ofer.sort_gallery(by="AGE") == {"FINISHED"}
    sorted_ages = [ages[item.candidate] for item in head.ofer.identities]
    assert sorted_ages == sorted(sorted_ages) and len(set(sorted_ages)) > 1


def test_exaggerated_is_so_many_times_the_difference(head: bpy.types.Object) -> None:
    keys = key_points(head)
    bpy.ops.ofer.show(name="identity_02")
    head.ofer.exaggeration = 2.5
    wanted = keys["Basis"] + 2.5 * (keys["identity_02"] - keys["Basis"])
    assert np.abs(shown(head) - wanted).max() < 1e-6
    bpy.ops.ofer.show(name="identity_03")
    wanted = keys["Basis"] + 2.5 * (keys["identity_03"] - keys["Basis"])
    assert np.abs(shown(head) - wanted).max() < 1e-6
    head.ofer.exaggeration = 1.0
    assert np.abs(shown(head) - keys["identity_03"]).max() < 1e-6


def test_exaggerating_is_undone_and_done_again(head: bpy.types.Object) -> None:
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="identity_02")
    before, rest = dump(), shown(head)
    head.ofer.exaggeration = 2.5
    bpy.ops.ed.undo_push(message="Exaggerate")  # as the panel does
    after = dump()
    assert np.abs(shown(head) - rest).max() > 1e-4
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


def _face(left: float) -> FaceFound:
    return FaceFound((left, 10.0, 40.0, 50.0), 0.9, 0.9, False)


def test_faces_are_numbered_from_left_to_right() -> None:
    faces = [_face(300.0), _face(20.0), _face(150.0)]
    assert face_order.left_to_right(faces) == [1, 2, 0]
    assert [face_order.number(faces, index) for index in range(3)] == [3, 1, 2]
