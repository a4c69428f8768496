"""What an exported file promises its program: size, axes, bones, names, keys, what is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import read_back
import synthetic
from exporting import export, findings
from ofer_faces.ofer_blender.export import fbx_tree
from ofer_faces.ofer_blender.export.fbx import FbxReader, name_of
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import PRESETS, Format, Target
from ofer_faces.ofer_blender.head import hypotheses, shape_keys
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.files.sidecar import sidecar_of
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump

HERE = Path(__file__).parent
FBX = [each for each in Target if PRESETS[each].format is Format.FBX]
ONE_EACH = (Target.GLB, Target.FBX, Target.UNREAL, Target.USD, Target.OBJ)
METRES = {Target.UNITY: 1.0, Target.VRCHAT: 1.0, Target.META: 1.0,
          Target.UNREAL: 0.01, Target.METAHUMAN: 0.01, Target.FBX: 0.01}  # fmt: skip
Z_UP = (Target.UNREAL, Target.METAHUMAN)
BONELESS = [each for each in Target if not PRESETS[each].rig]


@pytest.fixture
def record(tmp_path: Path) -> Reconstruction:
    return synthetic.write(tmp_path, "anna")


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    return hypotheses.active_head(bpy.context)


def usd(path: Path, tmp_path: Path) -> dict[str, np.ndarray]:
    """Read by Pixar's library, in a process of its own: Blender brings another copy of it."""
    out = tmp_path / "seen.npz"
    command = [sys.executable, str(HERE / "usd_reader.py"), str(path), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode == 3:
        pytest.skip("usd-core is not installed: `python3 install.py test`")
    assert done.returncode == 0, done.stderr
    return dict(np.load(out))


# Size and axes


@pytest.mark.parametrize("target", FBX)
def test_fbx_lies_as_its_program_wants_it(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, target: Target
) -> None:
    """By the bytes: the unit, the axes, nothing scaled or turned but bones, plain numbers."""
    path = export(tmp_path / "out", target)
    said = json.loads(sidecar_of(path).read_text("utf-8"))["units"]
    unit = "centimetres" if METRES[target] == 0.01 else "metres"
    assert said.startswith(f"{unit}, {'Z up, -Y' if target in Z_UP else 'Y up, +Z'} ahead;")
    tree = fbx_tree.read(path)
    settings = tree.only(b"GlobalSettings")

    def number(name: bytes) -> float:
        return settings.setting(name).values[4]

    assert number(b"UnitScaleFactor") == pytest.approx(METRES[target] * 100, rel=1e-6)
    axes = [number(name) for name in (b"UpAxis", b"UpAxisSign", b"FrontAxis", b"FrontAxisSign",
                                    b"CoordAxis", b"CoordAxisSign")]  # fmt: skip
    assert axes == ([2, 1, 1, -1, 0, 1] if target in Z_UP else [1, 1, 2, 1, 0, 1])
    for model in tree.only(b"Objects").all(b"Model"):
        for name, still in ((b"Lcl Scaling", 1.0), (b"Lcl Rotation", 0.0), (b"Lcl Translation", 0)):
            found = model.setting(name)
            if found and (name == b"Lcl Scaling" or model.values[2] != b"LimbNode"):
                assert found.values[4:7] == pytest.approx([still] * 3, abs=1e-5)
    (points,) = (each.array(b"Vertices").reshape(-1, 3) for each in
                 tree.only(b"Objects").all(b"Geometry") if each.values[2] == b"Mesh")  # fmt: skip
    rest = record.array("identity_vertices")[0]
    wanted = to_blender(rest) if target in Z_UP else rest
    assert np.abs(points * METRES[target] - wanted).max() < 1e-6


def test_the_numbers_of_centimetres_and_metres_differ(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    sizes = {}
    for target in FBX:
        tree = fbx_tree.read(export(tmp_path / target, target))
        (mesh,) = (e for e in tree.only(b"Objects").all(b"Geometry") if e.values[2] == b"Mesh")
        sizes[target] = np.ptp(mesh.array(b"Vertices"))
    for target in FBX:
        assert sizes[target] * METRES[target] == pytest.approx(sizes[Target.UNITY], rel=1e-5)


@pytest.mark.parametrize("target", ONE_EACH)
@pytest.mark.parametrize(
    ("system", "scale"), [("METRIC", 0.01), ("METRIC", 1000.0), ("IMPERIAL", 1.0), ("NONE", 0.01)]
)
def test_no_scene_setting_reaches_the_file(
    head: bpy.types.Object, tmp_path: Path, target: Target, system: str, scale: float
) -> None:
    """The unit scale that Unreal's users set, a frame rate, a frame, a simplified view."""
    plain = _geometry(export(tmp_path / "plain", target))
    scene = bpy.context.scene
    scene.unit_settings.system, scene.unit_settings.scale_length = system, scale
    scene.render.fps, scene.frame_start = 12, 7
    scene.frame_set(30)
    scene.render.use_simplify, scene.render.simplify_subdivision = True, 0
    scene.gravity, scene.name = (0, 0, 0), "set up"
    before = dump()
    path = export(tmp_path / "other", target)
    assert differences(before, dump()) == []
    seen = _geometry(path)
    assert seen.keys() == plain.keys()
    for name, values in plain.items():
        assert np.array_equal(seen[name], values), name


def _geometry(path: Path) -> dict[str, np.ndarray]:
    """What is comparable of a file: all of it but names of files and times."""
    match path.suffix:
        case ".fbx":
            tree = fbx_tree.read(path)
            settings = [str(each.values) for each in tree.only(b"GlobalSettings").everything()]
            found = {"settings": np.array([each for each in settings if "Time" not in each])}
            for number, each in enumerate(tree.only(b"Objects").everything()):
                for place, value in enumerate(each.values):
                    if isinstance(value, np.ndarray) and each.name != b"Content":
                        found[f"{number} {each.name!r} {place}"] = value
            return found
        case ".obj":
            lines = [line for line in path.read_text().splitlines() if line[:2] in ("v ", "f ")]
            return {"lines": np.array(lines)}
        case ".glb":
            reader = GlbReader(path)
            (mesh,) = reader.summary().meshes
            return {"rest": reader.positions(mesh.name)} | {
                key: reader.displacement(mesh.name, key) for key in mesh.keys
            }
    seen = read_back.by_blender_beside(path)
    return {"rest": seen.rest, "moves": seen.moves}


# Bones


def test_unreal_gets_root_as_its_first_bone(head: bpy.types.Object, tmp_path: Path) -> None:
    path = export(tmp_path / "out", Target.UNREAL, lods=2)
    tree = fbx_tree.read(path)
    objects = tree.only(b"Objects")
    models = {each.values[0]: each for each in objects.all(b"Model")}
    above = {each.values[1]: each.values[2] for each in tree.only(b"Connections").inner
             if each.values[1] in models and each.values[2] in {0, *models}}  # fmt: skip
    kinds = {each.values[2] for each in models.values()}
    assert kinds == {b"LimbNode", b"Mesh"}, "no empty"
    bones = [each for each in models.values() if each.values[2] == b"LimbNode"]
    assert name_of(bones[0]) == "root" and above[bones[0].values[0]] == 0
    assert all(above[each.values[0]] in models for each in bones[1:])
    known = {each.values[0] for each in objects.inner} | {0}
    for link in tree.only(b"Connections").inner:
        assert set(link.values[1:3]) <= known, "nothing hangs on what is gone"
    for pose in objects.all(b"Pose"):
        nodes = [each.array(b"Node").item() for each in pose.all(b"PoseNode")]
        assert set(nodes) <= known and len(nodes) == pose.array(b"NbPoseNodes").item()
    for kind in tree.only(b"Definitions").all(b"ObjectType"):
        count = len(objects.all(kind.values[0]))
        if kind.values[0] in (b"Model", b"NodeAttribute"):
            assert kind.array(b"Count").item() == count
    assert FbxReader(path).summary().joints == rig.BONES
    sidecar = json.loads(sidecar_of(path).read_text("utf-8"))
    assert sidecar["bones"] == list(rig.BONES)


def test_unreal_bones_stand_where_the_rig_has_them(head: bpy.types.Object, tmp_path: Path) -> None:
    armature = rig.rig_of(head)
    wanted = {bone.name: np.array(bone.head_local) for bone in armature.data.bones}
    path = export(tmp_path / "out", Target.UNREAL)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    (seen,) = (each for each in bpy.data.objects if each.type == "ARMATURE")
    for name, place in wanted.items():
        found = np.array(seen.matrix_world @ seen.data.bones[name].head_local)
        assert np.abs(found - place).max() < 1e-5, name


@pytest.mark.parametrize("target", [t for t in Target if PRESETS[t].format is Format.FBX][:2])
def test_bones_move_the_head_as_here(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """The bind poses in the file fit its unit and axes."""
    path = export(tmp_path / "out", target)
    jaw = rig.rig_of(head).pose.bones["jaw"]
    jaw.rotation_euler.x = 0.5
    bpy.context.view_layer.update()
    wanted = seen_now(head)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    (armature,) = (each for each in bpy.data.objects if each.type == "ARMATURE")
    (mesh,) = (each for each in bpy.data.objects if each.type == "MESH")
    armature.pose.bones["jaw"].rotation_mode = "XYZ"
    armature.pose.bones["jaw"].rotation_euler.x = 0.5
    bpy.context.view_layer.update()
    place = np.array(mesh.matrix_world)
    seen = seen_now(mesh) @ place[:3, :3].T + place[:3, 3]
    assert np.abs(seen - wanted).max() < 1e-5


@pytest.mark.parametrize("target", [t for t in ONE_EACH if PRESETS[t].rig])
def test_a_bone_of_the_artists_own_travels(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    armature = rig.rig_of(head)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    hat = armature.data.edit_bones.new("hat")
    hat.head, hat.tail = (0, 0, 0.1), (0, 0, 0.2)
    hat.parent = armature.data.edit_bones["head"]
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = head
    path = export(tmp_path / "out", target)
    sidecar = json.loads(sidecar_of(path).read_text("utf-8"))
    assert set(sidecar["bones"]) == {*rig.BONES, "hat"}
    said = findings(target)
    assert said["Bones of your own are exported, too: hat."] == "good"
    assert "fault" not in said.values()
    match path.suffix:
        case ".glb":
            assert "hat" in GlbReader(path).summary().joints
        case ".fbx":
            assert "hat" in FbxReader(path).summary().joints
        case _:
            joints = [str(each).rpartition("/")[2] for each in usd(path, tmp_path)["joints"]]
            assert "hat" in joints


@pytest.mark.parametrize("target", [t for t in ONE_EACH if PRESETS[t].rig])
def test_what_follows_no_bone_follows_the_root(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """A hat joined to the head: exporters would invent a bone for it, or leave it behind."""
    bpy.ops.mesh.primitive_cube_add(size=0.02, location=(0, 0, 0.15))
    bpy.context.object.select_set(True)
    head.select_set(True)
    bpy.context.view_layer.objects.active = head
    bpy.ops.object.join()
    said = findings(target)
    assert said["8 vertices follow no bone: in the file they follow root."] == "note"
    path = export(tmp_path / "out", target)
    seen = read_back.by_blender_beside(path)
    assert set(seen.bones) == set(rig.BONES) and seen.off_one < 1e-4
    assert "fault" not in findings(target).values()


# Keys and names


def own_keys(head: bpy.types.Object, *names: str) -> None:
    rest = shape_keys.points(head.data.shape_keys.reference_key)
    for number, name in enumerate(names, 1):
        key = head.shape_key_add(name=name, from_mix=False)
        shape_keys.set_points(key, rest + np.float32(0.001 * number))


@pytest.mark.parametrize("target", [Target.GLB, Target.FBX, Target.UNREAL, Target.USD])
def test_keys_of_the_artists_own_travel(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    own_keys(head, "vrc.v_aa", "あ", "A I", "JawOpen", "jawOpenWide")
    before = findings(target)
    listed = "vrc.v_aa, あ, A I, JawOpen, jawOpenWide"
    assert (
        before[f"Keys of your own are not exported unless Keys is Everything: {listed}."] == "note"
    )
    path = export(tmp_path / "out", target, keys="ALL")
    sidecar = json.loads(sidecar_of(path).read_text("utf-8"))
    expected = {
        Target.GLB: ("vrc.v_aa", "あ", "A I", "JawOpen", "jawOpenWide"),
        Target.FBX: ("vrc.v_aa", "あ", "A I", "JawOpen", "jawOpenWide"),
        Target.UNREAL: ("vrc.v_aa", "あ", "A I", "JawOpen_2", "jawOpenWide"),
        Target.USD: ("vrc_v_aa", "あ", "A_I", "JawOpen", "jawOpenWide"),
    }[target]
    assert tuple(sidecar["keys"][-5:]) == expected and len(set(sidecar["keys"])) == len(
        sidecar["keys"]
    )
    match path.suffix:
        case ".glb":
            (mesh,) = GlbReader(path).summary().meshes
            assert mesh.keys == tuple(sidecar["keys"])
            moved = GlbReader(path).displacement(mesh.name, "vrc.v_aa")
            assert np.abs(np.abs(moved) - 0.001).max() < 1e-6
        case ".fbx":
            assert FbxReader(path).summary().meshes[0].keys == tuple(sidecar["keys"])
        case _:
            assert tuple(map(str, usd(path, tmp_path)["keys"])) == tuple(sidecar["keys"])
    after = findings(target)
    assert "fault" not in after.values()
    assert f"Keys of your own are exported: {listed}." in after
    renamed = [text for text in after if text.startswith("Keys of your own have other names")]
    assert bool(renamed) == (target in (Target.UNREAL, Target.USD))


def test_a_key_moves_what_its_group_and_its_own_basis_say(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    own_keys(head, "first", "second")
    keys = head.data.shape_keys.key_blocks
    keys["second"].relative_key = keys["first"]
    group = head.vertex_groups.new(name="half")
    group.add([0, 1, 2], 0.5, "REPLACE")
    keys["first"].vertex_group = "half"
    reader = GlbReader(export(tmp_path / "out", Target.GLB, keys="ALL"))
    (mesh,) = reader.summary().meshes
    first, second = (reader.displacement(mesh.name, name) for name in ("first", "second"))
    assert np.abs(first).max() == pytest.approx(0.0005, abs=1e-6)
    assert (np.abs(first).max(1) > 1e-5).sum() <= 3 * 4
    assert np.abs(second - (0.001, 0.001, -0.001)).max() < 1e-6


@pytest.mark.parametrize("target", [Target.GLB, Target.FBX, Target.USD, Target.OBJ])
def test_heads_keep_their_names(head: bpy.types.Object, tmp_path: Path, target: Target) -> None:
    for name in (
        "花子", "山田 花子", "Мария", "مريم", "हिन्दी", "José", "анна-2", "3 Köpfe", "Anna 😀",
        "🚀", "𠮷野",
    ):  # fmt: skip
        head.name = name
        path = export(tmp_path / name.replace(" ", "_"), target)
        letters = "".join(each if f"_{each}".isidentifier() else "_" for each in name)
        letters = letters if letters.isidentifier() else f"_{letters}"
        match path.suffix:
            case ".glb":
                reader = GlbReader(path)
                assert reader.summary().meshes[0].name == f"{letters}_head"
                assert [each["name"] for each in reader.document["scenes"]] == [name]
            case ".fbx":
                assert FbxReader(path).summary().meshes[0].name == f"{letters}_head"
            case ".obj":
                assert f"\no {letters}_head\n" in path.read_text("utf-8")
            case _:
                seen = usd(path, tmp_path)
                if bpy.app.version < (4, 5, 0):  # writes a first digit as another underscore
                    letters = letters.replace("_3", "_")
                assert f"/{letters}_head/" in str(seen["mesh"])
                assert f"{name}_head" in seen["called"].tolist()
        assert json.loads(sidecar_of(path).read_text("utf-8"))["name"] == name
        assert head.name == name


@pytest.mark.parametrize("name", ["山田 花子 #1 50%", "a'b\"c", "-mm 1", "ünï.cö dé", "👩‍🚀 𠮷"])
@pytest.mark.parametrize("target", [Target.FBX, Target.USD, Target.OBJ])
def test_pictures_are_found_beside_any_file(
    head: bpy.types.Object, tmp_path: Path, target: Target, name: str
) -> None:
    path = export(tmp_path / name, target)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    read_back.import_file(path)
    sizes = [tuple(each.size) for each in bpy.data.images if each.source == "FILE"]
    assert sizes and (0, 0) not in sizes


def test_a_name_that_is_taken_in_the_scene_is_the_files_all_the_same(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    """As after an export that was imported again."""
    others = [bpy.data.objects.new(name, None) for name in ("anna_head", "anna_rig")]
    bpy.data.meshes.new("anna_head")
    before = dump()
    reader = GlbReader(export(tmp_path / "out", Target.GLB))
    assert differences(before, dump()) == []
    assert [mesh.name for mesh in reader.summary().meshes] == ["anna_head"]
    names = [each["name"] for each in reader.document["nodes"]]
    assert "anna_rig" in names and [each.name for each in others] == ["anna_head", "anna_rig"]
    materials = [each["name"] for each in reader.document["materials"]]
    assert set(materials) <= set(bpy.data.materials.keys())


def test_very_long_names(head: bpy.types.Object, tmp_path: Path) -> None:
    head.name = "花" * 40
    reader = GlbReader(export(tmp_path / "out", Target.GLB, lods=2))
    names = [mesh.name for mesh in reader.summary().meshes]
    assert [name.rpartition("_")[2] for name in names] == ["LOD0", "LOD1"]


# What belongs to the head and stays behind is named before


def test_what_stays_behind_is_said(head: bpy.types.Object, tmp_path: Path) -> None:
    armature = rig.rig_of(head)
    head.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=1)
    armature.pose.bones["jaw"].keyframe_insert("rotation_euler", frame=1)
    head.data.shape_keys.animation_data.action.name = "talking"
    armature.animation_data.action.name = "nodding"
    hair = bpy.data.objects.new("hair", bpy.data.meshes.new("hair"))
    bpy.context.scene.collection.objects.link(hair)
    hair.parent, hair.parent_type, hair.parent_bone = armature, "BONE", "head"
    for name in ("stand", "lamp", "brow", "coat", "ball"):
        data = bpy.data.lights.new(name, "POINT") if name == "lamp" else bpy.data.meshes.new(name)
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, data))
    thing = bpy.data.objects
    thing["lamp"].parent = head
    thing["brow"].parent = thing["lamp"]
    thing["coat"].modifiers.new("Armature", "ARMATURE").object = armature
    thing["ball"].constraints.new("COPY_LOCATION").target = armature
    head.data.shape_keys.key_blocks["jawLeft"].driver_add("value")
    said = findings(Target.GLB)
    assert said["Animation that is not exported: nodding, talking."] == "note"
    behind = "What hangs on the head or its bones is not exported: hair, brow, coat, ball."
    assert said[behind] == "note"
    assert said["1 drivers are not exported."] == "note"
    before = dump()
    export(tmp_path / "out", Target.GLB)
    assert differences(before, dump()) == []


@pytest.mark.parametrize("target", [Target.UNREAL, Target.FBX])
def test_names_that_differ_by_capitals_alone(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """Unreal takes them for one: the second gets a number there, and the check says so."""
    for name in ("Smile", "smile", "JAWOPEN"):
        head.shape_key_add(name=name, from_mix=False)
    head.ofer_export.keys = "ALL"
    path = export(tmp_path / "out", target)
    keys = read_back.by_blender_beside(path).keys
    found = [name for name in keys if name.casefold() in ("smile", "smile_2", "jawopen_2")]
    other = "Keys of your own have other names in the file: smile_2, JAWOPEN_2."
    if target is Target.FBX:
        assert found == ["Smile", "smile"] and other not in findings(target)
    else:
        assert found == ["Smile", "smile_2", "JAWOPEN_2"]
        assert len({name.casefold() for name in keys}) == len(keys)
        assert findings(target)[other] == "note"


@pytest.mark.parametrize("whose", ["head", "rig", "parent"])
def test_a_mirrored_head_is_named(head: bpy.types.Object, tmp_path: Path, whose: str) -> None:
    """Mirrored, it looks to the other side than in its file."""
    plain = _geometry(export(tmp_path / "plain", Target.GLB))
    parent = bpy.data.objects.new("parent", None)
    bpy.context.scene.collection.objects.link(parent)
    rig.rig_of(head).parent = parent
    {"head": head, "rig": rig.rig_of(head), "parent": parent}[whose].scale.x = -1.0
    bpy.context.view_layer.update()
    what = "The head is mirrored in the scene; in the file left and right are the photo's."
    assert findings(Target.GLB)[what] == "note"
    seen = _geometry(export(tmp_path / "out", Target.GLB))
    for name, values in plain.items():
        np.testing.assert_array_equal(seen[name], values, err_msg=name)


def test_a_rig_of_another_is_named_without_a_circular_fix(
    record: Reconstruction, tmp_path: Path
) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = bpy.context.object
    theirs = bpy.data.objects.new("Rigify", bpy.data.armatures.new("Rigify"))
    bpy.context.scene.collection.objects.link(theirs)
    head.modifiers.new("Armature", "ARMATURE").object = theirs
    said = findings(Target.GLB)
    what = "The head follows Rigify, no rig of ours: the file would have no bones."
    assert said[what] == "fault"
    fixes = {line.text: line.fix for line in head.ofer_export.findings}
    assert fixes[what] == ""


# What is shown


@pytest.mark.parametrize("target", BONELESS)
@pytest.mark.parametrize("hidden", [False, True])
def test_what_is_shown_is_baked_with_the_pose(
    head: bpy.types.Object, tmp_path: Path, target: Target, hidden: bool
) -> None:
    armature = rig.rig_of(head)
    armature.pose.bones["jaw"].rotation_euler.x = 0.6
    armature.pose.bones["head"].rotation_euler.z = 0.3
    armature.location, armature.rotation_euler = (1, 2, 3), (0, 0, 0.5)
    head.data.shape_keys.key_blocks["mouthSmileLeft"].value = 0.8
    bpy.context.view_layer.update()
    shown = seen_now(head)
    head.hide_viewport = hidden
    head.ofer_export.bake = True
    before = dump()
    path = export(tmp_path / "out", target)
    assert differences(before, dump()) == []
    assert apart(read_back.by_blender_beside(path).rest, to_gltf(shown)) < 1e-5
    rest = shape_keys.points(head.data.shape_keys.reference_key)
    assert np.linalg.norm(shown - rest, axis=1).max() > 0.01


def one_key_alone(head: bpy.types.Object) -> None:
    head.data.shape_keys.key_blocks["mouthSmileLeft"].value = 0.8
    half = head.vertex_groups.new(name="half")
    half.add(list(range(0, len(head.data.vertices), 2)), 0.5, "REPLACE")
    head.data.shape_keys.key_blocks["identity_03"].vertex_group = "half"
    head.active_shape_key_index = head.data.shape_keys.key_blocks.find("identity_03")
    head.show_only_shape_key = True


def a_muted_key_alone(head: bpy.types.Object) -> None:
    one_key_alone(head)
    head.data.shape_keys.key_blocks["identity_03"].mute = True


def absolute(head: bpy.types.Object) -> None:
    head.data.shape_keys.use_relative = False
    head.data.shape_keys.eval_time = 25.0


def absolute_and_animated(head: bpy.types.Object) -> None:
    absolute(head)
    for frame, time in ((1, 10.0), (11, 30.0)):
        head.data.shape_keys.eval_time = time
        head.data.shape_keys.keyframe_insert("eval_time", frame=frame)
    bpy.context.scene.frame_set(4, subframe=0.5)


@pytest.mark.parametrize(
    "set_up", [one_key_alone, a_muted_key_alone, absolute, absolute_and_animated]
)
@pytest.mark.parametrize("target", [Target.GLB, Target.OBJ])
def test_keys_that_do_not_add_up_are_baked_as_they_show(
    head: bpy.types.Object, tmp_path: Path, set_up: Callable[[bpy.types.Object], None],
    target: Target,
) -> None:  # fmt: skip
    set_up(head)
    bpy.context.view_layer.update()
    shown = seen_now(head)
    head.ofer_export.bake = True
    before = dump()
    path = export(tmp_path / "out", target)
    assert differences(before, dump()) == []
    assert apart(read_back.by_blender_beside(path).rest, to_gltf(shown)) < 1e-5


def test_what_is_shown_has_its_modifiers(head: bpy.types.Object, tmp_path: Path) -> None:
    head.modifiers.new("Subdivision", "SUBSURF")
    rig.rig_of(head).pose.bones["jaw"].rotation_euler.x = 0.6
    bpy.context.view_layer.update()
    shown = seen_now(head)
    assert len(shown) > len(head.data.vertices)
    path = export(tmp_path / "out", Target.OBJ, bake=True)
    assert apart(read_back.by_blender_beside(path).rest, to_gltf(shown)) < 1e-5


def test_the_pose_of_another_rig_is_baked_with_the_keys(
    record: Reconstruction, tmp_path: Path
) -> None:
    """Its bones are not in the file, so its pose is in the shape, and the keys move that."""
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    head = bpy.context.object
    theirs = bpy.data.objects.new("Rigify", bpy.data.armatures.new("Rigify"))
    bpy.context.scene.collection.objects.link(theirs)
    bpy.context.view_layer.objects.active = theirs
    bpy.ops.object.mode_set(mode="EDIT")
    bone = theirs.data.edit_bones.new("spine")
    bone.head, bone.tail = (0, 0, -0.1), (0, 0, 0.1)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = head
    head.vertex_groups.new(name="spine").add(range(60), 1.0, "REPLACE")
    head.modifiers.new("Armature", "ARMATURE").object = theirs
    theirs.pose.bones["spine"].rotation_euler = (0, 0.4, 0)
    theirs.pose.bones["spine"].rotation_mode = "XYZ"
    head.data.shape_keys.key_blocks["jawOpen"].value = 0.5
    bpy.context.view_layer.update()
    shown = seen_now(head)
    path = export(tmp_path / "out", Target.GLB, bake=True)
    seen = GlbReader(path)
    assert seen.summary().meshes[0].keys == ARKIT_52
    assert apart(seen.positions("anna_head"), to_gltf(shown)) < 1e-5


def test_a_pose_that_stays_behind_is_said(head: bpy.types.Object) -> None:
    head.ofer_export.bake = True
    said = "The pose of the bones is not exported: in the file they rest."
    assert said not in findings(Target.GLB)
    rig.rig_of(head).pose.bones["jaw"].rotation_euler.x = 0.6
    assert said in findings(Target.GLB)
    assert said not in findings(Target.OBJ)


def seen_now(head: bpy.types.Object) -> np.ndarray:
    """(V, 3) metres, the head's own frame."""
    mesh = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    found = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", found.ravel())
    return found.copy()


def to_gltf(points: np.ndarray) -> np.ndarray:
    return np.stack((points[:, 0], points[:, 2], -points[:, 1]), -1)


def apart(seen: np.ndarray, wanted: np.ndarray) -> float:
    """Metres from the farthest of points (N, 3) to its nearest among (V, 3), and back."""
    between = np.linalg.norm(seen[:, None] - wanted[None], axis=-1)
    return float(max(between.min(axis=1).max(), between.min(axis=0).max()))


# Modifiers


@pytest.mark.parametrize("target", [Target.GLB, Target.FBX, Target.USD])
def test_modifiers_are_applied_key_by_key(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    """Each key is what the modifiers make of it, and all are there; between vertices that follow
    other bones, no vertex follows more than programs keep."""
    for bone, vertices in zip(rig.BONES, np.arange(120).reshape(60, 2) % 120, strict=False):
        head.vertex_groups[bone].add(vertices.tolist(), 0.4, "REPLACE")
    head.modifiers.new("Subdivision", "SUBSURF").levels = 1
    push = head.modifiers.new("Push", "DISPLACE")
    push.strength, push.mid_level = 0.01, 0.0
    head.modifiers.new("Off", "DECIMATE").show_viewport = False
    keys = head.data.shape_keys.key_blocks
    rest = seen_now(head)
    wanted = {}
    for name in ("jawOpen", "mouthSmileLeft"):
        keys[name].value = 1.0
        bpy.context.view_layer.update()
        wanted[name] = seen_now(head) - rest
        keys[name].value = 0.0
    said = findings(target)
    assert (
        "Modifiers are not exported unless Apply Modifiers is on: Subdivision, Push, Off." in said
    )
    before = dump()
    path = export(tmp_path / "out", target, apply_modifiers=True)
    head.ofer_export.apply_modifiers = False
    assert differences(before, dump()) == []
    seen = read_back.by_blender_beside(path)
    assert seen.keys == ARKIT_52 and set(seen.bones) == set(rig.BONES)
    assert 1 <= seen.influences <= 4 and seen.off_one < 1e-4
    rest_there = to_gltf(rest)
    moves = np.stack([to_gltf(wanted[name]) for name in wanted])
    numbers = [ARKIT_52.index(name) for name in wanted]
    few = read_back.ReadBack(tuple(wanted), seen.rest, seen.moves[numbers], (), seen.weights, 0)
    gap, worst = read_back.differences(few, rest_there, moves, np.arange(len(rest)))
    assert gap == 0.0 and worst < 1e-5
    head.ofer_export.apply_modifiers = True
    said = findings(target)
    assert said["Modifiers are applied, key by key: Subdivision, Push."] == "good"
    assert said["Modifiers that are off are not exported: Off."] == "note"


def test_modifiers_with_levels_of_detail(head: bpy.types.Object, tmp_path: Path) -> None:
    head.modifiers.new("Subdivision", "SUBSURF").levels = 1
    path = export(tmp_path / "out", Target.GLB, apply_modifiers=True, lods=3, keys="ALL")
    meshes = GlbReader(path).summary().meshes
    assert len(meshes) == 3 and all(mesh.keys[:52] == ARKIT_52 for mesh in meshes)


def test_a_modifier_that_makes_other_points_is_refused(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    remesh = head.modifiers.new("Remesh", "REMESH")
    remesh.mode, remesh.voxel_size = "VOXEL", 0.01
    head.ofer_export.apply_modifiers = True
    bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match=r"cannot be applied: Remesh\. Turn them off"):
        bpy.ops.ofer.export_head(filepath=str(tmp_path / "out"), target="GLB")
    assert differences(before, dump()) == []
    assert not (tmp_path / "out.glb").exists()


def test_modifiers_of_a_rig_are_not_baked_in(head: bpy.types.Object, tmp_path: Path) -> None:
    """A posed jaw must not be in the rest shape of a file that has the jaw's bone."""
    plain = GlbReader(export(tmp_path / "plain", Target.GLB)).positions("anna_head")
    rig.rig_of(head).pose.bones["jaw"].rotation_euler.x = 0.6
    bpy.context.view_layer.update()
    posed = GlbReader(export(tmp_path / "posed", Target.GLB, apply_modifiers=True))
    assert np.abs(posed.positions("anna_head") - plain).max() < 1e-7
