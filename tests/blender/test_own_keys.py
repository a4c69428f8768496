"""Keys of an artist's own that have the name of one of ours: they keep their shape."""

from __future__ import annotations

from pathlib import Path

import bodies
import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.export import shapes
from ofer_faces.ofer_blender.export.plan import Keys, Plan
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import helper_keys, shape_keys
from ofer_faces.ofer_blender.undo import transaction
from shapes import key_points
from test_body import tube

MOVE = 0.25
"""Metres along each axis."""


def add_own(head: bpy.types.Object, name: str) -> None:
    """An artist's key with a driver on it."""
    key = head.shape_key_add(name=name, from_mix=False)
    shape_keys.set_points(key, shape_keys.points(key) + np.float32(MOVE))
    key.driver_add("value").driver.expression = "0.5"


def kept(head: bpy.types.Object, name: str) -> bool:
    """It is there under that name, moves what it moved, and is driven as before."""
    keys = head.data.shape_keys
    driven = {each.data_path: each.driver.expression for each in keys.animation_data.drivers}
    assert driven[f'key_blocks["{name}"].value'] == "0.5"
    bpy.context.view_layer.update()
    assert keys.key_blocks[name].value == pytest.approx(0.5)
    moved = key_points(head)[name] - shape_keys.points(keys.reference_key)
    return np.allclose(moved, MOVE, atol=1e-5)


def step(operator: str, **arguments: object) -> None:
    assert getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def tell(head: bpy.types.Object) -> None:
    head.ofer.hints.age, head.ofer.hints.tell_age = 70.0, True


def untell(head: bpy.types.Object) -> None:
    head.ofer.hints.tell_age = False


def take(head: bpy.types.Object) -> None:
    step("take_part", part="nose", name="identity_03")


def give_back(head: bpy.types.Object) -> None:
    step("give_part_back", part="nose")


def pin(head: bpy.types.Object) -> None:
    step("pin", point=37, photo=(300.0, 200.0))


def clear(head: bpy.types.Object) -> None:
    step("clear_pins")


def attach(head: bpy.types.Object) -> None:
    if "MPFB" not in bpy.data.objects:
        tube(bodies.make("MPFB"), "MPFB")
    bpy.context.view_layer.objects.active = head
    step("attach_to_armature", armature="MPFB")
    step("bridge_neck")


def add_rig(head: bpy.types.Object) -> None:
    step("add_rig")


def take_off(head: bpy.types.Object) -> None:
    """As an artist does: the parent is cleared, the modifier removed."""
    head.parent = None
    for each in [each for each in head.modifiers if each.type == "ARMATURE"]:
        head.modifiers.remove(each)


WAYS = {
    "hints": (tell, untell),
    "parts": (take, give_back),
    "pins": (pin, clear),
    "pins_expression": (pin, clear),
    "neck_fit": (attach, take_off),
    "corrective_jaw_sin": (add_rig, take_off),
    "corrective_jaw_cos": (add_rig, take_off),
}
"""How each key of ours comes, and how what it is for ends; those of bones and bodies stay."""
SHAPING = ("hints", "parts", "pins", "pins_expression")


@pytest.fixture
def anna(tmp_path: Path) -> bpy.types.Object:
    """A head of a model that has jaw correctives."""
    moves = np.random.default_rng(5).normal(0, 0.003, (2, 120, 3)).astype(np.float32)
    record = synthetic.write(tmp_path, jaw_correctives=moves)
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    return bpy.context.object


def reopened(head: bpy.types.Object, file: Path) -> bpy.types.Object:
    name = head.name
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bpy.ops.wm.open_mainfile(filepath=str(file))
    return bpy.data.objects[name]


def shipped(head: bpy.types.Object, tmp_path: Path) -> dict[str, np.ndarray]:
    plan = Plan(Target.GLB, tmp_path / "a.glb", keys=Keys.ALL)
    found = shapes.gather(head, plan)
    return dict(zip(found.names, found.moves, strict=True))


@pytest.mark.parametrize("name", helper_keys.NAMES)
def test_a_key_called_like_one_of_ours_stays_the_artists(
    anna: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    add_own(anna, name)
    make, end = WAYS[name]
    bpy.ops.ofer.show(name="identity_03")
    assert kept(anna, name) and helper_keys.get(anna, name) is None
    assert name in shapes.own(anna)
    assert np.allclose(shipped(anna, tmp_path)[name], MOVE, atol=1e-5)
    make(anna)
    assert kept(anna, f"{name}.001") and helper_keys.get(anna, name)
    bpy.ops.ofer.show(name="identity_02")
    anna = reopened(anna, tmp_path / "a.blend")
    assert kept(anna, f"{name}.001") and helper_keys.get(anna, name)
    assert f"{name}.001" in shapes.own(anna)
    assert np.allclose(shipped(anna, tmp_path)[f"{name}.001"], MOVE, atol=1e-5)
    end(anna)
    assert kept(anna, f"{name}.001")
    assert bool(helper_keys.get(anna, name)) == (name not in SHAPING)
    make(anna)
    end(anna)
    assert kept(anna, f"{name}.001") and f"{name}.002" not in anna.data.shape_keys.key_blocks


@pytest.mark.parametrize("name", helper_keys.NAMES)
def test_a_head_of_an_older_version_knows_its_own(
    anna: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    make, end = WAYS[name]
    make(anna)
    del anna.data.shape_keys[helper_keys.PROPERTY]
    assert helper_keys.get(anna, name)
    anna = reopened(anna, tmp_path / "a.blend")
    assert helper_keys.PROPERTY in anna.data.shape_keys
    end(anna)
    make(anna)
    keys = anna.data.shape_keys.key_blocks
    assert helper_keys.get(anna, name) and f"{name}.001" not in keys


@pytest.mark.parametrize("name", helper_keys.NAMES)
def test_an_older_head_leaves_an_artists_key_alone(
    anna: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    add_own(anna, name)
    del anna.data.shape_keys[helper_keys.PROPERTY]
    anna = reopened(anna, tmp_path / "a.blend")
    WAYS[name][0](anna)
    assert kept(anna, f"{name}.001") and helper_keys.get(anna, name)


def test_a_property_from_elsewhere_makes_no_other_key_ours(anna: bpy.types.Object) -> None:
    for kept_there in ("identity_02 Basis", 3, {"hints": 1}):
        anna.data.shape_keys[helper_keys.PROPERTY] = kept_there
        assert helper_keys.names(anna) == ()


@pytest.mark.parametrize("linked", [False, True])
def test_each_copy_knows_its_own(anna: bpy.types.Object, linked: bool) -> None:
    add_own(anna, "pins")
    pin(anna)
    bpy.ops.object.duplicate(linked=linked)
    copy = bpy.context.object
    clear(copy)
    assert helper_keys.names(copy) == () and kept(copy, "pins.001")
    assert helper_keys.names(anna) == ("pins", "pins_expression") and kept(anna, "pins.001")
    bpy.context.view_layer.objects.active = anna
    tell(anna)
    assert helper_keys.names(copy) == ()
    clear(anna)
    assert helper_keys.names(anna) == ("hints",) and kept(anna, "pins.001")


def test_undo_and_redo_know_them(anna: bpy.types.Object) -> None:
    add_own(anna, "pins")
    bpy.ops.ed.undo_push(message="Before")
    pin(anna)
    bpy.ops.ed.undo()
    anna = bpy.context.object
    assert helper_keys.names(anna) == () and kept(anna, "pins")
    bpy.ops.ed.redo()
    anna = bpy.context.object
    assert helper_keys.names(anna) == ("pins", "pins_expression") and kept(anna, "pins.001")


def test_what_fails_is_taken_back(anna: bpy.types.Object) -> None:
    add_own(anna, "hints")
    change = transaction.Transaction(bpy.context, [anna])
    tell(anna)
    assert kept(anna, "hints.001")
    change.roll_back()
    assert helper_keys.names(anna) == () and kept(anna, "hints")


def test_new_heads_get_the_names_of_their_own(head: bpy.types.Object, tmp_path: Path) -> None:
    add_own(head, "identity_05")
    more = synthetic.write_more(tmp_path / "more")
    assert bpy.ops.ofer.add_heads(head=head.name, directory=str(more.folder)) == {"FINISHED"}
    assert kept(head, "identity_05.001") and "identity_05" in head.ofer.identities
    ours = key_points(head)["identity_05"] - shape_keys.points(head.data.shape_keys.reference_key)
    assert np.abs(ours).max() < MOVE / 2


@pytest.mark.parametrize("name", ["identity_01", "blend_01"])
def test_a_blend_and_the_head_before_it_get_theirs(head: bpy.types.Object, name: str) -> None:
    basis = shape_keys.points(head.data.shape_keys.reference_key)
    add_own(head, name)
    for part in ("identity_02", "identity_03"):
        bpy.ops.ofer.blend_add(name=part)
    assert bpy.ops.ofer.use_blend() == {"FINISHED"}
    assert np.array_equal(key_points(head)["identity_01"], basis)
    if name == "identity_01":
        assert kept(head, "identity_01.001") and head.ofer.basis == "blend_01"
    else:
        assert kept(head, "blend_01") and head.ofer.basis == "blend_02"


def test_the_head_before_another_one_gets_its_own(head: bpy.types.Object) -> None:
    basis = shape_keys.points(head.data.shape_keys.reference_key)
    add_own(head, "identity_01")
    assert bpy.ops.ofer.use_identity(name="identity_02") == {"FINISHED"}
    assert np.array_equal(key_points(head)["identity_01"], basis)
    assert kept(head, "identity_01.001") and head.ofer.basis == "identity_02"
