"""What a head does over time in its files: as several programs play it, and as the scene shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import played
import pytest
import synthetic
from exporting import export, findings
from ofer_faces.ofer_blender import compat
from ofer_faces.ofer_blender.export.fbx import FbxReader
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import PRESETS, Format, Target
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.files.live_link import read_live_link
from ofer_faces.ofer_engine.contract.files.sidecar import sidecar_of
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from played import FIRST, LAST, RATE
from recording_layout import draw
from scene_dump import differences, dump

MOVING = [each for each in Target if PRESETS[each].keys]
APART = 1e-4
"""Metres."""


@pytest.fixture
def record(tmp_path: Path) -> Reconstruction:
    return synthetic.write(tmp_path, "anna")


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    """It talks, nods and looks around: by keys, bones, a driver, a constraint and a track."""
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    head = hypotheses.active_head(bpy.context)
    played.animate(head)
    bpy.context.scene.frame_set(7)
    return head


@pytest.mark.parametrize("target", MOVING)
def test_blender_plays_it(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    """Names of another program, axes and units included."""
    wanted = played.in_the_scene(head)
    assert np.linalg.norm(wanted.places - wanted.rest, axis=2).max() > 0.01
    path = export(tmp_path / "out", target)
    assert played.off(wanted, played.by_blender(path)) < APART


@pytest.mark.parametrize("target", [Target.UNREAL, Target.WEB, Target.USD, Target.OMNIVERSE])
def test_a_bone_that_shrinks_to_nothing(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """As one is hidden by: what hangs on it has no place of its own then, and the others go on."""
    bones = rig.rig_of(head).pose.bones
    for frame, scale in ((FIRST, 1.0), (12, 0.0), (LAST, 0.0)):
        for name in ("jaw", "head"):
            bones[name].scale = (scale,) * 3
            bones[name].keyframe_insert("scale", frame=frame)
    wanted = played.in_the_scene(head)
    assert np.abs(wanted.places[-1] - wanted.places[-2]).max() > 0.01
    assert "the animation" not in " ".join(findings(target))
    path = export(tmp_path / "out", target)
    if PRESETS[target].format is Format.USD:
        seen = played.by_usd(path, tmp_path / "seen.npz")
    else:
        seen = played.by_blender(path)
    assert played.off(wanted, seen) < APART


@pytest.mark.parametrize("target", [each for each in Target if PRESETS[each].format is Format.GLB])
def test_its_own_bytes_play_it(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    path = export(tmp_path / "out", target)
    wanted = played.in_the_scene(head)
    assert played.off(wanted, played.by_its_bytes(path)) < APART
    assert not any(GlbReader(path).summary().meshes[0].weights)


@pytest.mark.parametrize("target", [Target.USD, Target.OMNIVERSE])
def test_usd_core_plays_it(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    wanted = played.in_the_scene(head)
    path = export(tmp_path / "out", target)
    assert played.off(wanted, played.by_usd(path, tmp_path / "seen.npz")) < APART


@pytest.mark.parametrize("target", list(Target))
def test_the_scene_is_as_it_was(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    """Its frame, and what is hidden, too."""
    rig.rig_of(head).hide_viewport = True
    bpy.context.view_layer.update()
    before = dump()
    export(tmp_path / "out", target)
    bpy.ops.ofer.check_export(filepath=str(tmp_path / f"out.{PRESETS[target].format}"))
    head.ofer_export.findings.clear()
    assert differences(before, dump()) == []


@pytest.mark.parametrize("target", [Target.GLB, Target.UNREAL])
def test_hidden_heads_move(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    wanted = played.in_the_scene(head)
    head.hide_viewport = rig.rig_of(head).hide_viewport = True
    path = export(tmp_path / "out", target)
    assert played.off(wanted, played.by_blender(path)) < APART


@pytest.mark.parametrize("target", [Target.GLB, Target.FBX, Target.USD])
def test_without_a_rig_the_keys_move(
    record: Reconstruction, tmp_path: Path, target: Target
) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    head = hypotheses.active_head(bpy.context)
    bpy.context.scene.render.fps = RATE
    key = head.data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((FIRST, 0.0), (LAST, 1.0)):
        key.value = value
        key.keyframe_insert("value", frame=frame)
    wanted = played.in_the_scene(head)
    path = export(tmp_path / "out", target)
    assert played.off(wanted, played.by_blender(path)) < APART


def test_every_level_of_detail_moves(head: bpy.types.Object, tmp_path: Path) -> None:
    document = GlbReader(export(tmp_path / "out", Target.GLB, lods=3)).document
    (animation,) = document["animations"]
    moved = [each["target"]["node"] for each in animation["channels"]
             if each["target"]["path"] == "weights"]  # fmt: skip
    names = [document["nodes"][number]["name"] for number in moved]
    assert sorted(names) == [f"anna_LOD{level}" for level in range(3)]


def test_rate_and_range(head: bpy.types.Object, tmp_path: Path) -> None:
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 10, 19
    for options, frames, rate in (
        ({}, 31, 30), ({"rate": 60}, 61, 60), ({"rate": 24}, 25, 24),
        ({"frames": "SCENE", "rate": 0}, 10, 30),
    ):  # fmt: skip
        path = export(tmp_path / "out", Target.GLB, **options)
        (animation,) = GlbReader(path).summary().animations
        curve = animation.weights["jawOpen"]
        assert len(curve.times) == frames
        assert np.allclose(np.diff(curve.times), 1 / rate, atol=1e-5)
        sidecar = json.loads(sidecar_of(path).read_text("utf-8"))["animation"]
        assert sidecar == {"name": "talking", "frames": frames, "frames_a_second": rate}
    scene.frame_set(10)
    assert curve.values[0, 0] == pytest.approx(head.data.shape_keys.key_blocks["jawOpen"].value)


@pytest.mark.parametrize("fps", [24, 30])
def test_a_rate_that_is_no_whole_number(head: bpy.types.Object, tmp_path: Path, fps: int) -> None:
    render = bpy.context.scene.render
    render.fps, render.fps_base = fps, 1.001
    (animation,) = FbxReader(export(tmp_path / "out", Target.FBX)).summary().animations
    assert animation.seconds == pytest.approx(30 * 1.001 / fps, abs=1e-4)
    path = export(tmp_path / "out", Target.GLB)
    (animation,) = GlbReader(path).summary().animations
    times = animation.weights["jawOpen"].times
    assert np.allclose(times, np.arange(31) * 1.001 / fps, rtol=0, atol=1e-5)
    said = json.loads(sidecar_of(path).read_text("utf-8"))["animation"]
    assert said["frames_a_second"] == pytest.approx(fps / 1.001, abs=1e-4)


def test_what_stands_still_is_baked_and_what_moves_is_not(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    path = export(tmp_path / "out", Target.GLB, bake=True)
    wanted = played.in_the_scene(head)
    seen = played.by_its_bytes(path)
    plain = played.by_its_bytes(export(tmp_path / "plain", Target.GLB, bake=False))
    assert np.abs(seen.places - plain.places).max() < APART
    assert np.abs(seen.rest - plain.rest).max() > 1e-3
    assert played.off(wanted, plain) < APART
    head.ofer_export.bake = True
    bpy.ops.ofer.check_export(filepath=str(path))
    assert "fault" not in {line.level for line in head.ofer_export.findings}


def test_it_can_be_left_out(head: bpy.types.Object, tmp_path: Path) -> None:
    for target, reader in ((Target.GLB, GlbReader), (Target.FBX, FbxReader)):
        path = export(tmp_path / "out", target, animation=False)
        assert reader(path).summary().animations == ()
    assert findings(Target.GLB)["Animation that is not exported: nodding, talking."] == "note"
    assert "[ofer.export_animation] Export the Animation" in draw("OFER_PT_export")
    bpy.ops.ofer.export_animation()
    said = "The animation is exported: nodding, talking; 31 frames, 30 a second."
    assert findings(Target.GLB)[said] == "good"


@pytest.mark.parametrize("target", [Target.GLB, Target.FBX, Target.UNREAL, Target.META])
def test_check_plays_the_file(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    export(tmp_path / "out", target)
    said = findings(target)
    assert said["Animation of 1.00 s, read back at 5 times."] == "good"
    assert "fault" not in said.values()
    head.data.shape_keys.key_blocks["cheekPuff"].value = 0.5
    off = [text for text, level in findings(target).items() if level == "fault"]
    assert len(off) == 1 and "animation in the file differs" in off[0]


@pytest.mark.parametrize("last", [1e6, 1e30])
def test_a_key_left_far_out_does_not_hold_blender_up(
    record: Reconstruction, tmp_path: Path, last: float
) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = hypotheses.active_head(bpy.context)
    keys = head.data.shape_keys
    for frame, value in ((1, 0.0), (20, 0.5), (30, 1.0)):
        keys.key_blocks["identity_02"].value = value
        keys.key_blocks["identity_02"].keyframe_insert("value", frame=frame)
    (curve,) = compat.curves_of(keys)
    curve.keyframe_points[2].co.x = last
    bpy.context.scene.frame_end = 20
    bpy.context.scene.frame_set(7)
    head.ofer_export.keys = "ALL"
    before = dump()
    with pytest.raises(RuntimeError, match="more than a file can hold. Choose fewer frames"):
        export(tmp_path / "out", Target.GLB, animation=True)
    assert not list(tmp_path.glob("out*"))
    assert differences(before, dump()) == []
    assert export(tmp_path / "out", Target.GLB, animation=True, frames="SCENE").is_file()


def _empty(name: str) -> bpy.types.Object:
    made = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(made)
    return made


def _moving(thing: bpy.types.Object, path: str = "location") -> None:
    for frame, value in ((FIRST, 0.0), (LAST, 0.4)):
        setattr(thing, path, (value, 0.0, 0.0))
        thing.keyframe_insert(path, frame=frame)


def gaze_on_what_hangs_on_what_moves(head: bpy.types.Object) -> None:
    seen, carrier = _empty("seen"), _empty("carrier")
    seen.parent, seen.location = carrier, (0, -0.5, 0)
    _moving(carrier)
    rig.rig_of(head).pose.bones["head"].constraints.new("DAMPED_TRACK").target = seen


def gaze_on_what_follows_what_is_driven(head: bpy.types.Object) -> None:
    seen, leader, wheel = _empty("seen"), _empty("leader"), _empty("wheel")
    seen.constraints.new("COPY_LOCATION").target = leader
    driver = leader.driver_add("location", 0).driver
    variable = driver.variables.new()
    variable.type, driver.expression = "TRANSFORMS", "var"
    variable.targets[0].id, variable.targets[0].transform_type = wheel, "ROT_X"
    _moving(wheel, "rotation_euler")
    leader.location.y = -0.5
    rig.rig_of(head).pose.bones["head"].constraints.new("DAMPED_TRACK").target = seen


def gaze_along_a_path(head: bpy.types.Object) -> None:
    curve = bpy.data.curves.new("path", "CURVE")
    curve.dimensions, curve.use_path = "3D", True
    points = curve.splines.new("POLY").points
    points.add(1)
    points[0].co, points[1].co = (-0.5, -0.5, 0, 1), (0.5, -0.5, 0, 1)
    path, seen = bpy.data.objects.new("path", curve), _empty("seen")
    bpy.context.scene.collection.objects.link(path)
    seen.constraints.new("FOLLOW_PATH").target = path
    for frame, time in ((FIRST, 0.0), (LAST, 100.0)):
        curve.eval_time = time
        curve.keyframe_insert("eval_time", frame=frame)
    rig.rig_of(head).pose.bones["head"].constraints.new("DAMPED_TRACK").target = seen


def bone_of_another_armature(head: bpy.types.Object) -> None:
    other = rig.rig_of(head).copy()
    other.animation_data_clear()
    bpy.context.scene.collection.objects.link(other)
    bone = other.pose.bones["head"]
    for frame, angle in ((FIRST, 0.0), (LAST, 0.4)):
        bone.rotation_euler = (angle, 0.0, 0.0)
        bone.keyframe_insert("rotation_euler", frame=frame)
    several = rig.rig_of(head).pose.bones["head"].constraints.new("ARMATURE").targets.new()
    several.target, several.subtarget = other, "head"


def strips_grouped_as_one(head: bpy.types.Object) -> None:
    bone = rig.rig_of(head).pose.bones["head"]
    for frame, angle in ((FIRST, 0.0), (LAST, 0.4)):
        bone.rotation_euler = (angle, 0.0, 0.0)
        bone.keyframe_insert("rotation_euler", frame=frame)
    animation = rig.rig_of(head).animation_data
    strip = animation.nla_tracks.new().strips.new("nod", FIRST, animation.action)
    animation.action, strip.select = None, True
    bpy.context.view_layer.objects.active = rig.rig_of(head)
    area = bpy.context.window.screen.areas[0]
    area.type = "NLA_EDITOR"
    (region,) = (each for each in area.regions if each.type == "WINDOW")
    with bpy.context.temp_override(area=area, region=region):
        bpy.ops.nla.meta_add()
    bpy.context.view_layer.objects.active = head
    assert animation.nla_tracks[0].strips[0].action is None


MOVERS = (gaze_on_what_hangs_on_what_moves, gaze_on_what_follows_what_is_driven, gaze_along_a_path,
          bone_of_another_armature, strips_grouped_as_one)  # fmt: skip


@pytest.mark.parametrize("mover", MOVERS)
@pytest.mark.parametrize("target", [Target.GLB, Target.UNREAL])
def test_whatever_moves_it_from_afar_travels(
    record: Reconstruction, tmp_path: Path, mover: Callable[[bpy.types.Object], None],
    target: Target,
) -> None:  # fmt: skip
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    head = hypotheses.active_head(bpy.context)
    bpy.context.scene.render.fps = RATE
    mover(head)
    wanted = played.in_the_scene(head)
    assert np.abs(wanted.places[-1] - wanted.places[0]).max() > 0.01
    path = export(tmp_path / "out", target)
    assert any("read back at 5 times" in text for text in findings(target))
    assert played.off(wanted, played.by_blender(path)) < APART


def _by_expression(driver: bpy.types.Driver) -> None:
    driver.expression = "sin(frame / 10)"


def _by_the_scene(driver: bpy.types.Driver) -> None:
    driver.expression, variable = "sin(now / 10)", driver.variables.new()
    variable.name = "now"
    variable.targets[0].id_type, variable.targets[0].id = "SCENE", bpy.context.scene
    variable.targets[0].data_path = "frame_current"


def _by_the_scene_shown(driver: bpy.types.Driver) -> None:
    driver.expression, variable = "sin(now / 10)", driver.variables.new()
    variable.name, variable.type = "now", "CONTEXT_PROP"
    variable.targets[0].data_path = "frame_current"


@pytest.mark.parametrize("drive", [_by_expression, _by_the_scene, _by_the_scene_shown])
@pytest.mark.parametrize("where", ["key", "bone"])
def test_drivers_of_the_frame_alone_travel(
    record: Reconstruction, tmp_path: Path, where: str, drive: Callable[[bpy.types.Driver], None]
) -> None:
    """There is no action; the scene says from when to when."""
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    head, scene = hypotheses.active_head(bpy.context), bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = RATE, FIRST, LAST
    if where == "key":
        curve = head.data.shape_keys.key_blocks["jawOpen"].driver_add("value")
    else:
        bone = rig.rig_of(head).pose.bones["head"]
        bone.rotation_mode = "XYZ"
        curve = bone.driver_add("rotation_euler", 0)
    drive(curve.driver)
    wanted = played.in_the_scene(head)
    assert np.abs(wanted.places[-1] - wanted.places[0]).max() > 0.001
    scene.frame_set(FIRST)
    before = dump()
    path = export(tmp_path / "out", Target.GLB)
    said = findings(Target.GLB)
    head.ofer_export.findings.clear()
    assert differences(before, dump()) == []
    assert any("drivers that read the frame; 31 frames" in text for text in said)
    assert any("read back at 5 times" in text for text in said)
    assert not any("not exported" in text for text in said)
    assert played.off(wanted, played.by_blender(path)) < APART


def _property_of_the_scene(driver: bpy.types.Driver) -> None:
    variable = driver.variables.new()
    driver.expression, variable.targets[0].id_type = "var", "SCENE"
    variable.targets[0].id, variable.targets[0].data_path = bpy.context.scene, '["mouth"]'


def _property_of_the_scene_shown(driver: bpy.types.Driver) -> None:
    variable = driver.variables.new()
    driver.expression, variable.type = "var", "CONTEXT_PROP"
    variable.targets[0].data_path = '["mouth"]'


def _property_that_another_drives(driver: bpy.types.Driver) -> None:
    """The scene drives itself, and an object between passes it on."""
    bpy.context.scene["twice"] = 0.0
    _property_of_the_scene(bpy.context.scene.driver_add('["twice"]').driver)
    between = _empty("between")
    _property_of_the_scene(own := between.driver_add("location", 0).driver)
    own.variables[0].targets[0].data_path = '["twice"]'
    variable = driver.variables.new()
    driver.expression, variable.targets[0].id = "var", between
    variable.targets[0].data_path = "location.x"


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    "drive",
    [_property_of_the_scene, _property_of_the_scene_shown, _property_that_another_drives],
)
def test_drivers_of_what_the_scene_has_travel(
    record: Reconstruction,
    tmp_path: Path,
    drive: Callable[[bpy.types.Driver], None],
    alone: bool,
) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    head, scene = hypotheses.active_head(bpy.context), bpy.context.scene
    keys = head.data.shape_keys.key_blocks
    for frame, value in ((1, 0.0), (11, 1.0)):
        scene["mouth"] = value
        scene.keyframe_insert('["mouth"]', frame=frame)
        if not alone:
            keys["browInnerUp"].value = value / 2
            keys["browInnerUp"].keyframe_insert("value", frame=frame)
    drive(keys["jawOpen"].driver_add("value").driver)
    seen = []
    for frame in (1, 6, 11):
        scene.frame_set(frame)
        seen.append(keys["jawOpen"].value)
    assert seen == pytest.approx([0, 0.5, 1], abs=1e-3)
    before = dump()
    path = export(tmp_path / "out", Target.GLB)
    bpy.ops.ofer.export_take(filepath=str(tmp_path / "out.csv"))
    said = findings(Target.GLB)
    head.ofer_export.findings.clear()
    assert differences(before, dump()) == []
    assert any("read back at 5 times" in text for text in said)
    curve = GlbReader(path).summary().animations[0].weights["jawOpen"]
    played_back = [curve.at(frame / 24)[0] for frame in (0, 5, 10)]
    assert played_back == pytest.approx(seen, abs=1e-3)
    taken = read_live_link(tmp_path / "out.csv").weights[:, ARKIT_52.index("jawOpen")]
    assert [taken[frame] for frame in (0, 5, 10)] == pytest.approx(seen, abs=1e-3)


@pytest.mark.parametrize("frames", ["SCENE", "ANIMATED"])
@pytest.mark.parametrize(("old", "new"), [(100, 200), (200, 100)])
def test_time_that_is_remapped_is_in_every_file(
    record: Reconstruction, tmp_path: Path, old: int, new: int, frames: str
) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    head, scene = hypotheses.active_head(bpy.context), bpy.context.scene
    jaw = head.data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((0, 0.0), (20, 1.0)):
        jaw.value = value
        jaw.keyframe_insert("value", frame=frame)
    scene.render.frame_map_old, scene.render.frame_map_new = old, new
    scene.frame_start, scene.frame_end = 0, 40
    last = 40 if frames == "SCENE" else 20 * new // old
    seen = []
    for frame in range(41):
        scene.frame_set(frame)
        seen.append(jaw.value)
    path = export(tmp_path / "out", Target.GLB, frames=frames)
    bpy.ops.ofer.export_take(filepath=str(tmp_path / "out.csv"))
    assert any("read back at 5 times" in text for text in findings(Target.GLB))
    (animation,) = GlbReader(path).summary().animations
    assert animation.seconds == pytest.approx(last / 24)
    curve = animation.weights["jawOpen"]
    played_back = [curve.at(frame / 24)[0] for frame in range(last + 1)]
    assert played_back == pytest.approx(seen[: last + 1], abs=1e-3)
    taken = read_live_link(tmp_path / "out.csv").weights[:, ARKIT_52.index("jawOpen")]
    assert taken.tolist() == pytest.approx(seen, abs=1e-3)


def test_a_driver_of_another_frame_or_none_is_no_animation(record: Reconstruction) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    keys = hypotheses.active_head(bpy.context).data.shape_keys.key_blocks
    muted = keys["jawOpen"].driver_add("value")
    muted.driver.expression, muted.mute = "frame / 10", True
    keys["cheekPuff"].driver_add("value").driver.expression = "framed + 1"
    own = keys["mouthPucker"].driver_add("value").driver
    own.expression, own.variables.new().name = "frame / 10", "frame"
    assert any("nothing moves this head" in line for line in draw("OFER_PT_export"))


@pytest.mark.parametrize("kind", ["IMAGE", "COLLECTION", "TEXT"])
def test_a_driver_may_read_what_is_never_animated(
    head: bpy.types.Object, tmp_path: Path, kind: str
) -> None:
    made = {
        "IMAGE": lambda: bpy.data.images.new("read", 4, 4),
        "COLLECTION": lambda: bpy.data.collections.new("read"),
        "TEXT": lambda: bpy.data.texts.new("read"),
    }[kind]()
    made["size"] = 0.5
    driver = head.data.shape_keys.key_blocks["cheekPuff"].driver_add("value").driver
    variable = driver.variables.new()
    driver.expression = "var"
    target = variable.targets[0]
    target.id_type, target.id, target.data_path = kind, made, '["size"]'
    wanted = played.in_the_scene(head)
    path = export(tmp_path / "out", Target.GLB)
    assert "fault" not in findings(Target.GLB).values()
    assert played.off(wanted, played.by_blender(path)) < APART


def test_check_finds_a_lost_animation(head: bpy.types.Object, tmp_path: Path) -> None:
    path = export(tmp_path / "out", Target.GLB, animation=False)
    head.ofer_export.animation = True
    bpy.ops.ofer.check_export(filepath=str(path))
    lines = {line.text: line.fix for line in head.ofer_export.findings}
    assert lines["The animation is not in the file."] == "ofer.export_head"


def test_keys_that_move_and_stay_are_said(head: bpy.types.Object) -> None:
    key = head.data.shape_keys.key_blocks["identity_02"]
    for frame, value in ((FIRST, 0.0), (LAST, 1.0)):
        key.value = value
        key.keyframe_insert("value", frame=frame)
    said = "Keys that move are not in the file: identity_02."
    assert findings(Target.GLB)[said] == "note"
    assert any(text.startswith("The animation is exported") for text in findings(Target.GLB))
    head.ofer_export.keys = "ALL"
    assert said not in findings(Target.GLB)


def test_an_animation_that_moves_nothing_in_the_file_is_said(
    record: Reconstruction, tmp_path: Path
) -> None:
    """Unless it does so between the frames that are looked at first."""
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    head = hypotheses.active_head(bpy.context)
    keys = head.data.shape_keys.key_blocks
    for name, values in (("identity_02", (0.0, 1.0)), ("jawOpen", (0.3, 0.3))):
        for frame, value in zip((1, 101), values, strict=True):
            keys[name].value = value
            keys[name].keyframe_insert("value", frame=frame)
    name = head.data.shape_keys.animation_data.action.name
    said = findings(Target.GLB)
    assert said[f"The animation moves nothing that is in the file: {name}."] == "note"
    assert not any(text.startswith("The animation is exported") for text in said)
    assert GlbReader(export(tmp_path / "out", Target.GLB)).summary().animations == ()
    for frame, value in ((9, 0.3), (10, 0.9), (11, 0.3)):
        keys["jawOpen"].value = value
        keys["jawOpen"].keyframe_insert("value", frame=frame)
    assert any(
        text.startswith(f"The animation is exported: {name}; 101") for text in findings(Target.GLB)
    )


def test_the_panel_says_when_nothing_moves(record: Reconstruction) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    drawn = draw("OFER_PT_export")
    assert any("nothing moves this head" in line for line in drawn)


def test_unreal_gets_no_curves_of_what_is_not_there(head: bpy.types.Object, tmp_path: Path) -> None:
    """The armature's empty is taken out of that file, and what would animate it."""
    from ofer_faces.ofer_blender.export import fbx_tree

    tree = fbx_tree.read(export(tmp_path / "out", Target.UNREAL))
    objects = tree.only(b"Objects")
    there = {each.values[0] for each in objects.inner if each.raw} | {0}
    for link in tree.only(b"Connections").inner:
        assert link.values[1] in there and link.values[2] in there
        assert link.values[0] == b"OO" or link.values[2] != 0
    counts = {kind.values[0]: kind.all(b"Count")[0].values[0]
              for kind in tree.only(b"Definitions").all(b"ObjectType")}  # fmt: skip
    for kind in (b"AnimationCurveNode", b"AnimationCurve", b"Model"):
        assert counts[kind] == len(objects.all(kind))


def test_blender_s_own_exporter_writes_the_bones_as_bvh(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    """As the manual says: from the head's rig, and back."""
    armature = rig.rig_of(head)
    scene = bpy.context.scene
    for each in bpy.context.selected_objects:
        each.select_set(False)
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    path = tmp_path / "anna.bvh"
    bpy.ops.export_anim.bvh(
        filepath=str(path), frame_start=FIRST, frame_end=LAST, rotate_mode="NATIVE"
    )
    bpy.ops.import_anim.bvh(filepath=str(path), axis_up="Z", axis_forward="Y", frame_start=FIRST)
    back = bpy.context.object
    assert set(back.pose.bones.keys()) >= {"head", "neck", "jaw"}
    turned = 0.0
    for frame in (FIRST, (FIRST + LAST) // 2, LAST):
        scene.frame_set(frame)
        ours, theirs = (
            (each.pose.bones["head"].matrix @ each.data.bones["head"].matrix_local.inverted())
            for each in (armature, back)
        )
        one, other = ours.to_quaternion(), theirs.to_quaternion()
        assert one.rotation_difference(other).angle < 1e-3
        turned = max(turned, one.angle)
    assert turned > 0.05
