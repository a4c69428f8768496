"""A measurement moves what is drawn as Bayes' rule says."""

import numpy as np
import pytest
import torch

from ofer_engine.diffusion.guidance import Guide, guided, guided_start
from ofer_engine.diffusion.samplers import SAMPLERS, seeded_noise
from ofer_engine.diffusion.schedule import Schedule

SCHEDULE = Schedule.linear()


def _standard_normal(x, timestep):
    """The exact denoiser of data that is N(0, 1): E[noise | x] = sqrt(1 - alpha_bar) x."""
    return float(SCHEDULE.sqrt_one_minus_alpha_bar[timestep]) * x


def _measurement(seed=0):
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(5, 8))
    truth = rng.normal(size=8)
    certainty = 1 / 0.2**2
    return design.T @ design * certainty, design.T @ (design @ truth) * certainty


def test_the_belief_moves_to_the_exact_posterior_mean():
    normal, right = _measurement()
    clean, variance = np.linspace(-1, 1, 8), 0.3
    moved = Guide.of(normal, right)(torch.tensor(clean, dtype=torch.float32)[None], variance)
    expected = np.linalg.solve(np.eye(8) / variance + normal, clean / variance + right)
    np.testing.assert_allclose(moved[0].numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm_solver_pp_2m"])
def test_samples_of_a_normal_prior_come_from_its_posterior(sampler):
    normal, right = _measurement()
    denoise = guided(_standard_normal, SCHEDULE, Guide.of(normal, right))
    noise = seeded_noise(1)
    drawn = SAMPLERS[sampler](
        denoise, noise((4000, 8)), SCHEDULE, noise=noise, steps=None if sampler == "ddpm" else 50
    ).numpy()
    mean = np.linalg.solve(np.eye(8) + normal, right)
    np.testing.assert_allclose(drawn.mean(0), mean, atol=0.08)
    measured, free = np.linalg.eigh(normal)[1][:, [-1, 0]].T
    assert (drawn @ measured).std() < 0.3 < 0.7 < (drawn @ free).std()


def test_no_information_changes_nothing():
    guide = Guide.of(np.zeros((8, 8)), np.zeros(8))
    x = seeded_noise(0)((3, 8))
    for timestep in (0, 10, 500, 999):
        pulled = guided(_standard_normal, SCHEDULE, guide)(x, timestep)
        torch.testing.assert_close(pulled, _standard_normal(x, timestep), atol=1e-3, rtol=1e-3)


def test_what_a_belief_holds_firm_a_measurement_moves_less():
    """Data N(mean, covariance), whose exact denoiser is known, and a measurement of them."""
    rng = np.random.default_rng(2)
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    covariance = turn @ np.diag(np.linspace(0.05, 1.5, 8)) @ turn.T
    mean = rng.normal(size=8)
    precision = np.linalg.inv(covariance)
    normal, right = _measurement()

    def exact(x, timestep):
        signal = float(SCHEDULE.sqrt_alpha_bar[timestep])
        spread = float(SCHEDULE.sqrt_one_minus_alpha_bar[timestep])
        gain = np.linalg.inv(signal**2 * covariance + spread**2 * np.eye(8)) * spread
        return (x - signal * torch.tensor(mean).float()) @ torch.tensor(gain).float()

    guide = Guide.of(normal, right, torch.tensor(precision).float())
    noise, top = seeded_noise(1), SCHEDULE.levels - 1
    start = noise((6000, 8))
    signal = float(SCHEDULE.alpha_bar[top])
    root = np.linalg.cholesky(signal * covariance + (1 - signal) * np.eye(8))
    start = start @ torch.from_numpy(root).float().mT
    start += float(SCHEDULE.sqrt_alpha_bar[top]) * torch.tensor(mean).float()
    start = guided_start(exact, SCHEDULE, guide, start, top)
    denoise = guided(exact, SCHEDULE, guide)
    drawn = SAMPLERS["ddim"](denoise, start, SCHEDULE, noise=noise, steps=100).numpy()
    wanted = np.linalg.solve(precision + normal, precision @ mean + right)
    np.testing.assert_allclose(drawn.mean(0), wanted, atol=0.02)
    spread = np.sqrt(np.diag(np.linalg.inv(precision + normal)))
    np.testing.assert_allclose(drawn.std(0), spread, rtol=0.1)
