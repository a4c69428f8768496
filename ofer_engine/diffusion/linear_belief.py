"""What a straight line makes of a context, and the noise that it foretells.

Data that are normally distributed around a linear function of the context have a denoiser in closed
form. It knows nothing that a network could not learn, but it needs no steps to learn it, and far
from everything seen in training it goes on as a line does. The network then learns what is missing
(preconditioning, Karras et al. 2022, with the context's line in place of the data's mean).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .denoiser import Denoiser
from .folded import FoldedDenoiser
from .samplers import Denoise
from .schedule import Schedule


class LinearBelief(nn.Module):
    """Data (D,) given a context (C,): N(slope @ context + offset, turn diag(variance) turn.T).

    Buffers, float32: slope (D, C); offset (D,); turn (D, D), orthonormal columns; variance (D,).
    """

    slope: Tensor
    offset: Tensor
    turn: Tensor
    variance: Tensor

    def __init__(self, data: int, context: int) -> None:
        super().__init__()
        self.register_buffer("slope", torch.zeros(data, context))
        self.register_buffer("offset", torch.zeros(data))
        self.register_buffer("turn", torch.eye(data))
        self.register_buffer("variance", torch.ones(data))
        self._alpha_bar = Schedule.linear().alpha_bar

    @torch.no_grad()
    def fit(self, contexts: Tensor, data: Tensor, noise: Tensor) -> None:
        """Least squares over N pairs: contexts (N, C), data (N, D).

        noise : (C,) deviation of noise that the contexts are taken to have beside their own.
        """
        about, away = contexts.mean(dim=0), data.mean(dim=0)
        centred, missed = (contexts - about).double(), (data - away).double()
        normal = centred.T @ centred / len(contexts) + torch.diag(noise.double().square())
        both = centred.T @ missed / len(contexts)
        slope = torch.linalg.solve(normal, both).T
        left = missed.T @ missed / len(contexts) - slope @ both
        variance, turn = torch.linalg.eigh((left + left.T) / 2)
        self.slope.copy_(slope)
        self.offset.copy_(away - self.slope @ about)
        self.turn.copy_(turn)
        self.variance.copy_(variance.clamp_min(1e-4))

    def mean(self, context: Tensor) -> Tensor:
        """(B, D) of contexts (B, C or more); entries after the first C are not for the line."""
        return context[:, : self.slope.shape[1]] @ self.slope.T + self.offset

    def noise(self, x: Tensor, timestep: int | Tensor, mean: Tensor) -> Tensor:
        """(B, D): the expected noise in x (B, D) at a level or levels (B,), around mean (B, D)."""
        level = timestep.clamp_min(0)[:, None] if isinstance(timestep, Tensor) else max(timestep, 0)
        signal = self._alpha_bar.to(x.device)[level]
        away = (x - signal.sqrt() * mean) @ self.turn
        share = (1 - signal).sqrt() / (signal * self.variance + 1 - signal)
        return (share * away) @ self.turn.T


class BelievingDenoiser(nn.Module):
    """A denoiser for training: what the line foretells, and what the network adds to it."""

    def __init__(self, network: Denoiser, belief: LinearBelief) -> None:
        super().__init__()
        self.network = network
        self.belief = belief

    def forward(self, x: Tensor, timestep: Tensor, context: Tensor) -> Tensor:
        """As `Denoiser.forward`."""
        line = self.belief.noise(x, timestep, self.belief.mean(context))
        return line + self.network(x, timestep, context)


class FoldedBelief:
    """The same for sampling, as `FoldedDenoiser`."""

    def __init__(self, network: Denoiser, belief: LinearBelief) -> None:
        self._network = FoldedDenoiser(network)
        self._belief = belief

    @torch.inference_mode()
    def condition(self, context: Tensor) -> Denoise:
        """As `FoldedDenoiser.condition`."""
        rest, mean = self._network.condition(context), self._belief.mean(context)

        @torch.inference_mode()
        def denoise(x: Tensor, timestep: int) -> Tensor:
            return self._belief.noise(x, timestep, mean) + rest(x, timestep)

        return denoise
