"""Parts taken from other heads: whole where they lie, with the rest as it was or gone along."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import helper_keys
from ofer_faces.ofer_engine.contract.face_parts import FACE_PARTS
from shapes import key_points, shown


def step(operator: str, **arguments: object) -> None:
    assert getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def mask(head: bpy.types.Object, part: str) -> np.ndarray:
    return synthetic._part_masks(synthetic._egg()[0])[FACE_PARTS.index(part)].astype(float)


def test_a_part_is_pasted_and_the_rest_stays(head: bpy.types.Object) -> None:
    rest, other = shown(head), key_points(head)["identity_03"]
    step("take_part", part="nose", name="identity_03", follow=False)
    now, nose = shown(head), mask(head, "nose")
    assert (nose > 0.99).any()
    assert np.abs(now - other)[nose > 0.999].max() < 1e-5
    assert np.abs(now - rest)[nose == 0].max() < 1e-6


def test_the_rest_goes_along_where_it_follows(head: bpy.types.Object) -> None:
    rest, other = shown(head), key_points(head)["identity_03"]
    step("take_part", part="nose", name="identity_03")
    now, nose = shown(head), mask(head, "nose")
    assert np.abs(now - other)[nose > 0.999].max() < 1e-5
    assert np.abs(now - rest)[nose == 0].max() > 1e-5


def test_a_part_stays_while_other_heads_are_shown_until_it_is_given_back(
    head: bpy.types.Object,
) -> None:
    keys = key_points(head)
    step("take_part", part="nose", name="identity_03", follow=False)
    step("take_part", part="skull", name="identity_02", follow=False)
    step("show", name="identity_04")
    nose = mask(head, "nose") > 0.999
    assert np.abs(shown(head) - keys["identity_03"])[nose].max() < 1e-5
    step("give_part_back", part="nose")
    step("give_part_back", part="skull")
    assert np.abs(shown(head) - keys["identity_04"]).max() < 1e-6
    assert helper_keys.PARTS not in head.data.shape_keys.key_blocks


def test_a_head_of_which_a_part_is_worn_is_not_removed(head: bpy.types.Object) -> None:
    step("take_part", part="nose", name="identity_03", follow=False)
    with_part = shown(head)
    with pytest.raises(RuntimeError, match="has a part of identity_03"):
        bpy.ops.ofer.remove_hypothesis(name="identity_03")
    assert "identity_03" in head.ofer.identities
    assert np.abs(shown(head) - with_part).max() == 0.0
    step("give_part_back", part="nose")
    step("remove_hypothesis", name="identity_03")
    assert "identity_03" not in head.ofer.identities


def test_pins_go_on_from_parts(head: bpy.types.Object) -> None:
    step("take_part", part="nose", name="identity_03", follow=False)
    with_part = shown(head)
    step("pin", point=37, photo=(300.0, 200.0))
    step("clear_pins")
    assert np.abs(shown(head) - with_part).max() < 1e-6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"part": "tail"}, "no part"), ({"part": "nose", "name": "identity_99"}, "no shape key")],
)
def test_what_there_is_not_is_refused(head: bpy.types.Object, arguments: dict, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.ofer.take_part(**arguments)
    assert not head.ofer.parts
