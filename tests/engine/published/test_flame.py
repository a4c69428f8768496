"""FLAME's posing against a plain numpy reading of docs/method.md §9, one joint after the other."""

import numpy as np
import pytest

from ofer_engine.geometry.mesh_parts import components, cylinder_uv
from ofer_engine.published.flame import JOINT_NAMES, PARENTS, FlameHead, rotation_matrices


def flame_arrays(vertices: int = 60, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights = rng.random((vertices, 5)) ** 4
    regressor = rng.random((5, vertices)) ** 8
    return {
        "f": rng.integers(0, vertices, (90, 3)),
        "v_template": rng.standard_normal((vertices, 3)) * 0.1,
        "shapedirs": rng.standard_normal((vertices, 3, 400)) * 1e-3,
        "posedirs": rng.standard_normal((vertices, 3, 36)) * 1e-3,
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
        "weights": weights / weights.sum(1, keepdims=True),
    }


def oracle(arrays: dict[str, np.ndarray], identity, expression, jaw) -> np.ndarray:
    """The whole layer: five joints, 36 correctives, a rigid chain, skinning; float64."""
    betas = np.zeros(400)
    betas[: len(identity)] = identity
    betas[300 : 300 + len(expression)] = expression
    shaped = arrays["v_template"] + arrays["shapedirs"] @ betas
    joints = arrays["J_regressor"] @ shaped
    pose = np.zeros((5, 3))
    pose[2] = jaw
    rotations = []
    for vector in pose:
        angle = np.linalg.norm(vector + 1e-8)
        x, y, z = vector / angle
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        rotations.append(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
    feature = np.concatenate([(rotation - np.eye(3)).ravel() for rotation in rotations[1:]])
    moved = shaped + arrays["posedirs"] @ feature
    chain: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        chain.append(local if parent < 0 else chain[parent] @ local)
    posed = np.zeros_like(shaped)
    for joint, transform in enumerate(chain):
        about = transform[:3, 3] - transform[:3, :3] @ joints[joint]
        here = moved @ transform[:3, :3].T + about
        posed += arrays["weights"][:, joint, None] * here
    return posed


@pytest.fixture
def head() -> FlameHead:
    return FlameHead.from_arrays(flame_arrays(), np.arange(0, 60, 7))


@pytest.mark.parametrize("jaw", [(0, 0, 0), (0.3, 0, 0), (0.2, -0.1, 0.05), (1.5, 0.4, -0.7)])
def test_posing_is_the_specification(head, jaw):
    rng = np.random.default_rng(1)
    identity, expression = rng.standard_normal(300), rng.standard_normal(50)
    vertices = head.vertices(identity, np.concatenate([expression, jaw]))
    assert vertices.dtype == np.float32
    expected = oracle(flame_arrays(), identity, expression, np.array(jaw))
    np.testing.assert_allclose(vertices, expected, atol=1e-6)


@pytest.mark.parametrize("angle", [0.1, 0.6, -0.3])
def test_two_correctives_make_an_opened_jaw(head, angle):
    """Before skinning: what a rig without FLAME's own code adds to the shape."""
    sine, cosine = head.jaw_correctives()
    shaped = head.template + np.sin(angle) * sine + (1 - np.cos(angle)) * cosine
    joint, turn = head.joints(np.zeros(1))[2], rotation_matrices(np.array([angle, 0, 0]))
    share = head.skin_weights[:, 2, None]
    wanted = (1 - share) * shaped + share * ((shaped - joint) @ turn.T + joint)
    pose = np.concatenate([np.zeros(50), [angle, 0, 0]])
    np.testing.assert_allclose(head.vertices(np.zeros(1), pose), wanted, atol=1e-6)


def test_many_heads_at_once_are_each_as_alone(head):
    rng = np.random.default_rng(2)
    identity, expression = rng.standard_normal((2, 3, 300)), rng.standard_normal((2, 3, 53))
    together = head.vertices(identity, expression)
    assert together.shape == (2, 3, 60, 3)
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(
            together[i], head.vertices(identity[i], expression[i]), atol=1e-6
        )


def test_rank_view_and_joints_are_parts_of_the_neutral_head(head):
    identity = np.random.default_rng(3).standard_normal((4, 300))
    neutral = head.vertices(identity, np.zeros((4, 50)))
    np.testing.assert_allclose(head.rank_view(identity), neutral[:, ::7], atol=1e-6)
    regressed = flame_arrays()["J_regressor"] @ neutral.astype(np.float64)
    np.testing.assert_allclose(head.joints(identity), regressed, atol=1e-6)
    assert len(JOINT_NAMES) == len(head.joint_parents) == head.joints(identity).shape[1]


def test_rotation_is_a_rotation_of_the_given_angle():
    vector = np.array([[0.3, -0.5, 0.9], [0, 0, 0]])
    first, none = rotation_matrices(vector)
    np.testing.assert_allclose(first @ first.T, np.eye(3), atol=1e-7)
    np.testing.assert_allclose(
        np.trace(first), 1 + 2 * np.cos(np.linalg.norm(vector[0])), atol=1e-7
    )
    np.testing.assert_array_equal(none, np.eye(3))


def test_eyeballs_are_parts_of_their_own():
    arrays = flame_arrays()
    # Three strips that share no vertex: the largest is skin, +X is the subject's left.
    sizes = (40, 10, 10)
    starts = np.cumsum((0, *sizes))
    strips = [np.arange(a, b - 2)[:, None] + np.arange(3) for a, b in zip(starts, starts[1:])]  # noqa: B905
    arrays["f"] = np.concatenate(strips)
    arrays["v_template"][40:50, 0] = 0.03
    arrays["v_template"][50:60, 0] = -0.03
    head = FlameHead.from_arrays(arrays, np.arange(5))
    names = np.array(head.part_names)[head.part]
    assert [*names] == ["skin"] * 38 + ["eye_left"] * 8 + ["eye_right"] * 8


def test_components_and_uvs_of_known_shapes():
    triangles = np.array([[0, 1, 2], [2, 3, 4], [7, 8, 9], [9, 5, 7]])
    piece = components(10, triangles)
    assert len(set(piece[:5])) == 1 and len(set(piece[[5, 7, 8, 9]])) == 1
    assert len(set(piece)) == 3  # vertex 6 is alone
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.sin(around), np.where(np.arange(40) % 2, 1.0, 0.0), np.cos(around)], 1)
    index = np.arange(40)
    uv = cylinder_uv(ring, np.stack([index, (index + 1) % 40, (index + 2) % 40], 1))
    assert uv.min() >= 0 and uv.max() <= 1
    # No triangle is smeared across the seam.
    assert np.ptp(uv[:, :3, 0], axis=1).max() < 0.2
