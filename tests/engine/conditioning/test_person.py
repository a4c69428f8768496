"""What is told of a person: photos pooled, hints given or left out."""

import math

import pytest
import torch

from ofer_engine.conditioning.person import EXTRA, hint_values, pooled, signed, with_hints
from ofer_engine.contract.records import NO_HINTS, Hints

CONTEXTS = torch.randn(3, 4, 10, generator=torch.Generator().manual_seed(0))


def test_one_photo_is_told_as_it_is():
    result = pooled(CONTEXTS[:, :1], torch.randn(3, 1))
    torch.testing.assert_close(result[:, :-1], CONTEXTS[:, 0])
    assert torch.equal(result[:, -1], torch.zeros(3))


def test_equally_sure_photos_count_alike():
    result = pooled(CONTEXTS, torch.full((3, 4), 1.7))
    torch.testing.assert_close(result[:, :-1], CONTEXTS.mean(dim=1))
    torch.testing.assert_close(result[:, -1], torch.full((3,), math.log(4)))


def test_photos_weigh_by_their_certainty_and_absent_ones_nothing():
    doubt = torch.tensor([[0.0, math.log(3), math.inf, math.inf]] * 3)
    result = pooled(CONTEXTS, doubt)
    torch.testing.assert_close(result[:, :-1], 0.75 * CONTEXTS[:, 0] + 0.25 * CONTEXTS[:, 1])
    torch.testing.assert_close(result[:, -1], torch.full((3,), -math.log(0.75**2 + 0.25**2)))


def test_hints_come_with_a_flag_each():
    context = torch.zeros(1, 11)
    result = with_hints(context, torch.tensor([[0.5, float("nan"), -1.0]]))
    assert result.shape == (1, 10 + EXTRA)
    assert result[0, 11:].tolist() == [0.5, 0.0, -1.0, 1.0, 0.0, 1.0]


def test_the_average_hint_is_the_average_head_and_extremes_are_held_back():
    assert hint_values(NO_HINTS).isnan().all()
    assert hint_values(Hints(age=40.0, sex=0.5, build=0.5)).tolist() == [[0.0, 0.0, 0.0]]
    assert hint_values(Hints(age=200.0, sex=0.0, build=-3.0)).tolist() == [
        [2.5, pytest.approx(1.5), -2.5]
    ]


def test_nothing_is_lost_in_silu_once_signed():
    context = torch.linspace(-4, 4, 33)[None]
    positive, negative = torch.nn.functional.silu(signed(context)).chunk(2, dim=1)
    torch.testing.assert_close(positive - negative, context)
