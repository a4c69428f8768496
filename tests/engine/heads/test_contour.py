"""The outline is where the skin ends in the picture, and slides over it as the head turns."""

import numpy as np
import pytest

from ofer_engine.geometry.rotations import rotation_matrix
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.contour import RAYS, Contour, contour_of, outline_skin
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED

HEAD = OpenHead.load(BUNDLED / "open" / "head.npz")
SKIN = outline_skin(HEAD.template, HEAD.outer, HEAD.region("ears"), HEAD.region("neck"))
TRIANGLES = triangulate(HEAD.polygons)
PIXELS = 1000.0
"""To the metre, in a view without perspective."""


@pytest.fixture(scope="module")
def contour() -> Contour:
    return contour_of(TRIANGLES, SKIN, HEAD.template[HEAD.face].mean(axis=0))


def view(contour: Contour, yaw: float, roll: float = 0.0) -> tuple[np.ndarray, ...]:
    """Screen (V, 2), the middle in it (2,), the outline on the screen (L, 2) and on the head."""
    rotation = rotation_matrix(np.radians([0.0, 0.0, roll])) @ rotation_matrix(
        np.radians([0.0, yaw, 0.0])
    )
    to_screen = (rotation[:2] * [[1.0], [-1.0]]).T * PIXELS
    screen, middle = HEAD.template @ to_screen, contour.middle @ to_screen
    edge, share = contour.seen(screen, middle, rotation[:2, 1] * [1.0, -1.0])
    return screen, middle, contour.on(edge, share, screen), contour.on(edge, share, HEAD.template)


def angles(points: np.ndarray, middle: np.ndarray) -> np.ndarray:
    away = points - middle
    return np.degrees(np.arctan2(away[:, 0], away[:, 1]))


@pytest.mark.parametrize("yaw", [-60.0, -25.0, 0.0, 40.0, 60.0])
def test_every_ray_ends_where_the_skin_does(contour, yaw):
    """Against the picture itself: along its ray the outline is the last pixel of the skin."""
    screen, middle, outline, _ = view(contour, yaw)
    np.testing.assert_allclose(angles(outline, middle), np.linspace(-110, 110, RAYS), atol=1e-3)
    skin = TRIANGLES[SKIN[TRIANGLES].all(axis=1)]
    corners = screen[skin]
    for end in outline:
        outward = (end - middle) / np.linalg.norm(end - middle)
        assert _inside(corners, end - 0.01 * outward)
        assert not any(_inside(corners, end + step * outward) for step in (0.5, 3.0, 10.0))


def _inside(corners: np.ndarray, point: np.ndarray) -> bool:
    """Whether any triangle (T, 3, 2) covers a point (2,)."""
    a, b, c = (corners - point).transpose(1, 0, 2)
    sides = [p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0] for p, q in ((a, b), (b, c), (c, a))]
    return bool((np.sign(sides).sum(axis=0) % 3 == 0).any())


def test_the_far_side_slides_forwards_as_the_head_turns(contour):
    depths = np.array([view(contour, yaw)[3][:, 2] for yaw in (0.0, 30.0, 60.0)])
    # Turned to the subject's left, its left cheek is far and shows its front.
    assert (np.diff(depths[:, -8:].mean(axis=1)) > 0.008).all()


def test_it_turns_with_the_head_in_the_picture(contour):
    on_head = view(contour, 20.0)[3]
    np.testing.assert_allclose(view(contour, 20.0, roll=35.0)[3], on_head, atol=1e-5)


def test_both_ends_of_the_list_are_mirror_images(contour):
    _, _, _, left = view(contour, 25.0)
    _, _, _, right = view(contour, -25.0)
    np.testing.assert_allclose(left[::-1] * [-1.0, 1.0, 1.0], right, atol=1e-4)
