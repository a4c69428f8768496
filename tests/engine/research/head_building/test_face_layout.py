"""A head whose own UVs favour the face, written over its file."""

import shutil
from pathlib import Path

import numpy as np

from ofer_engine.contract.skin import Layout
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building.face_layout import main
from ofer_engine.texture.layout import layout
from ofer_engine.texture.shape import split

HEAD = Path(__file__).parents[4] / "weights" / "open" / "head.npz"


def test_the_face_takes_almost_half_and_the_rest_of_the_head_stays(tmp_path):
    path = tmp_path / "head.npz"
    shutil.copy(HEAD, path)
    main([str(path)])
    before, after = OpenHead.load(HEAD), OpenHead.load(path)
    skin = before.part == before.part_names.index("skin")
    assert np.array_equal(after.uv[skin], layout(before, Layout.FACE)[skin])
    assert np.array_equal(after.uv[~skin], before.uv[~skin])
    assert np.array_equal(after.template, before.template)
    assert np.array_equal(after.polygons, before.polygons)
    face = skin & (before.region("face")[before.polygons] > 0.5).all(1)
    corners = split(after.polygons[face], after.uv[face])[1]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum() / 2
    assert area > 0.45
    assert layout(after, Layout.HEAD) is after.uv, "usable as the head's own"
