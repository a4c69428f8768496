"""Keys of an artist's own that are relative to one of ours, and which key is the active one."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.head import shape_keys
from shapes import shown

MOVE = np.float32(0.01)
"""Metres upwards, of the first points."""


def add_corrective(head: bpy.types.Object, relative: str) -> bpy.types.ShapeKey:
    """An artist's key that moves a few points from where another key has them."""
    keys = head.data.shape_keys.key_blocks
    key = head.shape_key_add(name=f"corrective of {relative}", from_mix=False)
    shape = shape_keys.points(keys[relative])
    shape[:10, 2] += MOVE
    key.points.foreach_set("co", shape.ravel())
    key.relative_key = keys[relative]
    key.value = 0.0
    return key


def movement(key: bpy.types.ShapeKey) -> np.ndarray:
    return shape_keys.points(key) - shape_keys.points(key.relative_key)


def step(operator: str, **arguments: object) -> None:
    assert getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def wanted() -> np.ndarray:
    move = np.zeros((120, 3), np.float32)
    move[:10, 2] = MOVE
    return move


@pytest.mark.parametrize("relative", ["identity_02", "identity_03", "expression_01"])
def test_they_move_as_before_when_another_head_is_used(
    relative: str, head: bpy.types.Object
) -> None:
    key = add_corrective(head, relative)
    second = head.shape_key_add(name="on top", from_mix=False)
    second.points.foreach_set("co", (shape_keys.points(key) + MOVE).ravel())
    second.relative_key = key
    for name in ("identity_03", "identity_01"):
        step("use_identity", name=name)
        assert np.abs(movement(key) - wanted()).max() < 1e-6
        assert np.abs(movement(second) - MOVE).max() < 1e-6
        step("show", name=name)
        without = shown(head)
        key.value = 1.0
        seen = shown(head) - without
        key.value = 0.0
        assert np.abs(seen - wanted()).max() < 1e-5, "as it is seen"


def test_one_of_the_head_that_becomes_the_basis_is_relative_to_the_basis(
    head: bpy.types.Object,
) -> None:
    key, shape = add_corrective(head, "identity_03"), None
    shape = shape_keys.points(key)
    step("use_identity", name="identity_03")
    assert key.relative_key == head.data.shape_keys.reference_key
    assert np.abs(shape_keys.points(key) - shape).max() < 1e-6


def test_they_go_along_with_what_is_computed_anew(head: bpy.types.Object, tmp_path: Path) -> None:
    step("add_arkit")
    keys = [add_corrective(head, name) for name in ("jawOpen", "expression_01")]
    before = shape_keys.points(head.data.shape_keys.key_blocks["jawOpen"])
    step("use_identity", name="identity_03")
    rng = np.random.default_rng(3)
    np.savez(
        tmp_path / "answer.npz",
        expression_vertices=rng.normal(0, 0.05, (3, 120, 3)).astype(np.float32),
        arkit_units=rng.normal(0, 0.01, (52, 120, 3)).astype(np.float32),
        expression_arkit=rng.uniform(0, 1, (3, 52)).astype(np.float32),
        expression_arkit_residual=np.full(3, 0.001, np.float32),
    )
    step("renew_expressions", head=head.name, filepath=str(tmp_path / "answer.npz"))
    now = shape_keys.points(head.data.shape_keys.key_blocks["jawOpen"])
    assert np.abs(now - before).max() > 1e-4, "it was computed anew"
    for key in keys:
        assert np.abs(movement(key) - wanted()).max() < 1e-6


def test_they_survive_the_deletion_of_the_head_that_they_count_from(
    head: bpy.types.Object,
) -> None:
    key = add_corrective(head, "identity_03")
    step("remove_hypothesis", name="identity_03")
    assert key.relative_key == head.data.shape_keys.reference_key
    assert np.abs(movement(key) - wanted()).max() < 1e-6


def test_keys_that_are_relative_to_each_other_end(head: bpy.types.Object) -> None:
    keys = head.data.shape_keys.key_blocks
    one, other = add_corrective(head, "identity_02"), add_corrective(head, "expression_01")
    one.relative_key, other.relative_key = other, one
    step("use_identity", name="identity_03")
    shape_keys.set_points(one, shape_keys.points(one) + MOVE)
    assert {one.name, other.name} <= set(keys.keys())


@pytest.mark.parametrize("active", ["identity_02", "Basis", "own"])
def test_the_active_key_stays_the_active_one(active: str, head: bpy.types.Object) -> None:
    """Or the next sculpt would lie on another."""
    hints, keys = head.ofer.hints, head.data.shape_keys.key_blocks
    step("pin", point=37, photo=(300.0, 200.0))
    step("take_part", part="nose", name="identity_03")
    hints.age, hints.tell_age = 70.0, True
    head.shape_key_add(name="own", from_mix=False)
    head.active_shape_key_index = keys.find(active)
    step("clear_pins")
    assert head.active_shape_key.name == active
    step("give_part_back", part="nose")
    assert head.active_shape_key.name == active
    hints.tell_age = False
    assert head.active_shape_key.name == active
    assert not {"pins", "parts", "hints"} & set(keys.keys())
    step("remove_hypothesis", name="identity_04")
    assert head.active_shape_key.name == active


def test_keys_that_are_computed_again_and_again_are_locked(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    hints, keys = head.ofer.hints, head.data.shape_keys.key_blocks
    step("pin", point=37, photo=(300.0, 200.0))
    step("take_part", part="nose", name="identity_03")
    hints.age, hints.tell_age = 70.0, True
    ours = {"pins", "pins_expression", "parts", "hints"}
    assert {each.name for each in keys if each.lock_shape} == ours
    head.active_shape_key_index = keys.find("parts")
    shape = shape_keys.points(keys["parts"])
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    with pytest.raises(RuntimeError, match="locked"):
        bpy.ops.transform.translate(value=(0, 0, 1))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert np.array_equal(shape_keys.points(keys["parts"]), shape)
    keys["parts"].lock_shape = False  # as a file of an earlier version has it
    file = str(tmp_path / "head.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.open_mainfile(filepath=file)
    keys = bpy.data.objects["anna"].data.shape_keys.key_blocks
    assert {each.name for each in keys if each.lock_shape} == ours
