"""The gallery: pictures kept in the file, walking, starring, hiding."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from conftest import HERE
from ofer_faces.ofer_blender.head import head_properties, hypotheses, previews
from ofer_faces.ofer_blender.operators.browse import KEYS, Walk
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from recording_layout import draw
from scene_dump import differences, dump
from shapes import key_points


def listed(head: bpy.types.Object) -> list[str]:
    return [i.name for i in head.ofer.identities if hypotheses.is_listed(head, i)]


def step(steps: int, kind: str = "IDENTITY") -> str:
    bpy.ops.ofer.step("EXEC_DEFAULT", True, kind=kind, steps=steps)
    head = hypotheses.active_head(bpy.context)
    return (
        hypotheses.chosen_identity(head)
        if kind == "IDENTITY"
        else hypotheses.chosen_expression(head)
    )


def test_pictures_live_in_the_file(
    record: Reconstruction, head: bpy.types.Object, tmp_path: Path
) -> None:
    where = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=where)
    pictures = {h.name: record.thumbnail(h).read_bytes() for h in record.identities}
    for path in sorted(record.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    bpy.ops.wm.open_mainfile(filepath=where)
    head = bpy.data.objects["anna"]
    assert {i.name: i.picture for i in head.ofer.identities} == pictures
    assert head.ofer.expressions[0].picture == pictures["identity_01"]
    loaded = previews.load(head.ofer.identities["identity_03"].picture)
    assert tuple(loaded.image_size) == (8, 8)
    assert all(abs(p * 255 - 60) <= 1 for p in loaded.image_pixels_float[:3])
    assert previews.load(head.ofer.identities["identity_03"].picture) is loaded
    assert previews.icon(SimpleNamespace(picture=b"", picture_key="", clay_key="")) == 0


def test_a_reopened_file_needs_neither_engine_nor_folder(
    record: Reconstruction, head: bpy.types.Object, tmp_path: Path
) -> None:
    where = str(tmp_path / "kept.blend")
    old = key_points(head)
    bpy.ops.wm.save_as_mainfile(filepath=where)
    shutil.rmtree(record.folder)
    bpy.ops.wm.open_mainfile(filepath=where)
    bpy.ops.ed.undo_push(message="Opened")
    head = bpy.data.objects["anna"]
    assert step(1) == "identity_02" and step(1, "EXPRESSION") == "expression_01"
    bpy.ops.ofer.blend_add(name="identity_02")
    bpy.ops.ofer.blend_add(name="identity_04")
    bpy.ops.ofer.use_blend()
    wanted = (old["identity_02"] + old["identity_04"]) / 2
    assert np.abs(key_points(head)["Basis"] - wanted).max() <= 1e-6
    assert previews.load(head.ofer.identities["blend_01"].picture).image_size[0] == 8
    bpy.ops.ofer.compare(count="4")
    bpy.ops.ofer.pick_compared(name="identity_03")
    bpy.ops.ofer.use_identity()
    assert np.abs(key_points(head)["Basis"] - old["identity_03"]).max() <= 1e-6
    assert "gallery at identity_03" in draw("OFER_PT_hypotheses")


def test_best_first_with_shares_of_all_candidates(
    record: Reconstruction, head: bpy.types.Object
) -> None:
    scores = record.array("identity_scores").astype(float)
    shares = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    assert [i.rank for i in head.ofer.identities] == [1, 2, 3, 4]
    assert np.allclose([i.score for i in head.ofer.identities], shares[2:6], atol=1e-6)
    assert [i.name for i in head.ofer.identities] == [h.name for h in record.identities]


def test_the_arrow_keys_walk_past_what_is_hidden(head: bpy.types.Object) -> None:
    head.ofer.identities["identity_02"].hidden = True
    assert [step(1), step(1), step(1)] == ["identity_03", "identity_04", "identity_01"]
    assert [step(-1), step(-1), step(-1)] == ["identity_04", "identity_03", "identity_01"]
    head.ofer.show_hidden = True
    assert step(1) == "identity_02"
    head.ofer.show_hidden = False
    assert step(-1) == "identity_01", "the hidden one was shown; its neighbours are still found"
    head.ofer.favourites_only = True
    assert step(1) == "identity_01", "nothing is listed: nothing moves"
    head.ofer.identities["identity_04"].favourite = True
    assert step(5) == "identity_04"
    assert step(1, "EXPRESSION") == "expression_01" and step(-2, "EXPRESSION") == "expression_03"


def test_a_walk_is_one_undo_step(head: bpy.types.Object) -> None:
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    for _ in range(3):
        step(1)
    after = dump()
    assert differences(before, after)
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


def test_a_script_without_undo_may_walk_with_it(record: Reconstruction) -> None:
    """Blender up to 5.1 crashes when a grouped undo step is asked for before any was kept."""
    script = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import conftest, bpy
bpy.context.preferences.addons.new().module = "ofer_faces"
conftest.ADDON.register()
bpy.ops.ofer.insert_head(directory={str(record.folder)!r})
assert not bpy.ops.ed.undo.poll()
for _ in range(2):
    bpy.ops.ofer.step("EXEC_DEFAULT", True)
bpy.ops.ed.undo()
print("walked and back at", bpy.data.objects["anna"].ofer.identity_index, flush=True)
conftest.ADDON.unregister()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "walked and back at 0" in done.stdout, done.stderr


def test_a_choice_from_the_popup_gallery_shows_it(head: bpy.types.Object) -> None:
    head.ofer.identities["identity_02"].hidden = True
    head.ofer.identity_choice = "identity_03"
    assert head.ofer.identity_index == 2
    assert head.data.shape_keys.key_blocks["identity_03"].value == 1
    with pytest.raises(TypeError, match="identity_02"):
        head.ofer.identity_choice = "identity_02"
    head.ofer.expression_choice = "expression_01"
    assert head.data.shape_keys.key_blocks["expression_01"].value == 1
    assert head.ofer.expression_choice == "expression_01"


def test_the_popup_gallery_begins_with_the_photo_which_chooses_nothing(
    head: bpy.types.Object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TypeError, match="photo"):
        head.ofer.identity_choice = "photo"  # it was not opened
    monkeypatch.setattr(previews, "photo", lambda: 7)
    head.ofer.identity_choice, head.ofer.expression_choice = "identity_03", "expression_01"
    before = dump()
    head.ofer.identity_choice = head.ofer.expression_choice = "photo"
    assert differences(before, dump()) == []
    assert head.ofer.identity_choice == "identity_03"
    first, *heads = head_properties._identity_choices(head.ofer, None)
    assert first[0] == "photo" and first[3] == 7
    again = head_properties._identity_choices(head.ofer, None)
    for one, other in zip([first, *heads], again, strict=True):  # Blender still shows the first
        assert one[0] is other[0] and one[1] is other[1]
    assert [each[0] for each in heads] == listed(head)


@pytest.mark.parametrize("leave", ["ESC", "RIGHTMOUSE"])
def test_browse_and_go_back_leaves_nothing(head: bpy.types.Object, leave: str) -> None:
    bpy.ops.ofer.blend_add(name="identity_02")
    bpy.ops.ofer.blend_add(name="identity_03")
    before, walk = dump(), Walk(head)
    pressed = ["RIGHT_ARROW", "S", "H", "DOWN_ARROW", "PAGE_DOWN", "LEFT_ARROW", "UP_ARROW"]
    assert set(pressed) <= set(KEYS)
    assert [walk.press(key) for key in pressed] == ["RUNNING_MODAL"] * len(pressed)
    assert differences(before, dump())
    assert walk.press(leave) == "CANCELLED"
    assert differences(before, dump()) == []


def test_browse_marks_keeps_and_uses(head: bpy.types.Object) -> None:
    walk = Walk(head)
    walk.press("RIGHT_ARROW")
    walk.press("S")
    assert walk.line().startswith("2 ★   (2 of 4)")
    walk.press("H")
    assert head.ofer.identities["identity_02"].hidden
    assert hypotheses.chosen_identity(head) == "identity_03", "what is hidden makes way"
    assert walk.press("RET") == "FINISHED" and head.ofer.basis == "identity_01"
    assert Walk(head).press("U") == "FINISHED" and head.ofer.basis == "identity_03"
    bpy.data.objects.remove(head)
    assert walk.press("RIGHT_ARROW") == "CANCELLED"


def test_the_gallery_stays_while_the_rig_is_the_active_object(head: bpy.types.Object) -> None:
    armature = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    assert hypotheses.active_head(bpy.context) is None
    head.parent = armature
    assert hypotheses.active_head(bpy.context) == head and draw("OFER_PT_hypotheses")
    assert step(1) == "identity_02"


def test_hide_others_and_show_all(head: bpy.types.Object) -> None:
    assert not bpy.ops.ofer.hide_others.poll() and not bpy.ops.ofer.unhide_all.poll()
    head.ofer.identities["identity_02"].favourite = True
    bpy.ops.ed.undo_push(message="Star")
    before = dump()
    bpy.ops.ofer.hide_others("EXEC_DEFAULT", True)
    assert listed(head) == ["identity_02"]
    drawn = draw("OFER_PT_hypotheses")
    assert [line for line in drawn if "ofer.show]" in line] == ["[ofer.show] 2"]
    bpy.ops.ofer.unhide_all("EXEC_DEFAULT", True)
    assert len(listed(head)) == 4
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_pinned_expressions_stay_on(head: bpy.types.Object) -> None:
    keys = head.data.shape_keys.key_blocks
    bpy.ops.ofer.show(name="expression_01")
    keys["expression_01"].value = 0.4
    head.ofer.expressions["expression_01"].pinned = True
    bpy.ops.ofer.show(name="expression_03")
    assert keys["expression_01"].value == pytest.approx(0.4) and keys["expression_03"].value == 1
    drawn = draw("OFER_PT_expressions")
    assert any(": 0.4" in line for line in drawn)
    assert any(line.endswith(": 1.0") for line in drawn)
    bpy.ops.ofer.show(name="neutral")
    assert keys["expression_01"].value == pytest.approx(0.4) and keys["expression_03"].value == 0
    bpy.ops.ofer.use_identity(name="identity_02")
    assert keys["expression_01"].value == pytest.approx(0.4), "the artist's blend stays"
    head.ofer.expressions["expression_01"].pinned = False
    assert keys["expression_01"].value == 0


def test_walking_a_hundred_makes_nothing(head: bpy.types.Object) -> None:
    for number in range(5, 101):
        item = head.ofer.identities.add()
        item.name = f"identity_{number:02d}"
        head.shape_key_add(name=item.name, from_mix=False)
    blocks = {name: len(getattr(bpy.data, name)) for name in ("objects", "meshes", "images")}
    for _ in range(100):
        step(1)
    tracemalloc.start()
    for _ in range(100):
        step(1)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 200_000
    assert {name: len(getattr(bpy.data, name)) for name in blocks} == blocks
    on = [k.name for k in list(head.data.shape_keys.key_blocks)[1:] if k.value]
    assert hypotheses.chosen_identity(head) == "identity_01" and on == []
