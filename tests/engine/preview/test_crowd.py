"""The sheet of random heads."""

import numpy as np

from ofer_engine.__main__ import main
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.preview.crowd import crowd


def test_heads_differ_and_fill_their_places():
    head = OpenHead.load(BUNDLED / "open" / "head.npz")
    page = np.asarray(crowd(head, 5, seed=3, side=48, columns=3), float)
    assert page.shape == (96, 144, 3)
    tiles = page.reshape(2, 48, 3, 48, 3).swapaxes(1, 2).reshape(6, 48, 48, 3)
    assert (tiles[5] == 255).all()
    assert all(tile.std() > 10 for tile in tiles[:5])
    assert np.abs(tiles[0] - tiles[1]).mean() > 1


def test_the_command_writes_a_sheet(tmp_path):
    out = tmp_path / "heads.png"
    assert main(["evaluate", "heads", "--out", str(out), "--count", "2"]) == 0
    assert out.stat().st_size > 1000
