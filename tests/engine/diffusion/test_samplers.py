"""The samplers on data whose exact score is known: what they must return is known too."""

import math

import pytest
import torch

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.diffusion.samplers import (
    SAMPLERS,
    ddim,
    ddim_as_published,
    ddpm,
    dpm_solver_pp_2m,
    seeded_noise,
    spaced_timesteps,
)
from ofer_engine.diffusion.schedule import Schedule

SCHEDULE = Schedule.linear()
TOP = SCHEDULE.levels - 1
ODE_SAMPLERS = (ddim, dpm_solver_pp_2m)


def exact_noise(mean: float, spread: float):
    """The noise prediction of N(mean, spread²) data: minus the score times √(1-ᾱ)."""

    def denoise(x: torch.Tensor, t: int) -> torch.Tensor:
        bar = float(SCHEDULE.alpha_bar[t])
        variance = bar * spread**2 + 1.0 - bar
        return math.sqrt(1.0 - bar) * (x - math.sqrt(bar) * mean) / variance

    return denoise


def exact_flow(x: torch.Tensor, t: int, mean: float, spread: float) -> torch.Tensor:
    """Where the probability-flow ODE takes a state of level t: Gaussian data keep their z-score."""
    bar = float(SCHEDULE.alpha_bar[t])
    return mean + spread * (x - math.sqrt(bar) * mean) / math.sqrt(bar * spread**2 + 1.0 - bar)


def error_of(
    sampler, steps: int, mean: float = 0.5, spread: float = 2.0, start: int = TOP
) -> float:
    x = seeded_noise(0)((4, 200))
    out = sampler(
        exact_noise(mean, spread), x, SCHEDULE, noise=seeded_noise(1), steps=steps, start=start
    )
    return (out - exact_flow(x, start, mean, spread)).square().mean().sqrt().item()


def test_ddim_converges_with_first_order():
    errors = [error_of(ddim, steps) for steps in (20, 40, 80, 160)]
    for coarse, fine in zip(errors, errors[1:], strict=False):
        assert math.log2(coarse / fine) == pytest.approx(1.0, abs=0.1)


def test_dpm_solver_converges_with_second_order():
    errors = [error_of(dpm_solver_pp_2m, steps) for steps in (10, 20, 40, 80)]
    for coarse, fine in zip(errors, errors[1:], strict=False):
        assert math.log2(coarse / fine) == pytest.approx(2.0, abs=0.2)


def test_dpm_solver_in_20_calls_beats_ddim_in_50():
    assert error_of(dpm_solver_pp_2m, 20) < error_of(ddim, 50)


@pytest.mark.parametrize("sampler", ODE_SAMPLERS)
@pytest.mark.parametrize("start", [300, 650])
def test_partial_run_follows_the_flow_from_its_own_level(sampler, start):
    assert error_of(sampler, 250, spread=1.5, start=start) < 0.01


def two_groups(x: torch.Tensor, t: int) -> torch.Tensor:
    """The exact noise prediction of a mixture of two unequal Gaussians in four dimensions."""
    bar = float(SCHEDULE.alpha_bar[t])
    variance = bar * SPREADS**2 + 1.0 - bar
    offset = x[:, None].double() - math.sqrt(bar) * MEANS
    likelihood = -0.5 * (offset.square() / variance + variance.log()).sum(-1) + SHARES.log()
    score = -(likelihood.softmax(1)[..., None] * offset / variance).sum(1)
    return (-math.sqrt(1.0 - bar) * score).float()


MEANS = torch.tensor([[-0.8, 0.2, 0.0, 1.0], [0.6, -0.4, 0.3, 1.0]], dtype=torch.float64)
SPREADS = torch.tensor([[0.2, 0.5, 0.9, 0.3], [0.4, 0.2, 0.7, 0.3]], dtype=torch.float64)
SHARES = torch.tensor([0.35, 0.65], dtype=torch.float64)


def sliced_wasserstein(first: torch.Tensor, second: torch.Tensor) -> float:
    slices = torch.randn(first.shape[1], 100, generator=torch.Generator().manual_seed(0))
    slices /= slices.norm(dim=0)
    difference = (first @ slices).sort(0).values - (second @ slices).sort(0).values
    return difference.square().mean().sqrt().item()


def test_20_calls_of_the_solver_draw_what_1000_of_ddpm_draw():
    def draw(sampler, seed: int, steps: int | None) -> torch.Tensor:
        noise = seeded_noise(seed)
        return sampler(two_groups, noise((4000, 4)), SCHEDULE, noise=noise, steps=steps)

    reference = draw(ddpm, 0, None)
    floor = sliced_wasserstein(reference, draw(ddpm, 1, None))
    solver = draw(dpm_solver_pp_2m, 2, 20)
    assert sliced_wasserstein(reference, solver) < 2.0 * floor
    torch.testing.assert_close(solver.std(0), reference.std(0), rtol=0.05, atol=0)
    # The published "DDIM" leaves most of the noise in.
    assert sliced_wasserstein(reference, draw(ddim_as_published, 2, None)) > 10.0 * floor


@pytest.mark.parametrize("steps, bias", [(None, 2e-3), (200, 0.02)])
@pytest.mark.parametrize("start", [TOP, 400])
def test_ddpm_has_the_mean_and_spread_of_the_data(steps, bias, start):
    mean, spread, rows = 0.7, 0.4, 40_000
    noise = seeded_noise(3)
    clean = mean + spread * noise((rows, 1))
    x = SCHEDULE.add_noise(clean, start, noise((rows, 1)))
    out = ddpm(exact_noise(mean, spread), x, SCHEDULE, noise=noise, steps=steps, start=start)
    # Five standard errors of the mean and of the standard deviation, and the respacing's bias.
    assert out.mean().item() == pytest.approx(mean, abs=5 * spread / math.sqrt(rows) + bias)
    assert out.std().item() == pytest.approx(spread, abs=5 * spread / math.sqrt(2 * rows) + bias)


def test_ddpm_mean_and_spread_obey_the_recursion_of_one_step():
    # A linear denoiser keeps a Gaussian Gaussian: mean and variance follow in closed form, exactly.
    mean, variance = 2.0, 0.0
    denoise = exact_noise(0.7, 0.4)
    for t in range(TOP, 600, -1):
        alpha = float(SCHEDULE.alpha[t])
        factor = (1 - alpha) / math.sqrt(1 - float(SCHEDULE.alpha_bar[t])) / math.sqrt(alpha)
        probe = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
        offset, one = (probe / math.sqrt(alpha) - factor * denoise(probe, t))[0].tolist()
        mean = offset + (one - offset) * mean
        variance = (one - offset) ** 2 * variance + float(SCHEDULE.posterior_variance[t])
    states: list[torch.Tensor] = []

    def watched(x: torch.Tensor, t: int) -> torch.Tensor:
        states.append(x)
        if t == 600:
            raise StopIteration
        return denoise(x, t)

    with pytest.raises(StopIteration):
        ddpm(watched, torch.full((50_000, 1), 2.0), SCHEDULE, noise=seeded_noise(5))
    assert states[-1].mean().item() == pytest.approx(mean, abs=5 * math.sqrt(variance / 50_000))
    assert states[-1].std().item() == pytest.approx(math.sqrt(variance), rel=5 / math.sqrt(100_000))


def test_published_ddim_multiplies_noise_by_the_known_factor():
    # With a network that predicts nothing the state is only rescaled: 1.897 over the run (OFER spec
    # §7.3).
    calls: list[int] = []

    def silent(x: torch.Tensor, t: int) -> torch.Tensor:
        calls.append(t)
        return torch.zeros_like(x)

    out = ddim_as_published(silent, torch.ones(2, 3), SCHEDULE, noise=seeded_noise(0))
    assert calls == [*range(999, 2, -4), -1]
    assert out[0, 0].item() == pytest.approx(1.897, abs=5e-4)


def test_published_ddim_draws_the_noise_it_does_not_use():
    drawn: list[tuple[int, ...]] = []

    def noise(shape: tuple[int, ...]) -> torch.Tensor:
        drawn.append(shape)
        return torch.zeros(shape)

    ddim_as_published(exact_noise(0, 1), torch.ones(2, 3), SCHEDULE, noise=noise)
    assert drawn == [(2, 3)] * 250


def test_ddpm_draws_once_for_every_level_above_zero():
    drawn: list[tuple[int, ...]] = []

    def noise(shape: tuple[int, ...]) -> torch.Tensor:
        drawn.append(shape)
        return torch.zeros(shape)

    ddpm(exact_noise(0, 1), torch.ones(2, 3), SCHEDULE, noise=noise)
    assert drawn == [(2, 3)] * 999


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_same_seed_same_bits_and_float32(sampler):
    def run(seed: int) -> torch.Tensor:
        noise = seeded_noise(seed)
        return sampler(exact_noise(0.3, 0.8), noise((5, 6)), SCHEDULE, noise=noise)

    assert run(4).dtype == torch.float32
    assert torch.equal(run(4), run(4))
    assert not torch.equal(run(4), run(5))


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_every_call_is_reported_and_can_cancel(sampler):
    reports: list[tuple[int, int]] = []
    calls: list[int] = []

    def denoise(x: torch.Tensor, t: int) -> torch.Tensor:
        calls.append(t)
        return torch.zeros_like(x)

    x = torch.ones(1, 2)
    sampler(
        denoise, x, SCHEDULE, noise=seeded_noise(0), on_step=lambda i, n: reports.append((i, n))
    )
    assert reports == [(i, len(calls)) for i in range(1, len(calls) + 1)]

    def cancel_at_third(done: int, total: int) -> None:
        if done == 3:
            raise OferError(ErrorCode.CANCELLED, "Cancelled.")

    calls.clear()
    with pytest.raises(OferError):
        sampler(denoise, x, SCHEDULE, noise=seeded_noise(0), on_step=cancel_at_third)
    assert len(calls) == 3


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_partial_run_visits_no_level_above_its_start(sampler):
    calls: list[int] = []

    def denoise(x: torch.Tensor, t: int) -> torch.Tensor:
        calls.append(t)
        return torch.zeros_like(x)

    sampler(denoise, torch.ones(1, 2), SCHEDULE, noise=seeded_noise(0), start=351)
    assert calls[0] == 351
    assert calls == sorted(set(calls), reverse=True)


@pytest.mark.parametrize("power", [1.0, 3.0])
@pytest.mark.parametrize("start", [0, 5, 999])
@pytest.mark.parametrize("steps", [1, 2, 7, 20, 5000])
def test_timesteps_are_distinct_and_reach_both_ends(start, steps, power):
    timesteps = spaced_timesteps(start, steps, power)
    assert timesteps == sorted(set(timesteps), reverse=True)
    assert timesteps[0] == start
    assert len(timesteps) == min(steps, start + 1)
    assert timesteps[-1] == 0 or steps == 1
