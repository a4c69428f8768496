"""Bent pictures, and the share of a known difference that is read."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from ofer_engine.__main__ import main
from ofer_engine.contract.errors import OferError
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.evaluation.warps import bend, compared, read_warps, render_sitters
from ofer_engine.research.studio.photo_head import load_open_photo_head
from ofer_engine.research.warps.bending import places, sample
from ofer_engine.research.warps.relighting import relight
from ofer_engine.research.warps.sitter import PackReading, fit_sitter, points_of
from ofer_engine.research.warps.warp import Change, Warper

_HEAD = BUNDLED / "open" / "head.npz"


@pytest.fixture(scope="module")
def head():
    return load_open_photo_head(_HEAD)


@pytest.fixture(scope="module")
def sitters(head):
    return render_sitters(head, 3, lambda _: None)


def _shapes(rng):
    return rng.standard_normal((3, 8, 30))


def test_reading_everything_removes_everything_and_reading_half_removes_half():
    true = _shapes(np.random.default_rng(0))
    whole, half, nothing = (compared(share * true, true) for share in (1.0, 0.5, 0.0))
    assert whole.removed.mean == whole.slope.mean == pytest.approx(1)
    assert half.removed.mean == pytest.approx(0.5) and half.slope.mean == pytest.approx(0.5)
    assert nothing.removed.mean == pytest.approx(0) and nothing.slope.mean == pytest.approx(0)


def test_what_is_wrong_about_the_first_reading_cancels():
    rng = np.random.default_rng(1)
    true, constant = _shapes(rng), 9 * rng.standard_normal((1, 8, 30))
    read = 0.6 * true + 0.1 * _shapes(rng)
    plain, shifted = compared(read, true), compared(read + constant, true)
    assert shifted.removed.mean == pytest.approx(plain.removed.mean)
    assert shifted.slope.mean == pytest.approx(plain.slope.mean)


def test_noise_is_no_reading():
    rng = np.random.default_rng(2)
    true = _shapes(rng)
    noise = compared(_shapes(rng), true)
    assert noise.removed.mean < -0.2 and abs(noise.slope.mean) < 0.2


def test_pixels_beside_the_head_follow_it_and_die_away():
    side = 64
    down, across = np.mgrid[:side, :side].astype(np.float32) + 0.5
    inside = (across - 32) ** 2 + (down - 32) ** 2 < 15**2
    known = np.stack([across, down], axis=-1)
    known[..., 0] += 6 * np.exp(-((down - 32) ** 2) / 40)
    source = places(known, inside)
    assert np.abs(source - known)[inside].max() < 2.5
    moved = source[..., 0] - across
    assert moved[32, 49] > 2  # just beside the head
    assert np.abs(np.diff(moved, axis=1)).max() < 3  # no tear at the border
    picture = np.stack([across, down, across], axis=-1).astype(np.float32)
    out = np.empty_like(picture)
    sample(picture, np.stack([across, down], axis=-1) + np.float32(0.25), 0.5, out)
    assert np.allclose(out[5:60, 5:60, 0], across[5:60, 5:60] + 0.25, atol=1e-4)
    sample(picture, np.full((side, side, 2), -9, np.float32), 0.5, out)
    assert (out == 0.5).all()


def test_light_from_one_side_moves_with_the_normals():
    side = 40
    grid = (np.mgrid[:side, :side].astype(float) - side / 2) / side * 1.3
    flat = np.stack([grid[1], -grid[0]], axis=-1)
    before = np.concatenate([flat, np.sqrt(1 - np.square(flat).sum(-1))[..., None]], axis=-1)
    turned = before @ np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])
    lit = (0.4 + 0.3 * before[..., :1]) * np.ones(3, np.float32)
    everywhere = np.ones((side, side), bool)
    bent = relight(lit.astype(np.float32), before, turned, everywhere, everywhere)
    wanted = 0.4 + 0.3 * turned[..., 0]
    middle = (slice(10, 30), slice(10, 30))
    assert np.abs(bent[middle][..., 0] - wanted[middle]).mean() < 0.03
    nowhere = np.zeros((side, side), bool)
    assert (relight(lit, before, turned, everywhere, nowhere) == lit).all()


def test_a_change_of_nothing_gives_the_same_picture(head, sitters):
    alike = [_alike(head, sitter) for sitter in sitters]
    # The warp's camera is another, so grain and contrast differ.
    assert np.median(alike) > 0.8 and min(alike) > 0.7


def _alike(head, sitter) -> float:
    """How colours go together before and after, where the head's points lie in both pictures."""
    distance = float(np.linalg.norm(sitter.camera.translation))
    same = Change(sitter.identity, sitter.expression, np.eye(3), distance)
    warped = Warper(head, 128).warp(np.random.default_rng(3), sitter, same)
    points = points_of(head, sitter.identity, sitter.expression)
    framing = warped.framing
    now = framing.to_screen(framing.to_camera(points))[:, :2] / 2
    before = sitter.camera.project(points)
    both = ((now > 4) & (now < 124) & (before > 4) & (before < 124)).all(axis=1)
    colours = [
        picture[places[both][:, 1].astype(int), places[both][:, 0].astype(int)].mean(axis=1)
        for picture, places in ((warped.image, now), (sitter.pixels, before))
    ]
    return float(np.corrcoef(*colours)[0, 1])


def test_another_identity_moves_the_picture(head, sitters):
    sitter = sitters[0]
    other = -sitter.identity
    distance = float(np.linalg.norm(sitter.camera.translation))
    warper = Warper(head, 128)
    images = [
        warper.warp(
            np.random.default_rng(3), sitter, Change(who, sitter.expression, np.eye(3), distance)
        ).image
        for who in (sitter.identity, other)
    ]
    assert np.abs(images[0].astype(int) - images[1]).mean() > 3


def test_a_sitter_meets_the_points_and_stays_near_the_reading(head, sitters):
    sitter = sitters[1]
    truth = points_of(head, sitter.identity, sitter.expression)
    points = sitter.camera.project(truth)
    rng = np.random.default_rng(4)
    read = sitter.identity + 0.4 * rng.standard_normal(len(sitter.identity)).astype(np.float32)
    count = len(points)
    reading = PackReading(read, sitter.expression, points, np.full(count, 0.3), np.ones(count))
    found = fit_sitter(head, reading, sitter.pixels)
    shown = found.camera.project(points_of(head, found.identity, found.expression))
    assert np.linalg.norm(shown - points, axis=1).mean() < 0.5
    assert np.abs(found.identity - read).mean() < 0.4


def test_the_conditioner_reads_some_of_the_difference_on_renders(head, sitters):
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    warps = bend(head, sitters, lambda _: None)
    again = bend(head, sitters, lambda _: None)
    assert (warps.crops == again.crops).all() and (warps.identity == again.identity).all()
    figures = read_warps(pack, warps, pack.head, 4)
    assert figures.pictures == 3 and figures.true_mm > 1
    assert figures.regressed.removed.mean > 0.1 and figures.regressed.slope.mean > 0.2
    assert figures.one_size.removed.mean > 0.1


def test_faces_with_other_vertices_cannot_be_compared(head, sitters):
    from dataclasses import replace

    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    warps = bend(head, sitters[:1], lambda _: None)
    shorter = replace(pack.head, face=np.roll(pack.head.face, 1))
    with pytest.raises(OferError, match="different vertices"):
        read_warps(pack, warps, shorter, 2)


def test_the_command_on_a_portrait(portrait, capsys, tmp_path):
    drawn = tmp_path / "warps.png"
    options = ["--renders", "1", "--samples", "2", "--sheet", str(drawn), "--json"]
    assert main(["evaluate", "warps", str(portrait.parent), *options]) == 0
    (figures,) = json.loads(capsys.readouterr().out).values()
    assert figures["portraits"]["pictures"] == figures["renders"]["pictures"] == 1
    assert Image.open(drawn).size == (128, 3 * 128)


def test_a_folder_without_photos_or_faces_is_one_sentence(tmp_path, capsys):
    assert main(["evaluate", "warps", str(tmp_path)]) == 1
    assert "There are no photos in" in capsys.readouterr().err
    Image.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    assert main(["evaluate", "warps", str(tmp_path), "--renders", "1"]) == 1
    assert "No face was found in any of the portraits." in capsys.readouterr().err


def test_a_sheet_that_is_no_picture_is_one_sentence(portrait, capsys, tmp_path):
    options = ["--renders", "1", "--samples", "2", "--sheet", str(tmp_path / "warps.txt")]
    assert main(["evaluate", "warps", str(portrait.parent), *options]) == 1
    assert "warps.txt is no name of a picture." in capsys.readouterr().err


def test_a_machine_without_numba_is_told_what_to_do(portrait, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert main(["evaluate", "warps", str(portrait.parent)]) == 1
    printed = capsys.readouterr().err
    assert "Bending pictures needs numba" in printed and "setup --with evaluate" in printed
