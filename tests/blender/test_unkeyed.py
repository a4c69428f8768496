"""What was set by hand where an animation has another value: no file that is written loses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
from exporting import findings
from ofer_faces.ofer_blender import compat
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.rig import rig
from scene_dump import differences, dump

OPERATORS = {
    "head": lambda folder: bpy.ops.ofer.export_head(filepath=str(folder / "a.glb")),
    "head as FBX": lambda folder: bpy.ops.ofer.export_head(filepath=str(folder / "a.fbx")),
    "head as USD": lambda folder: bpy.ops.ofer.export_head(filepath=str(folder / "a.usdc")),
    "head as OBJ": lambda folder: bpy.ops.ofer.export_head(filepath=str(folder / "a.obj")),
    "take": lambda folder: bpy.ops.ofer.export_take(filepath=str(folder / "a.csv")),
    "web page": lambda folder: bpy.ops.ofer.export_web_page(directory=str(folder)),
    "check": lambda folder: findings(Target.GLB),
}


def _skin(head: bpy.types.Object) -> bpy.types.Node:
    tree = compat.enable_nodes(head.data.materials[0])
    return next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")


@pytest.fixture
def set_by_hand(head: bpy.types.Object) -> Callable[[], None]:
    """Sets what is keyed to other values, as an artist who tries something."""
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    scene, jaw = bpy.context.scene, head.data.shape_keys.key_blocks["jawOpen"]
    smile = head.data.shape_keys.key_blocks["mouthSmileLeft"]
    bone, rough = rig.rig_of(head).pose.bones["head"], _skin(head).inputs["Roughness"]
    cube = bpy.data.objects.new("unrelated", None)
    light, camera = bpy.data.lights.new("lamp", "POINT"), bpy.data.cameras.new("camera")
    for each in (cube, bpy.data.objects.new("lamp", light), bpy.data.objects.new("cam", camera)):
        scene.collection.objects.link(each)
    driver = smile.driver_add("value").driver  # the animation is played by the stand-in's scene
    variable = driver.variables.new()
    driver.expression, target = "var", variable.targets[0]
    target.id_type, target.id, target.data_path = "SCENE", scene, '["mouth"]'

    def values(number: float) -> None:
        jaw.value = number
        bone.rotation_euler = (number, 0, number / 2)
        cube.location = (number, 1, 2)
        cube["own"], cube["several"] = number, [number, 2.0]
        light.energy, camera.lens = 10 * number, 100 * number
        rough.default_value = number
        scene["mouth"] = number
        cube.rotation_mode = "XYZ" if number < 0.5 else "ZYX"
        cube.hide_render = number > 0.5

    for frame, number in ((1, 0.25), (9, 0.375)):
        values(number)
        for owner, path in (
            (jaw, "value"), (bone, "rotation_euler"), (cube, "location"), (cube, '["own"]'),
            (cube, '["several"]'), (light, "energy"), (camera, "lens"), (rough, "default_value"),
            (scene, '["mouth"]'), (cube, "rotation_mode"), (cube, "hide_render"),
        ):  # fmt: skip
            owner.keyframe_insert(path, frame=frame)
    animation = cube.animation_data
    animation.nla_tracks.new().strips.new("moves", 1, animation.action)
    animation.action = None
    scene.frame_set(1)

    def set_by_hand() -> None:
        values(0.75)
        scene.update_tag()
        for _ in range(2):  # it stays, however often Blender draws
            bpy.context.view_layer.update()
        assert (jaw.value, smile.value, cube.location.x) == (0.75, 0.75, 0.75)

    return set_by_hand


@pytest.mark.parametrize("animation", [False, True])
@pytest.mark.parametrize("operator", list(OPERATORS))
def test_what_was_set_by_hand_stays(
    head: bpy.types.Object,
    set_by_hand: Callable[[], None],
    tmp_path: Path,
    operator: str,
    animation: bool,
) -> None:
    head.ofer_export.animation = animation
    set_by_hand()
    before = dump()
    OPERATORS[operator](tmp_path)
    bpy.context.view_layer.update()
    head.ofer_export.findings.clear()
    assert differences(before, dump()) == []
    bpy.context.scene.frame_set(1)
    assert differences(before, dump()) != [], "the animation goes on afterwards"


def test_a_file_that_cannot_be_written_leaves_it_too(
    set_by_hand: Callable[[], None], tmp_path: Path
) -> None:
    (tmp_path / "a.glb").write_bytes(b"of another program")
    set_by_hand()
    before = dump()
    with pytest.raises(RuntimeError):
        OPERATORS["head"](tmp_path)
    assert differences(before, dump()) == []


@pytest.mark.parametrize("animation", [False, True])
def test_the_file_shows_what_is_seen(
    head: bpy.types.Object, set_by_hand: Callable[[], None], tmp_path: Path, animation: bool
) -> None:
    head.ofer_export.animation, head.ofer_export.bake = animation, True
    set_by_hand()
    skin = _skin(head)
    for link in list(skin.inputs["Roughness"].links):
        head.data.materials[0].node_tree.links.remove(link)
    OPERATORS["head"](tmp_path)
    material = GlbReader(tmp_path / "a.glb").document["materials"][0]
    assert material["pbrMetallicRoughness"]["roughnessFactor"] == pytest.approx(0.75)
