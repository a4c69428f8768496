"""Each head goes on from its own photo and its own face, and the panel follows the head."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.photo import head_photos
from ofer_faces.ofer_blender.skin import skin
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.contract.errors import OferError
from recording_layout import draw
from synthetic import write_skin

Employ = Callable[[str], None]
FACES = ((10.0, 20.0, 100.0, 120.0), (300.0, 20.0, 80.5, 90.0))
"""Boxes of the faces that the double finds in every photo."""


def picture(path: Path, shade: int) -> Path:
    path.write_bytes(png_file.encode(np.full((48, 64, 3), shade, np.uint8)))
    return path


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A photo of two people, chosen in the panel."""
    photo = picture(tmp_path / "group.jpg", 90)
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    return photo


@pytest.fixture
def pair(group: Path, employ: Employ, tmp_path: Path) -> list[bpy.types.Object]:
    """A head of each of them; the second is active, as it was made last."""
    employ("ok")
    bpy.ops.ofer.find_faces(wait=True)
    heads = []
    for number, box in enumerate(FACES):
        record = synthetic.write(tmp_path / "made", ("anna", "bert")[number])
        bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
        synthetic.made_of(bpy.context.object, group)
        bpy.context.object["ofer_provenance"]["views"]["view_01"]["face"]["box"] = box
        heads.append(bpy.context.object)
    bpy.ops.ofer.choose_face(index=1)
    return heads


def select(head: bpy.types.Object) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    head.select_set(True)
    bpy.context.view_layer.objects.active = head


def asked(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "prepared" / "request.json").read_text())["photos"][0]


def test_draw_without_it_draws_the_person_of_the_head(
    pair: list[bpy.types.Object], group: Path, tmp_path: Path
) -> None:
    for number, head in enumerate(pair):
        select(head)
        head.ofer.hidden_here = {"mouth"}
        bpy.ops.ofer.hidden_here(wait=True)
        assert (asked(tmp_path)["face"], asked(tmp_path)["box"]) == (number, [])
        assert asked(tmp_path)["path"] == str(group)


def test_a_face_that_nobody_looked_for_is_told_by_its_box(
    pair: list[bpy.types.Object], tmp_path: Path
) -> None:
    jobs.queue.photos.forget()
    select(pair[0])
    pair[0].ofer.hidden_here = {"mouth"}
    bpy.ops.ofer.hidden_here(wait=True)
    assert asked(tmp_path)["box"] == list(FACES[0])


def test_the_new_head_wears_what_the_old_one_wore(
    pair: list[bpy.types.Object], tmp_path: Path
) -> None:
    old = pair[0]
    select(old)
    where = write_skin(tmp_path / "skin")
    bpy.ops.ofer.wear_skin(directory=str(where), head=old.name, keep="PACK")
    smooth = old.modifiers.new("Smooth", "SUBSURF")
    smooth.levels = 3
    holder = bpy.data.objects.new("holder", None)
    bpy.context.scene.collection.objects.link(holder)
    old.parent, holder.location = holder, (1.0, 2.0, 3.0)
    old.ofer_skin.resolution, old.ofer.hidden_here = "1024", {"mouth"}
    bpy.context.view_layer.update()
    bpy.ops.ofer.hidden_here(wait=True)
    new = bpy.context.object
    bpy.context.view_layer.update()
    assert new not in pair and skin.picture(new) == skin.picture(old)
    assert [(m.name, m.levels) for m in new.modifiers] == [("Smooth", 3)]
    assert new.parent == holder and new.matrix_world == old.matrix_world
    assert new.ofer_skin.resolution == "1024"
    uvs = [[tuple(loop.uv) for loop in h.data.uv_layers["UVMap"].data] for h in (old, new)]
    assert uvs[0] == uvs[1]


def test_the_panel_follows_the_selected_head(pair: list[bpy.types.Object], tmp_path: Path) -> None:
    select(pair[0])
    assert "[ofer.choose_face] *Face 1" in draw("OFER_PT_photo")
    select(pair[1])
    assert "[ofer.choose_face] *Face 2" in draw("OFER_PT_photo")
    bpy.ops.ofer.choose_face(index=0)
    assert "[ofer.choose_face] *Face 1" in draw("OFER_PT_photo"), "a choice is kept"
    select(pair[0])
    assert "[ofer.choose_face] *Face 1" in draw("OFER_PT_photo")
    select(pair[1])
    bpy.ops.ofer.reconstruct(wait=True)
    assert asked(tmp_path)["face"] == 1, "what is shown is what is reconstructed"


def test_the_panel_goes_to_the_photo_of_the_selected_head(
    pair: list[bpy.types.Object], tmp_path: Path
) -> None:
    other = picture(tmp_path / "other.jpg", 30)
    bpy.ops.ofer.choose_photo(filepath=str(other), add=True)
    assert "[ofer.show_photo] *other.jpg" in draw("OFER_PT_photo")
    select(pair[0])
    assert "[ofer.show_photo] *group.jpg" in draw("OFER_PT_photo")
    bpy.ops.ofer.show_photo(index=1)
    assert "[ofer.show_photo] *other.jpg" in draw("OFER_PT_photo")


@pytest.mark.parametrize("operator", ["make_skin", "hidden_here", "paint_hidden", "through_photo"])
def test_a_photo_of_the_same_name_with_another_content_is_not_taken(
    pair: list[bpy.types.Object], tmp_path: Path, operator: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    other = picture(tmp_path / "elsewhere" / "group.jpg", 30)
    bpy.ops.ofer.choose_photo(filepath=str(other))
    select(pair[0])
    pair[0].ofer.hidden_here = {"mouth"}
    with pytest.raises(RuntimeError, match=r"group\.jpg in the Photo panel is not the one"):
        getattr(bpy.ops.ofer, operator)()
    assert jobs.queue.job is None and skin.picture(pair[0]) is None


def test_it_is_taken_where_the_user_says_so(pair: list[bpy.types.Object], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    other = picture(tmp_path / "elsewhere" / "group.jpg", 30)
    bpy.ops.ofer.choose_photo(filepath=str(other))
    settings = bpy.context.scene.ofer
    assert head_photos.is_replaced(pair[0], settings), "which is when the button asks"
    found = head_photos.find(pair[0], settings, any_content=True)
    assert found[0].source.path == other
    settings.photos.clear()
    assert not head_photos.is_replaced(pair[0], settings)


def test_a_photo_under_another_name_is_known_by_its_content(
    pair: list[bpy.types.Object], group: Path, tmp_path: Path
) -> None:
    moved = group.rename(tmp_path / "renamed.jpg")
    bpy.ops.ofer.choose_photo(filepath=str(picture(tmp_path / "group.jpg", 30)))
    bpy.ops.ofer.choose_photo(filepath=str(moved), add=True)
    found = head_photos.find(pair[0], bpy.context.scene.ofer)
    assert found[0].source.path == moved


def test_an_image_of_the_blend_is_known_by_its_content(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    data = picture(tmp_path / "anna.png", 90).read_bytes()
    synthetic.made_of(head, tmp_path / "anna.png")
    image = bpy.data.images.new("Somebody", 8, 8)
    image.pack(data=data, data_len=len(data))
    image.source = "FILE"
    bpy.ops.ofer.use_image(image="Somebody")
    found = head_photos.find(head, bpy.context.scene.ofer)
    assert found[0].source.name == "Somebody" and found[0].source.path.read_bytes() == data
    found[0].source.discard()
    image.pack(data=data[:-1], data_len=len(data) - 1)
    with pytest.raises(OferError, match="is not the one that"):
        head_photos.find(head, bpy.context.scene.ofer)


def test_a_head_made_in_this_session_finds_its_photo_without_the_panel(
    employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    photo = picture(tmp_path / "anna.jpg", 90)
    bpy.ops.ofer.reconstruct(filepath=str(photo), wait=True)
    head = bpy.context.object
    assert not bpy.context.scene.ofer.photos
    assert head_photos.find(head, bpy.context.scene.ofer)[0].source.path == photo


def _shade(image: bpy.types.Image) -> int:
    return round(float(image.pixels[0]) * 255)


@pytest.mark.parametrize("take", [head_photos.main, head_photos.unread])
def test_a_photo_that_was_saved_again_is_seen_as_it_is_now(
    head: bpy.types.Object, tmp_path: Path, take: Callable
) -> None:
    photo = picture(tmp_path / "anna.png", 90)
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    settings = bpy.context.scene.ofer
    synthetic.made_of(head, photo)
    first = take(head, settings)
    assert _shade(first) == 90 and take(head, settings) == first
    picture(photo, 200)
    with pytest.raises(OferError, match="is not the one that"):
        take(head, settings)
    synthetic.made_of(head, photo)
    assert _shade(take(head, settings)) == 200 and take(head, settings) == first
    first.pack()
    picture(photo, 30)
    synthetic.made_of(head, photo)
    assert _shade(take(head, settings)) == 30 and _shade(first) == 200, "packed, it is another"
    again = take(head, settings)
    again.pixels[0] = 1.0
    assert _shade(take(head, settings)) == 30 and _shade(again) == 255, "nor is one painted on"


def test_an_image_of_the_artist_that_blender_cannot_read_stays(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    photo = picture(tmp_path / "anna.png", 90)
    image = bpy.data.images.load(str(photo))
    material = bpy.data.materials.new("poster")
    material.use_nodes = True
    material.node_tree.nodes.new("ShaderNodeTexImage").image = image
    photo.write_bytes(b"no picture")
    with pytest.raises(RuntimeError, match=r"Blender cannot read 'anna\.png'"):
        bpy.ops.ofer.through_photo(filepath=str(photo))
    assert material.node_tree.nodes[-1].image == image
