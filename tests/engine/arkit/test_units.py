"""The 52 units on faces of the open head, and on a head of another topology."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from ofer_engine.arkit import unit_model
from ofer_engine.arkit.contacts import LID_PAIRS, LIP_PAIRS
from ofer_engine.arkit.registration import Registration, register
from ofer_engine.arkit.six_joints import SixJoints
from ofer_engine.arkit.transfer import transferred_units
from ofer_engine.arkit.unit_library import NO_TONGUE, UnitLibrary, tongue_note
from ofer_engine.arkit.unit_model import UnitModel, fitted_units
from ofer_engine.contract.arkit import ARKIT_52
from tests.engine.arkit.dual_head import DualHead

UNIT = {name: number for number, name in enumerate(ARKIT_52)}


@pytest.fixture(scope="module")
def face(head) -> np.ndarray:
    return head.vertices(head.prior.draw(np.random.default_rng(3)))


@pytest.fixture(scope="module")
def units(model, face) -> np.ndarray:
    return fitted_units(model, face)


@pytest.fixture(scope="module")
def other(head) -> DualHead:
    return DualHead.of(head)


@pytest.fixture(scope="module")
def registration(head, other) -> Registration:
    return register(other, head, other.known_landmarks)


@pytest.fixture(scope="module")
def carried(head, other, registration) -> UnitModel:
    return transferred_units(other, head, registration)


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(52,) of displacements (52, V, 3), vertices weighted by how far both move."""
    sizes = np.linalg.norm(one, axis=2) * np.linalg.norm(other, axis=2)
    return (one * other).sum((1, 2)) / np.maximum(sizes.sum(1), 1e-12)


def test_every_unit_moves_a_face_as_it_moves_the_template(head, model, units):
    assert units.shape == head.expression.shape and units.dtype == np.float32
    others = np.setdiff1d(np.arange(len(head.template)), np.concatenate(model.eyes))
    moved, wanted = units[:, others], head.expression[:, others]  # eyeballs: test_gaze
    assert cosines(moved, wanted).min() > 0.96
    sizes = np.linalg.norm(moved, axis=2).sum(1) / np.linalg.norm(wanted, axis=2).sum(1)
    assert 0.7 < sizes.min() and sizes.max() < 1.4


def test_left_is_the_subjects_left(face, units):
    for name in ("eyeBlinkLeft", "mouthSmileLeft", "browOuterUpLeft", "eyeWideLeft"):
        size = np.linalg.norm(units[UNIT[name]], axis=1)
        assert (size * face[:, 0]).sum() / size.sum() > 0.01


def test_mouth_close_closes_what_jaw_open_opens(model, face, units):
    rows = model.pair_rows(LIP_PAIRS)
    opened = face + units[UNIT["jawOpen"]]
    assert np.linalg.norm(rows @ (opened - face), axis=1)[1:-1].min() > 0.025
    assert np.abs(rows @ (opened + units[UNIT["mouthClose"]] - face)).max() < 5e-4


def test_lids_meet_as_the_templates_do(head, model, face, units):
    for name, pairs in LID_PAIRS.items():
        rows = model.pair_rows(pairs)
        wanted = rows @ (head.template + head.expression[UNIT[name]])
        assert np.abs(rows @ (face + units[UNIT[name]]) - wanted).max() < 1.5e-3


def test_no_lid_enters_an_eyeball(model, face, units):
    for ball in model.eyeballs(face):
        offset = face - ball.centre
        resting = np.linalg.norm(offset, axis=1) - ball.radius
        lids = model.outer & (resting < 0.009) & (offset[:, 2] > 0)
        for unit in units:
            moving = lids & (np.linalg.norm(unit, axis=1) > 3e-4)
            for step in (0.25, 0.5, 0.75, 1.0):
                reach = np.linalg.norm(offset + step * unit, axis=1) - ball.radius
                assert (reach - np.minimum(resting, 0))[moving].min(initial=0) > -5e-4


def pressed(model: UnitModel, neutral: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(52,) metres by which lips are deeper in each other than at rest, at full weight."""
    lips, shapes = model.lips, neutral + units
    shapes[UNIT["mouthClose"]] += units[UNIT["jawOpen"]]
    rest = np.linalg.norm(lips.inside(neutral[None, lips.ids])[0], axis=1)
    depth = [np.linalg.norm(lips.inside(shape[None, lips.ids])[0], axis=1) for shape in shapes]
    return (np.array(depth) - rest).max(1)


def test_lips_do_not_run_into_each_other(model, face, units):
    face = face.astype(float)
    assert pressed(model, face, model.units).max() > 0.001  # as they were sculpted
    assert pressed(model, face, units.astype(float)).max() < 2e-3


def test_lips_of_another_topology_do_not_either(carried):
    fitted = fitted_units(carried, carried.template).astype(float)
    assert len(carried.lips.upper) > 20 and len(carried.lips.lower) > 20
    assert pressed(carried, carried.template, fitted).max() < 5e-4


def test_another_topology_moves_as_the_open_head(head, registration, carried):
    assert (registration.trust > 0).mean() > 0.85
    sure = registration.skin[registration.trust > 0]
    at_points = registration.points.interpolate(head.expression.transpose(1, 0, 2))
    donor = registration.placement.undo_moves(at_points.transpose(1, 0, 2))
    donor = donor[:, registration.trust > 0]
    moving = donor.any((1, 2))
    assert cosines(carried.units[:, sure], donor)[moving].min() > 0.9
    assert not carried.units[UNIT["tongueOut"]].any()
    # The eyeballs look the way the open head's look: turned about their own centres.
    for name, axis, sign in (("eyeLookUpLeft", 1, 1), ("eyeLookInLeft", 0, -1)):
        eye = carried.eyes[0]
        front = eye[carried.template[eye, 2].argmax()]
        assert sign * carried.units[UNIT[name]][front, axis] > 0.002
        before = carried.template[eye] - carried.template[eye].mean(0)
        after = before + carried.units[UNIT[name]][eye]
        after = after - after.mean(0)
        np.testing.assert_allclose(
            np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1), atol=1e-6
        )


def turned_over(model: UnitModel, neutral: np.ndarray, units: np.ndarray) -> int:
    """Visible triangles whose normal turns by more than a right angle at full weight, of all 52."""

    def normals(vertices: np.ndarray) -> np.ndarray:
        a, b, c = (vertices[model.skin[:, corner]] for corner in range(3))
        return np.cross(b - a, c - a)

    shapes = neutral + units.astype(float)
    shapes[UNIT["mouthClose"]] += units[UNIT["jawOpen"]]
    rest = normals(neutral)
    return int(sum(((normals(shape) * rest).sum(1) < 0).sum() for shape in shapes))


@pytest.mark.parametrize("seed", [3, 4])
def test_no_triangle_is_turned_over(head, model, seed):
    face = head.vertices(np.random.default_rng(seed).normal(size=head.identity.shape[0]))
    assert turned_over(model, face, model.units) > 10  # fitted to nobody
    assert turned_over(model, face, fitted_units(model, face)) == 0


def test_none_is_on_another_topology(head, other, carried):
    assert len(carried.skin) > 4000
    assert turned_over(carried, carried.template, carried.units) > 0  # as they were carried
    fitted = fitted_units(carried, carried.template)
    assert turned_over(carried, carried.template, fitted) == 0
    assert cosines(fitted, carried.units)[: UNIT["tongueOut"]].min() > 0.97


def test_no_tooth_pierces_the_skin(head, model):
    face = head.vertices(np.random.default_rng(4).normal(size=head.identity.shape[0]))
    shapes = face + fitted_units(model, face)
    shapes[UNIT["mouthClose"]] += shapes[UNIT["jawOpen"]] - face
    assert max(model.teeth.pierced(shape) for shape in shapes) < 1e-5


def test_teeth_stay_in_open_smiles(model, face, units, monkeypatch):
    monkeypatch.setattr(unit_model, "clear_open_smiles", lambda *_: None)
    alone = fitted_units(model, face)
    smiles = [UNIT["mouthSmileLeft"], UNIT["mouthSmileRight"]]
    own = np.unique(np.concatenate(model.teeth.rows))
    assert np.isin(np.flatnonzero((alone != units).any((0, 2))), own).all()
    changed = set(np.flatnonzero((alone != units).any((1, 2))))
    assert changed <= set(smiles)

    def pierced(all_units: np.ndarray, opened: float) -> float:
        smile = all_units[smiles].sum(0) + opened * all_units[UNIT["jawOpen"]]
        return model.teeth.pierced(face + smile)

    if changed:  # a finished head's smiles take the teeth along of themselves
        assert max(pierced(alone, opened) for opened in (0.5, 0.8, 1.0)) > 0.0002
    assert max(pierced(units, opened) for opened in (0.0, 0.5, 0.8, 1.0)) < 1e-4


def test_lashes_stay_on_the_lids_that_were_mended(model, face, units):
    lids = np.flatnonzero(model.outer)
    near = lids[KDTree(model.template[lids]).query(model.template[model.lashes])[1]]
    for name in LID_PAIRS:
        apart = units[UNIT[name]][model.lashes] - units[UNIT[name]][near]
        raw = model.units[UNIT[name]][model.lashes] - model.units[UNIT[name]][near]
        assert np.linalg.norm(apart - raw, axis=1).max() < 0.003


def test_a_mesh_that_is_no_surface_gets_its_units_from_the_nearest_points(head, other):
    rng = np.random.default_rng(0)
    torn = replace(other, polygons=rng.permutation(other.polygons.ravel()).reshape(-1, 4))
    torn.polygons[torn.polygons < 0] = 0
    library = UnitLibrary(lambda: head, lambda: None)
    model = library.model(torn, lambda: None)
    assert library.model(torn, lambda: None) is model
    units = fitted_units(model, torn.template)
    assert units.shape == (52, len(torn.template), 3) and np.isfinite(units).all()
    assert not units[UNIT["tongueOut"]].any() and units[UNIT["jawOpen"]].any()
    assert tongue_note(model) == (NO_TONGUE,)


def test_the_open_heads_joints_stay_what_they_are(head):
    rig = SixJoints.of(head)
    assert rig.names == ("root", "neck", "head", "jaw", "eye_L", "eye_R")
    np.testing.assert_array_equal(rig.parents, head.joint_parents)
    np.testing.assert_allclose(rig.skin_weights, head.skin_weights, atol=1e-6)
    np.testing.assert_array_equal(rig.joints(np.zeros((1, 2)))[0], head.joints(np.zeros(2)))


def test_a_head_without_a_head_joint_gets_one(other):
    rig = SixJoints.of(other)
    assert ((rig.skin_weights > 0).sum(1) <= 4).all()
    np.testing.assert_allclose(rig.skin_weights.sum(1), 1, atol=1e-6)
    place = dict(zip(rig.names, rig.joints(np.zeros((1, 1)))[0], strict=True))
    own = dict(zip(other.joint_names, other.joints(np.zeros(1)), strict=True))
    assert place["neck"][1] < place["head"][1] < place["eye_L"][1]
    for name in ("root", "neck", "jaw", "eye_L", "eye_R"):
        np.testing.assert_array_equal(place[name], own[name])
    top = other.template[:, 1] > place["head"][1] + 0.02
    column = rig.names.index("neck")
    assert rig.skin_weights[top, column].max() < 0.01
