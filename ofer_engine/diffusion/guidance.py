"""Pulling a diffusion towards what has been measured, without training for it.

At every step the denoiser's idea of the clean data is a Gaussian belief around it; a measurement
that is linear in the data moves its mean in closed form (pseudoinverse guidance, Song et al. 2023,
with the exact Gaussian posterior in place of the pseudoinverse).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .samplers import Denoise
from .schedule import Schedule


@dataclass(frozen=True, eq=False)
class Guide:
    """A linear measurement of the data, beside what a denoiser's context tells of them.

    normal : (D, D), right : (D,) float32, the normal equations `normal @ data = right`, weighted by
    the measurement's certainty; precision : (D, D) float32, of the data as the context has them.
    """

    normal: Tensor
    right: Tensor
    precision: Tensor

    @staticmethod
    def of(normal: np.ndarray, right: np.ndarray, precision: Tensor | None = None) -> Guide:
        """normal : (D, D), right : (D,) float64; precision : as above, or None where the data's own
        variance is one, as all coefficients here have it."""
        return Guide(
            torch.from_numpy(normal.astype(np.float32)),
            torch.from_numpy(right.astype(np.float32)),
            torch.eye(len(right)) if precision is None else precision,
        )

    def __call__(self, clean: Tensor, variance: float) -> Tensor:
        """(B, D): the mean of the belief around `clean` (B, D) once the measurement is known.

        variance : of the noise, 1 - ᾱ_t, at the level where the denoiser had this idea; at 1 it
        knew the context alone.
        """
        normal, right, precision = (
            each.to(clean) for each in (self.normal, self.right, self.precision)
        )
        belief = precision + (1 / variance - 1) * torch.eye(clean.shape[1]).to(clean)
        return torch.linalg.solve(belief + normal, (clean @ belief + right).mT).mT


def guided(denoise: Denoise, schedule: Schedule, guide: Guide) -> Denoise:
    """`denoise` with its idea of the clean data moved by a guide; for any sampler."""

    @torch.inference_mode()
    def pulled(x: Tensor, timestep: int) -> Tensor:
        noise = denoise(x, timestep)
        signal = float(schedule.sqrt_alpha_bar[timestep])
        spread = float(schedule.sqrt_one_minus_alpha_bar[timestep])
        clean = (x - spread * noise) / signal
        return noise + signal / spread * (clean - guide(clean, spread**2))

    return pulled


@torch.inference_mode()
def guided_start(
    denoise: Denoise, schedule: Schedule, guide: Guide, start: Tensor, level: int
) -> Tensor:
    """(B, D): where drawing begins once a measurement is known: `start` (B, D) at a level, moved as
    far as it moves the clean data and as much of them as is left in it."""
    signal = float(schedule.sqrt_alpha_bar[level])
    spread = float(schedule.sqrt_one_minus_alpha_bar[level])
    clean = (start - spread * denoise(start, level)) / signal
    return start + signal * (guide(clean, spread**2) - clean)
