"""A head is found again by what it is, not by its name: renamed, its name given away or shared with
a linked one, or being edited while the engine works for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.head import lookup
from ofer_faces.ofer_blender.operators import browse
from ofer_faces.ofer_blender.skin import skin
from ofer_faces.ofer_engine.client import png as png_file
from scene_dump import differences, dump
from shapes import key_points
from test_draw_more import idle, poll_until
from test_undo import PREPARED

Employ = Callable[[str], None]
pytestmark = pytest.mark.usefixtures("as_in_a_window")


HEADLESS = ("add_heads", "renew_expressions", "replace_head", "wear_skin", "wear_first_skin")
"""What the answers of the engine are put in by; each names the head."""


def of_photo(head: bpy.types.Object, folder: Path) -> None:
    photo = folder / "anna.jpg"
    photo.write_bytes(png_file.encode(np.full((48, 64, 3), 90, np.uint8)))
    synthetic.made_of(head, photo)
    bpy.ops.ofer.choose_photo(filepath=str(photo))


def got_heads(head: bpy.types.Object) -> bool:
    return "identity_07" in head.ofer.identities


def got_skin(head: bpy.types.Object) -> bool:
    return skin.picture(head) is not None


def got_successor(head: bpy.types.Object) -> bool:
    return head.hide_get()


WORK: dict[str, Callable[[bpy.types.Object], bool]] = {
    "more_like_this": got_heads,
    "again": got_heads,
    "make_skin": got_skin,
    "hidden_here": got_successor,
}


def given_away(head: bpy.types.Object, folder: Path) -> bpy.types.Object:
    """Another person's head gets the name of this one."""
    other = synthetic.write(folder / "other", "bert")
    head.name = "the real anna"
    bpy.ops.ofer.insert_head(directory=str(other.folder))
    bpy.context.object.name = "anna"
    return bpy.context.object


@pytest.mark.parametrize("work", WORK)
def test_the_answer_goes_to_the_head_it_is_for(
    head: bpy.types.Object, employ: Employ, tmp_path: Path, work: str
) -> None:
    employ("ok")
    of_photo(head, tmp_path)
    head.ofer.hidden_here = {"mouth"}
    getattr(bpy.ops.ofer, work)()
    other = given_away(head, tmp_path)
    before = key_points(other)
    poll_until(idle)
    assert jobs.queue.failure is None
    assert WORK[work](head) and not WORK[work](other)
    now = key_points(other)
    assert now.keys() == before.keys()
    assert all(np.array_equal(now[name], before[name]) for name in before)


def test_expressions_are_those_of_the_head_they_were_asked_for(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    computed = np.full((3, 120, 3), 0.1, np.float32)
    np.savez(tmp_path / "prepared" / "expressions.npz", expression_vertices=computed)
    before = key_points(head)
    bpy.ops.ofer.express()
    other = given_away(head, tmp_path)
    untouched = key_points(other)
    poll_until(idle)
    assert jobs.queue.failure is None
    assert not np.array_equal(key_points(head)["expression_01"], before["expression_01"])
    now = key_points(other)
    assert all(np.array_equal(now[name], untouched[name]) for name in untouched)


def linked_twin(head: bpy.types.Object, folder: Path) -> bpy.types.Object:
    """The same head out of another file, with its very name."""
    file = folder / "library.blend"
    bpy.data.libraries.write(str(file), {head}, fake_user=True)
    with bpy.data.libraries.load(str(file), link=True) as (_, taken):
        taken.objects = [head.name]
    (twin,) = taken.objects
    bpy.context.scene.collection.objects.link(twin)
    assert twin.name == head.name and twin != head
    return twin


@pytest.mark.parametrize("operator", HEADLESS)
def test_a_linked_head_of_its_name_is_not_taken_for_it(
    head: bpy.types.Object, tmp_path: Path, operator: str
) -> None:
    twin = linked_twin(head, tmp_path)
    assert lookup.named("anna") == head
    arguments = PREPARED[operator](tmp_path)
    before = key_points(twin), len(twin.ofer.identities)
    assert getattr(bpy.ops.ofer, operator)(**arguments) == {"FINISHED"}
    now = key_points(twin), len(twin.ofer.identities)
    assert before[1] == now[1]
    assert all(np.array_equal(now[0][name], before[0][name]) for name in before[0])


def test_the_head_that_is_browsed_is_the_one_in_this_file(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    twin = linked_twin(head, tmp_path)
    walk = browse.Walk(head)
    assert walk.press("RIGHT_ARROW") == "RUNNING_MODAL"
    assert (head.ofer.identity_index, twin.ofer.identity_index) == (1, 0)


def test_the_head_that_is_browsed_may_be_renamed(head: bpy.types.Object) -> None:
    walk = browse.Walk(head)
    walk.press("RIGHT_ARROW")
    head.name = "bert"
    assert walk.press("ESC") == "CANCELLED" and head.ofer.identity_index == 0


@pytest.mark.parametrize("operator", HEADLESS)
@pytest.mark.parametrize("mode", ["EDIT", "SCULPT"])
def test_a_head_that_is_being_edited_is_left_alone(
    head: bpy.types.Object, tmp_path: Path, operator: str, mode: str
) -> None:
    arguments = PREPARED[operator](tmp_path)
    for each in (mode, "OBJECT", mode):  # entering settles what is selected
        bpy.ops.object.mode_set(mode=each)
    before = dump()
    with pytest.raises(RuntimeError, match="is being edited.*Switch to Object Mode first"):
        getattr(bpy.ops.ofer, operator)(**arguments)
    assert head.mode == mode and differences(before, dump()) == []


@pytest.mark.parametrize("operator", HEADLESS)
def test_a_library_override_is_left_alone(
    head: bpy.types.Object, tmp_path: Path, operator: str
) -> None:
    arguments = PREPARED[operator](tmp_path)
    twin = linked_twin(head, tmp_path)
    bpy.data.objects.remove(head)
    override = twin.override_create(remap_local_usages=True)
    assert override.name == arguments["head"]
    bpy.context.view_layer.objects.active = override
    with pytest.raises(RuntimeError, match="linked from another file"):
        getattr(bpy.ops.ofer, operator)(**arguments)
    assert not bpy.ops.ofer.use_identity.poll()


def test_an_answer_waits_while_the_head_is_edited_in_another_window(
    head: bpy.types.Object, employ: Employ
) -> None:
    employ("ok")
    bpy.ops.ofer.more_like_this()
    bpy.ops.object.mode_set(mode="EDIT")
    with bpy.context.temp_override(object=None, active_object=None, edit_object=None):
        assert jobs._obstacle() == "Waiting for Object Mode"
    bpy.ops.object.mode_set(mode="OBJECT")
    poll_until(idle)
    assert got_heads(head)
