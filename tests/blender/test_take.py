"""Takes of Live Link Face on a head: played, and written from what it does."""

from __future__ import annotations

import json
from math import radians
from pathlib import Path

import bodies
import bpy
import numpy as np
import pytest
from mathutils import Euler, Matrix, Vector
from ofer_faces.ofer_blender import compat
from ofer_faces.ofer_blender.rig import body_bones, rig
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.face_motion import FaceMotion
from ofer_faces.ofer_engine.contract.files.live_link import read_live_link, write_live_link
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from recording_layout import draw
from scene_dump import differences, dump


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 30, 60
    bpy.ops.ed.undo_push(message="Head")
    return bpy.context.object


@pytest.fixture
def units(head: bpy.types.Object) -> bpy.types.Object:
    bpy.ops.ofer.add_arkit("EXEC_DEFAULT", True)
    return head


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """Sixty frames at 60 a second, and a head that turns."""
    rng = np.random.default_rng(5)
    turns = np.linspace(0, 1, 60)[:, None] * np.array((0.6, -0.3, 0.2))
    still = np.zeros((60, 3))
    motion = FaceMotion(np.arange(60) / 60, rng.uniform(0, 1, (60, 52)), turns, still, still)
    write_live_link(tmp_path / "anna.csv", motion)
    return tmp_path / "anna.csv"


def values_at(head: bpy.types.Object, frame: float) -> np.ndarray:
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    blocks = head.data.shape_keys.key_blocks
    return np.array([blocks[name].value for name in ARKIT_52])


def test_it_plays_at_the_scenes_rate(units: bpy.types.Object, take: Path) -> None:
    motion = read_live_link(take)
    bpy.ops.ofer.import_take(filepath=str(take), start=11)
    for place in (0, 7, 30, 59):
        at = 11 + place / 60 * 30
        assert np.abs(values_at(units, at) - motion.weights[place]).max() < 1e-5


def test_what_animated_the_head_before_stays_in_the_file(
    units: bpy.types.Object, take: Path
) -> None:
    key = units.data.shape_keys.key_blocks["jawOpen"]
    key.keyframe_insert("value", frame=1)
    earlier = units.data.shape_keys.animation_data.action
    bpy.ops.ofer.import_take(filepath=str(take))
    assert units.data.shape_keys.animation_data.action != earlier and earlier.use_fake_user


def test_undo_takes_it_back(units: bpy.types.Object, take: Path) -> None:
    bpy.ops.ofer.add_rig("EXEC_DEFAULT", True)
    before = dump()
    bpy.ops.ofer.import_take("EXEC_DEFAULT", True, filepath=str(take))
    assert differences(before, dump())
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_the_json_of_a_tracker_plays(units: bpy.types.Object, tmp_path: Path) -> None:
    """MediaPipe's form, ten frames a second, and its matrix turns the head to its left."""
    bpy.ops.ofer.add_rig()
    matrix = np.eye(4)
    matrix[0, 0], matrix[0, 2] = np.cos(0.5), np.sin(0.5)
    matrix[2, 0], matrix[2, 2] = -np.sin(0.5), np.cos(0.5)
    matrix[2, 3] = -40
    scores = ({"categoryName": "jawOpen", "score": value} for value in (0.2, 0.8))
    frames = [
        {
            "timestamp": 100 * number,
            "faceBlendshapes": [{"categories": [score]}],
            "facialTransformationMatrixes": [{"data": matrix.T.ravel().tolist()}],
        }
        for number, score in enumerate(scores)
    ]
    (tmp_path / "take.json").write_text(json.dumps(frames))
    bpy.ops.ofer.import_take(filepath=str(tmp_path / "take.json"), start=1)
    jaw = ARKIT_52.index("jawOpen")
    assert values_at(units, 1)[jaw] == pytest.approx(0.2)
    assert values_at(units, 4)[jaw] == pytest.approx(0.8)
    bone = rig.rig_of(units).pose.bones["head"]
    ahead = (bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted()).col[1] * -1
    assert ahead.x == pytest.approx(np.sin(0.5), abs=1e-3)


def test_the_head_turns_about_its_own_axes(units: bpy.types.Object, take: Path) -> None:
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.import_take(filepath=str(take), start=1)
    armature = rig.rig_of(units)
    bpy.context.scene.frame_set(30, subframe=0.5)  # the take's last frame
    bone = armature.pose.bones["head"]
    ahead = (bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted()).col[1] * -1
    # yaw 0.6 to the subject's left (+X here), pitch -0.3 up; ahead is -Y, up is Z
    assert ahead.x > 0.5 and ahead.z > 0.2 and ahead.y < -0.7


def test_what_was_played_is_written_again(
    units: bpy.types.Object, take: Path, tmp_path: Path
) -> None:
    bpy.ops.ofer.add_rig()
    bpy.context.scene.render.fps = 60
    bpy.ops.ofer.import_take(filepath=str(take), start=1)
    before = dump()
    bpy.ops.ofer.export_take(filepath=str(tmp_path / "again"))
    assert differences(before, dump()) == []
    made, read = read_live_link(take), read_live_link(tmp_path / "again.csv", rate=60)
    assert np.abs(made.times - read.times).max() < 1e-6
    assert np.abs(made.weights - read.weights).max() < 1e-6
    assert np.abs(made.head - read.head).max() < 1e-4
    assert np.abs(read.left_eye).max() < 1e-5


@pytest.mark.parametrize("kind", ["Mixamo", "Unreal Engine", "Rigify"])
def test_on_a_body_its_head_turns_and_the_rest_goes_on(
    units: bpy.types.Object, take: Path, tmp_path: Path, kind: str
) -> None:
    place = Matrix.Translation((1, 2, 0)) @ Matrix.Rotation(0.6, 4, "Z")
    armature = bodies.rigify(generated=True) if kind == "Rigify" else bodies.make(kind, place)
    hand = armature.pose.bones["hand_fk.L" if kind == "Rigify" else bodies.NAMES[kind][6][0]]
    top = armature.pose.bones["head" if kind == "Rigify" else bodies.NAMES[kind][3]]
    for bone in (hand, top):
        for frame, angle in ((1, 0.0), (30, 0.5)):
            bone.rotation_mode, bone.rotation_euler = "XYZ", (angle, angle, 0)
            bone.keyframe_insert("rotation_euler", frame=frame)
    top.rotation_mode = "QUATERNION"
    earlier = armature.animation_data.action
    curves = len(compat.curves_of(armature))
    bpy.context.view_layer.objects.active = units
    bpy.ops.ofer.attach_to_armature(armature=armature.name)
    bpy.context.scene.render.fps = 60
    bpy.ops.ofer.import_take(filepath=str(take), start=1)
    assert armature.animation_data.action != earlier and earlier.use_fake_user
    bpy.context.scene.frame_set(30)
    assert hand.rotation_euler[0] == pytest.approx(0.5)
    bpy.ops.ofer.export_take(filepath=str(tmp_path / "again"))
    made, read = read_live_link(take), read_live_link(tmp_path / "again.csv")
    assert np.abs(made.head - read.head).max() < 2e-3
    bpy.context.scene.frame_set(60)  # yaw 0.6 to the subject's left, pitch -0.3 up
    carrier = armature.pose.bones[body_bones.recognise(armature).head]
    turn = carrier.matrix.to_3x3() @ carrier.bone.matrix_local.to_3x3().inverted()
    ahead = turn @ Vector((0, -1, 0))
    assert ahead.x > 0.5 and ahead.z > 0.2 and ahead.y < -0.7
    bpy.ops.ofer.import_take(filepath=str(take), start=1)  # once more: nothing is there twice
    assert len(compat.curves_of(armature)) == curves + 1  # four of a quaternion for three angles


def test_eyes_are_written_against_the_head(units: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.add_rig()
    armature = rig.rig_of(units)
    armature.pose.bones["neck"].rotation_euler = (0.3, 0, 0)
    armature.pose.bones["head"].rotation_euler = (0, 0.4, 0)
    armature.pose.bones["eye_L"].rotation_euler = (radians(10), 0, 0)  # down
    bpy.context.scene.frame_end = 1
    bpy.ops.ofer.export_take(filepath=str(tmp_path / "eyes.csv"))
    read = read_live_link(tmp_path / "eyes.csv")
    assert np.allclose(read.left_eye[0], (0, radians(10), 0), atol=1e-3)
    assert np.allclose(read.right_eye[0], (0, radians(10), 0), atol=1e-3)
    both = Euler((0.3, 0, 0)).to_matrix() @ Euler((0, 0.4, 0)).to_matrix()
    pitch, yaw, roll = both.to_euler("ZXY")
    assert np.allclose(read.head[0], (yaw, pitch, roll), atol=0.05)


def test_a_bone_scaled_to_nothing_is_not_turned(units: bpy.types.Object, tmp_path: Path) -> None:
    """As a head is hidden by; halved or mirrored, it turns as ever."""
    bpy.ops.ofer.add_rig()
    bpy.context.scene.frame_end = 1
    bone = rig.rig_of(units).pose.bones["head"]
    bone.rotation_euler = (0, 0.4, 0)
    turned = {}
    for number, scale in enumerate((1.0, 0.5, 0.0)):
        bone.scale = (scale,) * 3
        bpy.ops.ofer.export_take(filepath=str(tmp_path / f"take_{number}.csv"))
        turned[scale] = read_live_link(tmp_path / f"take_{number}.csv")
    assert np.abs(turned[1.0].head[0]).max() > 0.3
    assert np.allclose(turned[0.5].head, turned[1.0].head, atol=1e-5)
    assert np.abs(turned[0.0].head).max() < 1e-6
    for read in turned.values():
        assert np.abs(read.left_eye).max() < 1e-5 and np.abs(read.right_eye).max() < 1e-5


def test_a_file_of_that_name_stays(units: bpy.types.Object, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(RuntimeError, match="is already there"):
        bpy.ops.ofer.export_take(filepath=str(tmp_path / "mine.csv"))
    assert (tmp_path / "mine.csv").read_text() == "mine"
    bpy.ops.ofer.export_take(filepath=str(tmp_path / "mine.csv"), overwrite=True)
    assert len(read_live_link(tmp_path / "mine.csv").times) == 60


def test_no_take_changes_nothing(units: bpy.types.Object, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("who\nanna\n")
    before = dump()
    with pytest.raises(RuntimeError, match=r"list\.csv is no take of Live Link Face"):
        bpy.ops.ofer.import_take("EXEC_DEFAULT", True, filepath=str(tmp_path / "list.csv"))
    assert differences(before, dump()) == []


def test_without_the_keys_the_buttons_say_what_to_press(head: bpy.types.Object, take: Path) -> None:
    assert "[ofer.import_take] Import Take…" in draw("OFER_PT_rig")
    assert not bpy.ops.ofer.import_take.poll() and not bpy.ops.ofer.export_take.poll()
