"""A performance read from a video: played on keys and bones, cleaned, retargeted, behind it the
video."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import ModuleType

import bodies
import bpy
import numpy as np
import pytest
from mathutils import Euler, Matrix
from ofer_faces.ofer_blender import compat
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.motion import cleaning, retarget
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.client.png import encode
from ofer_faces.ofer_engine.contract import performance
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.face_motion import FaceMotion
from ofer_faces.ofer_engine.contract.files.live_link import write_live_link
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.performance import result
from recording_layout import draw
from scene_dump import differences, dump

FRAMES = 24
JAW, BLINK, LOOK = (ARKIT_52.index(each) for each in ("jawOpen", "eyeBlinkLeft", "eyeLookUpLeft"))


def write(ofer: Path) -> performance.Performance:
    """At 25 frames a second: the head turns and comes nearer, the jaw opens, lids blink once."""
    way = np.linspace(0, 1, FRAMES)[:, None]
    weights = np.random.default_rng(3).uniform(0, 0.2, (FRAMES, 52))
    weights[:, JAW], weights[10, BLINK] = way[:, 0] * 0.8, 1.0
    arrays = {
        "seconds": np.arange(FRAMES) / 25,
        "weights": weights,
        "deviation": np.full((FRAMES, 52), 0.01),
        "head": way * (0.5, -0.3, 0.2),
        "place": (0.0, 0.0, -0.8) + way * (0.03, 0.02, 0.1),
        "left_eye": way * (0.2, 0.1, 0.0),
        "right_eye": way * (0.3, 0.1, 0.0),
        "jaw": way[:, 0] * 0.25,
        "confidence": np.ones(FRAMES),
        "bridged": np.arange(FRAMES) == 5,
        "cut": np.zeros(FRAMES),
    }
    folder = ofer / performance.FOLDER
    return result.write(
        performance.Performance(
            "shot", "0" * 64, FRAMES, 25.0, 900.0, 640, 480, (0.0,) * 52, (0,), folder
        ),
        arrays,
    )


@pytest.fixture
def recorded(record: Reconstruction) -> performance.Performance:
    """Beside the head of the record."""
    return write(record.folder)


@pytest.fixture
def head(record: Reconstruction, recorded: performance.Performance) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ed.undo_push(message="Head")
    return bpy.context.object


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "shot"
    folder.mkdir()
    for number in range(FRAMES):
        picture = np.full((48, 64, 3), 8 * number, np.uint8)
        (folder / f"shot_{number:04d}.png").write_bytes(encode(picture))
    return folder


def play(record: Reconstruction, **options: object) -> bpy.types.Object:
    head = bpy.context.object
    bpy.ops.ofer.play_performance(directory=str(record.folder), **options)
    return head


def values_at(mesh: bpy.types.Object, frame: float) -> np.ndarray:
    bpy.context.scene.frame_set(int(frame))
    blocks = mesh.data.shape_keys.key_blocks
    return np.array([blocks[name].value for name in ARKIT_52])


def turned(armature: bpy.types.Object, name: str) -> Matrix:
    """How a bone stands in the armature's frame against its rest."""
    bone = armature.pose.bones[name]
    return bone.matrix @ bone.bone.matrix_local.inverted()


def test_keys_play_frame_by_frame_at_the_videos_rate(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    play(record, start=11)
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(25.0)
    assert (scene.frame_start, scene.frame_end) == (11, 11 + FRAMES - 1)
    weights = recorded.array("weights")
    for place in (0, 10, FRAMES - 1):
        assert np.abs(values_at(head, 11 + place) - weights[place]).max() < 1e-5


def test_a_head_knows_its_own_performance(
    head: bpy.types.Object, recorded: performance.Performance
) -> None:
    assert "[ofer.play_performance]" in " ".join(draw("OFER_PT_rig"))
    bpy.ops.ofer.play_performance()
    assert np.abs(values_at(head, FRAMES) - recorded.array("weights")[-1]).max() < 1e-5


def test_the_head_stands_and_turns_where_the_video_shows_it(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    play(record, start=1)
    armature = rig.rig_of(head)
    bone = armature.pose.bones["head"]
    for place in (0, 12, FRAMES - 1):
        bpy.context.scene.frame_set(1 + place)
        yaw, pitch, _ = recorded.array("head")[place]
        ahead = turned(armature, "head").to_3x3() @ bone.bone.matrix_local.to_3x3().col[2]
        straight = bone.bone.matrix_local.to_3x3().col[2]
        assert ahead.angle(straight) == pytest.approx(np.hypot(yaw, pitch), abs=0.03)
        moved = bone.head - bone.bone.head_local
        wanted = to_blender(recorded.array("place")[place] - recorded.array("place")[0])
        assert np.allclose(moved, wanted, atol=1e-4)
    assert armature.pose.bones["neck"].rotation_euler[0] != 0


def test_bones_in_place_of_keys(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    play(record, movers="BONES")
    armature = rig.rig_of(head)
    values = values_at(head, FRAMES)
    assert values[JAW] == values[LOOK] == 0 and values[0] > 0
    jaw = armature.pose.bones["jaw"]
    assert jaw.rotation_euler[0] == pytest.approx(0.25)
    gaze = []
    for name in rig.EYES:
        eye = armature.pose.bones[name]
        rest = eye.bone.matrix_local.to_3x3()
        local = turned(armature, "head").to_3x3().inverted() @ eye.matrix.to_3x3() @ rest.inverted()
        gaze.append(local @ rest.col[1])
    left, right = gaze  # ahead is -Y, the subject's left +X, up +Z
    assert np.arctan2(left.x, -left.y) == pytest.approx(0.2, abs=0.02)
    assert np.arctan2(right.x, -right.y) == pytest.approx(0.3, abs=0.02)
    assert np.arcsin(left.z) == pytest.approx(-0.1, abs=0.02)


def seen_at(head: bpy.types.Object, frame: int) -> np.ndarray:
    """(V, 3) metres, world."""
    bpy.context.scene.frame_set(frame)
    seen = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([seen.matrix_world @ vertex.co for vertex in seen.data.vertices])


def take_of(tmp_path: Path) -> Path:
    still = np.zeros((12, 3))
    turns = np.linspace(0, 1, 12)[:, None] * (0.3, 0.2, 0.1)
    weights = np.random.default_rng(9).uniform(0, 0.5, (12, 52))
    motion = FaceMotion(np.arange(12) / 25, weights, turns, still, still)
    write_live_link(tmp_path / "take.csv", motion)
    return tmp_path / "take.csv"


@pytest.mark.parametrize("then", ["KEYS", "take", "take without turning"])
def test_what_was_played_before_does_not_show_through(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, then: str
) -> None:
    """Bones that were moved by a performance are at rest where the next motion does not move them;
    what an artist posed otherwise stays, and goes on."""
    path = take_of(tmp_path)

    def play_then() -> None:
        if then == "KEYS":
            play(record, movers="KEYS", start=1)
        else:
            turn = then == "take"
            bpy.ops.ofer.import_take(filepath=str(path), start=1, rate=25, turn=turn)

    bpy.ops.ofer.add_arkit()
    bpy.ops.ofer.add_rig()
    bpy.context.scene.render.fps = 25
    armature = rig.rig_of(head)
    armature.pose.bones["root"].rotation_euler = (0, 0, 0.3)
    for frame, x in ((1, 0.0), (20, 0.5)):
        armature.location.x = x
        armature.keyframe_insert("location", frame=frame)
    if then == "take without turning":  # which leaves turning and moving as they were
        play(record, movers="KEYS", start=1)
    play_then()
    alone = [seen_at(head, frame) for frame in (2, 9)]
    bpy.context.scene.frame_set(FRAMES)
    play(record, movers="BONES", start=1)
    bpy.context.scene.frame_set(FRAMES)
    assert armature.pose.bones["jaw"].rotation_euler[0] > 0.2
    assert armature.pose.bones["eye_R"].constraints[rig.FOLLOW].mute
    play_then()
    for frame, wanted in zip((2, 9), alone, strict=True):
        assert np.abs(seen_at(head, frame) - wanted).max() < 1e-5
    bones = armature.pose.bones
    assert not any(bones[name].rotation_euler[:] != (0, 0, 0) for name in ("jaw", *rig.EYES))
    assert bones["root"].rotation_euler[2] == pytest.approx(0.3)
    bones["eye_L"].rotation_euler = (0, 0, 0.4)
    bpy.context.view_layer.update()
    eyes = [np.array(turned(armature, name).to_euler()) for name in rig.EYES]
    assert np.abs(eyes[0] - eyes[1]).max() < 1e-5


def test_a_pose_that_nothing_animated_stays(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.ofer.add_rig()
    bones = rig.rig_of(head).pose.bones
    bones["jaw"].rotation_euler = (0.1, 0, 0)
    bones["eye_R"].constraints[rig.FOLLOW].mute = True
    play(record, movers="KEYS")
    bpy.context.scene.frame_set(3)
    assert bones["jaw"].rotation_euler[0] == pytest.approx(0.1)
    assert bones["eye_R"].constraints[rig.FOLLOW].mute


def test_on_a_body_the_necks_of_a_performance_rest_in_a_take(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    armature = bodies.make("Unreal Engine")
    bpy.ops.ofer.attach_to_armature()
    play(record, start=1)
    bpy.context.scene.frame_set(FRAMES)
    assert turned(armature, "neck_01").to_quaternion().angle > 0.05
    bpy.ops.ofer.import_take(filepath=str(take_of(tmp_path)), start=1)
    bpy.context.scene.frame_set(9)
    assert turned(armature, "neck_01").to_quaternion().angle < 1e-5


@pytest.mark.parametrize(("start", "frames"), [(-10, (0, FRAMES - 11)), (-50, None)])
def test_a_scene_begins_at_frame_0(
    head: bpy.types.Object, record: Reconstruction, start: int, frames: tuple[int, int] | None
) -> None:
    scene = bpy.context.scene
    if frames is None:
        before = dump()
        with pytest.raises(RuntimeError, match="all of it lies outside a scene"):
            play(record, start=start)
        assert differences(before, dump()) == []
    else:
        play(record, start=start)
        assert (scene.frame_start, scene.frame_end) == frames


def test_played_again_it_has_one_camera_and_one_clip(
    head: bpy.types.Object, record: Reconstruction, pictures: Path
) -> None:
    """An artist's own clip and camera stay, and so does what follows the camera."""
    first = str(pictures / "shot_0000.png")
    own = bpy.data.movieclips.load(first)
    play(record, video=first, start=1)
    camera = bpy.context.scene.camera
    light = bpy.data.objects.new("light", None)
    light.parent = camera
    bpy.context.scene.collection.objects.link(light)
    mine = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    bpy.context.scene.collection.objects.link(mine)
    stood = np.array(camera.matrix_world)
    bpy.context.scene.frame_set(1)
    play(record, video=first, start=5)
    assert bpy.context.scene.camera == camera == light.parent
    assert {each.name for each in bpy.data.cameras if each.users} >= {"mine"}
    assert len([each for each in bpy.data.objects if each.type == "CAMERA"]) == 2
    assert set(bpy.data.movieclips) - {own} == {camera.data.background_images[0].clip}
    assert camera.data.background_images[0].clip.frame_start == 5
    assert np.abs(np.array(camera.matrix_world) - stood).max() < 1e-5


@pytest.mark.parametrize(
    ("operator", "on"),
    [
        *product(("play_performance", "import_take"), ("keys", "rig")),
        ("retarget_motion", "the other's keys"),
    ],
)
def test_in_tweak_mode_nothing_is_played(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, operator: str, on: str
) -> None:
    play(record)
    owner = head.data.shape_keys if on == "keys" else rig.rig_of(head)
    if operator == "retarget_motion":
        owner = other_mesh(["jawOpen"]).data.shape_keys
        owner.key_blocks["jawOpen"].keyframe_insert("value", frame=1)
        head.select_set(True)
        bpy.context.view_layer.objects.active = head
    tweak(owner)
    options = {
        "play_performance": {"directory": str(record.folder)},
        "import_take": {"filepath": str(take_of(tmp_path))},
        "retarget_motion": {},
    }[operator]
    before = dump()
    with pytest.raises(RuntimeError, match=r"is in tweak mode.*Leave tweak mode first"):
        getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **options)
    assert differences(before, dump()) == []


def tweak(owner: bpy.types.ID) -> None:
    """A strip of its action is being tweaked."""
    animation = owner.animation_data
    animation.nla_tracks.new().strips.new("strip", 1, animation.action)
    animation.action = None
    animation.use_tweak_mode = True
    assert animation.use_tweak_mode and animation.action


def test_keys_that_do_not_show_a_motion_are_said(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    bpy.ops.ofer.add_arkit()
    keys = head.data.shape_keys.key_blocks
    path = str(take_of(tmp_path))
    capfd.readouterr()
    bpy.ops.ofer.import_take(filepath=path)
    play(record)
    assert "do not show it" not in capfd.readouterr().out
    keys["jawOpen"].mute = True
    keys["eyeBlinkLeft"].driver_add("value").driver.expression = "0.25"
    keys["mouthSmileLeft"].slider_max = 0.01
    bpy.ops.ofer.import_take(filepath=path)
    assert "3 keys of anna do not show it: they are muted, driven or" in capfd.readouterr().out
    play(record)
    assert "3 keys of anna do not show it" in capfd.readouterr().out
    head.data.shape_keys.animation_data.action = None
    keys["jawOpen"].value = 0.5
    bpy.context.view_layer.update()
    bpy.ops.ofer.keep_expression()
    assert "2 keys of anna do not show it" in capfd.readouterr().out


def test_on_a_body_its_necks_and_head_turn(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    armature = bodies.make("Unreal Engine")
    bpy.ops.ofer.attach_to_armature()
    play(record, start=1)
    assert head.parent == armature and rig.rig_of(head) is None
    bpy.context.scene.frame_set(FRAMES)
    yaw, pitch, roll = recorded.array("head")[-1]
    for name, share in (("neck_01", 0.175), ("neck_02", 0.35), ("head", 1.0)):
        found = turned(armature, name).to_3x3()
        axes = Matrix(((1, 0, 0), (0, 0, 1), (0, -1, 0))).transposed()  # left, up, ahead
        wanted = axes @ Euler((pitch * share, yaw * share, roll * share), "ZXY").to_matrix()
        away = (wanted @ axes.transposed()).inverted() @ found
        assert away.to_quaternion().angle < 1e-3, name
    assert values_at(head, FRAMES)[JAW] == pytest.approx(0.8, abs=1e-5)


def test_the_camera_sees_the_head_as_the_video_does(
    head: bpy.types.Object,
    record: Reconstruction,
    recorded: performance.Performance,
    pictures: Path,
) -> None:
    play(record, video=str(pictures / "shot_0003.png"), start=1)
    scene, camera = bpy.context.scene, bpy.context.scene.camera
    assert (scene.render.resolution_x, scene.render.resolution_y) == (640, 480)
    background = camera.data.background_images[0]
    clip = background.clip
    assert camera.data.show_background_images and background.source == "MOVIE_CLIP"
    assert Path(bpy.path.abspath(clip.filepath)).name == "shot_0000.png"
    assert (clip.frame_start, clip.frame_duration) == (1, FRAMES)
    bpy.context.view_layer.update()
    scene.frame_set(FRAMES)
    armature = rig.rig_of(head)
    at = armature.matrix_world @ armature.pose.bones["head"].head
    seen = camera.matrix_world.inverted() @ at
    rest = armature.data.bones["head"].head_local
    wanted = recorded.array("place")[-1] + np.array((rest.x, rest.z, -rest.y))
    assert np.allclose(seen, wanted, atol=2e-3)
    assert camera.data.lens == pytest.approx(900.0 / 640 * camera.data.sensor_width)


def test_it_is_one_undo_step(
    head: bpy.types.Object, record: Reconstruction, pictures: Path
) -> None:
    before = dump()
    options = {"directory": str(record.folder), "video": str(pictures / "shot_0000.png")}
    bpy.ops.ofer.play_performance("EXEC_DEFAULT", True, **options)
    assert differences(before, dump())
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_what_is_no_performance_changes_nothing(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance, harm: str
) -> None:
    weights = recorded.folder / "weights.npy"
    weights.unlink() if harm == "gone" else weights.write_bytes(b"no array")
    before = dump()
    with pytest.raises(RuntimeError, match="cannot be read"):
        play(record)
    assert differences(before, dump()) == []


@pytest.mark.parametrize("video", ["film.mp4", "no_pictures"])
def test_without_the_video_the_head_plays_alone(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, video: str
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"no video")
    (tmp_path / "no_pictures").mkdir()
    play(record, video=str(tmp_path / video))
    assert values_at(head, FRAMES)[JAW] == pytest.approx(0.8)
    assert not bpy.data.movieclips and not bpy.data.cameras and bpy.context.scene.camera is None


def test_a_video_that_was_saved_again_is_seen_as_it_is_now(
    head: bpy.types.Object, record: Reconstruction, pictures: Path
) -> None:
    """An artist's own clip of it keeps its name and its frames."""
    first = pictures / "shot_0000.png"
    own = bpy.data.movieclips.load(str(first))
    own.name, own.frame_start = "tracked", 101
    assert tuple(own.size) == (64, 48)  # which reads it
    for file in pictures.iterdir():
        file.write_bytes(encode(np.full((96, 128, 3), 200, np.uint8)))
    play(record, video=str(first), start=1)
    clip = bpy.context.scene.camera.data.background_images[0].clip
    assert tuple(clip.size) == (128, 96) and clip.frame_start == 1
    assert (own.name, own.frame_start) == ("tracked", 101)


def test_cleaning_smooths_what_shakes_and_keeps_a_blink(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    play(record)
    before = np.stack([values_at(head, 1 + place) for place in range(FRAMES)])
    bpy.ops.ofer.clean_motion(smooth=1.5)
    after = np.stack([values_at(head, 1 + place) for place in range(FRAMES)])
    brow = ARKIT_52.index("browDownLeft")
    assert np.abs(np.diff(after[:, brow])).mean() < 0.5 * np.abs(np.diff(before[:, brow])).mean()
    assert after[10, BLINK] > 0.8 and after[:, BLINK].argmax() == 10


def test_cleaning_exaggerates_and_takes_a_resting_face_off(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    play(record)
    before = np.stack([values_at(head, 1 + place) for place in range(FRAMES)])
    bpy.ops.ofer.clean_motion(smooth=0.0, exaggerate=2.0)
    assert np.allclose(values_at(head, 5), np.clip(2 * before[4], 0, 1), atol=1e-5)
    bpy.ops.ed.undo_push(message="now")
    bpy.ops.ofer.play_performance(directory=str(record.folder))
    bpy.context.scene.frame_set(4)
    bpy.ops.ofer.clean_motion(smooth=0.0, offset=1.0)
    assert np.abs(values_at(head, 4)).max() < 1e-5
    rest = before[3, JAW]
    assert values_at(head, FRAMES)[JAW] == pytest.approx((0.8 - rest) / (1 - rest), abs=1e-4)


def keyed_jaw(head: bpy.types.Object, handles: str = "FREE") -> bpy.types.FCurve:
    """A curve of three keys with handles three frames long, level ones."""
    keys = head.data.shape_keys
    for frame, value in ((1, 0.0), (10, 1.0), (20, 0.2)):
        keys.key_blocks["jawOpen"].value = value
        keys.key_blocks["jawOpen"].keyframe_insert("value", frame=frame)
    (curve,) = compat.curves_of(keys)
    for point in curve.keyframe_points:
        point.handle_left_type = point.handle_right_type = handles
        point.handle_left = (point.co[0] - 3, point.co[1])
        point.handle_right = (point.co[0] + 3, point.co[1])
    curve.update()
    return curve


@pytest.mark.parametrize("handles", ["FREE", "ALIGNED", "VECTOR", "AUTO_CLAMPED"])
def test_handles_go_with_the_keys_that_are_cleaned(head: bpy.types.Object, handles: str) -> None:
    bpy.ops.ofer.add_arkit()
    curve = keyed_jaw(head, handles)
    if handles in ("FREE", "ALIGNED"):  # a slope at the top
        curve.keyframe_points[1].handle_left = (7, 0.7)
        curve.keyframe_points[1].handle_right = (13, 1.3)
        curve.update()
    frames = (2, 5, 8, 12, 15, 18)
    before = np.array([curve.evaluate(frame) for frame in frames])
    assert bpy.ops.ofer.clean_motion(smooth=0.0, exaggerate=0.5) == {"FINISHED"}
    after = np.array([curve.evaluate(frame) for frame in frames])
    assert np.abs(after - before / 2).max() < 2e-3
    bpy.context.scene.frame_set(20)
    assert bpy.ops.ofer.clean_motion(smooth=0.0, offset=1.0) == {"FINISHED"}
    taken_off = np.array([curve.evaluate(frame) for frame in frames[3:]])
    assert np.abs(taken_off - (before[3:] / 2 - 0.1) / 0.9).max() < 2e-3


def test_handles_stay_within_the_range_of_weights(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_arkit()
    curve = keyed_jaw(head)
    bpy.ops.ofer.clean_motion(smooth=0.0, exaggerate=3.0)
    values = [curve.evaluate(frame) for frame in np.arange(1, 20, 0.25)]
    assert min(values) >= 0 and max(values) <= 1 and curve.evaluate(20) == pytest.approx(0.6)


@pytest.mark.parametrize("shown", [True, False])
def test_cleaning_leaves_another_head_of_that_action_alone(
    head: bpy.types.Object, tmp_path: Path, shown: bool
) -> None:
    """A head that no scene has counts for nothing."""
    bpy.ops.ofer.add_arkit()
    curve = keyed_jaw(head)
    keys = head.data.shape_keys
    twin = head.copy()
    twin.data = head.data.copy()  # which shares the action
    if shown:
        bpy.context.scene.collection.objects.link(twin)
    shared = keys.animation_data.action
    assert twin.data.shape_keys.animation_data.action == shared
    before = curve.evaluate(10)
    bpy.ops.ofer.clean_motion("EXEC_DEFAULT", True, smooth=0.0, exaggerate=0.5)
    own = keys.animation_data.action
    assert (own != shared) == shown
    assert twin.data.shape_keys.animation_data.action == shared
    (theirs,), (mine,) = compat.curves_of(twin.data.shape_keys), compat.curves_of(keys)
    assert mine.evaluate(10) == pytest.approx(0.5)
    assert theirs.evaluate(10) == (before if shown else mine.evaluate(10))


def test_cleaning_a_linked_action_changes_a_copy_of_it(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    bpy.ops.ofer.add_arkit()
    keyed_jaw(head)
    keys, path = head.data.shape_keys, str(tmp_path / "library.blend")
    action = keys.animation_data.action
    bpy.data.libraries.write(path, {action}, fake_user=True)
    keys.animation_data.action = None
    with bpy.data.libraries.load(path, link=True) as (there, linked):
        linked.actions = list(there.actions)
    keys.animation_data.action = linked.actions[0]
    if hasattr(linked.actions[0], "slots"):
        keys.animation_data.action_slot = linked.actions[0].slots[0]
    bpy.ops.ofer.clean_motion(smooth=0.0, exaggerate=0.5)
    assert values_at(head, 10)[JAW] == pytest.approx(0.5)
    assert keys.animation_data.action.is_editable


def other_mesh(names: list[str]) -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add()
    mesh = bpy.context.object
    for name in ("Basis", *names):
        mesh.shape_key_add(name=name).value = 0.0
    return mesh


def test_another_mesh_plays_what_it_has_keys_for(
    head: bpy.types.Object, record: Reconstruction, recorded: performance.Performance
) -> None:
    play(record)
    mesh = other_mesh(["JawOpen", "BS.eyeBlinkLeft", "Head_eye_look_up_l", "smile", "left"])
    bpy.context.view_layer.objects.active = head
    mesh.select_set(True)
    head.select_set(True)
    bpy.ops.ofer.retarget_motion()
    bpy.context.scene.frame_set(11)
    keys = mesh.data.shape_keys.key_blocks
    assert keys["JawOpen"].value == pytest.approx(recorded.array("weights")[10, JAW], abs=1e-5)
    assert keys["BS.eyeBlinkLeft"].value == pytest.approx(1.0)
    look = recorded.array("weights")[10, LOOK]
    assert keys["Head_eye_look_up_l"].value == pytest.approx(look, abs=1e-5)
    assert keys["smile"].value == keys["left"].value == 0.0


def test_keys_that_cannot_show_it_are_told_and_meshes_taken_once(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    play(record)
    made = cleaning.of_head(head)
    mesh = other_mesh(["jawOpen", "eyeBlinkLeft", "mouthClose", "tongueOut"])
    keys = mesh.data.shape_keys
    assert retarget.held_units(made, mesh) == ()
    keys.key_blocks["jawOpen"].mute = True
    keys.key_blocks["eyeBlinkLeft"].slider_max = 0.5
    keys.key_blocks["mouthClose"].slider_max = 0.3  # it never gets so far
    keys.key_blocks["tongueOut"].driver_add("value")
    assert set(retarget.held_units(made, mesh)) == {"jawOpen", "eyeBlinkLeft", "tongueOut"}
    keys.use_relative = False
    assert len(retarget.held_units(made, mesh)) == 4
    twin = bpy.data.objects.new("twin", mesh.data)
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {mesh.data})
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (there, linked):
        linked.meshes = list(there.meshes)
    elsewhere = bpy.data.objects.new("linked", linked.meshes[0])
    for each in (twin, elsewhere, head):
        if each != head:
            bpy.context.scene.collection.objects.link(each)
        each.select_set(True)
    bpy.context.view_layer.objects.active = head
    actions = len(bpy.data.actions)
    assert bpy.ops.ofer.retarget_motion() == {"FINISHED"}
    assert len(bpy.data.actions) == actions + 1
    assert elsewhere.data.shape_keys.animation_data.action is None


@pytest.mark.parametrize(
    "spelled",
    [
        lambda unit: unit.upper(),
        lambda unit: unit.replace("Left", "_L").replace("Right", "_R"),
        lambda unit: unit.replace("Left", ".L").replace("Right", ".R"),
        lambda unit: re.sub("(?<=[a-z])(Left|Right)$", lambda side: side[0][0], unit),
        lambda unit: "Head." + re.sub("(Left|Right)$", lambda side: "_" + side[0][0], unit),
        lambda unit: re.sub("([A-Z])", r"_\1", unit).lower(),
    ],
)
def test_a_mesh_may_spell_the_units_otherwise(
    addon: ModuleType, spelled: Callable[[str], str]
) -> None:
    mesh = other_mesh([spelled(unit) for unit in ARKIT_52])
    assert retarget.units_of(mesh) == {unit: spelled(unit) for unit in ARKIT_52}


def test_an_avatar_of_vrchat_plays_by_the_names_of_its_face_tracking(addon: ModuleType) -> None:
    mesh = other_mesh(["EyeClosedLeft", "EyeClosedRight", "LipPucker", "MouthClosed", "JawOpen"])
    assert retarget.units_of(mesh) == {
        "eyeBlinkLeft": "EyeClosedLeft",
        "eyeBlinkRight": "EyeClosedRight",
        "jawOpen": "JawOpen",
        "mouthClose": "MouthClosed",
        "mouthPucker": "LipPucker",
    }
    mesh.shape_key_add(name="BS.eyeBlink_L")
    assert retarget.units_of(mesh)["eyeBlinkLeft"] == "BS.eyeBlink_L", "Apple's name comes first"


@pytest.mark.parametrize("name", ["clean_motion", "retarget_motion"])
def test_undo_takes_a_change_of_the_motion_back(
    head: bpy.types.Object, record: Reconstruction, name: str
) -> None:
    play(record)
    mesh = other_mesh(["jawOpen"])
    bpy.context.view_layer.objects.active = head
    mesh.select_set(True)
    head.select_set(True)
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    assert getattr(bpy.ops.ofer, name)("EXEC_DEFAULT", True) == {"FINISHED"}
    assert differences(before, dump())
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_greyed_buttons_say_why(head: bpy.types.Object, record: Reconstruction) -> None:
    assert not bpy.ops.ofer.clean_motion.poll() and not bpy.ops.ofer.retarget_motion.poll()
    play(record)
    assert bpy.ops.ofer.clean_motion.poll() and not bpy.ops.ofer.retarget_motion.poll()
    drawn = " ".join(draw("OFER_PT_rig"))
    assert "[ofer.clean_motion]" in drawn and "[ofer.retarget_motion]" in drawn


def test_a_video_becomes_a_head_that_plays(
    employ: Callable[[str], None], tmp_path: Path, pictures: Path
) -> None:
    employ("ok")
    recorded = write(tmp_path / "prepared" / "anna.ofer")
    bpy.context.scene.ofer.keep = 3
    bpy.ops.ofer.perform(filepath=str(pictures / "shot_0002.png"), rate=25.0, wait=True)
    asked = json.loads((tmp_path / "prepared" / "request.json").read_text())
    assert Path(asked["video"]) == pictures and asked["name"] == "shot"
    assert (asked["keep"], asked["rate"]) == (3, 25.0)
    head = bpy.context.object
    assert head.ofer.is_head and rig.rig_of(head)
    assert np.abs(values_at(head, FRAMES) - recorded.array("weights")[-1]).max() < 1e-5
    assert bpy.context.scene.camera.data.background_images[0].clip
    assert not jobs.queue.failure


def test_a_second_video_of_that_name_takes_nothing_from_the_first(
    employ: Callable[[str], None], tmp_path: Path, pictures: Path
) -> None:
    employ("ok")
    write(tmp_path / "prepared" / "anna.ofer")
    for _ in range(2):
        bpy.ops.ofer.perform(filepath=str(pictures / "shot_0002.png"), wait=True)
    made = sorted(each.name for each in (tmp_path / "home" / "reconstructions").iterdir())
    assert made == ["shot.ofer", "shot_02.ofer"]


def test_no_video_is_said(employ: Callable[[str], None], tmp_path: Path) -> None:
    employ("ok")
    with pytest.raises(RuntimeError, match="There is no such video"):
        bpy.ops.ofer.perform(filepath=str(tmp_path / "gone.mp4"))
