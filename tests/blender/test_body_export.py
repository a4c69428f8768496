"""What goes into a file beside a head on a body: the body's meshes, the seam, and their bones."""

from __future__ import annotations

from pathlib import Path

import bodies
import bpy
import mpfb_body
import numpy as np
import pytest
import read_back
from mathutils import Euler, Matrix, Vector
from ofer_faces.ofer_blender.export.fbx import FbxReader
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import PRESETS, Format, Target
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump

HIGH = (1.2, 1.3, 1.38, 1.5)
RAISED = 0.02


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    return hypotheses.active_head(bpy.context)


def torso_on(armature: bpy.types.Object, kind: str) -> bpy.types.Object:
    """A tube of four rings of 16, whose key raises all of it, and whose top is masked: what is
    seen of it ends at 1.4 m."""
    turn = np.arange(16) / 16 * 2 * np.pi
    ring = np.stack((0.05 * np.cos(turn), 0.05 * np.sin(turn)), 1)
    points = np.concatenate([np.column_stack((ring, np.full(16, z))) for z in HIGH])
    faces = [
        (low + n, low + (n + 1) % 16, low + 16 + (n + 1) % 16, low + 16 + n)
        for low in (0, 16, 32)
        for n in range(16)
    ]
    mesh = bpy.data.meshes.new("torso")
    mesh.from_pydata(points.tolist(), [], faces)
    torso = bpy.data.objects.new("torso", mesh)
    bpy.context.scene.collection.objects.link(torso)
    torso.matrix_world = armature.matrix_world
    torso.shape_key_add(name="Basis")
    key = torso.shape_key_add(name="tall")
    key.points.foreach_set("co", (points + (0, 0, RAISED)).ravel().astype(np.float32))
    key.value = 1.0
    torso.vertex_groups.new(name="seen").add(range(48), 1.0, "REPLACE")
    torso.modifiers.new("Mask", "MASK").vertex_group = "seen"
    hip, chest, necks, _, _, _, hands = bodies.NAMES[kind]
    shares = {chest: 0.4, necks[0]: 0.2, hip: 0.15, hands[0]: 0.15, hands[1]: 0.1}
    for name, share in shares.items():  # one bone more than programs keep
        torso.vertex_groups.new(name=name).add(range(64), share, "REPLACE")
    torso.modifiers.new("Armature", "ARMATURE").object = armature
    return torso


def place() -> Matrix:
    """Somewhere, turned about the upright."""
    return Matrix.Translation((1, 2, 0.1)) @ Euler((0, 0, 0.6)).to_matrix().to_4x4()


def findings(head: bpy.types.Object, path: Path, target: Target) -> dict[str, str]:
    """Text → level, of *Check Export*."""
    head.ofer_export.target = target
    bpy.ops.ofer.check_export(filepath=str(path))
    return {line.text: line.level for line in head.ofer_export.findings}


def export(path: Path, target: Target) -> Path:
    bpy.ops.ofer.export_head(filepath=str(path), target=target)
    return path.with_name(f"{path.name}.{PRESETS[target].format}")


def far(points: np.ndarray, wanted: np.ndarray) -> float:
    """Metres from each of some points to the nearest wanted one, and back, at most."""
    away = np.linalg.norm(points[:, None] - wanted, axis=2)
    return float(max(away.min(0).max(), away.min(1).max()))


@pytest.mark.parametrize("target", [Target.GODOT, Target.UNITY, Target.UNREAL, Target.USD])
def test_the_body_goes_along(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    """As it is seen at rest, keys and masks with it, on the bones of the file; the scene stays."""
    armature = bodies.make("MPFB", place())
    torso_on(armature, "MPFB")
    bpy.ops.ofer.attach_to_armature()
    bpy.ops.ofer.bridge_neck()
    armature.pose.bones["neck01"].location.x = 0.1
    bpy.context.view_layer.update()
    before = dump()
    path = export(tmp_path / "out", target)
    assert differences(before, dump()) == []
    lines = findings(head, path, target)
    assert "fault" not in lines.values(), lines
    assert lines["The body is exported, too: torso, anna seam."] == "good"
    if target is not Target.USD:  # which is not read back
        assert lines["2 meshes of the body, read back."] == "good"
    turn = np.array(armature.matrix_world.to_3x3())
    local = np.concatenate([np.column_stack((_ring(), np.full(16, z + RAISED))) for z in HIGH[:3]])
    wanted = local @ turn.T
    seam = bpy.data.objects["anna seam"]
    count = len(seam.data.vertices)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    read_back.import_file(path)
    found = {o.name: o for o in bpy.data.objects if o.type == "MESH"}
    name = next(n for n in found if n.startswith("torso"))
    points = np.array([found[name].matrix_world @ v.co for v in found[name].data.vertices])
    assert far(points, wanted) < 1e-5
    (bones,) = [o for o in bpy.data.objects if o.type == "ARMATURE"]
    names = {group.index: group.name for group in found[name].vertex_groups}
    for vertex in found[name].data.vertices:
        shares = {names[g.group]: g.weight for g in vertex.groups if g.weight > 0}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3) and len(shares) <= 4
        assert shares["spine01"] == pytest.approx(0.4 / 0.9, abs=1e-3)  # of the four strongest
    assert set(names.values()) <= set(bones.data.bones.keys())
    strip = found[next(n for n in found if "seam" in n)]
    assert len({tuple(np.round(v.co, 5)) for v in strip.data.vertices}) == count
    others = [each for each in found.values() if each != strip]
    there = np.concatenate([[o.matrix_world @ v.co for v in o.data.vertices] for o in others])
    ends = np.array([strip.matrix_world @ v.co for v in strip.data.vertices])
    assert np.linalg.norm(ends[:, None] - there, axis=2).min(1).max() < 1e-5  # the eased neck, too


def _ring() -> np.ndarray:
    turn = np.arange(16) / 16 * 2 * np.pi
    return np.stack((0.05 * np.cos(turn), 0.05 * np.sin(turn)), 1)


def test_the_body_stays_behind_if_it_is_to(head: bpy.types.Object, tmp_path: Path) -> None:
    armature = bodies.make("MPFB")
    torso_on(armature, "MPFB")
    bpy.ops.ofer.attach_to_armature()
    head.ofer_export.body = False
    path = export(tmp_path / "out", Target.GLB)
    lines = findings(head, path, Target.GLB)
    assert lines["The body's meshes are not exported unless Body is on."] == "note"
    assert [mesh.name for mesh in GlbReader(path).summary().meshes] == ["anna_head"]


def test_a_hidden_mesh_stays_behind(head: bpy.types.Object, tmp_path: Path) -> None:
    armature = bodies.make("MPFB")
    torso_on(armature, "MPFB").hide_set(True)
    bpy.ops.ofer.attach_to_armature()
    path = export(tmp_path / "out", Target.GLB)
    assert [mesh.name for mesh in GlbReader(path).summary().meshes] == ["anna_head"]


def test_a_mesh_that_is_called_as_the_head_in_the_file(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    """Both arrive, and the check tells them apart."""
    armature = bodies.make("MPFB")
    torso_on(armature, "MPFB").name = "anna_head"
    bpy.ops.ofer.attach_to_armature()
    path = export(tmp_path / "out", Target.GLB)
    keys = {mesh.name: len(mesh.keys) for mesh in GlbReader(path).summary().meshes}
    assert keys == {"anna_head": 52, "body2_anna_head": 0}
    assert "fault" not in findings(head, path, Target.GLB).values()


def test_a_mesh_that_is_lost_is_a_fault(head: bpy.types.Object, tmp_path: Path) -> None:
    armature = bodies.make("MPFB")
    bpy.ops.ofer.attach_to_armature()
    path = export(tmp_path / "out", Target.GLB)
    torso_on(armature, "MPFB")
    lines = findings(head, path, Target.GLB)
    assert lines["Of the body, torso is not in the file."] == "fault"


def test_the_seam_begins_where_the_body_is_seen_to_end(head: bpy.types.Object) -> None:
    """At the edge that a mask leaves, of the shape that keys make, whatever the pose."""
    armature = bodies.make("MPFB", place())
    torso_on(armature, "MPFB")
    bpy.ops.ofer.attach_to_armature()
    armature.pose.bones["spine01"].location.x = 0.3
    bpy.ops.ofer.bridge_neck()
    seam = bpy.data.objects["anna seam"]
    points = np.array([seam.matrix_world @ v.co for v in seam.data.vertices])[-16:]
    edge = np.column_stack((_ring(), np.full(16, HIGH[2] + RAISED), np.ones(16)))
    assert far(points, (edge @ np.array(armature.matrix_world).T)[:, :3]) < 1e-5


@pytest.mark.parametrize("target", [Target.UNITY, Target.UNREAL, Target.GODOT])
def test_a_body_of_mpfb2(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    """Its own mesh, rig and weights: recognised, bridged, and in the file with 163 bones."""
    human, armature = mpfb_body.make()
    ring = mpfb_body.behead(human)
    bpy.ops.ofer.attach_to_armature()
    bpy.ops.ofer.bridge_neck()
    assert len(bpy.data.objects["anna seam"].data.vertices) == 12 + ring == 12 + 42
    path = export(tmp_path / "out", target)
    lines = findings(head, path, target)
    assert "fault" not in lines.values(), lines
    assert lines["2 meshes of the body, read back."] == "good"
    assert lines["163 bones, read back by name."] == "good"
    reader = GlbReader if PRESETS[target].format is Format.GLB else FbxReader
    (size,) = [m.size for m in reader(path).summary().meshes if m.name == "Human"]
    assert max(size) == pytest.approx(max(human.dimensions), abs=1e-3)


@pytest.mark.parametrize("target", [Target.GODOT, Target.UNITY, Target.USD])
@pytest.mark.parametrize("mirrored", ["mesh", "armature", "head"])
def test_what_is_mirrored_is_not_inside_out(
    head: bpy.types.Object, tmp_path: Path, mirrored: str, target: Target
) -> None:
    mirror = Matrix.Scale(-1, 4, (1, 0, 0))
    armature = bodies.make("MPFB", place() @ mirror if mirrored == "armature" else place())
    torso = torso_on(armature, "MPFB")
    bpy.ops.ofer.attach_to_armature()
    if mirrored == "mesh":
        torso.matrix_world = torso.matrix_world @ mirror
    if mirrored == "head":
        head.scale.x *= -1
    bpy.context.view_layer.update()
    torso.modifiers.remove(torso.modifiers["Mask"])
    wanted = {"torso": outwards(torso), "anna": outwards(head)}
    assert wanted["torso"] == 1 and any(
        each.matrix_world.determinant() < 0 for each in (head, torso, armature)
    )
    path = export(tmp_path / "out", target)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    read_back.import_file(path)
    for name, share in wanted.items():
        (made,) = (o for o in bpy.data.objects if o.type == "MESH" and o.name.startswith(name))
        assert outwards(made) == pytest.approx(share, abs=0.01)


def outwards(thing: bpy.types.Object) -> float:
    """Share of the faces that are seen from outside, from far off the middle."""
    place = thing.matrix_world
    turn = place.to_3x3().inverted().transposed()
    middle = sum((place @ v.co for v in thing.data.vertices), Vector()) / len(thing.data.vertices)
    faces = thing.data.polygons
    return sum((turn @ f.normal).dot(place @ f.center - middle) > 0 for f in faces) / len(faces)
