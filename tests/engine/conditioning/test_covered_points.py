"""What lies over a face is found in its pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial import KDTree

from ofer_engine.conditioning.covered_points import SIDE, CoveredPoints, features
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import crop_around, read_open_pack
from ofer_engine.photo.align import cut
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.research.covered_points import portrait_covers

EYES, LIPS = (33, 133, 159, 145, 362, 263, 386, 374), (0, 17, 37, 267, 13, 14, 84, 314)


@pytest.fixture(scope="module")
def pack():
    return read_open_pack(BUNDLED / "open", torch.device("cpu"))


@pytest.fixture(scope="module")
def detector():
    return FaceDetector.load(BUNDLED / "faces")


@pytest.fixture(scope="module")
def face(portrait, detector):
    """A portrait's crop in 0..1, and the landmarks (468, 2) in it."""
    photo = load_photo(portrait)
    marks = detector.detect(photo)[0].landmarks[:, :2]
    crop = crop_around(marks).resized(portrait_covers.SIDE)
    return cut(photo, crop), crop.to_crop(marks)


@pytest.fixture(scope="module")
def seen(pack, detector, tmp_path_factory):
    """Of a picture of that face: (P,) how far its points are seen, and (P, 2) where they are."""

    def shown(picture: np.ndarray, margin: int = 100) -> tuple[np.ndarray, np.ndarray]:
        side = len(picture)
        whole = np.full((side + 2 * margin, side + 2 * margin, 3), 128, np.uint8)
        whole[margin : margin + side, margin : margin + side] = (picture * 255).round()
        path = tmp_path_factory.mktemp("seen") / "photo.png"
        Image.fromarray(whole).save(path)
        photo = load_photo(path)
        evidence = pack.encode(photo, detector.detect(photo)[0])
        return evidence.visible, evidence.points - margin

    return shown


@pytest.fixture(scope="module")
def seen_bare(seen, face):
    """Of that face, which nothing covers."""
    return seen(face[0])


def _near(points: np.ndarray, marks: np.ndarray, wanted: tuple[int, ...]) -> np.ndarray:
    """(P,) bool of points within 8 pixels of those landmarks."""
    return KDTree(marks[list(wanted)]).query(points)[0] < 8


@pytest.mark.parametrize(
    ("cover", "where"),
    [("dark_glasses", EYES), ("moustache", (0, 37, 267)), ("beard", (0, 17)), ("mask", LIPS)],
)
def test_what_is_covered_is_not_seen(seen, seen_bare, face, cover, where):
    """And what the cover leaves bare stays seen."""
    picture, marks = face
    before, points = seen_bare
    there = _near(points, marks, where)
    assert there.sum() >= 5 and before[there].mean() > 0.7
    put_on = getattr(portrait_covers, cover)
    means = []
    for seed in range(3):
        covered = put_on(np.random.default_rng(seed), picture, marks, picture[:, ::-1])
        after, points = seen(covered.picture)
        rows, columns = np.clip(points.round().astype(int), 0, len(picture) - 1).T[::-1]
        hidden = (covered.hidden[rows, columns] > 0.5) & (before > 0.5)
        bare = ~hidden & (before > 0.5) & ~covered.doubtful[rows, columns]
        assert hidden.sum() > 5
        means.append((after[hidden].mean(), after[bare].mean()))
    covered_mean, bare_mean = np.mean(means, axis=0)
    assert covered_mean < 0.3 and bare_mean > 0.7


def test_a_bare_jaw_beside_a_dark_collar_and_a_bright_wall_is_seen(pack, portrait, detector):
    photo = load_photo(portrait)
    face = detector.detect(photo)[0]
    evidence = pack.encode(photo, face)
    jaw = (172, 136, 150, 149, 176, 397, 365, 379, 378, 400, 205, 425)
    size = np.ptp(face.landmarks[:, 0])
    near = KDTree(face.landmarks[list(jaw), :2]).query(evidence.points)[0] < size / 12
    assert near.sum() >= 10 and evidence.visible[near].mean() > 0.9


def test_eyes_behind_spectacles_are_seen(seen, face):
    picture, marks = face
    for seed in range(3):
        worn = portrait_covers.spectacles(
            np.random.default_rng(seed), picture, marks, picture[:, ::-1]
        )
        visible, points = seen(worn.picture)
        assert visible[_near(points, marks, EYES)].mean() > 0.6


def test_what_lies_beyond_the_photo_is_not_seen(seen, face):
    picture, _ = face
    top = picture[len(picture) // 3 :]
    square = top[:, : len(top)] if top.shape[0] < top.shape[1] else top
    visible, points = seen(square, margin=0)
    beyond = (points < 0).any(1) | (points > len(square)).any(1)
    assert beyond.sum() > 5 and not visible[beyond].any() and visible[~beyond].mean() > 0.5


def test_a_mirrored_face_feels_the_same(pack):
    rng = np.random.default_rng(0)
    picture = rng.random((SIDE, SIDE, 3)).astype(np.float32)
    points, visible = rng.uniform(20, SIDE - 20, (9, 2)), rng.random(9)
    places = pack.head.template[pack.head.point_vertices[:9]]
    turned = points * (-1, 1) + (SIDE, 0)
    there = features(picture, points, visible, places)
    again = features(picture[:, ::-1], turned, visible, places * (-1, 1, 1))
    assert np.allclose(there, again, atol=1e-4)


def test_a_brighter_picture_feels_the_same():
    """Colours are measured against the face's own."""
    rng = np.random.default_rng(0)
    picture = rng.uniform(0.3, 0.6, (SIDE, SIDE, 3)).astype(np.float32)
    points, places = rng.uniform(20, SIDE - 20, (9, 2)), rng.normal(0, 0.05, (9, 3))
    one, other = (features(picture * f, points, np.ones(9), places) for f in (1.0, 1.3))
    assert np.abs(one - other).max() < 0.1 < np.abs(one).max()


def test_the_network_is_read_as_it_is_written(tmp_path):
    network = CoveredPoints.load()
    network.save(tmp_path / "again.npz")
    felt = np.random.default_rng(0).normal(0, 1, (5, len(network.mean)))
    with np.load(tmp_path / "again.npz") as stored:
        assert np.array_equal(stored["weight_0"].astype(np.float32), network.weights[0])
    assert network.chances_of(felt).shape == (5,)
