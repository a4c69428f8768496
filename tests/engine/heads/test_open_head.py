"""The committed open head is what its docstring says."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator

from ofer_engine.arkit import contacts
from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.geometry.rotations import rotation_matrix
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.open_head import JOINT_NAMES, OpenHead

HEAD = Path(__file__).parents[3] / "weights" / "open" / "head.npz"
PARTS = ("skin", "eye_left", "eye_right", "lashes", "teeth_upper", "teeth_lower", "tongue")
MIDDLE_OF_LIPS = (474, 493)
REGIONS = (
    "face", "lips", "brows", "eyelids", "ears", "mouth_cavity",
    "scalp", "nose", "neck", "cheeks", "forehead", "chin",
)  # fmt: skip


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(HEAD)


@pytest.fixture(scope="module")
def people(head: OpenHead) -> np.ndarray:
    """(100, K) identities of random people."""
    return head.prior.people(np.random.default_rng(0), 100)


def part_vertices(head: OpenHead, name: str) -> np.ndarray:
    polygons = head.part_polygons(name)
    return np.unique(polygons[polygons >= 0])  # -1 is last in a triangle


def directed_edges(polygons: np.ndarray) -> Counter[tuple[int, int]]:
    return Counter(
        (int(a), int(b))
        for corners in (polygon[polygon >= 0] for polygon in polygons)
        for a, b in zip(corners, np.roll(corners, -1), strict=True)
    )


def test_names_and_shapes(head: OpenHead) -> None:
    vertices, modes = len(head.template), len(head.identity)
    assert head.expression_names == ARKIT_52
    assert head.expression.shape == (52, vertices, 3)
    assert head.identity.shape == (modes, vertices, 3)
    assert head.joint_names == JOINT_NAMES
    assert head.joint_parents.tolist() == [-1, 0, 1, 2, 2, 2]
    assert head.part_names[: len(PARTS)] == PARTS
    assert head.region_names == REGIONS
    assert head.regions.shape == (len(REGIONS), vertices)
    assert head.uv.shape == (*head.polygons.shape, 2)
    assert np.array_equal(np.unique(head.polygons[head.polygons >= 0]), np.arange(vertices))
    assert HEAD.stat().st_size < 8e6


def test_every_region_and_part_has_vertices(head: OpenHead) -> None:
    assert ((head.regions >= 0) & (head.regions <= 1)).all()
    assert ((head.regions > 0.5).sum(1) > 10).all()
    assert set(head.part) == set(range(len(head.part_names)))
    assert head.uv.min() >= 0
    assert head.uv.max() <= 1


def test_polygons_are_wound_alike_and_outwards(head: OpenHead) -> None:
    assert set(directed_edges(head.polygons).values()) == {1}
    for part in PARTS:
        triangles = triangulate(head.part_polygons(part))
        middle = head.template[np.unique(triangles)].astype(float).mean(0)
        middle *= part.startswith("teeth")  # rows that are open behind
        a, b, c = (head.template[triangles[:, k]] - middle for k in range(3))
        volume = (np.cross(a, b) * c).sum() / 6
        assert volume > 0, part


def test_the_neck_loop_is_the_one_border_of_the_skin_and_smooth(head: OpenHead) -> None:
    edges = directed_edges(head.part_polygons("skin"))
    border = {frozenset(edge) for edge in edges if edge[::-1] not in edges}
    loop = [int(vertex) for vertex in head.neck_loop]
    assert border == {frozenset(edge) for edge in zip(loop, loop[1:] + loop[:1], strict=True)}
    assert len(set(loop)) == len(loop)
    points = head.template[loop].astype(float)
    steps = np.roll(points, -1, axis=0) - points
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    turns = np.degrees(np.arccos((steps * np.roll(steps, -1, axis=0)).sum(1)))
    assert turns.max() < 26


def test_the_mean_head_is_its_own_mirror_image(head: OpenHead) -> None:
    flip, sides = [-1, 1, 1], [0, 1, 2, 3, 5, 4]
    assert np.array_equal(head.mirror[head.mirror], np.arange(len(head.mirror)))
    assert np.array_equal(head.template[head.mirror] * flip, head.template)
    assert np.array_equal(head.face[head.mirror], head.face)
    assert np.array_equal(head.outer[head.mirror], head.outer)
    assert np.array_equal(head.skin_weights[head.mirror][:, sides], head.skin_weights)
    assert np.array_equal(head.regions[:, head.mirror], head.regions)
    assert np.allclose(head.mean_joints[sides] * flip, head.mean_joints, atol=1e-8)


def test_left_and_right_units_are_mirror_images(head: OpenHead) -> None:
    for index, name in enumerate(ARKIT_52):
        other = name.replace("Left", "@").replace("Right", "Left").replace("@", "Right")
        mirrored = head.expression[ARKIT_52.index(other)][head.mirror] * [-1, 1, 1]
        assert np.allclose(head.expression[index], mirrored, atol=4e-4), name
        assert np.abs(head.expression[index]).max() > 1e-3, name


def test_every_mode_is_symmetric_or_antisymmetric_and_leaves_the_face_in_place(
    head: OpenHead,
) -> None:
    mirrored = head.identity[:, head.mirror] * [-1, 1, 1]
    parity = (head.identity * mirrored).sum((1, 2)) / (head.identity**2).sum((1, 2))
    assert np.allclose(np.abs(parity), 1, atol=1e-5)
    assert np.abs(head.identity[:, head.face].mean(1)).max() < 0.3e-3


def test_modes_fall_and_people_differ_as_measured(head: OpenHead, people: np.ndarray) -> None:
    strength = (head.identity[:, head.face] ** 2).sum((1, 2))
    assert strength[:5].max() == strength.max()
    assert strength[:10].sum() > 0.65 * strength.sum()
    offsets = head.vertices(people)[:, head.face] - head.template[head.face]
    assert 1.8e-3 < np.linalg.norm(offsets, axis=2).mean() < 2.9e-3


def test_skin_weights(head: OpenHead) -> None:
    assert np.allclose(head.skin_weights.sum(1), 1, atol=1e-6)
    assert (head.skin_weights >= 0).all()
    assert (head.skin_weights > 0).sum(1).max() <= 4
    for part, joint in (("eye_left", "eye_L"), ("eye_right", "eye_R"), ("teeth_lower", "jaw")):
        column = head.skin_weights[part_vertices(head, part), JOINT_NAMES.index(joint)]
        assert (column == 1).all()


def test_eye_joints_are_the_centres_of_the_eyeballs(head: OpenHead, people: np.ndarray) -> None:
    vertices, joints = head.vertices(people), head.joints(people)
    for part, joint in (("eye_left", 4), ("eye_right", 5)):
        eyeball = part_vertices(head, part)
        spheres = np.stack([contacts.eyeball(each[eyeball]).centre for each in vertices])
        assert np.allclose(spheres, joints[:, joint], atol=5e-4)
        radii = np.linalg.norm(vertices[:, eyeball] - joints[:, None, joint], axis=2)
        assert (np.ptp(radii, axis=1) < 0.12 * radii.mean(1)).all()
    assert np.abs(head.mean_joints[2]).max() < 3e-3


def test_lips_of_every_person_press_together(head: OpenHead, people: np.ndarray) -> None:
    assert (head.template[list(MIDDLE_OF_LIPS), 0] == 0).all()
    upper, lower = (head.vertices(people)[:, vertex, 1] for vertex in MIDDLE_OF_LIPS)
    assert ((upper < lower) & (upper > lower - 0.6e-3)).all()


def test_a_blink_shuts_the_eyes_that_rest_half_open(head: OpenHead) -> None:
    both = np.isin(ARKIT_52, ["eyeBlinkLeft", "eyeBlinkRight"]).astype(float)
    neutral = np.zeros(len(head.identity))
    lids = [head.landmarks(head.vertices(neutral, share * both)) for share in (0.0, 1.0)]
    rest, shut = (marks[[159, 386], 1] - marks[[145, 374], 1] for marks in lids)
    assert ((rest > 9e-3) & (rest < 12.5e-3)).all()
    assert (np.abs(shut) < 3e-3).all()


def test_landmarks_lie_on_the_outer_skin(head: OpenHead) -> None:
    assert head.landmark_triangles.shape == head.landmark_barycentric.shape == (468, 3)
    assert np.allclose(head.landmark_barycentric.sum(1), 1, atol=1e-5)
    assert head.landmark_barycentric.min() >= -1e-6
    assert head.outer[head.landmark_triangles].all()
    skin = {frozenset(map(int, quad)) for quad in head.part_polygons("skin")}
    corners = [frozenset(map(int, triangle)) for triangle in head.landmark_triangles[::13]]
    assert all(any(three <= quad for quad in skin) for three in corners)
    points = head.landmarks(head.template)
    assert points[33, 0] < points[133, 0] < 0 < points[362, 0] < points[263, 0]
    assert points[10, 1] > points[1, 1] > points[13, 1] > points[152, 1]


def test_evidence_and_rank_points(head: OpenHead) -> None:
    points, rank = head.point_vertices, head.rank_vertices
    assert (len(points), len(rank)) == (240, 400)
    assert len(set(points)) == 240
    assert len(set(rank)) == 400
    assert head.outer[points].all()
    assert head.face[rank].all()
    assert set(head.mirror[points]) == set(points)


def test_batches_equal_single_heads(head: OpenHead, people: np.ndarray) -> None:
    expression = np.random.default_rng(1).uniform(size=(100, 52))
    batch = head.vertices(people, expression)
    assert batch.dtype == np.float32
    assert batch.shape == (100, *head.template.shape)
    assert np.allclose(batch[7], head.vertices(people[7], expression[7]), atol=1e-6)
    oracle = head.template + np.einsum("k,kvc->vc", people[3], head.identity)
    oracle = oracle + np.einsum("k,kvc->vc", expression[3], head.expression)
    assert np.allclose(batch[3], oracle, atol=1e-6)
    assert np.array_equal(head.vertices(np.zeros(len(head.identity))), head.template)
    short = np.concatenate([people[0, :10], np.zeros(50)])
    assert np.allclose(head.vertices(people[0, :10]), head.vertices(short), atol=1e-6)


def test_rotation_matrices_rotate() -> None:
    quarter = rotation_matrix(np.array([0, np.pi / 2, 0]))
    assert np.allclose(quarter @ [0, 0, 1], [1, 0, 0])
    some = rotation_matrix(np.random.default_rng(2).normal(size=(20, 3)))
    assert np.allclose(some @ np.swapaxes(some, 1, 2), np.eye(3))
    assert np.allclose(np.linalg.det(some), 1)


def test_saving_gives_back_the_same_head(head: OpenHead, tmp_path: Path) -> None:
    head.save(tmp_path / "head.npz")
    again = OpenHead.load(tmp_path / "head.npz")
    assert again.part_names == head.part_names
    for name in (
        "template",
        "identity",
        "expression",
        "regions",
        "mean_joints",
        "uv",
        "mirror",
        "joint_parents",
    ):
        assert np.array_equal(getattr(again, name), getattr(head, name)), name


def test_a_missing_or_damaged_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(OferError) as missing:
        OpenHead.load(tmp_path / "head.npz")
    assert missing.value.code is ErrorCode.WEIGHTS_MISSING
    (tmp_path / "head.npz").write_bytes(HEAD.read_bytes()[:100_000])
    with pytest.raises(OferError) as damaged:
        OpenHead.load(tmp_path / "head.npz")
    assert damaged.value.code is ErrorCode.WEIGHTS_DAMAGED
    np.savez(tmp_path / "head.npz", template=np.zeros((3, 3)))
    with pytest.raises(OferError) as other:
        OpenHead.load(tmp_path / "head.npz")
    assert other.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_nothing_inside_the_mouth_comes_through_the_skin(head: OpenHead) -> None:
    names = [str(name) for name in head.region_names]
    lips, cavity = (head.regions[names.index(n)] > 0.5 for n in ("lips", "mouth_cavity"))
    above = head.template[:, 1] > head.template[lips & head.outer, 1].max()
    inside = np.flatnonzero(~head.outer & cavity & above)
    assert len(inside) > 20
    front = np.flatnonzero(head.outer & head.face & (head.template[:, 2] > 0.06))
    rng = np.random.default_rng(5)
    for _ in range(25):
        surface = head.vertices(rng.standard_normal(len(head.identity)).astype(np.float32))
        skin = LinearNDInterpolator(surface[front][:, :2], surface[front][:, 2])
        behind = skin(surface[inside][:, :2]) - surface[inside][:, 2]
        assert np.nanmin(behind) > 0
