"""A painted skin on a head: its picture, UVs and material, one undo step, and off again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.operators import skin as make_skin
from ofer_faces.ofer_blender.skin import skin, skin_nodes
from ofer_faces.ofer_engine.contract import skin as contract
from recording_layout import draw
from scene_dump import differences, dump
from synthetic import SKIN_SIDE, write_skin

Employ = Callable[[str], None]


def wear(head: bpy.types.Object, folder: Path, keep: str = "PACK") -> set[str]:
    return bpy.ops.ofer.wear_skin(
        "EXEC_DEFAULT", True, directory=str(folder), head=head.name, keep=keep
    )


def uvs(head: bpy.types.Object) -> np.ndarray:
    values = np.empty(len(head.data.loops) * 2, np.float32)
    head.data.uv_layers["UVMap"].uv.foreach_get("vector", values)
    return values.reshape(-1, 2)


def test_the_skin_is_shown_and_packed(head: bpy.types.Object, tmp_path: Path) -> None:
    before = uvs(head)
    folder = write_skin(tmp_path / "skin")
    assert wear(head, folder) == {"FINISHED"}
    shutil.rmtree(folder)
    image = skin.picture(head)
    assert image.packed_file and tuple(image.size) == (SKIN_SIDE, SKIN_SIDE)
    tree = head.data.materials[0].node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shown = shader.inputs["Base Color"].links[0].from_node
    assert shown.image == image
    assert shown.inputs["Vector"].links[0].from_node.uv_map == "UVMap"
    assert shader.inputs["Subsurface Weight"].default_value > 0
    first = head.data.polygons[40].loop_start
    assert np.allclose(uvs(head)[first:], (0.25, 0.75))
    assert np.array_equal(uvs(head)[:first], before[:first]), "other parts keep their UVs"


def test_wearing_is_one_undo_step(head: bpy.types.Object, tmp_path: Path) -> None:
    before, name = dump(), head.name
    wear(head, write_skin(tmp_path / "skin"))
    assert skin.picture(bpy.data.objects[name])
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert skin.picture(bpy.data.objects[name]).packed_file


def test_another_skin_takes_the_place_of_the_first(head: bpy.types.Object, tmp_path: Path) -> None:
    wear(head, write_skin(tmp_path / "one", 50))
    wear(head, write_skin(tmp_path / "two", 200))
    image = skin.picture(head)
    assert image.pixels[0] == pytest.approx(200 / 255, abs=1e-3)
    skins = [each for each in bpy.data.images if each.name.startswith(f"{head.name}_skin")]
    assert set(skins) == set(skin.pictures(head)) and image in skins and len(skins) == 3


def test_fine_detail_and_roughness_arrive_in_the_material(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    wear(head, write_skin(tmp_path / "skin"))
    shader = skin_nodes.shader(head.data.materials[0].node_tree)
    rough = shader.inputs["Roughness"].links[0].from_node
    relief = shader.inputs["Normal"].links[0].from_node
    assert relief.type == "NORMAL_MAP" and relief.uv_map == "UVMap"
    fine = relief.inputs["Color"].links[0].from_node
    for node, name in ((rough, "skin_roughness"), (fine, "skin_normal")):
        assert node.image.name.endswith(name) and node.image.packed_file
        assert node.image.colorspace_settings.name == "Non-Color"
        assert node.inputs["Vector"].links[0].from_node.uv_map == "UVMap"


def test_what_an_artist_made_of_the_material_stays_when_the_skin_is_made_again(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    wear(head, write_skin(tmp_path / "one", 50))
    tree = head.data.materials[0].node_tree
    shader = skin_nodes.shader(tree)
    own = tree.nodes.new("ShaderNodeHueSaturation")
    tree.links.new(tree.nodes[skin_nodes.COLOUR].outputs["Color"], own.inputs["Color"])
    tree.links.new(own.outputs["Color"], shader.inputs["Base Color"])
    chosen = {"Subsurface Weight": 0.77, "Specular IOR Level": 0.9, "Subsurface Scale": 0.123}
    for name, value in chosen.items():
        shader.inputs[name].default_value = value
    wear(head, write_skin(tmp_path / "two", 200))
    shader = skin_nodes.shader(head.data.materials[0].node_tree)
    assert shader.inputs["Base Color"].links[0].from_node.type == "HUE_SAT"
    for name, value in chosen.items():
        assert shader.inputs[name].default_value == pytest.approx(value)
    assert skin.picture(head).pixels[0] == pytest.approx(200 / 255, abs=1e-3), "the new one"


def test_a_skin_of_before_has_colours_alone(head: bpy.types.Object, tmp_path: Path) -> None:
    """Worn over a newer one, nothing of that stays."""
    wear(head, write_skin(tmp_path / "new"))
    old = write_skin(tmp_path / "old", 50)
    (old / contract.NORMAL).unlink()
    (old / contract.ROUGHNESS).unlink()
    wear(head, old)
    shader = skin_nodes.shader(head.data.materials[0].node_tree)
    assert list(skin.pictures(head)) == [skin.picture(head)]
    assert not shader.inputs["Roughness"].links and not shader.inputs["Normal"].links
    assert not [each for each in bpy.data.images if each.name.endswith("_normal")]


def test_taken_off_nothing_of_the_picture_stays(head: bpy.types.Object, tmp_path: Path) -> None:
    assert not bpy.ops.ofer.remove_skin.poll()
    wear(head, write_skin(tmp_path / "skin"))
    assert bpy.ops.ofer.remove_skin() == {"FINISHED"}
    assert skin.picture(head) is None
    assert not [each for each in bpy.data.images if "skin" in each.name]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_a_skin_that_was_painted_on_stays_in_the_file(
    head: bpy.types.Object, tmp_path: Path, packed: bool, again: bool
) -> None:
    """Also once its paint was packed, as it is with the .blend; saving drops what nobody uses."""
    name, mine = head.name, "green"
    wear(head, write_skin(tmp_path / "skin"))
    painted = skin.picture(head)
    painted.name = mine
    painted.pixels[:] = (0.0, 1.0, 0.0, 1.0) * SKIN_SIDE**2
    if packed:
        painted.pack()
        assert not painted.is_dirty
    if again:
        wear(head, write_skin(tmp_path / "other", 200))
        assert skin.picture(head).name != mine
    else:
        bpy.ops.ofer.remove_skin()
    assert bpy.data.images[mine].pixels[1] == 1.0
    if packed:
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
        assert bpy.data.images[mine].pixels[1] == 1.0
    left = [each.name for each in bpy.data.images if each.name.startswith(f"{name}_skin")]
    assert len(left) == 3 * again, "what was not painted on goes"


@pytest.mark.parametrize("method", ["USE_LOCAL", "WRITE_LOCAL", "WRITE_ORIGINAL"])
def test_unpacked_each_skin_is_a_file_of_its_own(tmp_path: Path, method: str) -> None:
    """Two people, whose names differ by a capital, and one who was painted on and made again."""
    wanted = {}
    for number, name in enumerate(("anna", "Anna", "carl")):
        record = synthetic.write(tmp_path / str(number), name)
        bpy.ops.ofer.insert_head(directory=str(record.folder))
        head = bpy.context.object
        wear(head, write_skin(tmp_path / f"{number}_skin", 50 + 50 * number))
        wanted[skin.picture(head).name] = (50 + 50 * number) / 255
    painted = skin.picture(head)
    painted.pixels[:] = (0.0,) * 4 * SKIN_SIDE**2
    painted.pack()
    painted.name = "mine"
    wear(head, tmp_path / "2_skin")
    wanted["mine"] = 0.0
    assert skin.picture(head).name == "carl_skin"
    (tmp_path / "blends").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "blends" / "file.blend"))
    bpy.ops.file.unpack_all(method=method)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "blends" / "file.blend"))
    for name, grey in wanted.items():
        image = bpy.data.images[name]
        assert not image.packed_file and np.isclose(image.pixels[0], grey, atol=1 / 255)


def test_beside_the_file_it_is_a_png(head: bpy.types.Object, tmp_path: Path) -> None:
    folder = write_skin(tmp_path / "skin")
    with pytest.raises(RuntimeError, match="has not been saved"):
        wear(head, folder, "BESIDE")
    assert skin.picture(head) is None
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    head = bpy.data.objects[head.name]
    wear(head, folder, "BESIDE")
    image = skin.picture(head)
    assert image.packed_file is None and image.filepath.startswith("//textures")
    assert Path(bpy.path.abspath(image.filepath)).is_file()


def test_a_link_beside_the_file_is_not_written_through(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    theirs, textures = tmp_path / "thesis.png", tmp_path / "textures"
    theirs.write_bytes(b"years of work")
    textures.mkdir()
    for name in ("anna_skin.png", ".anna_skin.png.part"):
        (textures / name).symlink_to(theirs)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    head = bpy.data.objects[head.name]
    wear(head, write_skin(tmp_path / "skin"), "BESIDE")
    assert theirs.read_bytes() == b"years of work"
    written = Path(bpy.path.abspath(skin.picture(head).filepath))
    assert written.is_file() and not written.is_symlink()
    names = {each.name for each in textures.iterdir()}
    assert not [name for name in names if name.startswith(".ofer_")]


def test_a_changed_mesh_is_refused_and_left_alone(head: bpy.types.Object, tmp_path: Path) -> None:
    before = dump()
    uv = np.zeros((3, 4, 2), np.float32)
    with pytest.raises(RuntimeError, match="was changed"):
        wear(head, write_skin(tmp_path / "skin", uv=uv))
    assert differences(before, dump()) == []


def test_a_damaged_skin_is_refused(head: bpy.types.Object, tmp_path: Path) -> None:
    folder = write_skin(tmp_path / "skin")
    (folder / contract.RECORD).write_text("{}")
    before = dump()
    with pytest.raises(RuntimeError, match="cannot be read"):
        wear(head, folder)
    assert differences(before, dump()) == []


def test_without_the_photo_it_says_which_one(head: bpy.types.Object, employ: Employ) -> None:
    employ("ok")
    with pytest.raises(RuntimeError, match=r"anna\.jpg is not in the Photo panel"):
        bpy.ops.ofer.make_skin(wait=True)
    assert jobs.queue.job is None


@pytest.mark.parametrize("brows", [False, True])
@pytest.mark.parametrize("shaved", [False, True])
def test_the_engine_is_asked_for_what_the_panel_says(
    head: bpy.types.Object, monkeypatch: pytest.MonkeyPatch, shaved: bool, brows: bool
) -> None:
    asked = []
    monkeypatch.setattr(jobs.queue, "ask", lambda *given, **_: asked.append(given[2]))
    settings = head.ofer_skin
    assert settings.paint_brows
    settings.clean_shave, settings.paint_brows, settings.resolution = shaved, brows, "512"
    drawn = draw("OFER_PT_skin")
    assert f"Clean Shave: {shaved}" in drawn and f"Paint Brows: {brows}" in drawn
    make_skin.ask(head, (), (), lambda made: None)
    (request,) = asked
    assert (request.clean_shave, request.paint_brows) == (shaved, brows)
    assert request.resolution == 512


def test_the_panel_offers_it(head: bpy.types.Object, tmp_path: Path) -> None:
    assert "ofer.make_skin" in str(draw("OFER_PT_skin"))
    wear(head, write_skin(tmp_path / "skin"))
    assert "ofer.remove_skin" in str(draw("OFER_PT_skin"))


def test_a_plain_solid_view_shows_a_skin_under_an_even_light() -> None:
    area = next(each for each in bpy.context.screen.areas if each.type == "VIEW_3D")
    shading = area.spaces.active.shading
    before = shading.type, shading.color_type, shading.studio_light
    try:
        shading.type, shading.color_type, shading.studio_light = "SOLID", "MATERIAL", "Default"
        make_skin.show_textures(bpy.context)
        assert (shading.color_type, shading.studio_light) == ("TEXTURE", "paint.sl")
        # what an artist chose stays: a light of theirs, or colours of theirs
        shading.color_type, shading.studio_light = "MATERIAL", "rim.sl"
        make_skin.show_textures(bpy.context)
        assert (shading.color_type, shading.studio_light) == ("TEXTURE", "rim.sl")
        shading.color_type, shading.studio_light = "OBJECT", "Default"
        make_skin.show_textures(bpy.context)
        assert (shading.color_type, shading.studio_light) == ("OBJECT", "Default")
    finally:
        shading.type, shading.color_type, shading.studio_light = before
