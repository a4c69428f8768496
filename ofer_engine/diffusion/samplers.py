"""Samplers: from noise to data in a number of denoiser calls.

Every sampler is one function of the same form, `Sampler`:

    sampler(denoise, x, schedule, *, noise, steps=None, start=None, on_step=None) -> Tensor

denoise  : (x (B, D) float32, timestep int) -> predicted noise (B, D) float32
x        : (B, D) float32, the state at level `start`: pure noise at the top level, or known data
           noised by `Schedule.add_noise` at a lower one ("more like this")
noise    : shape -> (B, D) float32 standard normal; the only source of chance (see `seeded_noise`)
steps    : number of denoiser calls wanted, at most one a level; None is the sampler's own default
start    : level of `x`; None is the top level
on_step  : called as on_step(done, total) after each denoiser call; may raise to cancel
returns  : (B, D) float32, clean data

The state is kept in float64 between calls as in the published code (docs/method.md §7.2, §7.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import torch
from torch import Tensor

from .schedule import Schedule

Denoise = Callable[[Tensor, int], Tensor]
Noise = Callable[[tuple[int, ...]], Tensor]
OnStep = Callable[[int, int], None]


class Sampler(Protocol):
    """What every sampler looks like; the module's docstring says what the arguments mean."""

    def __call__(
        self,
        denoise: Denoise,
        x: Tensor,
        schedule: Schedule,
        *,
        noise: Noise,
        steps: int | None = None,
        start: int | None = None,
        on_step: OnStep | None = None,
    ) -> Tensor: ...


def seeded_noise(seed: int) -> Noise:
    """Standard normal draws, always by the CPU: a seed gives the same bits for any device."""
    generator = torch.Generator().manual_seed(seed)
    return lambda shape: torch.randn(shape, generator=generator)


def spaced_timesteps(start: int, steps: int, power: float = 1.0) -> list[int]:
    """At most `steps` distinct levels from `start` down to 0, both included; a single step is
    `start` alone.

    power 1 spaces them evenly; a higher one puts more of them near 0, as start * (fraction **
    power).
    """
    steps = max(1, min(steps, start + 1))
    fraction = torch.linspace(1, 0, steps, dtype=torch.float64)
    levels: list[int] = (fraction**power * start).round().long().tolist()
    for i in reversed(range(steps - 1)):
        levels[i] = max(levels[i], levels[i + 1] + 1)
    return levels


def ddpm(
    denoise: Denoise,
    x: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    steps: int | None = None,
    start: int | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """Ancestral sampling (Ho et al. 2020, eq. 11; docs/method.md §7.2). By default every level is
    visited.

    With fewer `steps` the chain is respaced: α between two visited levels is the ratio of their ᾱ.
    """
    timesteps, state = _begin(x, schedule, start, steps or schedule.levels)
    for done, t in enumerate(timesteps, 1):
        eps = denoise(state.float(), t)
        below = timesteps[done] if done < len(timesteps) else -1
        alpha, log_variance = _ancestral_step(schedule, t, below)
        spread = float(schedule.sqrt_one_minus_alpha_bar[t])
        state = (state - (1.0 - alpha) / spread * eps) / math.sqrt(alpha)
        if below >= 0:
            state = state + math.exp(0.5 * log_variance) * _draw(noise, state)
        if on_step:
            on_step(done, len(timesteps))
    return state.float()


def ddim_as_published(
    denoise: Denoise,
    x: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    steps: int | None = None,
    start: int | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """The published "DDIM" (docs/method.md §7.3), kept for parity; part of the noise stays.

    t goes down by levels/steps (4 for the published 250) but each update moves one level only, and
    a last call at t = -1 reads the tables' last entry. Draws noise for every t > 0 without using
    it.
    """
    stride = max(1, schedule.levels // (steps or 250))
    timesteps = list(reversed(range(-1, _top(schedule, start) + 1, stride)))
    state = _state(x)
    for done, t in enumerate(timesteps, 1):
        eps = denoise(state.float(), t)
        if t > 0:
            noise(tuple(state.shape))
        clean = (
            float(schedule.sqrt_recip_alpha_bar[t]) * state
            - float(schedule.sqrt_recip_alpha_bar_minus_one[t]) * eps
        )
        kept = float(schedule.alpha_bar_previous[t])
        state = math.sqrt(kept) * clean + math.sqrt(1.0 - kept) * eps
        if on_step:
            on_step(done, len(timesteps))
    return state.float()


def ddim(
    denoise: Denoise,
    x: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    steps: int | None = None,
    start: int | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """Deterministic DDIM (Song et al. 2021, eq. 12 with η = 0). Default 50 steps; draws no
    noise.
    """
    timesteps, state = _begin(x, schedule, start, steps or 50)
    for done, t in enumerate(timesteps, 1):
        eps = denoise(state.float(), t)
        clean = _clean(schedule, state, eps, t)
        if done < len(timesteps):
            state = schedule.add_noise(clean, timesteps[done], eps)
        else:
            state = clean
        if on_step:
            on_step(done, len(timesteps))
    return state.float()


def dpm_solver_pp_2m(
    denoise: Denoise,
    x: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    steps: int | None = None,
    start: int | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second order. Default 20 steps; draws no
    noise.

    The first step and the last, to zero noise, are of first order. Levels are spaced by the cube:
    evenly spaced ones leave a last jump in log-SNR so wide that 20 calls lose accuracy on narrow
    data.
    """
    timesteps, state = _begin(x, schedule, start, steps or 20, power=3.0)
    last_clean: Tensor | None = None
    last_width = 0.0
    for done, t in enumerate(timesteps, 1):
        clean = _clean(schedule, state, denoise(state.float(), t), t)
        if done < len(timesteps):
            below = timesteps[done]
            width = _half_log_snr(schedule, below) - _half_log_snr(schedule, t)
            target = clean
            if last_clean is not None:
                target = clean + width / (2.0 * last_width) * (clean - last_clean)
            spread = schedule.sqrt_one_minus_alpha_bar
            state = (
                float(spread[below] / spread[t]) * state
                - (float(schedule.sqrt_alpha_bar[below]) * math.expm1(-width)) * target
            )
            last_clean, last_width = clean, width
        else:
            state = clean
        if on_step:
            on_step(done, len(timesteps))
    return state.float()


SAMPLERS: Final[Mapping[str, Sampler]] = MappingProxyType(
    {
        "ddpm": ddpm,
        "ddim_as_published": ddim_as_published,
        "ddim": ddim,
        "dpm_solver_pp_2m": dpm_solver_pp_2m,
    }
)


def _begin(
    x: Tensor, schedule: Schedule, start: int | None, steps: int, power: float = 1.0
) -> tuple[list[int], Tensor]:
    """The levels to visit, and the state at the first of them."""
    return spaced_timesteps(_top(schedule, start), steps, power), _state(x)


def _top(schedule: Schedule, start: int | None) -> int:
    return schedule.levels - 1 if start is None else start


def _state(x: Tensor) -> Tensor:
    # Apple's GPU has no float64.
    return x if x.device.type == "mps" else x.double()


def _draw(noise: Noise, like: Tensor) -> Tensor:
    return noise(tuple(like.shape)).to(like)


def _clean(schedule: Schedule, x: Tensor, eps: Tensor, t: int) -> Tensor:
    """x̂0 = √(1/ᾱ_t) x - √(1/ᾱ_t - 1) ε."""
    return (
        float(schedule.sqrt_recip_alpha_bar[t]) * x
        - float(schedule.sqrt_recip_alpha_bar_minus_one[t]) * eps
    )


def _ancestral_step(schedule: Schedule, t: int, below: int) -> tuple[float, float]:
    """α and the log posterior variance of one ancestral move from level t to `below` (-1:
    clean).
    """
    if below == t - 1:
        return float(schedule.alpha[t]), float(schedule.posterior_log_variance[t])
    bar = float(schedule.alpha_bar[t])
    bar_below = float(schedule.alpha_bar[below]) if below >= 0 else 1.0
    alpha = bar / bar_below
    variance = (1.0 - alpha) * (1.0 - bar_below) / (1.0 - bar)
    return alpha, math.log(max(variance, 1e-20))


def _half_log_snr(schedule: Schedule, t: int) -> float:
    """λ_t = ln(√ᾱ_t / √(1 - ᾱ_t))."""
    bar = float(schedule.alpha_bar[t])
    return 0.5 * math.log(bar / (1.0 - bar))
