"""What a line makes of a context and of hints, and the noise that it foretells.

Data that are normally distributed around a linear function of their context have a denoiser in
closed form. It knows nothing that a network could not learn, but it needs no steps to learn it, and
far from everything seen in training it goes on as a line does. The network then learns what is
missing (preconditioning, Karras et al. 2022, with the context's line in place of the data's mean).

What the photo leaves open has the information form of a Gaussian (as in a Kalman filter):
the precision of all people, plus what each region of the face measures, as far as it was seen. A
face of which nothing is seen is as open as all people are; a hidden chin opens what chins tell.

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

MEASURED: Final = 6
"""Numbers that a region measures of the data."""
_FARTHEST: Final = 3.0
"""Deviations of doubt beyond which a photo is no more doubtful."""


@dataclass(frozen=True, eq=False)
class Beliefs:
    """The belief about U different people, and whose each of B rows is.

    mean : (U, D); precision : (U, D, D); person : (B,) int64.
    """

    mean: Tensor
    precision: Tensor
    person: Tensor


class LinearBelief(nn.Module):
    """Data (D,) given a person's context (C + 1 + 2 H).

    Buffers, float32: slope (D, F) over `features` and offset (D,); prior (D, D), precision of the
    data of all people; loads (R, D, M), directions that each region measures the data along;
    seen (R, C) and threshold (R,), whose sigmoid says how well a region was seen; doubt (C,), whose
    product with the photos' entries says how doubtful they are; axes (H, D), that hints measure
    along. How many photos the context is worth is left to the network.
    """

    slope: Tensor
    offset: Tensor
    prior: Tensor
    loads: Tensor
    seen: Tensor
    threshold: Tensor
    doubt: Tensor
    axes: Tensor

    def __init__(self, data: int, context: int, hints: int, regions: int = 24) -> None:
        """context : C, at least D."""
        super().__init__()
        self._context = context
        self.register_buffer("slope", torch.zeros(data, context + data))
        self.register_buffer("offset", torch.zeros(data))
        # torch.eye for tensors without data, as a pack is first planned with, would import SymPy.
        self.register_buffer("prior", torch.zeros(data, data).fill_diagonal_(1.0))
        self.register_buffer("loads", torch.zeros(regions, data, MEASURED))
        self.register_buffer("seen", torch.zeros(regions, context))
        self.register_buffer("threshold", torch.zeros(regions))
        self.register_buffer("doubt", torch.zeros(context))
        self.register_buffer("axes", torch.zeros(hints, data))
        self._alpha_bar = Schedule.linear().alpha_bar

    def features(self, context: Tensor) -> Tensor:
        """(B, F): the photos' entries, and the regressed data times their doubt: a doubtful photo's
        reading is followed less far."""
        regressed = context[:, : len(self.offset)]
        doubt = (context[:, : self._context] @ self.doubt).clamp(-_FARTHEST, _FARTHEST)
        return torch.cat([context[:, : self._context], doubt[:, None] * regressed], dim=1)

    def mean(self, context: Tensor) -> Tensor:
        """(B, D) without the hints."""
        return self.features(context) @ self.slope.T + self.offset

    def given(self, context: Tensor) -> Beliefs:
        """The belief in contexts (B, C + 1 + 2 H); rows that are the same are one person."""
        context, person = torch.unique(context, dim=0, return_inverse=True)
        values, flags = context[:, self._context + 1 :][:, : 2 * len(self.axes)].chunk(2, dim=1)
        seen = torch.sigmoid(context[:, : self._context] @ self.seen.T + self.threshold)
        photos = informed(self.prior, self.loads, seen)
        hinted = flags[:, :, None] * self.axes / GUESSED
        precision = photos + hinted.mT @ hinted
        mean = self.mean(context)
        missed = flags * values / GUESSED - (hinted @ mean[..., None])[..., 0]
        moved = torch.linalg.solve(precision, hinted.mT @ missed[..., None])
        return Beliefs(mean + moved[..., 0], precision, person)

    def noise(self, x: Tensor, timestep: int | Tensor, given: Beliefs) -> Tensor:
        """(B, D): the expected noise in x (B, D) at a level, or at levels (B,)."""
        level = torch.as_tensor(timestep, device=x.device).clamp_min(0)
        signal = self._alpha_bar.to(x.device)[level]
        away = x - signal.sqrt()[..., None] * given.mean[given.person]
        identity = torch.eye(x.shape[1]).to(x)
        if level.ndim == 0:
            blurred = signal * identity + (1 - signal) * given.precision
            clear = _each(torch.linalg.solve(blurred, given.precision), given.person, away)
        else:
            precision = given.precision[given.person]
            blurred = signal[:, None, None] * identity + (1 - signal)[:, None, None] * precision
            clear = torch.linalg.solve(blurred, precision @ away[..., None])[..., 0]
        return (1 - signal).sqrt()[..., None] * clear

    def initial_sample(self, noise: Tensor, given: Beliefs) -> Tensor:
        """(B, D): data noised to the top level, of standard normal noise (B, D).

        A sampler that begins with noise alone draws means that are up to 8 % too short: so much of
        the data is left at the top of the schedule (Lin et al. 2024, "Common diffusion noise
        schedules and sample steps are flawed").
        """
        signal = self._alpha_bar[-1].to(noise)
        identity = torch.eye(noise.shape[1]).to(noise)
        covariance = signal * torch.linalg.inv(given.precision) + (1 - signal) * identity
        spread = _each(torch.linalg.cholesky(covariance), given.person, noise)
        return signal.sqrt() * given.mean[given.person] + spread


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

    @torch.inference_mode()
    def initial_sample(self, context: Tensor, noise: Tensor) -> Tensor:
        """As `Conditional.initial_sample`: where data lie that were noised to the top level."""
        return self._belief.initial_sample(noise, self._belief.given(_unsigned(context)))

    @torch.inference_mode()
    def precision(self, context: Tensor) -> Tensor:
        """As `Conditional.precision`: the belief's."""
        return self._belief.given(_unsigned(context)).precision[0]


def _unsigned(context: Tensor) -> Tensor:
    """A context as it was before `conditioning.person.signed`."""
    return context[:, : context.shape[1] // 2]


def informed(prior: Tensor, loads: Tensor, seen: Tensor) -> Tensor:
    """(B, D, D) precision: prior (D, D), and loads (R, D, M) weighed by seen (B, R)."""
    flat = loads.transpose(0, 1).flatten(1)
    weights = seen.repeat_interleave(loads.shape[2], dim=1)
    return prior + (weights[:, None] * flat) @ flat.T


def _each(matrices: Tensor, person: Tensor, rows: Tensor) -> Tensor:
    """(B, D): the matrices (U, D, D) of the persons (B,) times rows (B, D)."""
    if len(matrices) == 1:
        return rows @ matrices[0].mT
    found = torch.empty_like(rows)
    for number, matrix in enumerate(matrices):
        where = person == number
        found[where] = rows[where] @ matrix.mT
    return found
