"""What Reconstruct ends with: clay first, then skin and pictures, in one undo step, and never over
what an artist did meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from conftest import preferences
from mathutils import Vector
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.export import check_head
from ofer_faces.ofer_blender.export.plan import Keys, Plan
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import gallery, hypotheses, presentation, previews
from ofer_faces.ofer_blender.photo import photo_beside
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_blender.skin import skin
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.contract import skin as contract
from recording_layout import draw
from scene_dump import differences, dump
from test_jobs import idle, poll_until

Employ = Callable[[str], None]
pytestmark = pytest.mark.usefixtures("as_in_a_window")
PARTS = ("skin", "expression", "smooth", "photo", "front")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture that Blender can read."""
    path = tmp_path / "anna.png"
    path.write_bytes(png_file.encode(np.full((48, 64, 3), 128, np.uint8)))
    return path


def asked(tmp_path: Path, what: str) -> dict:
    return json.loads((tmp_path / "prepared" / f"{what}.json").read_text("utf-8"))


def painting() -> bool:
    return bool(jobs.queue.job and jobs.queue.job.stage == "Painting the skin")


def go_on(tmp_path: Path) -> None:
    (tmp_path / "prepared" / "go_on").touch()
    poll_until(idle)


def test_a_reconstruction_ends_with_the_best_state_in_one_step(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("ok")
    before = dump()
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    assert jobs.queue.failure is None
    assert jobs.queue.notes == ("The focal length was assumed.",), "no later job forgets them"
    head = hypotheses.active_head(bpy.context)
    assert head.data.shape_keys.key_blocks["expression_01"].value == 1.0
    assert head.active_shape_key.name == "Basis", "sculpting changes the head, not its smile"
    smooth = head.modifiers[presentation.SMOOTH]
    assert (smooth.levels, smooth.render_levels) == (1, 0) and smooth.show_viewport
    assert skin.picture(head).packed_file
    beside = head.ofer.photo_beside
    assert beside.parent == head and Path(beside.data.filepath) == photo
    thumbnails = tmp_path / "prepared" / "anna.ofer" / "thumbnails"
    wanted = sorted(thumbnails.iterdir())[0].read_bytes()  # the double's answer
    assert head.ofer.identities["identity_01"].picture != wanted
    assert head.ofer.expressions["expression_02"].picture == wanted
    best = head.ofer.identities["identity_01"].picture
    assert head.ofer.expressions["neutral"].picture == best
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert skin.picture(bpy.context.object).packed_file


def test_the_gallery_can_be_seen_in_clay_without_the_engine(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    head = hypotheses.active_head(bpy.context)
    thumbnails = tmp_path / "prepared" / "anna.ofer" / "thumbnails"
    for item in (head.ofer.identities["identity_02"], head.ofer.expressions["expression_02"]):
        assert item.clay == (thumbnails / f"{item.name}.png").read_bytes() != item.picture
        for head.ofer.in_clay, wanted in ((True, item.clay), (False, item.picture)):
            assert previews.icon(item) in (0, previews.load(wanted).icon_id)
            previews._load_missing()
            assert previews.icon(item) == previews.load(wanted).icon_id
    assert head.ofer.expressions["neutral"].clay == head.ofer.identities["identity_01"].clay
    assert "Clay: False" in draw("OFER_PT_hypotheses")
    bpy.ops.ofer.blend_add(name="identity_01")
    bpy.ops.ofer.blend_add(name="identity_02")
    bpy.ops.ofer.use_blend()
    blend = head.ofer.identities[0]
    assert blend.clay and blend.clay != blend.picture
    clays = {item.name: item.clay for item in head.ofer.identities}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    head = hypotheses.active_head(bpy.context)
    assert {item.name: item.clay for item in head.ofer.identities} == clays


def test_without_skin_there_is_no_other_clay(head: bpy.types.Object, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    clay = head.ofer.identities["identity_01"].picture
    other = head.ofer.identities["identity_02"].picture
    (folder / "identity_01.png").write_bytes(other)
    assert gallery.picture_anew(head, folder, painted=True)
    assert head.ofer.identities["identity_01"].clay == clay
    assert gallery.picture_anew(head, folder, painted=True) is False, "the first clay stays"
    assert head.ofer.identities["identity_01"].clay == clay
    gallery.picture_anew(head, folder, painted=False)
    assert head.ofer.identities["identity_01"].clay == b""
    assert "Clay: False" not in draw("OFER_PT_hypotheses")


def test_the_pictures_are_asked_for_in_the_skin_that_is_worn(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    first = asked(tmp_path, "picture")
    assert first["albedo"].endswith(contract.ALBEDO) and first["uv"].endswith(contract.UV)
    red, green, blue = first["iris"]
    assert 0 < blue < green < red < 0.6, "the brown that the viewport paints"
    head = hypotheses.active_head(bpy.context)
    picture = head.ofer.identities["identity_01"].picture
    bpy.ops.ofer.remove_skin()
    jobs.queue.wait()
    assert asked(tmp_path, "picture")["albedo"] == "", "clay again"
    assert head.ofer.identities["identity_01"].picture == picture, "as the double has it"


@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_be_left_out(employ: Employ, photo: Path, tmp_path: Path, part: str) -> None:
    employ("ok")
    setattr(preferences(), f"show_{part}", False)
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    head = hypotheses.active_head(bpy.context)
    has = {
        "skin": skin.picture(head) is not None,
        "expression": head.ofer.expression_index == 1,
        "smooth": presentation.SMOOTH in head.modifiers,
        "photo": head.ofer.photo_beside is not None,
    }
    assert has == {name: name != part for name in has}
    assert (tmp_path / "prepared" / "picture.json").exists() == (part != "skin")


def test_the_options_offer_each_part(addon: object) -> None:
    drawn = str(draw("OFER_PT_options"))
    parts = type(preferences()).bl_rna.properties
    assert all(parts[f"show_{part}"].name in drawn for part in PARTS)


@pytest.mark.parametrize("what", ["colour", "picture", "skin", "material", "head"])
def test_what_an_artist_did_meanwhile_stays(
    employ: Employ, photo: Path, tmp_path: Path, what: str
) -> None:
    employ("slow_skin")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(painting)
    head = hypotheses.active_head(bpy.context)
    own = head.data.materials[0]
    shader = next(each for each in own.node_tree.nodes if each.type == "BSDF_PRINCIPLED")
    if what == "colour":
        shader.inputs["Base Color"].default_value = (0, 0.5, 0, 1)
    elif what == "picture":
        texture = own.node_tree.nodes.new("ShaderNodeTexImage")
        own.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    elif what == "skin":
        folder = synthetic.write_skin(tmp_path / "mine", 33)
        bpy.ops.ofer.wear_skin(directory=str(folder), head=head.name, keep="PACK")
    elif what == "material":
        head.data.materials[0] = bpy.data.materials.new("Mine")
    else:
        bpy.data.objects.remove(head)
    bpy.context.view_layer.update()
    mine = dump()
    go_on(tmp_path)
    assert jobs.queue.failure is None
    assert differences(mine, dump()) == []


def test_a_chosen_head_and_a_sculpted_one_stay_and_get_the_skin(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("slow_skin")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(painting)
    head = hypotheses.active_head(bpy.context)
    bpy.ops.ofer.show(name="identity_03")
    head.data.shape_keys.reference_key.points[7].co.z += 0.01
    bpy.ops.ed.undo_push(message="Sculpt")
    sculpted = tuple(head.data.shape_keys.reference_key.points[7].co)
    go_on(tmp_path)
    assert skin.picture(head) and hypotheses.chosen_identity(head) == "identity_03"
    assert tuple(head.data.shape_keys.reference_key.points[7].co) == sculpted
    bpy.ops.ed.undo()
    head = hypotheses.active_head(bpy.context)
    assert skin.picture(head) is None, "the late skin is a step of its own, after the artist's"
    assert tuple(head.data.shape_keys.reference_key.points[7].co) == sculpted


def test_cancelled_it_stays_clay(employ: Employ, photo: Path, tmp_path: Path) -> None:
    employ("slow_skin")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(painting)
    clay = dump()
    bpy.ops.ofer.cancel()
    poll_until(idle)
    assert differences(clay, dump()) == [] and jobs.queue.failure is None
    assert jobs.queue.client.usable, "the engine goes on"


def test_another_photo_can_be_looked_at_while_the_skin_is_made(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("slow_skin")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(painting)
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    assert bpy.ops.ofer.find_faces() == {"FINISHED"}
    go_on(tmp_path)
    poll_until(lambda: jobs.queue.opened(f"file:{photo}") is not None)
    assert jobs.queue.failure is None


def test_without_a_skin_there_is_a_head_and_a_note(employ: Employ, photo: Path) -> None:
    employ("no_skin")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    assert jobs.queue.failure is None and skin.picture(bpy.context.object) is None
    assert "anna" in jobs.queue.notes[-1] and "It cannot be done." in jobs.queue.notes[-1]


def test_a_script_that_waits_gets_it_whole(
    employ: Employ, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    employ("ok")
    assert bpy.ops.ofer.reconstruct(filepath=str(photo), wait=True) == {"FINISHED"}
    assert skin.picture(bpy.context.object)


def test_the_photo_stands_beside_the_head_as_large_as_it_is_in_it(
    employ: Employ, photo: Path
) -> None:
    employ("ok")
    for _ in range(2):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
        poll_until(idle)
    heads = [each for each in bpy.data.objects if each.ofer.is_head]
    bpy.context.view_layer.update()
    boxes = []
    for head in heads:
        place = head.matrix_world.translation
        low, high = photo_beside.bounds(head)
        own = min(corner[0] for corner in head.bound_box)
        assert low.x < own and high.x == pytest.approx(max(c[0] for c in head.bound_box))
        beside = head.ofer.photo_beside
        across = (beside.matrix_world.to_quaternion() @ Vector((0, 0, 1))).normalized()
        assert across.dot((0, -1, 0)) == pytest.approx(1), "it faces whoever faces the head"
        boxes.append((low.x + place.x, high.x + place.x))
    (_, first), (second, _) = sorted(boxes)
    assert first < second, "the next head leaves room for its photo"


def test_the_photo_goes_and_comes_and_its_head_stays_active(employ: Employ, photo: Path) -> None:
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    head = bpy.context.object
    bpy.context.view_layer.objects.active = head.ofer.photo_beside
    assert hypotheses.active_head(bpy.context) == head, "a click on the photo keeps the tab"
    bpy.context.view_layer.objects.active = head
    bpy.ops.ofer.photo_beside()
    assert head.ofer.photo_beside is None and list(bpy.data.objects) == [head]
    bpy.ops.ofer.photo_beside()
    assert head.ofer.photo_beside.parent == head


def test_bones_move_the_points_that_are_smoothed_and_files_get_the_head_itself(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    poll_until(idle)
    head = bpy.context.object
    bpy.ops.ofer.add_rig()
    assert [each.name for each in head.modifiers] == [rig.MODIFIER, presentation.SMOOTH]
    plan = Plan(Target.GLB, tmp_path / "a.glb", Keys.ALL)
    assert not any(presentation.SMOOTH in str(each.text) for each in check_head.before(head, plan))
