"""Lids' edges in a photo: gaps, shut lids, and a real face."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.photo.face_weights import FACES, load_landmarker_network
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.lids import LOWER_LIDS, UPPER_LIDS, LidReader, Lids
from ofer_engine.photo.load import load_photo

DATA = Path(__file__).parent / "data"
WIDTH = 40.0


def _landmarks(gap):
    """(478, 2): eyes of WIDTH pixels, the left one on the right of the picture."""
    found = np.zeros((478, 2))
    for eye, middle in enumerate((160.0, 80.0)):
        outwards = 1 if eye == 0 else -1
        outer, inner = ((263, 362), (33, 133))[eye]
        found[outer] = middle + outwards * WIDTH / 2, 100
        found[inner] = middle - outwards * WIDTH / 2, 100
        for lid, side in ((UPPER_LIDS, -1), (LOWER_LIDS, 1)):
            for place, landmark in enumerate(lid[eye]):
                found[landmark] = middle + outwards * (10 - 10 * place), 100 + side * gap[eye] / 2
    return found


def _turned(points, degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points - 120) @ np.array([[cosine, sine], [-sine, cosine]]) + 120


@pytest.mark.parametrize("degrees", [0, 35, 180, -90])
def test_gaps_do_not_change_when_the_head_is_turned(degrees):
    lids = Lids.of(_turned(_landmarks((12.0, 8.0)), degrees))
    np.testing.assert_allclose(lids.width, WIDTH)
    upright = Lids.of(_landmarks((12.0, 8.0)))
    np.testing.assert_allclose(lids.gap, upright.gap, atol=1e-9)
    np.testing.assert_allclose(upright.across, [(0, 1), (0, 1)], atol=1e-12)
    np.testing.assert_allclose(lids.across, _turned(np.full((2, 2), (120.0, 121.0)), degrees) - 120)


def test_edges_lie_nearer_than_the_landmarks_and_shut_lids_have_none():
    lids = Lids.of(_landmarks((12.0, 0.05 * WIDTH)))
    assert 0.9 * 12 == pytest.approx(lids.gap[0].mean(), rel=0.05)
    assert lids.gap[0].max() < 12 and not lids.gap[1].any()
    crossed = Lids.of(_landmarks((-3.0, 12.0)))
    assert not crossed.gap[0].any() and crossed.gap[1].all()


@torch.inference_mode()
def test_the_bundled_network_answers_as_the_reference_runtime():
    with np.load(DATA / "face_landmarker.npz") as recorded:
        pictures, presence = recorded["pictures"], recorded["presence"]
        points = recorded["points"]
    given = torch.from_numpy(pictures).float().permute(0, 3, 1, 2) / 255
    found, logit = load_landmarker_network(FACES)(given)
    np.testing.assert_allclose(found.flatten(1).numpy(), points, atol=2e-3)
    np.testing.assert_allclose(logit.numpy(), presence, atol=1e-3)


def test_open_eyes_of_a_real_face(portrait):
    """And of the same picture upside down."""
    photo = load_photo(portrait)
    reader, detector = LidReader.load(FACES), FaceDetector.load(FACES)
    landmarks = detector.detect(photo)[0].landmarks
    lids = reader.read(photo.pixels, landmarks)
    shares = lids.gap.mean(axis=1) / lids.width
    assert (shares > 0.12).all() and (shares < 0.4).all()
    assert (lids.across[:, 1] > 0.9).all()
    size = np.array([photo.width, photo.height])
    over = reader.read(np.ascontiguousarray(photo.pixels[::-1, ::-1]), size - landmarks[:, :2])
    np.testing.assert_allclose(over.gap, lids.gap, atol=0.02 * lids.width.mean())
    np.testing.assert_allclose(over.across, -lids.across, atol=0.05)
