"""Hints, parts, pins, blends and orders of the gallery one upon the other: what is shown follows
from what is chosen, in whatever order, and what was mixed stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import blend, gallery_order, hypotheses
from ofer_faces.ofer_blender.operators.browse import Walk
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump
from shapes import key_points, points, shown


def step(operator: str, **arguments: object) -> None:
    assert getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def _hint() -> None:
    said = bpy.context.object.ofer.hints
    said.age, said.tell_age = 70.0, True
    bpy.ops.ed.undo_push(message="Tell the Age")  # as the panel does


def _exaggerate() -> None:
    bpy.context.object.ofer.exaggeration = 2.0
    bpy.ops.ed.undo_push(message="Exaggerate")


ACTS: dict[str, Callable[[], None]] = {
    "hint": _hint,
    "exaggerate": _exaggerate,
    "show": lambda: step("show", name="identity_03"),
    "express": lambda: step("show", name="expression_02"),
    "pin": lambda: step("pin", point=37, photo=(300.0, 200.0)),
    "another pin": lambda: step("pin", point=70, photo=(250.0, 260.0)),
    "part": lambda: step("take_part", part="nose", name="identity_04"),
    "sort": lambda: step("sort_gallery", by="WIDTH"),
    "blend": lambda: step("blend_add", name="identity_02"),
    "blend more": lambda: step("blend_add", name="identity_03"),
}
UPON_A_MIXTURE = ("hint", "pin", "part")


def anew(record: Reconstruction, *acts: str) -> bpy.types.Object:
    """A new head alone in the scene, after some acts."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    step("insert_head", directory=str(record.folder))
    for act in acts:
        ACTS[act]()
    return bpy.context.object


def values(head: bpy.types.Object) -> dict[str, float]:
    return {key.name: key.value for key in head.data.shape_keys.key_blocks}


def test_the_order_of_any_two_acts_does_not_matter(record: Reconstruction) -> None:
    differ = []
    others = [act for act in ACTS if act not in ("blend more", "another pin")]
    for pair in (*itertools.combinations(others, 2), ("pin", "another pin")):
        if pair == ("show", "blend"):  # each takes the other's place
            continue
        one, other = (
            (shown(head), values(head))
            for order in (pair, pair[::-1])
            for head in (anew(record, *order),)
        )
        if np.abs(one[0] - other[0]).max() > 1e-6 or one[1] != other[1]:
            differ.append(pair)
    assert differ == []


def test_each_act_is_undone_and_done_again_by_itself(record: Reconstruction) -> None:
    anew(record)
    bpy.ops.ed.undo_push(message="Before")
    dumps = [dump()]
    acts = "hint pin show express part exaggerate sort blend".split()
    for act in (*acts, "blend more", "another pin"):
        ACTS[act]()
        dumps.append(dump())
    for before in reversed(dumps[:-1]):
        bpy.ops.ed.undo()
        assert differences(before, dump()) == []
    for after in dumps[1:]:
        bpy.ops.ed.redo()
        assert differences(after, dump()) == []


@pytest.mark.parametrize("upon", UPON_A_MIXTURE)
def test_a_mixture_stays_to_the_bit(record: Reconstruction, tmp_path: Path, upon: str) -> None:
    """While the gallery is sorted, grows, and loses what is no part of it."""
    head = anew(record, "blend", "blend more", upon)
    before, keys = shown(head), values(head)
    for by, *_ in gallery_order.ORDERS:
        step("sort_gallery", by=by)
        assert np.array_equal(shown(head), before) and values(head) == keys
    step("remove_hypothesis", name="identity_04" if upon != "part" else "expression_03")
    assert np.array_equal(shown(head), before)
    more = synthetic.write_more(tmp_path / "more")
    step("add_heads", head=head.name, directory=str(more.folder))
    assert np.array_equal(shown(head), before)
    assert blend.is_shown(head)


@pytest.mark.parametrize("upon", UPON_A_MIXTURE)
def test_a_blend_that_is_shown_again_is_as_it_was(record: Reconstruction, upon: str) -> None:
    head = anew(record, "blend", "blend more", upon)
    before = shown(head)
    step("show", name="identity_04")
    step("show_blend")
    assert np.array_equal(shown(head), before)
    step("blend_drop", name="identity_03")
    assert np.array_equal(shown(head), shown(anew(record, "blend", upon)))


def test_a_removed_expression_leaves_the_strength_of_the_one_shown(
    head: bpy.types.Object,
) -> None:
    step("show", name="expression_02")
    head.data.shape_keys.key_blocks["expression_02"].value = 0.4
    before = shown(head)
    step("remove_hypothesis", name="expression_03")
    assert np.array_equal(shown(head), before)
    assert hypotheses.chosen_expression(head) == "expression_02"


def test_what_is_no_number_exaggerates_nothing(head: bpy.types.Object) -> None:
    before, place = values(head), shown(head)
    head.ofer.exaggeration = float("nan")
    with pytest.raises(RuntimeError, match="no number"):
        bpy.ops.ofer.show(name="identity_02")
    head.ofer.exaggeration = 1.0
    assert values(head) == before
    assert np.abs(shown(head) - place).max() == 0


@pytest.mark.parametrize("by", ["curve", "driver"])
def test_an_animated_identity_is_not_made_the_basis(head: bpy.types.Object, by: str) -> None:
    key = head.data.shape_keys.key_blocks["identity_03"]
    if by == "curve":
        key.keyframe_insert("value", frame=1)
    else:
        key.driver_add("value").driver.expression = "1"
    bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match="animated or driven"):
        bpy.ops.ofer.use_identity(name="identity_03")
    assert differences(before, dump()) == []
    assert bpy.ops.ofer.use_identity(name="identity_02") == {"FINISHED"}


def test_a_mixture_is_exaggerated_as_a_whole(head: bpy.types.Object) -> None:
    keys = key_points(head)
    own = {name: keys[name] - keys["Basis"] for name in ("identity_02", "identity_03")}
    blocks = head.data.shape_keys.key_blocks
    blocks["identity_02"].value, blocks["identity_03"].value = 0.25, 0.5  # by hand
    for times in (2.0, 3.0, 1.0):
        head.ofer.exaggeration = times
        wanted = keys["Basis"] + times * (0.25 * own["identity_02"] + 0.5 * own["identity_03"])
        assert np.abs(shown(head) - wanted).max() < 1e-6
    ACTS["blend"]()
    ACTS["blend more"]()
    head.ofer.exaggeration = 3.0
    wanted = keys["Basis"] + 1.5 * (own["identity_02"] + own["identity_03"])
    assert np.abs(shown(head) - wanted).max() < 1e-6 and blend.is_shown(head)
    head.ofer.blend["identity_02"].weight = 0.0
    wanted = keys["Basis"] + 3.0 * own["identity_03"]
    assert np.abs(shown(head) - wanted).max() < 1e-6 and blend.is_shown(head)
    head.ofer.exaggeration = 1.0
    step("use_blend")
    assert np.abs(shown(head) - keys["identity_03"]).max() < 1e-6


@pytest.mark.parametrize("moved", [False, True], ids=["where it was", "transforms applied"])
def test_heads_are_sorted_as_they_were_sculpted(head: bpy.types.Object, moved: bool) -> None:
    """Narrowed and widened by hand, also on a mesh that stands elsewhere and is larger."""
    narrow, wide = ("identity_04", "identity_02")
    for name, factor in ((narrow, 0.5), (wide, 2.0)):
        key = head.data.shape_keys.key_blocks[name]
        sculpted = points(key) * (factor, 1.0, 1.0)
        key.points.foreach_set("co", sculpted.astype(np.float32).ravel())
    if moved:
        head.scale, head.location, head.rotation_euler = (3, 3, 3), (1, 2, 3), (0.3, 0.2, 1.5)
        bpy.ops.object.transform_apply(location=True, rotation=True, scale=True)
    step("sort_gallery", by="WIDTH")
    names = [item.name for item in head.ofer.identities]
    assert (names[0], names[-1]) == (narrow, wide)


def test_leaving_a_walk_brings_a_mixture_back(record: Reconstruction) -> None:
    head = anew(record, "blend", "blend more", "hint", "pin")
    before, keys = shown(head), values(head)
    walk = Walk(head)
    for key in ("RIGHT_ARROW", "DOWN_ARROW", "RIGHT_ARROW"):
        walk.press(key)
    assert np.abs(shown(head) - before).max() > 1e-4
    walk.leave()
    assert np.array_equal(shown(head), before) and values(head) == keys
