"""Looking turns the eyeballs in their sockets."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.arkit.contacts import eyeball
from ofer_engine.arkit.gaze import LOOKS, turned_eyeballs
from ofer_engine.arkit.unit_model import fitted_units
from ofer_engine.contract.arkit import ARKIT_52


@pytest.fixture(scope="module")
def face(head) -> np.ndarray:
    return head.vertices(head.prior.draw(np.random.default_rng(11))).astype(np.float64)


@pytest.fixture(scope="module")
def units(model, face) -> np.ndarray:
    return fitted_units(model, face).astype(np.float64)


def test_each_eyeball_stays_where_it_is(model, face, units):
    for ids in model.eyes:
        ball = eyeball(face[ids])
        rest = np.linalg.norm(face[ids] - ball.centre, axis=1)
        for number in LOOKS:
            looking = np.linalg.norm(face[ids] + units[number, ids] - ball.centre, axis=1)
            assert np.abs(looking - rest).max() < 1e-6, ARKIT_52[number]


def test_its_iris_looks_where_the_unit_takes_it(head, model, face, units):
    left = model.eyes[0]
    ball = eyeball(face[left])
    front = left[face[left, 2].argmax()]
    for name, axis, sign in (
        ("eyeLookUpLeft", 1, 1), ("eyeLookDownLeft", 1, -1), ("eyeLookInLeft", 0, -1),
        ("eyeLookOutLeft", 0, 1),
    ):  # fmt: skip
        number = ARKIT_52.index(name)
        own = head.template[front] - eyeball(head.template[left]).centre
        wanted = own + head.expression[number, front]
        looking = face[front] + units[number, front] - ball.centre
        cosine = wanted @ looking / np.linalg.norm(wanted) / np.linalg.norm(looking)
        assert np.degrees(np.arccos(min(cosine, 1.0))) < 4
        assert sign * units[number, front, axis] > 0.002
        other = ARKIT_52.index(name.replace("Left", "Right"))
        assert np.abs(units[other, left]).max() < 1e-6


def test_nothing_else_moves(model, face):
    before = np.random.default_rng(2).normal(0, 0.001, model.units.shape)
    after = turned_eyeballs(face, before, model.eyes, model.eyeballs(face))
    changed = (before != after).any(2)
    assert set(np.flatnonzero(changed.any(1))) == set(LOOKS)
    assert set(np.flatnonzero(changed.any(0))) <= set(np.concatenate(model.eyes))
