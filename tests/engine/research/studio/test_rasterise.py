"""The compiled z-buffer against pixel-by-pixel oracles."""

import numpy as np
import pytest

from ofer_engine.research.studio.ambient_occlusion import light_basis, surface_ambient_occlusion
from ofer_engine.research.studio.rasterise import (
    NO_TRIANGLE,
    Surfels,
    draw_capsules,
    draw_triangles,
    interpolate,
    vertex_normals,
)

HEIGHT, WIDTH = 24, 32


def _screen(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = rng.uniform((-8, -8, 0.4), (40, 30, 2.0), (24, 3)).astype(np.float32)
    triangles = np.array([rng.choice(24, 3, replace=False) for _ in range(12)], np.int32)
    return points, triangles


def _weights(points: np.ndarray, triangle: np.ndarray, x: float, y: float) -> np.ndarray:
    corners = points[triangle].astype(float)
    return np.linalg.solve(np.vstack([corners[:, :2].T, np.ones(3)]), [x, y, 1])


def _drawn(points, triangles):
    nearness = np.zeros((HEIGHT, WIDTH), np.float32)
    seen = np.full((HEIGHT, WIDTH), NO_TRIANGLE, np.int32)
    draw_triangles(points, triangles, nearness, seen)
    return nearness, seen


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_triangle_wins_at_every_pixel(seed):
    points, triangles = _screen(seed)
    nearness, seen = _drawn(points, triangles)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            best, winner = 0.0, NO_TRIANGLE
            for index, triangle in enumerate(triangles):
                weights = _weights(points, triangle, column + 0.5, row + 0.5)
                near = weights @ points[triangle, 2]
                if (weights >= 0).all() and near > best:
                    best, winner = near, index
            assert seen[row, column] == winner
            assert nearness[row, column] == pytest.approx(best, abs=2e-4)
    assert (seen >= 0).sum() > 100


def test_a_second_mesh_is_drawn_only_where_it_is_nearer():
    square = np.array([[0, 0], [0, 24], [32, 24], [32, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    flat = np.c_[square, np.full(4, 1.0)].astype(np.float32)
    slanted = np.c_[square, [0.5, 0.5, 1.5, 1.5]].astype(np.float32)
    nearness, _ = _drawn(flat, faces)
    seen = np.full((HEIGHT, WIDTH), NO_TRIANGLE, np.int32)
    draw_triangles(slanted, faces, nearness, seen)
    assert (seen[:, :16] == NO_TRIANGLE).all()
    assert (seen[:, 16:] >= 0).all()


def test_attributes_are_perspective_correct():
    """Positions carried as attributes come back as the points that the pixels see."""
    place = np.array([[-1, -1, -2], [1, -1, -4], [1, 1, -4], [-1, 1, -2]], np.float32)
    near = -1 / place[:, 2]
    points = np.stack([16 + 16 * place[:, 0] * near, 12 - 12 * place[:, 1] * near, near], 1)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    _, seen = _drawn(points, triangles)
    values = np.empty((HEIGHT, WIDTH, 3), np.float32)
    interpolate(points, triangles, place, seen, values)
    row, column = np.nonzero(seen >= 0)
    found = values[row, column]
    np.testing.assert_allclose(16 - 16 * found[:, 0] / found[:, 2], column + 0.5, atol=1e-3)
    np.testing.assert_allclose(12 + 12 * found[:, 1] / found[:, 2], row + 0.5, atol=1e-3)
    np.testing.assert_allclose(found[:, 2], -3 - found[:, 0], atol=1e-4)


def test_normals_equal_the_array_version():
    from ofer_engine.geometry.triangles import vertex_normals as oracle

    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(40, 3)).astype(np.float32)
    triangles = rng.integers(0, 40, (90, 3)).astype(np.int32)
    np.testing.assert_allclose(
        vertex_normals(vertices, triangles), oracle(vertices, triangles), atol=1e-4
    )


def _draw_rod(ends: np.ndarray, surfels: Surfels, focal: float) -> None:
    colours = np.array([[[1, 0, 0], [0, 1, 0]]], np.float32)
    draw_capsules(
        ends.astype(np.float32), colours, np.float32(0.3), 3, np.float32(focal), surfels.nearness,
        surfels.normal, surfels.albedo, surfels.gloss, surfels.ambient_occlusion, surfels.layer,
    )  # fmt: skip


def test_a_rod_of_no_length_is_a_ball():
    surfels = Surfels.blank(64)
    _draw_rod(np.array([[[30, 34, 2.0, 12], [30, 34, 2.0, 12]]]), surfels, 400.0)
    row, column = np.mgrid[:64, :64] + 0.5
    inside = np.hypot(column - 30, row - 34) < 12
    np.testing.assert_array_equal(surfels.layer == 3, inside)
    bulge = np.sqrt(
        144 - (column - 30) ** 2 - (row - 34) ** 2, where=inside, out=np.zeros((64, 64))
    )
    np.testing.assert_allclose(
        1 / surfels.nearness[inside], 0.5 * (1 - bulge[inside] / 400), rtol=1e-5
    )
    expected = np.stack([column - 30, 34 - row, bulge], 2)[inside] / 12
    np.testing.assert_allclose(surfels.normal[inside], expected, atol=1e-5)


def test_a_rod_blends_its_ends_and_hides_only_what_is_behind_it():
    surfels = Surfels.blank(64)
    surfels.nearness[:, :32] = 5.0
    _draw_rod(np.array([[[4, 32, 2.0, 5], [60, 32, 2.0, 5]]]), surfels, 400.0)
    assert not surfels.layer[:, :32].any()
    assert (surfels.layer[30:34, 32:60] == 3).all()
    np.testing.assert_allclose(surfels.albedo[32, 46], [0.24, 0.76, 0], atol=0.01)


def test_a_vertex_sees_less_of_the_sky_under_a_lid():
    """A lone patch is open; the same patch under a lid is not."""
    patch = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]], np.float32) * 0.05
    up = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    assert surface_ambient_occlusion(patch, up).min() > 0.99
    lid = patch * 4 + np.array([0, 0.02, 0], np.float32)
    both = np.concatenate([patch, lid])
    assert surface_ambient_occlusion(both, np.concatenate([up, up + 4]))[:4].max() < 0.15


@pytest.mark.parametrize("direction", [(0, 1, 0), (1, 0, 0), (0.36, 0.48, 0.8)])
def test_a_light_basis_is_a_rotation_towards_the_light(direction):
    basis = light_basis(np.array(direction, float))
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(basis) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(basis[2], direction, atol=1e-6)
