"""Brows, nose, cheeks and mouth move as scans do; here the head itself stands for the scans."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52, other_side
from ofer_engine.geometry.triangles import triangulate, vertex_normals
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building import scan_units
from ofer_engine.research.head_building.scan_units import with_scan_units

BUILT = Path(__file__).parents[4] / "weights" / "training" / "head.npz"
JAW = ARKIT_52.index("jawOpen")


@pytest.fixture(scope="module")
def head():
    """With units that scans have, not MakeHuman's."""
    return OpenHead.load(BUILT)


@pytest.fixture(scope="module")
def still(head):
    """The same head, of whose units brows, nose, cheeks and mouth say nothing."""
    units = head.expression.copy()
    units[_taken()] = 0
    return replace(head, expression=units)


def _taken():
    own = ("eye", "jaw", "mouthClose", "tongueOut")
    return [row for row, name in enumerate(ARKIT_52) if not name.startswith(own)]


def _files(folder, head, units, places=None):
    """The two files as if the scans were the head, ten times as large and turned."""
    known = np.flatnonzero(head.outer & np.isin(np.arange(len(head.outer)), _skin(head)))
    turned = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1.0]])
    names = [name.replace("Left", "_L").replace("Right", "_R") for name in ARKIT_52]
    alone = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
    names = [old if old in alone else new for old, new in zip(ARKIT_52, names, strict=True)]
    np.savez(folder / "ict.npz", expression_names=names, expression=units @ turned * 10)
    corners = np.repeat((known if places is None else places(known))[:, None], 3, 1)
    np.savez(
        folder / "map.npz",
        open_vertices=known,
        ict_vertices=corners,
        barycentric=np.tile(np.array([0.5, 0.25, 0.25], np.float32), (len(known), 1)),
        scale=0.1,
        rotation=turned,
        translation=np.zeros(3),
    )
    return folder / "ict.npz", folder / "map.npz"


def _skin(head):
    return np.unique(head.part_polygons("skin"))


def test_the_skin_moves_as_the_scans_do_and_lids_jaw_and_tongue_as_before(head, still, tmp_path):
    found = with_scan_units(still, *_files(tmp_path, head, head.expression))
    others = [row for row in range(len(ARKIT_52)) if row not in _taken()]
    assert (found.expression[others] == still.expression[others]).all()
    front = head.face & head.outer & np.isin(np.arange(len(head.face)), _skin(head))
    missed = np.linalg.norm(found.expression - head.expression, axis=2)[:, front]
    assert np.quantile(missed[_taken()], 0.99, axis=1).max() < 0.0001


def test_sides_mirror_each_other(head, still, tmp_path):
    units = head.expression.copy()
    units[ARKIT_52.index("mouthSmileLeft")] *= 0.5
    found = with_scan_units(still, *_files(tmp_path, head, units)).expression
    for name in ("mouthSmileLeft", "browDownRight", "cheekPuff"):
        twin = found[ARKIT_52.index(other_side(name))][head.mirror] * (-1, 1, 1)
        assert np.allclose(found[ARKIT_52.index(name)], twin, atol=1e-7)


def test_what_was_placed_on_the_other_lip_does_not_count(head, still, tmp_path):
    """Some of the lower lip's rim lie on the scans' upper lip, as where closed lips touch."""
    lips = head.region("lips") > 0.5
    drop = head.expression[JAW, :, 1] / head.expression[JAW, :, 1].min()
    lower = np.flatnonzero(lips & head.outer & (drop > 0.7))
    upper = np.flatnonzero(lips & head.outer & (drop < 0.1))
    rim = lower[np.argsort(-head.template[lower, 1])[:12]]

    def places(known):
        return np.where(np.isin(known, rim), upper[0], known)

    found = with_scan_units(still, *_files(tmp_path, head, head.expression, places))
    row = ARKIT_52.index("mouthUpperUpLeft"), ARKIT_52.index("mouthUpperUpRight")
    raised = found.expression[list(row)].sum(0)[:, 1]
    assert raised[upper].max() > 0.004
    assert raised[rim].max() < 0.002


def test_lining_stays_behind_the_skin_under_the_nose(head, still, tmp_path):
    """Lips that purse took the skin there backwards, through lining that stayed."""
    found = with_scan_units(still, *_files(tmp_path, head, head.expression))
    skin = np.isin(np.arange(len(head.outer)), _skin(head))
    lining = np.flatnonzero(skin & ~head.outer)
    front = np.flatnonzero(skin & head.outer)
    near = np.linalg.norm(head.template[lining, None] - head.template[None, front], axis=2)
    close = near.min(1) < 0.003
    twin = front[near.argmin(1)]
    normal = vertex_normals(head.template, triangulate(head.part_polygons("skin")), float)
    for name in ("mouthPucker", "cheekPuff", "mouthFunnel"):
        moved = found.expression[ARKIT_52.index(name)]
        through = ((moved[lining] - moved[twin]) * normal[twin]).sum(1)
        above = head.template[lining, 1] > head.template[head.region("lips") > 0.5, 1].max()
        assert through[close & above].max() < 0.0015, name


def test_the_command_writes_them(head, still, tmp_path):
    ict, places = _files(tmp_path, head, head.expression)
    still.save(tmp_path / "in.npz")
    paths = [str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]
    scan_units.main([*paths, "--ict", str(ict), "--ict-map", str(places)])
    smile = ARKIT_52.index("mouthSmileLeft")
    assert np.linalg.norm(OpenHead.load(tmp_path / "in.npz").expression[smile]) == 0
    found = OpenHead.load(tmp_path / "out.npz").expression[smile]
    assert np.linalg.norm(found, axis=1).max() > 0.01
