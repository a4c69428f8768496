"""The noise schedule: how much of the data is left at each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Schedule:
    """Tables of a variance-preserving diffusion, one entry a noise level, level 0 the cleanest.

    The forward process is x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise. The dtypes are
    the published ones (docs/method.md §7.1): a published trajectory is reproduced to rounding.

    | field                  | symbol                | shape, dtype |
    |------------------------|-----------------------|--------------|
    | beta                   | β_t                   | (T,) float32 |
    | alpha                  | α_t = 1 - β_t         | (T,) float32 |
    | alpha_bar              | ᾱ_t = Π α             | (T,) float32 |
    | alpha_bar_previous     | ᾱ_{t-1}, 1 at t = 0   | (T,) float64 |
    | sqrt_alpha_bar         | √ᾱ_t                  | (T,) float32 |
    | sqrt_one_minus_alpha_bar | √(1 - ᾱ_t)          | (T,) float32 |
    | sqrt_recip_alpha_bar   | √(1/ᾱ_t)              | (T,) float32 |
    | sqrt_recip_alpha_bar_minus_one | √(1/ᾱ_t - 1)  | (T,) float32 |
    | posterior_variance     | β(1-ᾱ_{t-1})/(1-ᾱ_t)  | (T,) float64 |
    | posterior_log_variance | ln max(·, 1e-20)      | (T,) float64 |
    """

    beta: Tensor
    alpha: Tensor
    alpha_bar: Tensor
    alpha_bar_previous: Tensor
    sqrt_alpha_bar: Tensor
    sqrt_one_minus_alpha_bar: Tensor
    sqrt_recip_alpha_bar: Tensor
    sqrt_recip_alpha_bar_minus_one: Tensor
    posterior_variance: Tensor
    posterior_log_variance: Tensor

    @classmethod
    def linear(cls, levels: int = 1000, first: float = 1e-4, last: float = 1e-2) -> Schedule:
        """β rising linearly from `first` to `last` over `levels` levels (docs/method.md §7.1).

        Computed by numpy, whose roots are correctly rounded: torch's are not on every processor,
        and a seed shall give the same bits everywhere.
        """
        one = np.float32(1.0)
        beta = _linspace_float32(first, last, levels)
        alpha = one - beta
        alpha_bar = np.cumprod(alpha, dtype=np.float32)
        previous = np.append(1.0, alpha_bar[:-1].astype(np.float64))
        variance = beta * (1.0 - previous) / (one - alpha_bar)
        tables = {
            "beta": beta,
            "alpha": alpha,
            "alpha_bar": alpha_bar,
            "alpha_bar_previous": previous,
            "sqrt_alpha_bar": np.sqrt(alpha_bar),
            "sqrt_one_minus_alpha_bar": np.sqrt(one - alpha_bar),
            "sqrt_recip_alpha_bar": np.sqrt(one / alpha_bar),
            "sqrt_recip_alpha_bar_minus_one": np.sqrt(one / alpha_bar - one),
            "posterior_variance": variance,
            "posterior_log_variance": np.log(np.maximum(variance, 1e-20)),
        }
        return cls(**{name: torch.from_numpy(table) for name, table in tables.items()})

    @property
    def levels(self) -> int:
        """Number of noise levels T."""
        return len(self.beta)

    def level_of(self, strength: float) -> int:
        """The level at which noise makes up the share `strength`, 0..1: √(1 - ᾱ_t) reaches it.

        1 is the top level, and so is what only that level comes near to.
        """
        if strength >= 1:
            return self.levels - 1
        wanted = torch.tensor(strength, dtype=self.sqrt_one_minus_alpha_bar.dtype)
        found = int(torch.searchsorted(self.sqrt_one_minus_alpha_bar, wanted))
        return min(found, self.levels - 1)

    def add_noise(self, clean: Tensor, timestep: int | Tensor, noise: Tensor) -> Tensor:
        """Noise `clean` to a level: the training sample (§7.4), and the start of a partial run.

        clean, noise : (B, D) float; timestep : one level, or (B,) int64. Returns (B, D), dtype of
        `clean`.
        """
        signal, spread = self.sqrt_alpha_bar, self.sqrt_one_minus_alpha_bar
        if isinstance(timestep, Tensor):
            level = timestep.to(signal.device)
            shape = (-1,) + (1,) * (clean.ndim - 1)
            return (
                signal[level].to(clean).reshape(shape) * clean
                + spread[level].to(clean).reshape(shape) * noise
            )
        return float(signal[timestep]) * clean + float(spread[timestep]) * noise


def _linspace_float32(first: float, last: float, count: int) -> np.ndarray:
    """torch.linspace's float32 values: counted from both ends, each rounded once (a fused
    multiply-add).
    """
    low, high = np.float32(first), np.float32(last)
    step = float(np.float32((high - low) / np.float32(max(count - 1, 1))))
    index = np.arange(count)
    rising = float(low) + step * index
    falling = float(high) - step * (count - 1 - index)
    return np.where(index < count // 2, rising, falling).astype(np.float32)
