"""A finished head: round eyes, single teeth with gums; what networks know keeps its meaning."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import KDTree

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.irises import IRIS_RADIUS, PUPIL_RADIUS
from ofer_engine.geometry.triangles import edges_of, face_normals, triangulate
from ofer_engine.heads.iris import RADIUS, iris_points
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.heads.teeth import Teeth
from ofer_engine.research.head_building import finish, resting_lids
from ofer_engine.research.head_building.resting_lids import AT_REST, with_resting_lids
from ofer_engine.research.head_building.round_eyes import AROUND, LIMBUS
from ofer_engine.research.training.rebasing import same_basis

WEIGHTS = Path(__file__).parents[4] / "weights"
BUILT = WEIGHTS / "training" / "head.npz"


@pytest.fixture(scope="module")
def built():
    """The head before it was finished."""
    return OpenHead.load(BUILT)


@pytest.fixture(scope="module")
def head():
    """The head that artists are given."""
    return OpenHead.load(WEIGHTS / "open" / "head.npz")


def _ids(head, *parts):
    found = np.unique(head.part_polygons(*parts))
    return found[found >= 0]


def test_pupil_and_iris_are_round(head):
    for part, joint in (("eye_left", "eye_L"), ("eye_right", "eye_R")):
        ray = head.template[_ids(head, part)] - head.mean_joints[head.joint_names.index(joint)]
        away = np.hypot(ray[:, 0], ray[:, 1])[ray[:, 2] > 0]
        for border in (PUPIL_RADIUS, LIMBUS, IRIS_RADIUS):
            assert (np.abs(away - border) < 2e-5).sum() == AROUND


def test_eyeballs_turn_about_their_centres_where_units_look_aside(head):
    for part, joint in (("eye_left", "eye_L"), ("eye_right", "eye_R")):
        ids, side = _ids(head, part), part.removeprefix("eye_").capitalize()
        centre = head.mean_joints[head.joint_names.index(joint)]
        rest = np.linalg.norm(head.template[ids] - centre, axis=1)
        for name in ("eyeLookIn", "eyeLookOut", "eyeLookDown", "eyeLookUp"):
            moved = head.expression[ARKIT_52.index(name + side)][ids]
            assert np.linalg.norm(moved, axis=1).max() > 0.002
            away = np.linalg.norm(head.template[ids] + moved - centre, axis=1)
            assert np.abs(away - rest).max() < 3e-4


def test_pieces_are_closed_or_sheets_that_look_outwards(head):
    for part, joint in (("eye_left", "eye_L"), ("eye_right", "eye_R")):
        triangles = triangulate(head.part_polygons(part))
        assert len(edges_of(triangles)) * 2 == len(triangles) * 3
        centre = head.mean_joints[head.joint_names.index(joint)]
        out = head.template[triangles].mean(1) - centre
        assert ((face_normals(head.template, triangles) * out).sum(1) > 0).all()
    for row in ("upper", "lower"):
        triangles = triangulate(head.part_polygons(f"teeth_{row}"))
        middles = head.template[triangles].mean(1)
        front = middles[:, 2] > np.quantile(middles[:, 2], 0.9)
        assert face_normals(head.template, triangles)[front, 2].mean() > 0


def test_every_array_has_a_row_for_each_vertex(head):
    count = len(head.template)
    per_vertex = {"template": 0, "identity": 1, "expression": 1, "regions": 1, "skin_weights": 0,
                  "outer": 0, "face": 0, "mirror": 0, "scan_offset": 0}  # fmt: skip
    assert {f.name for f in fields(head)} >= per_vertex.keys()
    for name, axis in per_vertex.items():
        assert getattr(head, name).shape[axis] == count, name
    assert set(np.unique(head.polygons)) - {-1} == set(range(count))
    assert np.allclose(head.skin_weights.sum(1), 1, atol=1e-6)
    assert np.allclose(head.template[head.mirror], head.template * (-1, 1, 1), atol=2e-5)
    assert (head.mirror[head.mirror] == np.arange(count)).all()


def test_points_that_networks_speak_of_stay(built, head):
    marked = np.unique(
        np.concatenate(
            (built.point_vertices, built.rank_vertices, built.landmark_triangles.ravel())
        )
    )
    awake = head.template - _at_rest(head)
    assert np.abs(awake[marked] - built.template[marked]).max() < 2e-5
    assert (head.identity[:, marked] == built.identity[:, marked]).all()
    for name in ("point_vertices", "rank_vertices"):
        assert (getattr(head, name) == getattr(built, name)).all()
    brows = built.template[built.region("brows") > 0.3]
    still = KDTree(brows).query(built.landmarks(built.template))[0] > 0.015
    for name in ("landmark_triangles", "landmark_barycentric"):
        assert (getattr(head, name) == getattr(built, name))[still].all()


def test_the_points_of_the_irises_lie_on_the_new_eyes(head):
    eyeballs = tuple(triangulate(head.part_polygons(name)) for name in ("eye_left", "eye_right"))
    centres = head.mean_joints[[head.joint_names.index(name) for name in ("eye_L", "eye_R")]]
    points = iris_points(head.template, eyeballs, centres).on(head.template)
    assert np.allclose(points[1, :2] - centres[0, :2], (RADIUS, 0), atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_eyes_stay_round_and_in_their_sockets_whoever_the_head_is(head, seed):
    identity = head.prior.draw(np.random.default_rng(seed))
    shape, joints = head.vertices(identity), head.joints(identity)
    for part, joint in (("eye_left", "eye_L"), ("eye_right", "eye_R")):
        ray = shape[_ids(head, part)] - joints[head.joint_names.index(joint)]
        away = np.linalg.norm(ray, axis=1)
        assert away.std() < 0.0004 and np.ptp(away) < 0.0025


def test_an_open_mouth_shows_both_rows_of_teeth(head):
    """From the front and 10 degrees from below: upper and lower teeth between the lips."""
    shape = head.template + 0.6 * head.expression[ARKIT_52.index("jawOpen")]
    lip = head.landmarks(shape)
    upper = shape[_ids(head, "teeth_upper")]
    lower = shape[_ids(head, "teeth_lower")]
    front = np.abs(upper[:, 0]) < 0.006
    assert upper[front, 1].min() < lip[13, 1] - 0.0012
    front = np.abs(lower[:, 0]) < 0.006
    assert lower[front, 1].max() > lip[14, 1]


def test_teeth_rest_in_a_closed_mouth(head):
    assert Teeth.of(head).pierced(head.template) == 0.0


def test_the_command_writes_the_head_of_the_pack(head, tmp_path):
    finish.main([str(BUILT), str(tmp_path / "head.npz")])
    again = OpenHead.load(tmp_path / "head.npz")
    assert again.part_names == head.part_names and (again.polygons == head.polygons).all()
    assert np.abs(again.expression - head.expression).max() < 2e-5
    assert np.abs(again.template - head.template).max() < 2e-5


@pytest.mark.parametrize("seed", range(3))
def test_the_neck_ends_in_a_plane_whoever_the_head_is(built, head, seed):
    def unevenness(one, identity):
        border = one.vertices(identity)[one.neck_loop].astype(float)
        away = (border - border.mean(0)) @ np.linalg.svd(border - border.mean(0))[2][2]
        return np.abs(away).max()

    identity = head.prior.draw(np.random.default_rng(seed))
    assert unevenness(head, identity) < 2e-4
    assert unevenness(built, identity) > 2e-3
    ear = built.region("ears") > 0.5
    moved = head.vertices(identity)[: len(ear)] - built.vertices(identity)
    assert np.abs(moved[ear]).max() < 1e-6


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_smile_raises_the_cheek_and_narrows_the_eye(head, side):
    cheek, upper, lower, other = (280, 386, 374, 50) if side == "Left" else (50, 159, 145, 280)
    rest = head.landmarks(head.template)
    smiling = head.landmarks(head.template + head.expression[ARKIT_52.index(f"mouthSmile{side}")])
    assert smiling[cheek, 1] - rest[cheek, 1] > 0.0015
    assert np.linalg.norm(smiling[other] - rest[other]) < 0.0005
    gap, narrowed = (marks[upper, 1] - marks[lower, 1] for marks in (rest, smiling))
    assert 0.6 * gap < narrowed < 0.95 * gap


def test_with_an_open_jaw_the_tongue_lies_down(built, head):
    """The tongue's back leaves the upper half of the mouth's opening free."""

    def top(one):
        shape = one.template + one.expression[ARKIT_52.index("jawOpen")]
        lips = one.landmarks(shape)[[13, 14], 1]
        return (shape[_ids(one, "tongue"), 1].max() - lips[1]) / np.ptp(lips)

    assert top(head) < 0.8
    assert top(built) > 0.95


def test_lids_at_rest_cover_the_rim_of_the_iris_and_units_end_where_they_ended(head):
    """Of 359 portraits the middle half are open by 0.08 to 0.10 of the distance between the outer
    corners of the eyes, which no unit at all made 0.137."""
    awake = replace(head, template=head.template - _at_rest(head), expression=_whole(head))
    rested = with_resting_lids(awake)
    assert np.allclose(rested.template, head.template, atol=2e-5)
    for name in ("eyeBlinkLeft", "eyeSquintRight", "eyeWideLeft", "jawOpen"):
        row = ARKIT_52.index(name)
        others = sum(
            share * awake.expression[ARKIT_52.index(f"{unit}{side}")]
            for unit, share in AT_REST.items()
            for side in ("Left", "Right")
            if f"{unit}{side}" != name
        )
        before, after = (one.template + one.expression[row] for one in (awake, rested))
        assert np.allclose(after, before + others, atol=2e-5), name
    opened = [_opened(one) for one in (awake, rested)]
    assert opened[0] > 0.13 and 0.10 < opened[1] < 0.12


def test_a_head_that_is_not_finished_gets_lids_at_rest_by_a_command(head, tmp_path):
    awake = replace(head, template=head.template - _at_rest(head), expression=_whole(head))
    awake.save(tmp_path / "awake.npz")
    resting_lids.main([str(tmp_path / "awake.npz"), str(tmp_path / "rested.npz")])
    found = OpenHead.load(tmp_path / "rested.npz")
    assert np.allclose(found.template, head.template, atol=1e-4)
    assert same_basis(head, found)


def _at_rest(head):
    """What `with_resting_lids` added to the template of a finished head."""
    whole = _whole(head)
    return sum(
        share * whole[ARKIT_52.index(f"{name}{side}")]
        for name, share in AT_REST.items()
        for side in ("Left", "Right")
    )


def _whole(head):
    """Its units as they were before that."""
    units = head.expression.copy()
    for name, share in AT_REST.items():
        for side in ("Left", "Right"):
            units[ARKIT_52.index(f"{name}{side}")] /= 1 - share
    return units


def _opened(head):
    """Of the distance between the outer corners; lids and corners by the detector's landmarks."""
    marks = head.landmarks(head.template)
    return np.linalg.norm(marks[159] - marks[145]) / np.linalg.norm(marks[33] - marks[263])
