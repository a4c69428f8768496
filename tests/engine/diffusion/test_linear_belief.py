"""What a line makes of a context, against normal data whose answer is known."""

import pytest
import torch

from ofer_engine.conditioning.person import signed
from ofer_engine.contract.hint_places import GUESSED
from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.linear_belief import (
    BelievingDenoiser,
    FoldedBelief,
    LinearBelief,
)
from ofer_engine.diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.research.training.belief import Differences, Regions, drawn_from, fit_belief

PEOPLE, DATA, READ, HINTS = 20_000, 4, 4, 2
REGIONS = Regions(slice(READ, READ + 2), slice(READ + 2, READ + 4))
CONTEXT = READ + 4
AXES = torch.tensor([[0.8, 0.6, 0, 0], [0, 0, 1.0, 0]])
MEASURES = torch.tensor([[[2.0, 1.0, 0, 0]], [[0, 0, 3.0, 1.0]]])
"""What the first and the second region measure, (2, 1, DATA), in deviations of their error."""


def precision(seen):
    """(B, DATA, DATA) of people whose regions were seen so well, (B, 2)."""
    each = MEASURES.mT @ MEASURES
    return torch.eye(DATA) + torch.einsum("nr,rde->nde", seen, each)


@pytest.fixture(scope="module")
def belief():
    """Fitted to standard normal data of which the regions seen were measured with unit error; the
    photo reads the likeliest data."""
    generator = torch.Generator().manual_seed(3)
    data = torch.randn((PEOPLE, DATA), generator=generator)
    seen = (torch.rand((PEOPLE, 2), generator=generator) < 0.5).float()
    measured = data @ MEASURES[:, 0].T + torch.randn((PEOPLE, 2), generator=generator)
    pushed = (seen * measured) @ MEASURES[:, 0]
    read = torch.linalg.solve(precision(seen), pushed[..., None])[..., 0]
    photos = torch.cat([read, 4 * seen - 2, 2 - 4 * seen], dim=1)
    contexts = torch.cat([photos, torch.zeros(PEOPLE, 1 + 2 * HINTS)], dim=1)
    found = LinearBelief(DATA, CONTEXT, HINTS, regions=2)
    fit_belief(found, contexts, data + 0.3, REGIONS, AXES)
    return found


def context_of(seen=(1.0, 1.0), values=(0.0, 0.0), flags=(0.0, 0.0)):
    there = [4 * each - 2 for each in seen]
    photo = torch.tensor([*torch.linspace(-1, 1, READ), *there, *(-each for each in there)])
    return torch.cat([photo, torch.tensor([0.0, *values, *flags])])[None]


def covariance(given):
    """(D, D) of one person."""
    return torch.linalg.inv(given.precision[0])


@pytest.fixture
def half_read():
    """Contexts that read known data rightly, and pictures of portraits that are read by half,
    beside what their portrait alone has: (contexts, data, differences)."""
    generator = torch.Generator().manual_seed(5)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    data, drawn = normal(4000, DATA), 4 * normal(1000, 4, DATA)
    known = torch.cat([data, normal(4000, 4), torch.zeros(4000, 1 + 2 * HINTS)], dim=1)
    read = torch.cat([0.5 * drawn + 9 * normal(1000, 1, DATA), normal(1000, 4, 4)], dim=2)
    unknown = 5 * normal(1000, 1, DATA)  # what is wrong of all labels of a portrait
    portrait = torch.arange(1000).repeat_interleave(4)
    labels = (drawn + unknown).flatten(0, 1)
    return known, data, Differences(read.flatten(0, 1), labels, portrait)


def test_differences_within_portraits_steepen_the_line_and_what_they_share_does_not(half_read):
    known, data, differences = half_read
    found = LinearBelief(DATA, CONTEXT, HINTS, regions=2)
    slopes = []
    for beside in (None, differences):
        fit_belief(found, known, data, REGIONS, AXES, differences=beside)
        slopes.append(found.slope[:, :DATA].clone())
    alone, together = slopes
    torch.testing.assert_close(alone, torch.eye(DATA), atol=0.01, rtol=0)
    share, square = 0.1, 16  # of the differences' equations; their data's variance
    wanted = (1 - share + share * square * 0.5) / (1 - share + share * square * 0.25)
    torch.testing.assert_close(together, wanted * torch.eye(DATA), atol=0.04, rtol=0)


def test_the_line_and_what_it_leaves_open_are_found(belief):
    read = MEASURES[:, 0]  # a photo reads along these alone
    torch.testing.assert_close(read @ belief.slope[:, :READ].T, read, atol=0.1, rtol=0)
    torch.testing.assert_close(belief.offset, torch.full((DATA,), 0.3), atol=0.05, rtol=0)
    for seen in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        found = covariance(belief.given(context_of(seen)))
        true = torch.linalg.inv(precision(torch.tensor([seen]))[0])
        torch.testing.assert_close(found, true, atol=0.07, rtol=0.1)


def test_a_hidden_region_opens_what_it_tells_and_nothing_else(belief):
    clear, first, second = (
        covariance(belief.given(context_of(seen))).diagonal() for seen in ((1, 1), (0, 1), (1, 0))
    )
    assert first[0] > 2 * clear[0] and first[2] < 1.3 * clear[2]
    assert second[2] > 2 * clear[2] and second[0] < 1.3 * clear[0]


def test_a_hint_is_weighed_against_the_photo_by_bayes_s_rule(belief):
    plain, hinted = (
        belief.given(context_of()),
        belief.given(context_of((1, 1), (2.0, 9.0), (1.0, 0.0))),
    )
    prior, mean = covariance(plain), belief.mean(context_of())[0]
    axis = AXES[0]
    gain = prior @ axis / (axis @ prior @ axis + GUESSED**2)
    expected = mean + gain * (2.0 - axis @ mean)
    torch.testing.assert_close(hinted.mean[0], expected, atol=1e-4, rtol=1e-4)
    left = prior - torch.outer(gain, axis @ prior)
    torch.testing.assert_close(covariance(hinted), left, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("flags", [(0.0, 0.0), (1.0, 1.0)])
def test_samples_are_spread_as_is_believed(belief, flags):
    shape = DenoiserShape(DATA, 2 * (CONTEXT + 1 + 2 * HINTS), (8, 4), projections=1)
    network = Denoiser(shape)
    torch.nn.init.zeros_(network.last.weight)
    torch.nn.init.zeros_(network.last.bias)
    contexts = torch.cat([context_of((0, 1), (0.5, -0.5), flags), context_of((1, 0))])
    noise = seeded_noise(0)
    repeated = signed(contexts).repeat_interleave(4000, dim=0)
    denoise = FoldedBelief(network, belief).condition(repeated)
    start = FoldedBelief(network, belief).initial_sample(repeated, noise((8000, DATA)))
    drawn = dpm_solver_pp_2m(denoise, start, Schedule.linear(), noise=noise, steps=20)
    for context, samples in zip(contexts, drawn.split(4000), strict=True):
        given = belief.given(context[None])
        torch.testing.assert_close(samples.mean(0), given.mean[0], atol=0.06, rtol=0)
        torch.testing.assert_close(torch.cov(samples.T), covariance(given), atol=0.06, rtol=0)


def test_what_is_drawn_for_training_is_spread_as_is_believed(belief):
    contexts = [context_of((0, 1), (0.5, -0.5), (1.0, 0.0)), context_of((1, 0))]
    drawn = drawn_from(belief, torch.cat(contexts).repeat_interleave(20_000, dim=0), seed=5)
    for context, samples in zip(contexts, drawn.split(20_000), strict=True):
        given = belief.given(context)
        torch.testing.assert_close(samples.mean(0), given.mean[0], atol=0.03, rtol=0)
        torch.testing.assert_close(torch.cov(samples.T), covariance(given), atol=0.03, rtol=0)


def test_what_is_trained_is_what_draws(belief):
    torch.manual_seed(0)
    network = Denoiser(DenoiserShape(DATA, 2 * (CONTEXT + 1 + 2 * HINTS), (8, 4)))
    people = [
        context_of(),
        context_of((0, 1), (1.0, 2.0), (1.0, 1.0)),
        context_of((1, 0), (1, 0), (1, 0)),
    ]
    contexts = torch.cat(people)
    x = torch.randn(3, DATA)
    for level in (0, 3, 999):
        trained = BelievingDenoiser(network, belief)(x, torch.full((3,), level), signed(contexts))
        drawing = FoldedBelief(network, belief).condition(signed(contexts))(x, level)
        torch.testing.assert_close(trained, drawing, atol=1e-5, rtol=1e-4)
        alone = FoldedBelief(network, belief).condition(signed(contexts[:1]))(x[:1], level)
        torch.testing.assert_close(alone, drawing[:1], atol=1e-5, rtol=1e-4)
