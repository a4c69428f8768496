"""A layout of our own for heads with and without usable UVs."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.skin import Layout
from ofer_engine.geometry.mesh_parts import cylinder_uv
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.texture.layout import layout
from ofer_engine.texture.overlap import overlapping
from ofer_engine.texture.shape import Shape, split

BUILT = Path(__file__).parents[3] / "weights" / "training" / "head.npz"


def _area(corners):
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


def _overlapped(corners):
    """Share of the area that lies over another triangle."""
    over = overlapping(corners, np.arange(len(corners)), np.zeros(len(corners)))
    return np.abs(_area(corners[over])).sum() / np.abs(_area(corners)).sum()


def test_nothing_overlaps_and_everything_is_inside(head, face_uv):
    skin = head.part == 0
    _, corners = split(head.polygons[skin], face_uv[skin])
    assert corners.min() >= 0 and corners.max() <= 1
    area = _area(corners)
    assert (area <= 0).mean() < 0.002  # slivers at the corners of lids and lips
    assert -area[area < 0].sum() < 1e-4 * area.sum()
    assert _overlapped(corners) < 0.001
    assert not face_uv[~skin].any()


def test_the_face_is_larger_than_in_the_uvs_it_was_built_with(head, face_uv):
    built = OpenHead.load(BUILT)
    for one, uv, ours in ((head, head.uv, face_uv), (built, built.uv, layout(built, Layout.FACE))):
        face = (one.part == 0) & (one.region("face")[one.polygons] > 0.5).all(1)
        own, larger = (_area(split(one.polygons[face], each[face])[1]) for each in (uv, ours))
        finished = one is head  # its own are those of our layout
        assert larger.sum() > (0.99 if finished else 4) * np.abs(own).sum()
        assert larger.sum() > 0.4


def test_the_heads_own_uvs_are_kept_when_asked_for(head):
    assert layout(head, Layout.HEAD) is head.uv


def test_a_head_without_uvs_gets_some_and_its_own_are_refused(head):
    """As FLAME comes: triangles, wrapped around a cylinder, mouth and ears over one another."""
    triangles, _ = split(head.polygons, head.uv)
    part = np.concatenate([head.part, head.part[head.polygons[:, 3] >= 0]])
    bare = SimpleNamespace(
        template=head.template,
        polygons=np.pad(triangles, ((0, 0), (0, 1)), constant_values=-1),
        uv=cylinder_uv(head.template, triangles),
        part=part,
        part_names=head.part_names,
        joint_names=(),
    )
    with pytest.raises(OferError) as caught:
        layout(bare, Layout.HEAD)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    uv = layout(bare, Layout.FACE)
    corners = uv[part == 0][:, :3]
    assert corners.min() >= 0 and corners.max() <= 1
    assert _overlapped(corners) < 0.002


def test_a_flame_gets_uvs_of_its_own(flame, flame_uv):
    """The face in the middle half of one chart, no seam in it; eyeballs keep theirs."""
    skin = flame.part == 0
    corners, triangles = flame_uv[skin, :3], flame.polygons[skin, :3]
    assert corners.min() >= 0 and corners.max() <= 1
    assert (_area(corners) > 0).all()
    assert not overlapping(corners, np.arange(len(corners)), np.zeros(len(corners))).any()
    assert not flame_uv[~skin].any()
    front = (flame.template[triangles, 2] > 0.03).all(1)
    wide, high = np.ptp(corners[front].reshape(-1, 2), axis=0)
    assert wide > 0.5 and high > 0.5
    order = np.argsort(triangles[front].ravel(), kind="stable")
    vertex, place = triangles[front].ravel()[order], corners[front].reshape(-1, 2)[order]
    same = vertex[1:] == vertex[:-1]
    assert same.any() and np.array_equal(place[1:][same], place[:-1][same])


def test_the_mirror_of_a_symmetric_head_is_exact(head, face_uv):
    shape = Shape.of(head, face_uv)
    image = shape.mirrored(head.template.astype(np.float64))
    np.testing.assert_allclose(image * (-1, 1, 1), head.template, atol=1e-6)
    assert np.array_equal(shape.mirror[:, 0], head.mirror)
