"""One photo set once, many heads drawn from it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ofer_engine.conditioning.person import HINTS, unsigned
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import NO_HINTS, Hints
from ofer_engine.heads.mouth_limits import limited
from ofer_engine.pack_registry import BUNDLED, load_pack
from ofer_engine.packs.reprojection import seen_points
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.pipeline import Reconstructor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def opened(portrait):
    reconstructor = Reconstructor(load_pack("open", None, CPU))
    photo = load_photo(portrait)
    faces = FaceDetector.load(BUNDLED / "faces").detect(photo)
    reconstructor.set_photo(photo, faces[0])
    return reconstructor, photo, faces[0]


def test_nothing_can_be_drawn_before_a_photo_is_set():
    reconstructor = Reconstructor(load_pack("open", None, CPU))
    with pytest.raises(OferError) as caught:
        reconstructor.identities(1, seed=0)
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("count", [1, 2, 33])
@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm_solver_pp_2m"])
def test_any_number_of_heads_from_any_sampler(opened, count, sampler):
    reconstructor, *_ = opened
    drawn = reconstructor.identities(count, seed=1, sampler=sampler, steps=8)
    candidates = count + (count > 1)  # the mean of the samples is one more
    assert drawn.shape == (candidates, reconstructor.pack.identities)
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn[-1], drawn[:count].mean(axis=0), atol=1e-5)
    ranking = reconstructor.rank(drawn)
    assert sorted(ranking.order) == list(range(candidates))
    assert (np.diff(ranking.scores[ranking.order]) <= 0).all()


def test_a_seed_means_the_same_bits_and_another_means_others(opened):
    reconstructor, *_ = opened
    one, two = (reconstructor.identities(10, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert np.abs(reconstructor.identities(10, seed=5) - one).max() > 0.1


def test_heads_are_people_and_differ(opened):
    reconstructor, *_ = opened
    drawn = reconstructor.identities(100, seed=0)
    spread = drawn.std(axis=0)
    assert (spread > 0.1).all() and (spread < 1.5).all()
    assert np.abs(drawn).max() < 6


def test_expressions_are_unit_weights_most_typical_first(opened):
    reconstructor, *_ = opened
    drawn = reconstructor.expressions(15, seed=0)
    assert drawn.shape == (15, 52) and drawn.min() >= 0 and drawn.max() <= 1
    away = np.square(drawn - drawn.mean(axis=0)).sum(axis=1)
    assert away[:5].mean() < away[-5:].mean()
    context = unsigned(reconstructor.person.contexts.expression)
    read = reconstructor.pack.networks.conditioner.regressed_expression(context)
    assert np.abs(drawn - limited(read.numpy())).max(axis=1).argmin() == 0
    np.testing.assert_allclose(drawn[0], limited(read.numpy())[0], atol=1e-6)


def test_the_camera_puts_the_head_on_the_face(opened):
    reconstructor, photo, face = opened
    evidence, head = reconstructor.evidence, reconstructor.pack.head
    surface = head.vertices(reconstructor.identities(20, seed=0).mean(axis=0))
    projected = evidence.camera.project(surface[head.landmark_triangles])
    landmarks = np.einsum("lcd,lc->ld", projected, head.landmark_barycentric)
    size = np.ptp(face.landmarks[:, :2], axis=0).max()
    away = np.linalg.norm(landmarks - face.landmarks[:, :2], axis=1) / size
    assert np.median(away) < 0.04
    assert evidence.camera.translation[2] < -0.2


def test_hints_move_the_heads_their_way(opened):
    reconstructor, *_ = opened
    axes = dict(zip(HINTS, reconstructor.pack.networks.hint_axes.numpy(), strict=True))
    evidence = list(reconstructor.person.photos)

    def place(axis, hints):
        reconstructor.set_evidence(evidence, hints)
        return float(reconstructor.identities(60, seed=0)[-1] @ axes[axis])

    unhinted = {axis: place(axis, NO_HINTS) for axis in HINTS}
    assert place("age", Hints(age=80.0)) > unhinted["age"] > place("age", Hints(age=10.0))
    assert place("sex", Hints(sex=0.0)) > unhinted["sex"] > place("sex", Hints(sex=1.0))
    assert place("build", Hints(build=1.0)) > unhinted["build"] > place("build", Hints(build=0.0))
    reconstructor.set_evidence(evidence)


def test_hints_leave_what_the_photo_shows_where_it_is(opened):
    """Opposite hints move the seen points across the photo by less than half as much as where the
    photo is said to show none."""
    reconstructor, *_ = opened
    pack, before = reconstructor.pack, reconstructor.person
    normal, _ = seen_points(pack, before.photos)
    unseen = tuple(replace(photo, visible=np.zeros_like(photo.visible)) for photo in before.photos)
    across = []
    for photos in (before.photos, unseen):
        means = []
        for hints in (Hints(20.0, 0.0, 0.1), Hints(60.0, 1.0, 0.9)):
            reconstructor.person = replace(before, photos=photos)
            reconstructor.set_hints(hints)
            means.append(reconstructor.identities(16, seed=0, steps=8).mean(axis=0))
        away = means[0] - means[1]
        across.append(float(np.sqrt(away @ normal @ away)))
    reconstructor.person = before
    assert across[0] < 0.5 * across[1]


def test_heads_told_something_vary_as_far_as_it_is_doubted(opened):
    reconstructor, *_ = opened
    before, axis = reconstructor.person, reconstructor.pack.hint_axes[0]
    free = reconstructor.identities(60, seed=0)[:60] @ axis
    reconstructor.set_hints(Hints(age=70.0))
    told = reconstructor.identities(60, seed=0)[:60] @ axis
    reconstructor.person = before
    assert told.mean() > free.mean() + 0.2
    assert 0.5 * free.std() < told.std() < free.std()


def test_copies_of_a_photo_leave_as_much_open_as_one(opened):
    reconstructor, *_ = opened
    evidence = list(reconstructor.person.photos)
    alone = reconstructor.identities(200, seed=0).var(axis=0).sum()
    reconstructor.set_evidence(evidence * 3)
    assert reconstructor.person.contexts.expression.shape[0] == 3
    together = reconstructor.identities(200, seed=0).var(axis=0).sum()
    assert abs(together / alone - 1) < 0.001  # they tell nothing new; IdGen knows how many they are


def test_the_face_that_is_asked_for_is_the_one_that_is_read(opened):
    reconstructor, photo, face = opened
    first = reconstructor.evidence.points.copy()
    moved = load_moved(photo, 40)
    shifted = FaceDetector.load(BUNDLED / "faces").detect(moved)[0]
    second = reconstructor.set_photo(moved, shifted).points
    reconstructor.set_photo(photo, face)
    size = np.ptp(first, axis=0).max()
    np.testing.assert_allclose(second - first, [[40, 0]] * len(first), atol=0.03 * size)


def load_moved(photo, by):
    """The same photo with `by` pixel columns added on the left."""
    import dataclasses

    padded = np.pad(photo.pixels, ((0, 0), (by, 0), (0, 0)), mode="edge")
    return dataclasses.replace(photo, pixels=padded)


def test_progress_can_stop_the_drawing(opened):
    reconstructor, *_ = opened
    seen = []

    def stop(step, of):
        seen.append((step, of))
        if step == 3:
            raise OferError(ErrorCode.CANCELLED, "Stopped.")

    with pytest.raises(OferError):
        reconstructor.identities(5, seed=0, steps=10, on_step=stop)
    assert seen == [(1, 10), (2, 10), (3, 10)]
