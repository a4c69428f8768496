"""Keys of an artist's own that have the name of one of ours: they keep their shape."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import hypotheses
from shapes import key_points

MOVE = 0.25
"""Metres along each axis."""


def add_own(head: bpy.types.Object, name: str) -> None:
    """An artist's key with a driver on it."""
    key = head.shape_key_add(name=name, from_mix=False)
    hypotheses.set_points(key, hypotheses.points(key) + np.float32(MOVE))
    key.driver_add("value").driver.expression = "0.5"


def kept(head: bpy.types.Object, name: str) -> bool:
    """It is there under that name, moves what it moved, and is driven as before."""
    keys = head.data.shape_keys
    (curve,) = keys.animation_data.drivers
    assert curve.data_path == f'key_blocks["{name}"].value'
    moved = key_points(head)[name] - hypotheses.points(keys.reference_key)
    return np.allclose(moved, MOVE, atol=1e-5)


def test_new_heads_get_the_names_of_their_own(head: bpy.types.Object, tmp_path: Path) -> None:
    add_own(head, "identity_05")
    more = synthetic.write_more(tmp_path / "more")
    assert bpy.ops.ofer.add_heads(head=head.name, directory=str(more.folder)) == {"FINISHED"}
    assert kept(head, "identity_05.001") and "identity_05" in head.ofer.identities
    ours = key_points(head)["identity_05"] - hypotheses.points(head.data.shape_keys.reference_key)
    assert np.abs(ours).max() < MOVE / 2


@pytest.mark.parametrize("name", ["identity_01", "blend_01"])
def test_a_blend_and_the_head_before_it_get_theirs(head: bpy.types.Object, name: str) -> None:
    basis = hypotheses.points(head.data.shape_keys.reference_key)
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
    basis = hypotheses.points(head.data.shape_keys.reference_key)
    add_own(head, "identity_01")
    assert bpy.ops.ofer.use_identity(name="identity_02") == {"FINISHED"}
    assert np.array_equal(key_points(head)["identity_01"], basis)
    assert kept(head, "identity_01.001") and head.ofer.basis == "identity_02"
