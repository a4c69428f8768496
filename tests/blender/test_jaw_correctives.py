"""What a head model adds to an opened jaw: exact, and out of the way of exports and their check."""

from __future__ import annotations

from math import radians
from pathlib import Path

import bpy
import numpy as np
import synthetic
from mathutils import Matrix
from ofer_faces.ofer_blender.export import check_head, shapes
from ofer_faces.ofer_blender.export.plan import Plan
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import helper_keys, joint_anchors, shape_keys
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump
from test_rig import evaluated


def test_the_models_correctives_follow_the_jaw(tmp_path: Path) -> None:
    moves = np.random.default_rng(5).normal(0, 0.003, (2, 120, 3)).astype(np.float32)
    record = synthetic.write(tmp_path, jaw_correctives=moves)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = bpy.context.object
    before = evaluated(head)
    bpy.ops.ofer.add_rig()
    keys = [head.data.shape_keys.key_blocks[name] for name in helper_keys.JAW]
    assert np.abs(evaluated(head) - before).max() < 1e-6
    angle = radians(20)
    rig.rig_of(head).pose.bones["jaw"].rotation_euler.x = angle
    corrected = evaluated(head)
    shipped = shapes.gather(head, Plan(Target.GLB, tmp_path / "a.glb", bake=True))
    rest = shape_keys.points(head.data.shape_keys.reference_key)
    assert (shipped.basis == rest).all() and not set(shipped.names) & set(helper_keys.JAW)
    for key in keys:
        key.mute = True
    sine, cosine = to_blender(moves)
    added = np.sin(angle) * sine + (1 - np.cos(angle)) * cosine
    turn = np.array(Matrix.Rotation(angle, 3, "X"))
    share = joint_anchors.shares(head, "jaw")[:, None]
    wanted = (1 - share) * added + share * (added @ turn.T)
    assert np.abs(corrected - evaluated(head) - wanted).max() < 1e-5


def test_correctives_are_undone_with_the_rig(tmp_path: Path) -> None:
    moves = np.full((2, 120, 3), 0.001, np.float32)
    record = synthetic.write(tmp_path, jaw_correctives=moves)
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    before = dump()
    bpy.ops.ofer.add_rig("EXEC_DEFAULT", True)
    after = dump()
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


def test_export_s_check_and_its_fixes_leave_them_alone(tmp_path: Path) -> None:
    moves = np.full((2, 120, 3), 0.001, np.float32)
    bpy.ops.ofer.insert_head(directory=str(synthetic.write(tmp_path, jaw_correctives=moves).folder))
    head = bpy.context.object
    bpy.ops.ofer.add_rig()
    rig.rig_of(head).pose.bones["jaw"].rotation_euler.x = radians(20)
    bpy.context.view_layer.update()
    keys = [head.data.shape_keys.key_blocks[name] for name in helper_keys.JAW]
    assert all(key.value for key in keys)
    found = check_head.before(head, Plan(Target.GLB, tmp_path / "a.glb"))
    assert "ofer.bake_shown" not in [each.fix for each in found]
    bpy.ops.ofer.reset_ranges()
    assert [(key.slider_min, key.slider_max) for key in keys] == [(-1, 1)] * 2


def test_a_head_that_has_none_gets_no_correctives(record: Reconstruction) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = bpy.context.object
    before = head.data.shape_keys.key_blocks.keys()
    bpy.ops.ofer.add_rig()
    assert head.data.shape_keys.key_blocks.keys() == before
