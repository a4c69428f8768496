"""Pictures grouped by person, met alone and together, with hints that come and go."""

import pytest
import torch

from ofer_engine.research.training.people import (
    ContextSampler,
    PictureContexts,
    load_people,
    save_people,
)

PERSON = torch.tensor([7, 3, 7, 3, 3, 9])


@pytest.fixture
def people():
    generator = torch.Generator().manual_seed(1)
    return PictureContexts(
        contexts=torch.randn((6, 8), generator=generator),
        doubt=torch.zeros(6),
        identity=torch.randn((6, 4), generator=generator),
        expression=torch.rand((6, 5), generator=generator),
        person=PERSON,
    )


def test_alone_means_one_photo_and_no_hint(people):
    contexts = ContextSampler(people, torch.eye(3, 4)).alone(torch.arange(6))
    torch.testing.assert_close(contexts[:, :8], people.contexts)
    assert torch.equal(contexts[:, 8:], torch.zeros(6, 7))


def test_company_is_of_the_same_person_and_includes_the_photo_itself(people):
    sampler = ContextSampler(people, torch.eye(3, 4))
    rows = torch.arange(6).repeat(400)
    contexts = sampler.random(rows, torch.Generator().manual_seed(0))
    worth = contexts[:, 8].exp().round().long()
    most = torch.tensor([int((PERSON == p).sum()) for p in PERSON]).repeat(400)
    assert (worth >= 1).all() and (worth <= most).all()
    assert set(worth[rows == 1].tolist()) == {1, 2, 3}
    everyone = (worth == most) & (most == 3)
    mean = people.contexts[PERSON == 3].mean(dim=0)
    torch.testing.assert_close(contexts[everyone, :8], mean.expand(int(everyone.sum()), 8))


def test_hints_are_about_the_truth_and_often_nothing_is_told(people):
    sampler = ContextSampler(people, torch.eye(3, 4))
    rows = torch.arange(6).repeat(400)
    contexts = sampler.random(rows, torch.Generator().manual_seed(2))
    values, given = contexts[:, 9:12], contexts[:, 12:].bool()
    missed = values[given] - people.identity[rows, :3][given]
    assert abs(float(missed.mean())) < 0.03
    assert 0.27 < float(missed.std()) < 0.33
    assert not values[~given].any()
    assert 0.2 < given.float().mean() < 0.4
    assert 0.45 < (~given).all(dim=1).float().mean() < 0.65


def test_people_are_read_back_as_they_were_kept(people, tmp_path):
    save_people(people, tmp_path / "people.npz")
    again = load_people(tmp_path / "people.npz")
    for name in ("contexts", "doubt", "identity", "expression", "person"):
        assert torch.equal(getattr(again, name), getattr(people, name))
