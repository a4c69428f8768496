"""The numpy z-buffer against a pixel-by-pixel oracle."""

import numpy as np
import pytest

from ofer_engine.geometry.rasteriser import rasterise
from ofer_engine.geometry.triangles import vertex_normals


def _oracle(points, depth, triangles, height, width):
    """Nearest front-facing triangle and perspective-correct weights, one pixel at a time."""
    found = {}
    for row in range(height):
        for column in range(width):
            best = 0.0
            for triangle in triangles:
                (ax, ay), (bx, by), (cx, cy) = points[triangle]
                system = np.array([[ax, bx, cx], [ay, by, cy], [1, 1, 1]])
                if np.linalg.det(system) >= 0:
                    continue
                weights = np.linalg.solve(system, [column + 0.5, row + 0.5, 1])
                if (weights < 0).any():
                    continue
                near = (weights / depth[triangle]).sum()
                if near > best:
                    best = near
                    found[row * width + column] = (
                        tuple(triangle),
                        weights / depth[triangle] / near,
                    )
    return found


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_a_brute_force_oracle(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-8, 40, (24, 2)).astype(np.float32)
    depth = rng.uniform(0.5, 2.0, 24).astype(np.float32)
    triangles = rng.choice(24, (14, 3)).astype(np.int32)
    triangles = triangles[[len(set(t)) == 3 for t in triangles.tolist()]]
    fragments = rasterise(points, depth, triangles, 24, 32)
    expected = _oracle(points.astype(float), depth, triangles, 24, 32)
    assert set(fragments.pixel.tolist()) == set(expected)
    assert len(expected) > 20
    for pixel, corners, weights in zip(
        fragments.pixel.tolist(), fragments.corners, fragments.weights, strict=True
    ):
        assert tuple(corners) == expected[pixel][0]
        np.testing.assert_allclose(weights, expected[pixel][1], atol=2e-4)


def test_what_is_behind_the_camera_or_turned_away_is_not_drawn():
    points = np.array([[0, 0], [0, 8], [8, 0]], np.float32)
    ahead, behind = np.ones(3, np.float32), np.array([1, -1, 1], np.float32)
    facing, away = np.array([[0, 1, 2]]), np.array([[0, 2, 1]])
    assert len(rasterise(points, ahead, facing, 8, 8).pixel) == 36
    assert len(rasterise(points, ahead, away, 8, 8).pixel) == 0
    assert len(rasterise(points, behind, facing, 8, 8).pixel) == 0


def test_a_closed_surface_has_no_cracks():
    """Two triangles share a diagonal that runs through pixel centres."""
    points = np.array([[0, 0], [0, 16], [16, 16], [16, 0]], np.float32)
    square = np.array([[0, 1, 2], [0, 2, 3]])
    assert len(rasterise(points, np.ones(4, np.float32), square, 16, 16).pixel) == 256


def test_values_are_interpolated_perspective_correctly():
    """A ramp over a slanted plane comes back as the ramp at the point each pixel sees."""
    place = np.array([[-1, -1, -2], [1, -1, -4], [1, 1, -4], [-1, 1, -2]], np.float32)
    depth = -place[:, 2]
    points = np.stack([20 + 20 * place[:, 0] / depth, 20 - 20 * place[:, 1] / depth], 1)
    fragments = rasterise(points, depth, np.array([[0, 1, 2], [0, 2, 3]]), 40, 40)
    seen = fragments.interpolate(place)
    column = fragments.pixel % 40 + 0.5
    np.testing.assert_allclose(20 + 20 * seen[:, 0] / -seen[:, 2], column, atol=1e-3)
    np.testing.assert_allclose(seen[:, 2], -3 - seen[:, 0], atol=1e-4)


def test_picture_keeps_what_is_empty():
    points = np.array([[0, 0], [0, 8], [8, 0]], np.float32)
    fragments = rasterise(points, np.ones(3, np.float32), np.array([[0, 1, 2]]), 8, 8)
    picture = fragments.picture(np.ones((len(fragments.pixel), 2), np.float32), empty=-1.0)
    assert picture.shape == (8, 8, 2)
    assert (picture == 1).sum() == 2 * len(fragments.pixel)
    assert (picture[7, 7] == -1).all()


def test_normals_of_a_sphere_point_outwards():
    rng = np.random.default_rng(0)
    from scipy.spatial import ConvexHull

    vertices = rng.normal(size=(600, 3))
    vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
    triangles = ConvexHull(vertices).simplices
    corner = vertices[triangles]
    inward = (
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]) * corner[:, 0]
    ).sum(1)
    triangles[inward < 0] = triangles[inward < 0][:, ::-1]
    normals = vertex_normals(vertices, triangles)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    assert (normals * vertices).sum(1).min() > 0.95
