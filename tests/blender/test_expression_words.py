"""Expressions are called by what moves in them, and those that look alike are listed once."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import hypotheses
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.expression_words import FEATURES, NEAR, Words, alike, words


def weights(**units: float) -> np.ndarray:
    return np.array([units.get(name, 0.0) for name in ARKIT_52])


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        (weights(mouthSmileLeft=0.8, mouthSmileRight=0.7), Words("SMILE", "BOTH", "CALM")),
        (weights(mouthSmileLeft=0.8, mouthSmileRight=0.3), Words("SMILE", "LEFT", "CALM")),
        (weights(browOuterUpRight=0.6, jawOpen=0.4), Words("BROWS_UP", "RIGHT", "MOUTH_OPEN")),
        (weights(jawRight=0.5), Words("JAW_ASIDE", "RIGHT", "CALM")),
        (weights(eyeLookDownLeft=0.9, mouthClose=0.9), Words("CALM", "BOTH", "CALM")),
        (weights(jawOpen=0.1), Words("CALM", "BOTH", "CALM")),
    ],
)
def test_words(moved: np.ndarray, said: Words) -> None:
    assert words(moved) == said


def test_every_unit_has_a_word_that_there_is() -> None:
    known = {name for name, _, _ in FEATURES}
    for unit in ARKIT_52:
        said = words(weights(**{unit: 1.0}))
        assert said.feature in known
        unsaid = unit.startswith("eyeLook") or unit == "mouthClose"
        assert (said.feature == "CALM") == unsaid, unit


def test_words_are_a_line_of_english() -> None:
    assert str(words(weights(mouthSmileLeft=0.8, browInnerUp=0.4))) == "Smile, Left and Brows Up"
    assert str(words(weights(jawOpen=0.5))) == "Mouth Open"
    assert str(words(weights())) == "Calm"


def test_alike_is_what_moves_no_point_far() -> None:
    neutral = np.zeros((4, 3))
    one, same, other = (np.zeros((4, 3)) for _ in range(3))
    one[0, 1], same[0, 1], other[2, 0] = 2 * NEAR, 2.5 * NEAR, 2 * NEAR
    calm = np.full((4, 3), NEAR / 4)
    assert alike(np.stack((calm, one, same, other)), neutral).tolist() == [True, False, True, False]


def test_a_calm_photo_has_few_expressions(tmp_path: Path) -> None:
    made = synthetic._arrays()
    calm = made["expression_vertices"].copy()
    calm[1] = calm[0] + 0.0002
    folder = synthetic.write(tmp_path, expression_vertices=calm).folder
    bpy.ops.ofer.insert_head(directory=str(folder))
    settings = bpy.context.object.ofer
    assert settings.expressions["expression_02"].hidden
    assert not settings.expressions["expression_01"].hidden
    listed = [settings.expressions[place].name for place in
              hypotheses.listed_expressions(bpy.context.object)]  # fmt: skip
    assert "expression_02" not in listed and "neutral" in listed
    bpy.ops.ofer.show(name="expression_01")
    bpy.ops.ofer.step(kind="EXPRESSION", steps=1)
    assert hypotheses.chosen_expression(bpy.context.object) == "expression_03"
    assert "expression_02" in bpy.context.object.data.shape_keys.key_blocks
