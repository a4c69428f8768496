"""Bent portraits: pairs of one portrait, of whose identities only the difference is learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.conditioning.mirror import Mirror
from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.studio.photo_head import load_open_photo_head
from ofer_engine.research.training.bent_portraits import (
    BentPortraits,
    pair_loss,
    read_contexts,
)
from ofer_engine.research.warps.bend_portraits import (
    Portrait,
    bend,
    features_beside,
    other_expression,
)
from ofer_engine.research.warps.expression_teacher import TRUST, corrected
from ofer_engine.research.warps.sitter import Sitter
from ofer_engine.research.warps.warp import Change

_FILE = Path(__file__).parents[4] / "weights" / "open" / "head.npz"


@pytest.fixture(scope="module")
def bent() -> BentPortraits:
    """Two sitters before a grey wall, three pictures each."""
    head = load_open_photo_head(_FILE)
    camera = Camera(900.0, np.array([112.0, 137.0]), np.eye(3), np.array([0, 0, -1.4]), 225, 275)
    pixels = np.full((275, 225, 3), 128, np.uint8)
    still, shown = (np.full(len(head.expression), value, np.float32) for value in (0.0, 0.25))
    identity = np.full(len(head.identity), 0.3, np.float32)
    sitter, nothing = Sitter(pixels, identity, still, camera), np.zeros_like(head.template)
    portraits = [Portrait(number, sitter, nothing, shown) for number in (4, 9)]
    return bend(portraits, head, each=3, seed=1)


def test_points_lie_in_the_picture_and_people_differ(bent):
    assert bent.crops.shape == (6, 128, 128, 3)
    assert bent.portrait.tolist() == [4, 4, 4, 9, 9, 9] and bent.each == 3
    assert ((bent.points > -10) & (bent.points < 138)).all()
    assert bent.points.std(dim=1).min() > 15
    assert (bent.identity[0] - bent.identity[1]).abs().max() > 0.5


def test_expressions_differ_in_units_that_a_picture_can_show():
    """Lids and jaw need pixels that are not there; what is added is about as strong on both sides,
    and the sitter's own expression stays as it is for the next picture."""
    own = np.zeros(52, np.float32)
    smile, blink = ARKIT_52.index("mouthSmileLeft"), ARKIT_52.index("eyeBlinkLeft")
    own[[smile, blink]] = 0.6, 0.4
    rng = np.random.default_rng(3)
    made = np.stack([other_expression(rng, own) for _ in range(400)])
    assert own[smile] == np.float32(0.6) and made.dtype == np.float32
    assert made.min() == 0 and made.max() <= 1
    assert 0.2 < made[:, blink].mean() < 0.33 and made[:, blink].max() <= 0.4 * 1.3 + 1e-6
    added = {ARKIT_52[unit] for unit in np.flatnonzero(made.any(0))} - {"eyeBlinkLeft"}
    assert {"browInnerUp", "noseSneerLeft", "noseSneerRight"} <= added
    assert not any(name.startswith(("jawOpen", "eyeBlink", "eyeLook")) for name in added)
    left, right = (made[:, ARKIT_52.index(f"browDown{side}")] for side in ("Left", "Right"))
    both = left > 0
    assert np.array_equal(both, right > 0) and 0.05 < both.mean() < 0.5
    assert np.abs(right[both] / left[both] - 1).max() < 0.41


def test_points_go_where_the_detector_has_the_features():
    """A sitter whose brows are 4 mm too high: points follow the brows, and only they do."""
    head = load_open_photo_head(_FILE)
    pose = rotation_about("y", 20.0) @ rotation_about("z", 10.0)
    camera = Camera(900.0, np.array([112.0, 137.0]), pose, np.array([0, 0, -1.0]), 225, 275)
    still = np.zeros(len(head.expression), np.float32)
    sitter = Sitter(
        np.full((275, 225, 3), 128, np.uint8),
        np.zeros(len(head.identity), np.float32),
        still,
        camera,
    )
    surface = head.surface(sitter.identity, still, np.zeros(len(head.bumps), np.float32))
    marks = camera.project(head.landmarks.on(surface))
    low = marks.copy()
    brow = np.linalg.norm(marks - marks[105], axis=1) < 12
    low[brow, 1] += 3.6
    right = features_beside(head, head.landmarks, sitter, low)
    moved = camera.project(head.landmarks.on(surface + right)) - marks
    assert moved[105] == pytest.approx([0, 3.6], abs=1.0)  # the warp is smooth
    assert np.abs(moved[152]).max() < 0.6 and np.abs(moved[334]).max() < 0.8
    depth = camera.to_camera(surface + right)[:, 2] - camera.to_camera(surface)[:, 2]
    assert np.abs(depth).max() < 1e-5  # a photo shows nothing of depth
    portrait = Portrait(4, sitter, right, still)
    plain = replace(portrait, beside=np.zeros_like(right))
    drawn, before = (bend([each], head, each=1, seed=2).points[0] for each in (portrait, plain))
    near = np.linalg.norm(
        head.points.on(head.template) - head.landmarks.on(head.template)[105], axis=1
    )
    apart = (drawn - before).norm(dim=1).numpy()
    assert apart[near.argmin()] > 1 and apart[near > 0.06].max() < 0.6


def test_what_is_written_is_read(bent, tmp_path):
    bent.write(tmp_path / "bent.npz")
    again = BentPortraits.read(tmp_path / "bent.npz")
    assert np.array_equal(again.crops, bent.crops)
    for name in ("points", "identity", "expression", "trust"):
        assert torch.equal(getattr(again, name), getattr(bent, name)), name


def test_contexts_are_what_the_conditioner_reads_in_each_picture(bent):
    pack = read_open_pack(_FILE.parent, torch.device("cpu"))
    found = read_contexts(pack.networks.conditioner, bent, pack.mirror)
    with torch.inference_mode():
        alone = pack.networks.conditioner.context(pack.read(bent.pictures(np.array([4]))))
    torch.testing.assert_close(found[[4]], alone, atol=2e-4, rtol=0)
    assert (found[0] - found[1]).abs().max() > 0.1


def test_a_bent_picture_shows_what_the_teacher_saw_and_what_was_changed(bent):
    still = bent.expression == 0.25  # in all but the few units that are added
    assert (bent.expression >= 0.25).all() and (~still).any(1).all()
    assert ((~still).sum(1) <= 8).all()
    sitter = Sitter(np.zeros((1, 1, 3), np.uint8), *np.full((2, 52), 0.5, np.float32), None)
    portrait = Portrait(0, sitter, np.zeros((1, 3)), np.linspace(0, 1, 52))
    shown = portrait.shown(Change(np.zeros(3), np.full(52, 0.2), np.eye(3), 1.0))
    assert shown == pytest.approx(np.clip(np.linspace(0, 1, 52) - 0.3, 0, 1))


def test_a_teacher_s_smile_is_taken_over_and_its_lowered_brows_are_not():
    read = np.zeros(52, np.float32)
    places = {name: place for place, name in enumerate(ARKIT_52)}
    for name in ("mouthSmileLeft", "mouthUpperUpLeft", "browDownLeft", "eyeBlinkLeft"):
        read[places[name]] = 0.6
    read[places["eyeBlinkRight"]] = 0.12  # lids at rest
    read[places["eyeSquintLeft"]], read[places["eyeSquintRight"]] = 0.43, 0.65
    read[places["eyeLookDownLeft"]], read[places["eyeLookDownRight"]] = 0.15, 0.45
    found = corrected(read)
    assert found[places["mouthSmileLeft"]] == pytest.approx(0.6)
    assert found[places["browDownLeft"]] < 0.1 and found[places["eyeBlinkRight"]] == 0
    assert 0 < found[places["noseSneerLeft"]] < 0.1 and found[places["noseSneerRight"]] == 0
    assert found[places["eyeSquintLeft"]] == 0, "most faces that do nothing have 0.43"
    assert found[places["eyeSquintRight"]] == pytest.approx(0.2)
    assert found[places["eyeLookDownLeft"]] == 0
    assert found[places["eyeLookDownRight"]] == pytest.approx(0.18)
    assert TRUST[places["mouthSmileLeft"]] == 1
    for name in ("tongueOut", "cheekSquintLeft", "mouthClose"):
        assert TRUST[places[name]] == 0, name


def test_pairs_are_two_pictures_of_one_portrait(bent):
    rows = bent.pairs(200, torch.Generator().manual_seed(0))
    one, other = rows[0::2], rows[1::2]
    assert (bent.portrait[one] == bent.portrait[other]).all()
    assert (one != other).all()
    assert set(rows.tolist()) == set(range(6))


def test_an_error_that_a_portrait_s_pictures_share_costs_nothing():
    truth = torch.randn(8, 5, generator=torch.Generator().manual_seed(0))
    shared = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
    weights = torch.arange(1.0, 6.0)
    shifted = truth + shared.repeat_interleave(2, dim=0)
    assert float(pair_loss(shifted, truth, weights)) < 1e-10
    # independent errors of variance 1 cost what they would cost a picture by itself
    many = torch.randn(20000, 5, generator=torch.Generator().manual_seed(2))
    found = float(pair_loss(many, torch.zeros_like(many), weights))
    assert found == pytest.approx(float(weights.mean()), rel=0.03)


def test_a_mirrored_picture_shows_the_mirrored_person(bent):
    mirror = Mirror.of(OpenHead.load(_FILE))
    assert mirror is not None
    rows = np.arange(2)
    crops = bent.pictures(rows)
    smiling = replace(bent, expression=torch.arange(52.0).repeat(6, 1))
    which = torch.tensor([True, False])
    shown, points, identity, expression = smiling.mirrored(rows, crops, mirror, which)
    assert torch.equal(shown[0], crops[0].flip(2)) and torch.equal(shown[1], crops[1])
    torch.testing.assert_close(mirror.place(points[:1])[0], bent.points[0])
    torch.testing.assert_close(identity[0] * mirror.identity, bent.identity[0])
    assert torch.equal(points[1], bent.points[1])
    left, right = (ARKIT_52.index(f"mouthSmile{side}") for side in ("Left", "Right"))
    assert expression[:, left].tolist() == [right, left]
