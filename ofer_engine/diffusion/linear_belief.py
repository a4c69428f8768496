"""What a line makes of a context and of what an artist tells, and the noise that it foretells.

Data that are normally distributed around a linear function of their context have a denoiser in
closed form. It knows nothing that a network could not learn, but it needs no steps to learn it, and
far from everything seen in training it goes on as a line does. The network then learns what is
missing (preconditioning, Karras et al. 2022, with the context's line in place of the data's mean).

A context here is that of a person (`conditioning/person`): C entries of the photos, of which the
first D are the data as they were regressed; how many photos it is worth; hints and their flags.
Hints are measurements of the data along axes, and change the belief as Bayes's rule says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from ..contract.hint_places import GUESSED
from .denoiser import Denoiser
from .folded import FoldedDenoiser
from .samplers import Denoise
from .schedule import Schedule

_FARTHEST: Final = 3.0
"""Deviations of doubt beyond which a photo is no more doubtful."""
_ROUNDS: Final = 6
_LEAST: Final = 1e-4
_RIDGE: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Given:
    """The belief about B people, in the frame in which the covariance is diagonal but for hints.

    mean, variance : (B, D); pushes : (B, H, D) covariance of each hint with the data, 0 for one
    that is not given; gram : (B, H, H) covariance of the hints.
    """

    mean: Tensor
    variance: Tensor
    pushes: Tensor
    gram: Tensor


class LinearBelief(nn.Module):
    """Data (D,) given a person's context (C + 1 + 2 H).

    Buffers, float32: slope (D, F) over `_features` and offset (D,); turn (D, D), orthonormal
    columns, and variance (D,) of the covariance; doubt (C,), whose product with the photos' entries
    says how doubtful they are; widening (D,), of the variances' logarithms with doubt; axes (H, D),
    that hints measure along. How many photos the context is worth is left to the network.
    """

    slope: Tensor
    offset: Tensor
    turn: Tensor
    variance: Tensor
    doubt: Tensor
    widening: Tensor
    axes: Tensor

    def __init__(self, data: int, context: int, hints: int) -> None:
        """context : C, at least D."""
        super().__init__()
        self._context = context
        self.register_buffer("slope", torch.zeros(data, context + data))
        self.register_buffer("offset", torch.zeros(data))
        self.register_buffer("turn", torch.eye(data))
        self.register_buffer("variance", torch.ones(data))
        self.register_buffer("doubt", torch.zeros(context))
        self.register_buffer("widening", torch.zeros(data))
        self.register_buffer("axes", torch.zeros(hints, data))
        self._alpha_bar = Schedule.linear().alpha_bar

    def _doubt(self, context: Tensor) -> Tensor:
        """(B, 1)."""
        doubt = context[:, : self._context] @ self.doubt
        return doubt.clamp(-_FARTHEST, _FARTHEST)[:, None]

    def _features(self, context: Tensor) -> Tensor:
        """(B, F): the photos' entries, and the regressed data times their doubt: a doubtful photo's
        reading is followed less far."""
        regressed = context[:, : len(self.offset)]
        return torch.cat([context[:, : self._context], self._doubt(context) * regressed], dim=1)

    @torch.no_grad()
    def fit(self, contexts: Tensor, data: Tensor, doubt: Tensor, axes: Tensor) -> None:
        """Least squares over N pairs, contexts (N, C + 1 or more) and data (N, D); doubt and axes
        as the buffers."""
        self.doubt.copy_(doubt)
        self.axes.copy_(axes)
        features = self._features(contexts).double()
        about, away = features.mean(dim=0), data.double().mean(dim=0)
        features, missed = features - about, data.double() - away
        normal = features.T @ features / len(features)
        normal.diagonal().add_(_RIDGE)
        slope = torch.linalg.solve(normal, features.T @ missed / len(features)).T
        self.slope.copy_(slope)
        self.offset.copy_(away - slope @ about)
        self._fit_spread(missed - features @ slope.T, self._doubt(contexts).double())

    def _fit_spread(self, left: Tensor, doubt: Tensor) -> None:
        """What is left (N, D) is taken along the axes of its covariance; the variance along each is
        an exponential of the doubt (N, 1)."""
        variance, turn = torch.linalg.eigh(left.T @ left / len(left))
        about = torch.cat([torch.ones_like(doubt), doubt], dim=1)
        squares = (left @ turn).square() / variance.clamp_min(_LEAST)
        powers = torch.zeros(about.shape[1], len(variance), dtype=torch.float64)
        for _ in range(_ROUNDS):  # Newton's, on the likelihood of the squares
            expected = squares * torch.exp(-about @ powers)
            hessian = torch.einsum("nd,ni,nj->dij", expected, about, about) / len(left)
            slope = (expected - 1).T @ about / len(left)
            step = torch.linalg.solve(hessian + _RIDGE * torch.eye(about.shape[1]).double(), slope)
            powers = powers + step.T
        self.turn.copy_(turn)
        self.variance.copy_(variance.clamp_min(_LEAST) * torch.exp(powers[0]))
        self.widening.copy_(powers[1])

    def mean(self, context: Tensor) -> Tensor:
        """(B, D) without the hints."""
        return self._features(context) @ self.slope.T + self.offset

    def given(self, context: Tensor) -> Given:
        """The belief in contexts (B, C + 1 + 2 H)."""
        values, flags = context[:, self._context + 1 :][:, : 2 * len(self.axes)].chunk(2, dim=1)
        mean = self.mean(context) @ self.turn
        variance = torch.exp(self._doubt(context) * self.widening) * self.variance
        axes = flags[:, :, None] * (self.axes @ self.turn)
        pushes = axes * variance[:, None]
        gram = pushes @ axes.mT + GUESSED**2 * torch.eye(len(self.axes)).to(pushes)
        missed = flags * values - (axes @ mean[:, :, None])[..., 0]
        moved = pushes.mT @ torch.linalg.solve(gram, missed[..., None])
        return Given(mean + moved[..., 0], variance, pushes, gram)

    def noise(self, x: Tensor, timestep: int | Tensor, given: Given) -> Tensor:
        """(B, D): the expected noise in x (B, D) at a level or levels (B,)."""
        level = timestep.clamp_min(0)[:, None] if isinstance(timestep, Tensor) else max(timestep, 0)
        signal = self._alpha_bar.to(x.device)[level]
        away = x @ self.turn - signal.sqrt() * given.mean
        inverse = 1 / (signal * given.variance + 1 - signal)
        plain = inverse * away
        held = given.pushes * inverse[:, None]
        left = given.gram / signal[..., None] - held @ given.pushes.mT
        solved = torch.linalg.solve(left, given.pushes @ plain[..., None])
        clear = plain + (held.mT @ solved)[..., 0]
        return ((1 - signal).sqrt() * clear) @ self.turn.T


class BelievingDenoiser(nn.Module):
    """A denoiser for training: what the line foretells, and what the network adds to it."""

    def __init__(self, network: Denoiser, belief: LinearBelief) -> None:
        super().__init__()
        self.network = network
        self.belief = belief

    def forward(self, x: Tensor, timestep: Tensor, context: Tensor) -> Tensor:
        """As `Denoiser.forward`."""
        with torch.no_grad():
            line = self.belief.noise(x, timestep, self.belief.given(_unsigned(context)))
        return line + self.network(x, timestep, context)


class FoldedBelief:
    """The same for sampling, as `FoldedDenoiser`."""

    def __init__(self, network: Denoiser, belief: LinearBelief) -> None:
        self._network = FoldedDenoiser(network)
        self._belief = belief

    @torch.inference_mode()
    def condition(self, context: Tensor) -> Denoise:
        """As `FoldedDenoiser.condition`."""
        rest, given = self._network.condition(context), self._belief.given(_unsigned(context))

        @torch.inference_mode()
        def denoise(x: Tensor, timestep: int) -> Tensor:
            return self._belief.noise(x, timestep, given) + rest(x, timestep)

        return denoise


def _unsigned(context: Tensor) -> Tensor:
    """A context as it was before `conditioning.person.signed`."""
    return context[:, : context.shape[1] // 2]
