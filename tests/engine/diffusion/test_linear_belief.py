"""What a straight line makes of a context, against normal data whose answer is known."""

import pytest
import torch

from ofer_engine.conditioning.person import signed
from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.linear_belief import BelievingDenoiser, FoldedBelief, LinearBelief
from ofer_engine.diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ofer_engine.diffusion.schedule import Schedule

PEOPLE, DATA, CONTEXT = 20_000, 4, 6


@pytest.fixture(scope="module")
def pairs():
    """Contexts, and data that follow them by a line but for what goes together in twos."""
    generator = torch.Generator().manual_seed(3)
    contexts = torch.randn((PEOPLE, CONTEXT), generator=generator)
    slope = torch.randn((DATA, CONTEXT), generator=generator) / 3
    root = torch.tensor([[0.5, 0, 0, 0], [0.4, 0.2, 0, 0], [0, 0, 0.3, 0], [0, 0, 0, 0.6]])
    rest = torch.randn((PEOPLE, DATA), generator=generator) @ root.T
    return contexts, contexts @ slope.T + 0.3 + rest, slope, root @ root.T


def fitted(pairs, noise=0.0):
    contexts, data, *_ = pairs
    belief = LinearBelief(DATA, CONTEXT)
    belief.fit(contexts, data, torch.full((CONTEXT,), noise))
    return belief


def covariance(belief):
    return belief.turn @ torch.diag(belief.variance) @ belief.turn.T


def test_the_line_and_what_it_leaves_open_are_found(pairs):
    belief = fitted(pairs)
    torch.testing.assert_close(belief.slope, pairs[2], atol=0.02, rtol=0)
    torch.testing.assert_close(belief.offset, torch.full((DATA,), 0.3), atol=0.02, rtol=0)
    torch.testing.assert_close(covariance(belief), pairs[3], atol=0.02, rtol=0)


def test_noise_on_contexts_makes_the_line_flatter_and_leaves_more_open(pairs):
    doubtful = fitted(pairs, noise=1.0)
    torch.testing.assert_close(doubtful.slope, pairs[2] / 2, atol=0.02, rtol=0)
    lost = pairs[2] @ pairs[2].T / 2
    torch.testing.assert_close(covariance(doubtful), pairs[3] + lost, atol=0.04, rtol=0)


def test_samples_are_spread_around_the_line_as_the_data_are(pairs):
    belief = fitted(pairs)
    network = Denoiser(DenoiserShape(DATA, 2 * CONTEXT, (8, 4)))
    torch.nn.init.zeros_(network.last.weight)
    torch.nn.init.zeros_(network.last.bias)
    context = torch.linspace(-1, 1, CONTEXT)[None]
    noise = seeded_noise(0)
    denoise = FoldedBelief(network, belief).condition(signed(context))
    start = noise((1000, DATA))
    drawn = dpm_solver_pp_2m(denoise, start, Schedule.linear(), noise=noise, steps=20)
    torch.testing.assert_close(drawn.mean(0), belief.mean(context)[0], atol=0.08, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), covariance(belief), atol=0.08, rtol=0)


def test_what_is_trained_is_what_draws(pairs):
    belief = fitted(pairs)
    torch.manual_seed(0)
    network = Denoiser(DenoiserShape(DATA, 2 * CONTEXT, (8, 4)))
    contexts, x = pairs[0][:5], torch.randn(5, DATA)
    for level in (0, 3, 999):
        trained = BelievingDenoiser(network, belief)(x, torch.full((5,), level), signed(contexts))
        drawing = FoldedBelief(network, belief).condition(signed(contexts))(x, level)
        torch.testing.assert_close(trained, drawing, atol=1e-5, rtol=1e-4)
