"""What the tab shows in each state of the work."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
import synthetic
from conftest import preferences
from ofer_faces.ofer_blender import CLASSES
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.ui import tab
from ofer_faces.ofer_engine.client.job import Job
from ofer_faces.ofer_engine.contract.errors import ErrorCode
from recording_layout import draw, draw_preferences

PANELS = [each.__name__ for each in CLASSES if issubclass(each, bpy.types.Panel)]


def test_tab_and_order() -> None:
    panels = [getattr(bpy.types, name) for name in PANELS]
    assert {panel.bl_category for panel in panels} == {"OFER"}
    on_top = [panel for panel in panels if not getattr(panel, "bl_parent_id", "")]
    top = [panel.bl_label for panel in sorted(on_top, key=lambda panel: panel.bl_order)]
    assert top == [
        "Photo",
        "Hypotheses",
        "Expressions",
        "Rig",
        "Skin",
        "Hair and Brows",
        "Export",
        "Made From",
        "Setup",
    ]


def test_nothing_chosen_and_no_engine() -> None:
    drawn = draw("OFER_PT_photo")
    assert "[ofer.choose_photo] Choose Photo…" in drawn
    assert drawn[-1] == "[ofer.set_up_engine] Set Up Engine"
    assert "The engine is missing: press Set Up Engine." in " ".join(draw("OFER_PT_setup"))
    assert draw("OFER_PT_hypotheses") == draw("OFER_PT_expressions") == []


def test_faces_to_choose_from(employ: Callable[[str], None], photo: Path) -> None:
    employ("ok")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    assert "[ofer.show_photo] anna.jpg" in draw("OFER_PT_photo")
    assert "[ofer.find_faces] Find Faces" in draw("OFER_PT_photo")
    bpy.ops.ofer.find_faces()
    drawn = draw("OFER_PT_photo")
    assert "Several faces: choose one." in drawn
    assert "[ofer.choose_face] *Face 1" in drawn and "[ofer.choose_face] Face 2" in drawn
    assert not any("Low confidence" in line for line in drawn)
    bpy.ops.ofer.choose_face(index=1)
    drawn = draw("OFER_PT_photo")
    assert "[ofer.choose_face] *Face 2" in drawn
    assert any("Low confidence" in line for line in drawn)
    with pytest.raises(RuntimeError, match="no such face"):
        bpy.ops.ofer.choose_face(index=2)
    bpy.ops.ofer.place_face(points=(10, 10, 30, 10, 20, 40))
    drawn = draw("OFER_PT_photo")
    assert "The face is placed by eyes and chin." in " ".join(drawn)
    assert "[ofer.choose_face] Face 2" in drawn, "no longer the chosen one"


def test_one_good_face_needs_no_choice(employ: Callable[[str], None], photo: Path) -> None:
    employ("one_face")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    bpy.ops.ofer.find_faces()
    drawn = draw("OFER_PT_photo")
    assert not any("choose_face" in line or "Several" in line for line in drawn)
    assert "[ofer.reconstruct] Reconstruct" in drawn


def test_head_panels(tmp_path: Path) -> None:
    record = synthetic.write(tmp_path)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    drawn = draw("OFER_PT_hypotheses")
    assert "gallery at identity_01" in drawn and drawn.count("thumbnail") == 4
    assert "No. 1" in drawn and "[ofer.show] *1" in drawn and "[ofer.show] 2" in drawn
    assert "This one is the Basis" in drawn
    bpy.ops.ofer.show(name="identity_02")
    assert "[ofer.use_identity] Use This One" in draw("OFER_PT_hypotheses")
    item = bpy.context.object.ofer.expressions["expression_02"]
    item.feature, item.side, item.second = "SMILE", "LEFT", "CALM"
    assert not any("Smile, Left: 1.0" in line for line in draw("OFER_PT_expressions"))
    bpy.ops.ofer.show(name="expression_02")
    assert "Smile, Left: 1.0" in draw("OFER_PT_expressions")
    item.second = "BROWS_UP"
    assert "Smile, Left and Brows Up: 1.0" in draw("OFER_PT_expressions")
    item.feature = "CALM"
    assert "Expression 2: 1.0" in draw("OFER_PT_expressions")
    made = draw("OFER_PT_provenance")
    assert made[0] == "Photo: anna.jpg" and "Heads may be sold" in made
    del bpy.context.object["ofer_provenance"]
    assert draw("OFER_PT_provenance")[0] == "This head's record was deleted."


def test_use_and_pick_are_never_offered_at_once(tmp_path: Path) -> None:
    bpy.ops.ofer.insert_head(directory=str(synthetic.write(tmp_path).folder))
    bpy.ops.ofer.show(name="identity_02")
    bpy.ops.ofer.compare(count="4")
    drawn = draw("OFER_PT_hypotheses") + draw("OFER_PT_look")
    assert any("pick_compared" in line for line in drawn)
    assert not any("use_identity" in line or "is the Basis" in line for line in drawn)


def test_the_pack_s_claim_stands_under_reconstruct(
    employ: Callable[[str], None], photo: Path
) -> None:
    employ("one_face")
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    drawn = draw("OFER_PT_photo")
    at = drawn.index("[ofer.reconstruct] Reconstruct")
    assert drawn[at + 1 : at + 3] == [
        "Heads: plausible, not a likeness", "[ofer.open_likeness] How Like They Are",
    ]  # fmt: skip


def test_why_the_photo_is_not_followed_is_told() -> None:
    note = "the heads are more alike"
    assert note in " ".join(draw("OFER_PT_options"))
    bpy.context.scene.ofer.guidance = 0.3
    assert note not in " ".join(draw("OFER_PT_options"))


def test_options_and_preferences(employ: Callable[[str], None]) -> None:
    assert "Drawn: 100" in draw("OFER_PT_options")
    assert "Device: auto" in draw_preferences(preferences())
    employ("ok")
    assert "The engine is ready." in draw_preferences(preferences())


def test_a_running_setup_is_drawn_without_its_end_known() -> None:
    jobs.queue.job = Job("Setting up", stage="Fetching", fraction=0.25, eta=75.0)
    try:
        assert "progress 0.25 Fetching · 1 min 15 s left" in draw("OFER_PT_photo")
        assert not bpy.ops.ofer.find_faces.poll()
    finally:
        jobs.queue.job = None


def test_every_fix_is_an_operator() -> None:
    assert set(tab.FIXES) == set(ErrorCode) - {ErrorCode.CANCELLED, ErrorCode.BAD_REQUEST}
    for idname in (each for fixes in tab.FIXES.values() for each in fixes):
        module, name = idname.split(".")
        assert getattr(getattr(bpy.ops, module), name).get_rna_type().name


def test_every_operator_explains_itself() -> None:
    for operator in (each for each in CLASSES if issubclass(each, bpy.types.Operator)):
        assert inspect.getdoc(operator) and not inspect.getdoc(operator).endswith(".")
        changes = bool(operator.bl_options & {"UNDO", "UNDO_GROUPED"})
        assert changes == (operator.bl_idname not in NOT_CHANGING), operator


NOT_CHANGING = {
    "ofer.find_faces", "ofer.reconstruct", "ofer.cancel", "ofer.set_up_engine", "ofer.open_log",
    "ofer.show_preferences", "ofer.reconstruct_each", "ofer.skip", "ofer.pick_face",
    "ofer.open_likeness",
    "ofer.copy_provenance", "ofer.copy_report", "ofer.open_manual", "ofer.import_weights",
    "ofer.install_weights", "ofer.decline_weights", "ofer.more_like_this", "ofer.again",
    "ofer.hidden_here", "ofer.express", "ofer.seen_guessed", "ofer.make_skin",
    "ofer.export_web_page", "ofer.export_head", "ofer.drag_pins", "ofer.export_take",
    "ofer.perform",
}  # fmt: skip
