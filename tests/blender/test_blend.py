"""Blending heads: live by shape keys, exact as a new Basis, one undo step each."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.head import blend, hypotheses, previews
from recording_layout import draw
from scene_dump import differences, dump
from shapes import key_points, shown


def blended(*names: str) -> None:
    for name in names:
        bpy.ops.ofer.blend_add("EXEC_DEFAULT", True, name=name)


def test_sliders_mix_live(head: bpy.types.Object) -> None:
    old = key_points(head)
    blended("identity_01", "identity_02", "identity_04")
    head.ofer.blend["identity_01"].weight = 0.5
    head.ofer.blend["identity_02"].weight = 0.25
    head.ofer.blend["identity_04"].weight = 0.25
    wanted = 0.5 * old["Basis"] + 0.25 * old["identity_02"] + 0.25 * old["identity_04"]
    assert np.abs(shown(head) - wanted).max() <= 1e-6
    for part in head.ofer.blend:
        part.weight = 0.0
    wanted = (old["Basis"] + old["identity_02"] + old["identity_04"]) / 3
    assert np.abs(shown(head) - wanted).max() <= 1e-6, "all at 0 means equal parts"
    bpy.ops.ofer.blend_drop(name="identity_02")
    wanted = (old["Basis"] + old["identity_04"]) / 2
    assert np.abs(shown(head) - wanted).max() <= 1e-6


def test_looking_elsewhere_and_back(head: bpy.types.Object) -> None:
    blended("identity_02", "identity_03")
    mixed = shown(head)
    assert "[ofer.show_blend] Show the Blend" not in draw("OFER_PT_blend")
    bpy.ops.ofer.show(name="identity_04")
    assert not blend.is_shown(head)
    assert "[ofer.show_blend] Show the Blend" in draw("OFER_PT_blend")
    bpy.ops.ofer.show_blend()
    assert blend.is_shown(head) and np.array_equal(shown(head), mixed)


def test_use_the_blend(head: bpy.types.Object) -> None:
    old = key_points(head)
    bpy.ops.ofer.show(name="expression_02")
    blended("identity_02", "identity_03")
    head.ofer.blend["identity_03"].weight = 0.25
    seen = shown(head)
    bpy.ops.ofer.use_blend()
    new = key_points(head)
    wanted = 0.8 * old["identity_02"] + 0.2 * old["identity_03"]
    assert np.abs(new["Basis"] - wanted).max() <= 1e-6
    assert np.array_equal(new["identity_01"], old["Basis"])
    assert all(np.array_equal(new[n], old[n]) for n in ("identity_02", "identity_03"))
    offset = old["expression_02"] - old["Basis"]
    assert np.abs(new["expression_02"] - new["Basis"] - offset).max() <= 1e-6
    assert np.abs(shown(head) - seen).max() <= 1e-6
    made = head.ofer.identities[0]
    assert made.name == head.ofer.basis == hypotheses.chosen_identity(head) == "blend_01"
    assert {s.row: pytest.approx(s.weight) for s in made.shares} == {3: 0.8, 4: 0.2}
    assert not head.ofer.blend and made.rank == 0


def test_a_blend_of_blends_remembers_the_heads(head: bpy.types.Object) -> None:
    blended("identity_02", "identity_03")
    bpy.ops.ofer.use_blend()
    blended("blend_01", "identity_03")
    bpy.ops.ofer.use_blend()
    shares = {s.row: round(s.weight, 6) for s in head.ofer.identities["blend_02"].shares}
    assert shares == {3: 0.25, 4: 0.75}
    assert "blend_01" in head.data.shape_keys.key_blocks


def test_its_picture_is_the_mixture(head: bpy.types.Object) -> None:
    blended("identity_01", "identity_03")
    bpy.ops.ofer.use_blend()
    picture = previews.load(head.ofer.identities["blend_01"].picture)
    assert tuple(picture.image_size) == (8, 8)
    assert np.allclose(np.array(picture.image_pixels_float[:3]) * 255, (20 + 60) / 2, atol=2)
    head.ofer.identities["identity_04"].picture = b""
    blended("blend_01", "identity_04")
    bpy.ops.ofer.use_blend()
    assert head.ofer.identities["blend_02"].picture == b""


def test_what_cannot_be_blended(head: bpy.types.Object) -> None:
    assert not bpy.ops.ofer.use_blend.poll() and not bpy.ops.ofer.show_blend.poll()
    before = dump()
    with pytest.raises(RuntimeError, match="no shape key"):
        bpy.ops.ofer.blend_add(name="expression_01")
    assert differences(before, dump()) == []
    blended("identity_01")
    assert not bpy.ops.ofer.use_blend.poll(), "one is no blend"
    blended("identity_02", "identity_03")
    assert not bpy.ops.ofer.blend_add.poll(), "three are enough"
    head.shape_key_remove(head.data.shape_keys.key_blocks["identity_02"])
    with pytest.raises(RuntimeError, match="was deleted: take it out first"):
        bpy.ops.ofer.use_blend()
    bpy.ops.ofer.blend_drop(name="identity_02")
    bpy.ops.ofer.use_blend()
    bpy.ops.ofer.remove_hypothesis(name="identity_03")
    assert "identity_03" not in head.ofer.identities


@pytest.mark.parametrize("operator", ["blend_add", "blend_drop", "show_blend", "use_blend"])
def test_each_is_one_undo_step(head: bpy.types.Object, operator: str) -> None:
    blended("identity_02", "identity_03")
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="identity_04")
    before = dump()
    names = {"blend_add": {"name": "identity_04"}, "blend_drop": {"name": "identity_02"}}
    getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **names.get(operator, {}))
    after = dump()
    assert differences(before, after)
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []
