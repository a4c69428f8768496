"""Files for other programs: read back from their own bytes, and the scene is as it was."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.export.fbx import FbxReader
from ofer_faces.ofer_blender.export.finding import Level
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.lods import reduced
from ofer_faces.ofer_blender.export.names import META, UNIFIED, NameTable, names
from ofer_faces.ofer_blender.export.plan import identifier
from ofer_faces.ofer_blender.export.presets import PRESETS, Format, Target
from ofer_faces.ofer_blender.export.shapes import Shapes
from ofer_faces.ofer_blender.head import hypotheses, shape_keys
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from recording_layout import draw
from scene_dump import differences, dump

HYPOTHESES = (
    *(f"identity_{i:02d}" for i in (2, 3, 4)),
    *(f"expression_{i:02d}" for i in (1, 2, 3)),
)


@pytest.fixture
def record(tmp_path: Path) -> Reconstruction:
    return synthetic.write(tmp_path, "anna #2")


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    """Rigged, with the 52, moved, posed and with a modifier: what must not matter."""
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = bpy.context.object
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    armature = rig.rig_of(head)
    armature.location, armature.rotation_euler = (1, 2, 3), (0, 0, 0.5)
    armature.pose.bones["jaw"].rotation_euler.x = 0.2
    head.modifiers.new("Subdivision", "SUBSURF")
    head.data.shape_keys.key_blocks["jawOpen"].value = 0.5
    head.data.shape_keys.key_blocks["mouthClose"].mute = True
    bpy.context.view_layer.update()
    return head


def export(path: Path, target: str, **options: object) -> Path:
    head = hypotheses.active_head(bpy.context)
    for name, value in options.items():
        setattr(head.ofer_export, name, value)
    bpy.ops.ofer.export_head(filepath=str(path), target=target)
    return path.with_suffix(f".{PRESETS[Target(target)].format}")


def to_gltf(points: np.ndarray) -> np.ndarray:
    """Engine and glTF agree: Y up, +Z out of the face, the subject's left is +X."""
    return points


def apart(seen: np.ndarray, wanted: np.ndarray) -> float:
    """Metres from the farthest of points (N, M) to its nearest among (V, M), and back."""
    between = np.linalg.norm(seen[:, None] - wanted[None], axis=-1)
    return max(between.min(axis=1).max(), between.min(axis=0).max())


@pytest.mark.parametrize("target", [t for t in Target if PRESETS[t].format is Format.GLB])
def test_glb_by_its_own_bytes(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, target: Target
) -> None:
    path = export(tmp_path / "out.glb", target)
    reader = GlbReader(path)
    file = reader.summary()
    (mesh,) = file.meshes
    assert mesh.name == "anna__2_head"
    assert mesh.keys == names(PRESETS[target].table)
    assert set(file.joints) == set(rig.BONES) and mesh.influences <= 4
    assert not any(mesh.weights) and file.outside == 0 and file.images >= 1
    rest = record.array("identity_vertices")[0]
    units = record.array("arkit_units")
    for name in ("eyeBlinkLeft", "jawOpen", "mouthClose", "noseSneerRight", "tongueOut"):
        unit = units[ARKIT_52.index(name)]
        # Seams split vertices, so places and movements are compared together, as clouds.
        seen = np.hstack((reader.positions(mesh.name), reader.displacement(mesh.name, name)))
        used = np.unique(record.array("polygons")[record.array("polygons") >= 0])
        assert apart(seen, np.hstack((rest, unit))[used]) < 1e-4


def test_everything_and_order(head: bpy.types.Object, tmp_path: Path) -> None:
    path = export(tmp_path / "all.glb", "GLB", keys="ALL")
    (mesh,) = GlbReader(path).summary().meshes
    assert mesh.keys == (*ARKIT_52, *HYPOTHESES)
    path = export(tmp_path / "few.glb", "GLB", keys="HYPOTHESES")
    assert GlbReader(path).summary().meshes[0].keys == HYPOTHESES
    path = export(tmp_path / "none.glb", "GLB", keys="NONE")
    assert GlbReader(path).summary().meshes[0].keys == ()


def test_what_is_shown_can_be_baked(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    plain = GlbReader(export(tmp_path / "plain.glb", "WEB")).positions("anna__2_head")
    reader = GlbReader(export(tmp_path / "baked.glb", "WEB", bake=True))
    baked = reader.positions("anna__2_head")
    jaw = reader.displacement("anna__2_head", "jawOpen")
    assert np.abs(baked - plain - 0.5 * jaw).max() < 1e-5 and np.abs(jaw).max() > 1e-3


def test_levels_of_detail_keep_the_keys(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    path = export(tmp_path / "lods.glb", "GLB", lods=3)
    reader = GlbReader(path)
    meshes = reader.summary().meshes
    assert [mesh.name for mesh in meshes] == [f"anna__2_LOD{level}" for level in range(3)]
    counts = [len(np.unique(reader.positions(mesh.name), axis=0)) for mesh in meshes]
    assert counts[0] > counts[1] > counts[2]
    biggest = np.abs(record.array("arkit_units")).max(axis=(1, 2))
    for mesh in meshes:
        assert mesh.keys == ARKIT_52 and mesh.influences <= 4
        moved = np.abs(reader.displacement(mesh.name, "jawOpen")).max()
        assert 0.5 * biggest[17] < moved <= 1.01 * biggest[17]


@pytest.mark.parametrize("how", ["hide_viewport", "hide_select", "hide_render"])
def test_hidden_things_are_in_the_file(head: bpy.types.Object, tmp_path: Path, how: str) -> None:
    """An artist hides a rig that is in the way."""
    for each in (head, rig.rig_of(head)):
        setattr(each, how, True)
    file = GlbReader(export(tmp_path / "out.glb", "GLB")).summary()
    assert [mesh.keys for mesh in file.meshes] == [ARKIT_52]
    assert set(file.joints) == set(rig.BONES)
    assert getattr(head, how) and getattr(rig.rig_of(head), how)


def test_what_moves_is_collapsed_last(head: bpy.types.Object) -> None:
    basis = shape_keys.points(head.data.shape_keys.reference_key)
    counts = []
    for side in (1, -1):
        moves = np.zeros((1, *basis.shape), np.float32)
        moves[0, basis[:, 0] * side > 0, 1] = 0.01
        coarse = reduced(head, Shapes(basis, ("half",), moves), 0.5, "coarse")
        assert set(coarse.vertex_groups.keys()) == set(head.vertex_groups.keys())
        counts.append(sum(vertex.co.x > 0 for vertex in coarse.data.vertices))
    assert counts[0] > counts[1] + 5


@pytest.mark.parametrize("target", list(Target))
def test_the_scene_is_as_it_was(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, target: Target
) -> None:
    before = dump()
    path = export(tmp_path / f"{target}.stl", target)
    assert path.stat().st_size > 1000
    assert differences(before, dump()) == []
    sidecar = json.loads(path.with_suffix(path.suffix + ".json").read_text("utf-8"))
    assert list(sidecar["expressions"]) == [item.name for item in record.expressions]
    for row, said in enumerate(sidecar["expressions"].values()):
        weights = [said["arkit"].get(name, 0.0) for name in ARKIT_52]
        np.testing.assert_allclose(weights, record.array("expression_arkit")[row], atol=1e-4)
        assert said["left_over_mm"] == 1.0
    assert sidecar["licence"]["may_be_sold"] and "provenance" not in sidecar
    assert len(sidecar["keys"]) == (52 if PRESETS[target].keys else 0)
    assert sidecar["bones"] == (list(rig.BONES) if PRESETS[target].rig else [])


@pytest.mark.parametrize("target", ["UNITY", "UNREAL", "FBX"])
def test_fbx_read_back_by_blender(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, target: str
) -> None:
    path = export(tmp_path / "back.fbx", target)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    (mesh,) = (each for each in bpy.data.objects if each.type == "MESH")
    (armature,) = (each for each in bpy.data.objects if each.type == "ARMATURE")
    assert set(armature.data.bones.keys()) == set(rig.BONES)
    keys = mesh.data.shape_keys.key_blocks
    assert tuple(keys.keys())[1:] == names(PRESETS[Target(target)].table)
    rest = to_blender(record.array("identity_vertices")[0])
    seen = np.array([mesh.matrix_world @ vertex.co for vertex in mesh.data.vertices])
    assert np.abs(seen - rest).max() < 1e-4
    unit = to_blender(record.array("arkit_units")[ARKIT_52.index("jawOpen")])
    key = keys[names(PRESETS[Target(target)].table)[ARKIT_52.index("jawOpen")]]
    moved = np.array([mesh.matrix_world @ point.co for point in key.points]) - seen
    assert np.abs(moved - unit).max() < 1e-4


def test_obj_is_the_shape(head: bpy.types.Object, record: Reconstruction, tmp_path: Path) -> None:
    path = export(tmp_path / "shape.obj", "OBJ")
    lines = path.read_text().splitlines()
    points = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)
    rest = record.array("identity_vertices")[0]
    assert apart(points, rest) < 1e-4


@pytest.mark.parametrize("table", list(NameTable))
def test_tables_of_names(table: NameTable) -> None:
    found = names(table)
    assert len(set(found)) == 52
    assert all(identifier(name) == name for name in found)


def test_what_the_tables_say() -> None:
    unified = dict(zip(ARKIT_52, UNIFIED, strict=True))
    meta = dict(zip(ARKIT_52, META, strict=True))
    assert unified["eyeBlinkLeft"] == "EyeClosedLeft" and unified["mouthRight"] == "MouthRight"
    assert unified["mouthRollUpper"] == "LipSuckUpper"
    assert meta["eyeLookInLeft"] == "EyesLookRightL" and meta["jawLeft"] == "JawSidewaysLeft"
    assert meta["mouthSmileRight"] == "LipCornerPullerR" and meta["mouthFunnel"] == ""
    assert names(NameTable.UNREAL)[0] == "EyeBlinkLeft"


def test_check_finds_and_fixes(head: bpy.types.Object, tmp_path: Path) -> None:
    def found() -> dict[str, str]:
        bpy.ops.ofer.check_export()
        return {line.fix: line.text for line in head.ofer_export.findings if line.fix}

    blocks = head.data.shape_keys.key_blocks
    blocks["jawOpen"].slider_max = 2.0
    rig.rig_of(head).scale = (2, 2, 2)
    for name in rig.BONES:
        head.vertex_groups[name].add([0], 0.2, "REPLACE")
    head.shape_key_remove(blocks["tongueOut"])
    bpy.context.view_layer.update()
    fixes = found()
    assert set(fixes) == {
        "ofer.add_arkit", "ofer.unmute_keys", "ofer.reset_ranges", "ofer.limit_influences",
        "ofer.real_size", "ofer.bake_shown",
    }  # fmt: skip
    assert "6 bones" in fixes["ofer.limit_influences"]
    drawn = draw("OFER_PT_export")
    assert "[ofer.limit_influences] Limit to Four Bones" in drawn
    for fix in fixes:
        module, name = fix.split(".")
        getattr(getattr(bpy.ops, module), name)()
    bpy.context.view_layer.update()
    assert found() == {}
    assert any("Subdivision" in line.text for line in head.ofer_export.findings)
    assert any("May be sold" in line.text for line in head.ofer_export.findings)


def test_check_reads_the_file(head: bpy.types.Object, tmp_path: Path) -> None:
    path = export(tmp_path / "anna.glb", "GLB")
    bpy.ops.ofer.check_export(filepath=str(path))
    levels = [line.level for line in head.ofer_export.findings]
    assert Level.FAULT not in levels
    said = " ".join(line.text for line in head.ofer_export.findings)
    assert "52 keys, read back by name and in order" in said and "6 bones, read back" in said
    other = export(tmp_path / "other.glb", "GLB", keys="NONE")
    head.ofer_export.keys = "ARKIT"
    bpy.ops.ofer.check_export(filepath=str(other))
    assert any("52 keys are lost" in line.text for line in head.ofer_export.findings)
    again = {line.fix for line in head.ofer_export.findings if line.level == Level.FAULT}
    assert again == {"ofer.export_head"}
    other.write_bytes(b"glTF nonsense")
    bpy.ops.ofer.check_export(filepath=str(other))
    assert any("cannot be read back" in line.text for line in head.ofer_export.findings)


def test_check_knows_what_was_exported(head: bpy.types.Object, tmp_path: Path) -> None:
    """The button in the panel names no file."""
    head.ofer_export.target = "GODOT"
    bpy.ops.ofer.check_export()
    assert not any("read back" in line.text for line in head.ofer_export.findings)
    path = export(tmp_path / "anna.glb", "GODOT")
    bpy.ops.ofer.check_export()
    assert any("52 keys, read back" in line.text for line in head.ofer_export.findings)
    path.unlink()
    bpy.ops.ofer.check_export()
    assert any("anna.glb is not there" in line.text for line in head.ofer_export.findings)
    head.ofer_export.target = "UNITY"
    bpy.ops.ofer.check_export()
    assert not any("is not there" in line.text for line in head.ofer_export.findings)


@pytest.mark.parametrize("target", ["UNITY", "UNREAL", "METAHUMAN", "FBX"])
def test_check_reads_an_fbx(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, target: str
) -> None:
    path = export(tmp_path / "anna.fbx", target, lods=2)
    head.ofer_export.target = target
    bpy.ops.ofer.check_export(filepath=str(path))
    assert Level.FAULT not in [line.level for line in head.ofer_export.findings]
    preset, file = PRESETS[Target(target)], FbxReader(path).summary()
    assert [mesh.name for mesh in file.meshes] == ["anna__2_LOD0", "anna__2_LOD1"]
    tall = np.ptp(record.array("identity_vertices")[0][:, 1])
    for mesh in file.meshes:
        assert mesh.keys == (names(preset.table) if preset.keys else ())
        assert max(mesh.size) == pytest.approx(tall, rel=0.05)
        assert 1 <= mesh.influences <= 4 if preset.rig else mesh.influences == 0
    assert set(file.joints) == (set(rig.BONES) if preset.rig else set())
    assert file.images >= 1 and file.outside == 0
    if preset.keys:
        head.ofer_export.target = "FBX" if target != "FBX" else "UNREAL"
        head.ofer_export.keys = "ALL"
        bpy.ops.ofer.check_export(filepath=str(path))
        assert any("keys are lost" in line.text for line in head.ofer_export.findings)
    path.write_bytes(path.read_bytes()[:2000])
    bpy.ops.ofer.check_export(filepath=str(path))
    assert any("cannot be read back" in line.text for line in head.ofer_export.findings)


def test_a_file_that_is_not_read_back_is_called_so(head: bpy.types.Object, tmp_path: Path) -> None:
    path = export(tmp_path / "anna.usdc", "USD")
    head.ofer_export.target = "USD"
    bpy.ops.ofer.check_export(filepath=str(path))
    said = [line.text for line in head.ofer_export.findings]
    assert "The content of a .usdc file is not read back." in said


def test_a_pack_that_may_not_be_sold(head: bpy.types.Object) -> None:
    head["ofer_provenance"]["pack"]["commercial"] = False
    head["ofer_provenance"]["pack"]["title"] = "Published OFER on FLAME 2020"
    bpy.ops.ofer.check_export()
    assert any("FLAME 2020: not for sale" in line.text for line in head.ofer_export.findings)


def test_nowhere_to_write(head: bpy.types.Object, tmp_path: Path) -> None:
    before = dump()
    with pytest.raises(RuntimeError, match="could not be written"):
        bpy.ops.ofer.export_head(filepath=str(tmp_path / "no" / "x.glb"), target="GLB")
    assert differences(before, dump()) == []


def test_without_rig_and_units(record: Reconstruction, tmp_path: Path) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    path = export(tmp_path / "bare.glb", "GLB", keys="ALL")
    file = GlbReader(path).summary()
    assert file.meshes[0].keys == HYPOTHESES and file.joints == ()
    head = bpy.context.object
    assert hypotheses.active_head(bpy.context) == head
    bpy.ops.ofer.check_export()
    fixes = {line.fix for line in head.ofer_export.findings}
    assert {"ofer.add_arkit", "ofer.add_rig"} <= fixes


@pytest.mark.parametrize("how", ["on", "keyed", "driven"])
def test_resetting_ranges_changes_nothing_that_is_seen_or_played(
    how: str, head: bpy.types.Object
) -> None:
    keys = head.data.shape_keys
    shown, idle = keys.key_blocks["identity_02"], keys.key_blocks["expression_01"]
    for key in (shown, idle):
        key.slider_min, key.slider_max = -1.0, 4.0
    if how == "on":
        shown.value = 2.5
    elif how == "keyed":
        for frame, value in ((1, 0.0), (10, 2.5), (20, 0.0)):
            shown.value = value
            shown.keyframe_insert("value", frame=frame)
    else:
        shown.driver_add("value").driver.expression = "frame / 4"
    scene = bpy.context.scene
    scene.frame_set(10)
    assert bpy.ops.ofer.reset_ranges() == {"FINISHED"}
    scene.frame_set(1)
    scene.frame_set(10)
    assert shown.value == pytest.approx(2.5) and (idle.slider_min, idle.slider_max) == (0.0, 1.0)
    assert shown.slider_max == (4.0 if how == "driven" else 2.5)
    assert shown.slider_min == (-1.0 if how == "driven" else 0.0)
