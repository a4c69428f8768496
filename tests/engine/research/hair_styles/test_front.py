"""Brows of the cards that ship lie on the skin where the face detector sees brows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import KDTree

from ofer_engine.geometry.triangles import vertex_normals
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.hair_styles.build import BROWS
from ofer_engine.research.hair_styles.front import MARKS, FrontView
from ofer_engine.texture.shape import split

ROOT = Path(__file__).parents[4]
STYLES = ROOT / "ofer_blender" / "hair" / "styles"


@pytest.fixture(scope="module")
def head():
    return OpenHead.load(ROOT / "weights" / "open" / "head.npz")


def placed(head, name):
    """Places (N, 3), triangles, uv and cover of a style on the template."""
    with np.load(STYLES / f"brows_{name}.npz", allow_pickle=False) as card:
        shares = card["steps"] / np.float32(255)
        places = (head.template[card["anchors"]] * shares[..., None]).sum(1) + card["offset"]
        triangles, uv = card["triangles"].astype(np.int32), card["uv"]
    with Image.open(STYLES / f"brows_{name}.webp") as picture:
        return places, triangles, uv, np.asarray(picture.convert("RGBA"), np.float32)[..., 3]


@pytest.mark.parametrize("name", BROWS)
def test_brows_are_as_high_as_the_landmarks(head, name):
    marks = head.landmarks(head.template)[list(MARKS), :2]
    low = FrontView.of(*placed(head, name)).too_low(marks)
    assert abs(low.mean()) < 0.0007
    assert (low[:5] < low[5:]).all()  # the landmarks above a brow lie higher than those below


@pytest.mark.parametrize("name", BROWS)
def test_brows_lie_on_the_skin(head, name):
    places = placed(head, name)[0]
    skin = head.part == head.part_names.index("skin")
    triangles, _ = split(head.polygons[skin], head.uv[skin])
    own = np.unique(triangles)
    near = own[KDTree(head.template[own]).query(places)[1]]
    normals = vertex_normals(head.template, triangles)[near]
    off = ((places - head.template[near]) * normals).sum(1)
    assert np.median(off) == pytest.approx(0.0006, abs=0.0003)
    assert np.quantile(off, 0.02) > -0.0006


def test_a_bar_is_as_low_as_it_is(head):
    low, high = 0.040, 0.044
    corners = np.array([[0.01, low, 0], [0.05, low, 0], [0.05, high, 0], [0.01, high, 0]])
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    view = FrontView.of(corners, triangles, uv, np.full((8, 8), 255, np.float32))
    marks = np.array([[0.02, 0.052], [0.04, 0.042]])
    np.testing.assert_allclose(view.too_low(marks), [0.010, 0.0], atol=1e-4)
