"""Mouth shapes of speech in terms of the 52."""

import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.visemes import VISEMES, VRCHAT, VisemeSet

SPOKEN = [weights for each in VISEMES.values() for weights in each.values()]


def test_their_names_are_the_published_ones():
    assert list(VISEMES[VisemeSet.META]) == [
        f"viseme_{name}"
        for name in "sil PP FF TH DD kk CH SS nn RR aa E ih oh ou".split()
    ]  # fmt: skip
    assert list(VISEMES[VisemeSet.MICROSOFT]) == [f"viseme_{number}" for number in range(22)]
    assert list(VRCHAT.values()) == [
        f"vrc.v_{name}" for name in "sil pp ff th dd kk ch ss nn rr aa e ih oh ou".split()
    ]


@pytest.mark.parametrize("weights", SPOKEN)
def test_each_is_a_mouth_whose_sides_are_alike(weights):
    assert set(weights) <= set(ARKIT_52)
    assert all(0 < weight <= 1 for weight in weights.values())
    assert all(name.startswith(("jaw", "mouth", "tongue")) for name in weights)
    for name, weight in weights.items():
        if name.endswith("Left"):
            assert weights[name.replace("Left", "Right")] == weight


def test_the_sounds_of_one_mouth_are_one():
    """p, f and u are seen alike, whoever counts them."""
    meta, microsoft = VISEMES[VisemeSet.META], VISEMES[VisemeSet.MICROSOFT]
    for name, number in (("sil", 0), ("aa", 2), ("ou", 7), ("oh", 8), ("RR", 13), ("PP", 21)):
        assert meta[f"viseme_{name}"] == microsoft[f"viseme_{number}"]
    assert len({tuple(sorted(each.items())) for each in meta.values()}) == 15
