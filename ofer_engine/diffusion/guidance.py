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
    """A linear measurement of the data in the frame in which its information is diagonal.

    turn : (D, D) float32, orthonormal columns; information : (D,) float32, at least 0, of each
    column's coordinate; pull : (D,) float32, information times the measured coordinate.
    """

    turn: Tensor
    information: Tensor
    pull: Tensor

    @staticmethod
    def of(normal: np.ndarray, right: np.ndarray) -> Guide:
        """normal : (D, D), right : (D,) float64, the normal equations `normal @ data = right`."""
        information, turn = np.linalg.eigh(normal)
        pull = turn.T @ right
        tensors = (turn, np.maximum(information, 0), pull)
        return Guide(*(torch.from_numpy(array.astype(np.float32)) for array in tensors))

    def __call__(self, clean: Tensor, variance: float) -> Tensor:
        """(B, D): the mean of the belief N(clean, variance) once the measurement is known."""
        turn, information, pull = (t.to(clean) for t in (self.turn, self.information, self.pull))
        coordinates = clean @ turn
        moved = (coordinates + variance * pull) / (1 + variance * information)
        return moved @ turn.T


def guided(denoise: Denoise, schedule: Schedule, guide: Guide) -> Denoise:
    """`denoise` with its idea of the clean data moved by a guide; for any sampler.

    The data's own variance is one, as all coefficients here have it, so that of the belief at level
    t is 1 - ᾱ_t.
    """

    @torch.inference_mode()
    def pulled(x: Tensor, timestep: int) -> Tensor:
        noise = denoise(x, timestep)
        signal = float(schedule.sqrt_alpha_bar[timestep])
        spread = float(schedule.sqrt_one_minus_alpha_bar[timestep])
        clean = (x - spread * noise) / signal
        return noise + signal / spread * (clean - guide(clean, spread**2))

    return pulled
