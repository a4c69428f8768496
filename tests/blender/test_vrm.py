"""A head on a whole body leaves as a VRM 1.0 avatar; without one, what is missing is said."""

from __future__ import annotations

from pathlib import Path

import bodies
import bpy
import mpfb_body
import numpy as np
import pytest
import vrm_rules
from mathutils import Euler, Matrix, Vector
from ofer_faces.ofer_blender.export import human_bones, vrm
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import hypotheses, joint_anchors
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump
from test_body_export import RAISED, findings, torso_on


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    return hypotheses.active_head(bpy.context)


def place() -> Matrix:
    """Somewhere, turned about the upright."""
    return Matrix.Translation((1, 2, 0.1)) @ Euler((0, 0, 0.6)).to_matrix().to_4x4()


def export(path: Path) -> Path:
    bpy.ops.ofer.export_head(filepath=str(path), target="VRM")
    (found,) = (p for p in path.parent.iterdir() if p.suffix in (".vrm", ".glb"))
    return found


def worlds(reader: GlbReader) -> dict[str, np.ndarray]:
    """Node's name → (3,) metres, Y up."""
    nodes, found = reader.document["nodes"], {}

    def walk(number: int, above: np.ndarray) -> None:
        here = above @ vrm._local(nodes[number])
        found[nodes[number]["name"]] = here[:3, 3]
        for child in nodes[number].get("children", ()):
            walk(child, here)

    for root in reader.document["scenes"][0]["nodes"]:
        walk(root, np.eye(4))
    return found


@pytest.mark.parametrize("kind", bodies.LIMBS)
def test_a_whole_body_is_an_avatar(head: bpy.types.Object, tmp_path: Path, kind: str) -> None:
    """By the rules of the specification, whatever the program that named its bones."""
    turned = place() if kind != "VRoid" else Euler((0, 0, np.pi)).to_matrix().to_4x4()
    armature = bodies.whole(kind, turned, 0.01 if kind == "Mixamo" else 1.0)
    if kind == "MPFB":
        torso_on(armature, kind)
    bpy.ops.ofer.attach_to_armature()
    head.ofer_export.author = "Ada"
    before = dump()
    path = export(tmp_path / "out")
    assert differences(before, dump()) == []
    assert path.suffix == ".vrm"
    reader = GlbReader(path)
    assert vrm_rules.broken(reader.document) == []
    said = reader.document["extensions"]["VRMC_vrm"]
    assert said["meta"]["authors"] == ["Ada"] and said["meta"]["name"] == head.name
    assert "avatarPermission" not in said["meta"]  # only the author, as VRM has it where unsaid
    lines = findings(head, path, Target.VRM)
    assert "fault" not in lines.values(), lines
    count = len(said["humanoid"]["humanBones"])
    assert lines[f"A VRM 1.0 avatar with {count} bones."] == "good"
    assert lines[f"{count} bones of an avatar and {18 + 52} expressions, read back."] == "good"
    names = {h: reader.document["nodes"][b["node"]]["name"]
             for h, b in said["humanoid"]["humanBones"].items()}  # fmt: skip
    at = worlds(reader)
    for side, way in (("left", 1), ("right", -1)):
        arm = [at[names[side + each]] for each in ("UpperArm", "LowerArm", "Hand")]
        for start, end in zip(arm[:-1], arm[1:], strict=True):
            ahead = (end - start) / np.linalg.norm(end - start)
            assert np.abs(ahead - (way, 0, 0)).max() < 2e-3  # straight out, whatever it was
    assert np.abs(at[names["hips"]][[0, 2]]).max() < 1e-5
    assert at[names["head"]][1] > at[names["hips"]][1] + 0.5


def test_eyes_expressions_and_keys_are_where_they_say(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    armature = bodies.whole("VRM", place())
    bpy.ops.ofer.attach_to_armature()
    joints = joint_anchors.places(head)
    middle = head.matrix_world @ Vector((joints["eye_L"] + joints["eye_R"]) / 2)
    rise = middle.z - (armature.matrix_world @ armature.data.bones["head"].head_local).z
    reader = GlbReader(export(tmp_path / "out"))
    said = reader.document["extensions"]["VRMC_vrm"]
    bones = said["humanoid"]["humanBones"]
    assert said["lookAt"]["type"] == "expression"  # lids follow the keys, not the bones
    turn = vrm._world(reader.document, bones["head"]["node"])
    eyes = turn @ [*said["lookAt"]["offsetFromHeadBone"], 1]
    assert abs(eyes[0]) < 0.01 and eyes[2] > 0.02  # before the head's bone, in the middle
    assert eyes[1] - turn[1, 3] == pytest.approx(rise, abs=1e-4)
    keys = reader.summary().meshes[0].keys
    custom = said["expressions"]["custom"]
    assert list(custom) == list(ARKIT_52)
    for unit, one in custom.items():
        (bind,) = one["morphTargetBinds"]
        assert keys[bind["index"]] == unit and bind["weight"] == 1
    blink = said["expressions"]["preset"]["blink"]["morphTargetBinds"]
    assert {keys[b["index"]] for b in blink} == {"eyeBlinkLeft", "eyeBlinkRight"}
    look = said["expressions"]["preset"]["lookLeft"]["morphTargetBinds"]
    assert {keys[b["index"]] for b in look} == {"eyeLookOutLeft", "eyeLookInRight"}


def test_without_keys_the_bones_of_the_eyes_look(record: Reconstruction, tmp_path: Path) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bodies.whole("VRM", place())
    bpy.ops.ofer.attach_to_armature()
    reader = GlbReader(export(tmp_path / "out"))
    assert vrm_rules.broken(reader.document) == []
    said = reader.document["extensions"]["VRMC_vrm"]
    assert said["lookAt"]["type"] == "bone" and "expressions" not in said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "A glTF is written, not a VRM: the head is on no body."),
        ("VRM", "A glTF is written, not a VRM: the body lacks spine, leftUpperLeg, leftLowerLeg, "
                "leftFoot, leftUpperArm, leftLowerArm, rightUpperLeg, rightLowerLeg …."),
    ],
)  # fmt: skip
def test_without_a_whole_body_it_is_said(
    head: bpy.types.Object, tmp_path: Path, body: str | None, said: str
) -> None:
    if body:
        bodies.make(body)
        bpy.ops.ofer.attach_to_armature()
    else:
        bpy.ops.ofer.add_rig()
    path = export(tmp_path / "out")
    assert path.suffix == ".glb" and "VRMC_vrm" not in GlbReader(path).document.get(
        "extensions", {}
    )
    lines = findings(head, path, Target.VRM)
    assert lines[said] == "note" and "fault" not in lines.values()


def test_bones_that_hang_elsewhere_are_missing() -> None:
    """A required one; an optional one is left out, and what may only be there with it."""
    parents = {"hips": "", "spine": "hips", "chest": "hips", "up": "chest", "head": "spine"}
    named = {"hips": "hips", "spine": "spine", "chest": "chest", "upperChest": "up", "head": "head"}
    found = human_bones.in_hierarchy(named, parents)
    assert dict(found.bones) == {"hips": "hips", "spine": "spine", "head": "head"}
    assert "hips" not in found.missing and "leftHand" in found.missing
    wrong = human_bones.in_hierarchy(named, parents | {"head": ""})
    assert "head" in wrong.missing


def test_a_file_that_lost_bones_is_a_fault(head: bpy.types.Object, tmp_path: Path) -> None:
    bodies.whole("Humanoid")
    bpy.ops.ofer.attach_to_armature()
    path = export(tmp_path / "out")
    reader = GlbReader(path)
    bones = reader.document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    del bones["leftFoot"]
    vrm._write(path, reader.document, reader.binary_chunk)
    lines = findings(head, path, Target.VRM)
    assert lines["Of the avatar's bones, leftFoot are lost."] == "fault"


def test_what_hangs_on_the_arms_goes_with_them(head: bpy.types.Object, tmp_path: Path) -> None:
    """What the hand moves stays as it lies to the hand."""
    armature = bodies.whole("VRM")
    torso = torso_on(armature, "VRM")
    for group in torso.vertex_groups:
        if group.name in armature.data.bones:
            group.remove(range(64))
    torso.vertex_groups["hand.L"].add(range(64), 1.0, "REPLACE")
    bpy.ops.ofer.attach_to_armature()
    mesh = np.array([v.co for v in torso.data.vertices])[:48] + (0, 0, RAISED)
    hand = armature.data.bones["hand.L"]
    away = np.linalg.norm(mesh - np.array(hand.head_local), axis=1)
    reader = GlbReader(export(tmp_path / "out"))
    points = reader.positions("torso")
    moved = np.linalg.norm(points - worlds(reader)["hand.L"], axis=1)
    assert (
        np.abs(np.percentile(moved, [0, 50, 100]) - np.percentile(away, [0, 50, 100])).max() < 2e-3
    )
    assert worlds(reader)["hand.L"][1] > hand.head_local.z + 0.3  # to which it went up


def test_rigify(head: bpy.types.Object, tmp_path: Path) -> None:
    """Blender's own metarig, hands with all their fingers."""
    bodies.rigify(generated=False).select_set(True)
    bpy.ops.ofer.attach_to_armature()
    reader = GlbReader(export(tmp_path / "out"))
    assert vrm_rules.broken(reader.document) == []
    bones = reader.document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    assert {"leftThumbDistal", "rightLittleDistal", "leftToes", "upperChest"} <= set(bones)


def test_a_body_of_mpfb2(head: bpy.types.Object, tmp_path: Path) -> None:
    """Its arms, which hang at rest, are level in the file, and its soles are on the ground."""
    human, _ = mpfb_body.make()
    mpfb_body.behead(human)
    bpy.ops.ofer.attach_to_armature()
    bpy.ops.ofer.bridge_neck()
    path = export(tmp_path / "out")
    reader = GlbReader(path)
    assert vrm_rules.broken(reader.document) == []
    assert "fault" not in findings(head, path, Target.VRM).values()
    points = reader.positions("Human")
    assert abs(points[:, 1].min()) < 2e-3
    at = worlds(reader)
    assert np.ptp([at[f"{n}.L"][1] for n in ("upperarm01", "lowerarm01", "wrist")]) < 2e-3
    tips = points[points[:, 0] > at["wrist.L"][0]]
    assert np.abs(tips[:, 1] - at["wrist.L"][1]).max() < 0.08  # the hand is level with the wrist
