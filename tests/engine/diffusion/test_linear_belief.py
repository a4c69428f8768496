"""What a line makes of a context, against normal data whose answer is known."""

import pytest
import torch

from ofer_engine.conditioning.person import signed
from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.linear_belief import (
    GUESSED,
    BelievingDenoiser,
    FoldedBelief,
    LinearBelief,
)
from ofer_engine.diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ofer_engine.diffusion.schedule import Schedule

PEOPLE, DATA, CONTEXT, HINTS = 20_000, 4, 6, 2
DOUBT = torch.tensor([0, 0, 0, 0, 0, 1.0])
AXES = torch.tensor([[0.8, 0.6, 0, 0], [0, 0, 1.0, 0]])
ROOT = torch.tensor([[0.5, 0, 0, 0], [0.4, 0.2, 0, 0], [0, 0, 0.3, 0], [0, 0, 0, 0.6]])


@pytest.fixture(scope="module")
def slope():
    return torch.randn((DATA, CONTEXT), generator=torch.Generator().manual_seed(8)) / 3


@pytest.fixture(scope="module")
def belief(slope):
    """Fitted to data that follow their contexts by a line, the farther off the more doubtful."""
    generator = torch.Generator().manual_seed(3)
    photos = torch.randn((PEOPLE, CONTEXT), generator=generator)
    rest = torch.randn((PEOPLE, DATA), generator=generator) @ ROOT.T
    rest = rest * torch.exp(0.25 * photos @ DOUBT)[:, None]
    contexts = torch.cat([photos, torch.zeros(PEOPLE, 1 + 2 * HINTS)], dim=1)
    found = LinearBelief(DATA, CONTEXT, HINTS)
    found.fit(contexts, photos @ slope.T + 0.3 + rest, DOUBT, AXES)
    return found


def told(doubt=0.0, values=(0.0, 0.0), flags=(0.0, 0.0)):
    photo = torch.linspace(-1, 1, CONTEXT)
    photo[-1] = doubt
    return torch.cat([photo, torch.tensor([0.0, *values, *flags])])[None]


def covariance(belief, given):
    """(D, D) of one person."""
    kept = torch.diag(given.variance[0])
    kept = kept - given.pushes[0].T @ torch.linalg.solve(given.gram[0], given.pushes[0])
    return belief.turn @ kept @ belief.turn.T


def test_the_line_and_what_it_leaves_open_are_found(belief, slope):
    torch.testing.assert_close(belief.slope[:, :CONTEXT], slope, atol=0.03, rtol=0)
    torch.testing.assert_close(belief.offset, torch.full((DATA,), 0.3), atol=0.03, rtol=0)
    for doubt in (-1.0, 0.0, 1.0):
        found = covariance(belief, belief.given(told(doubt)))
        true = ROOT @ ROOT.T * torch.exp(torch.tensor(0.5 * doubt))
        torch.testing.assert_close(found, true, atol=0.04, rtol=0.05)


def test_a_hint_is_weighed_against_the_photo_by_bayes_s_rule(belief):
    plain, hinted = belief.given(told()), belief.given(told(0.0, (2.0, 9.0), (1.0, 0.0)))
    prior, mean = covariance(belief, plain), belief.mean(told())[0]
    axis = AXES[0]
    gain = prior @ axis / (axis @ prior @ axis + GUESSED**2)
    expected = mean + gain * (2.0 - axis @ mean)
    torch.testing.assert_close((belief.turn @ hinted.mean[0]), expected, atol=1e-4, rtol=1e-4)
    left = prior - torch.outer(gain, axis @ prior)
    torch.testing.assert_close(covariance(belief, hinted), left, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("flags", [(0.0, 0.0), (1.0, 1.0)])
def test_samples_are_spread_as_is_believed(belief, flags):
    network = Denoiser(DenoiserShape(DATA, 2 * (CONTEXT + 1 + 2 * HINTS), (8, 4)))
    torch.nn.init.zeros_(network.last.weight)
    torch.nn.init.zeros_(network.last.bias)
    context = told(1.0, (0.5, -0.5), flags)
    noise = seeded_noise(0)
    denoise = FoldedBelief(network, belief).condition(signed(context))
    start = noise((1000, DATA))
    drawn = dpm_solver_pp_2m(denoise, start, Schedule.linear(), noise=noise, steps=20)
    given = belief.given(context)
    torch.testing.assert_close(drawn.mean(0), belief.turn @ given.mean[0], atol=0.08, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), covariance(belief, given), atol=0.08, rtol=0)


def test_what_is_trained_is_what_draws(belief):
    torch.manual_seed(0)
    network = Denoiser(DenoiserShape(DATA, 2 * (CONTEXT + 1 + 2 * HINTS), (8, 4)))
    contexts = torch.cat([told(), told(1.0, (1.0, 2.0), (1.0, 1.0)), told(-1.0, (1, 0), (1, 0))])
    x = torch.randn(3, DATA)
    for level in (0, 3, 999):
        trained = BelievingDenoiser(network, belief)(x, torch.full((3,), level), signed(contexts))
        drawing = FoldedBelief(network, belief).condition(signed(contexts))(x, level)
        torch.testing.assert_close(trained, drawing, atol=1e-5, rtol=1e-4)
