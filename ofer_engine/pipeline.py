"""The road of one photo: set it once, then draw, rank and vary as often as asked.

    reconstructor = Reconstructor(load_pack("open", home, device))
    reconstructor.set_photo(photo, face)
    candidates = reconstructor.identities(100, seed=0)
    ranking = reconstructor.rank(candidates)
    expressions = reconstructor.expressions(15, seed=0)

Photo → conditioning → IdGen → IdRank → ExpGen, as OFER §3 has it, with one encoding per photo and
one road for every pack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .contract.errors import ErrorCode, OferError
from .diffusion.samplers import SAMPLERS, Denoise, OnStep, Sampler, seeded_noise
from .diffusion.schedule import Schedule
from .packs.pack import Pack, PhotoEvidence
from .photo.faces import Face
from .photo.load import Photo

_EXPRESSION_STREAM = 1 << 32
"""Added to the seed for expressions, so that they do not repeat the identities' noise."""


@dataclass(frozen=True)
class Ranking:
    """scores : (N,) float32, higher is better; order : (N,) int, best first."""

    scores: np.ndarray
    order: np.ndarray

    @property
    def chances(self) -> np.ndarray:
        """(N,) softmax of the scores: how IdRank shares certainty among the candidates."""
        raised = np.exp(self.scores - self.scores.max())
        return raised / raised.sum()

    @staticmethod
    def of(scores: np.ndarray) -> Ranking:
        """Equal scores keep the order in which they were drawn."""
        return Ranking(scores, np.argsort(-scores, kind="stable"))


class Reconstructor:
    """Turns one photo after another into candidate heads, with one pack."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._schedule = Schedule.linear()
        self._evidence: PhotoEvidence | None = None

    @property
    def evidence(self) -> PhotoEvidence:
        """Of the open photo. Raises OferError(BAD_REQUEST) before `set_photo`."""
        if self._evidence is None:
            raise OferError(ErrorCode.BAD_REQUEST, "No photo is open.", "Open a photo first.")
        return self._evidence

    def set_photo(self, photo: Photo, face: Face) -> PhotoEvidence:
        """Encode one face of a photo; everything after reuses it."""
        self._evidence = self.pack.encode(photo, face)
        return self._evidence

    def identities(
        self,
        count: int,
        seed: int,
        sampler: str = "dpm_solver_pp_2m",
        steps: int | None = None,
        on_step: OnStep | None = None,
    ) -> np.ndarray:
        """(count, K) float32 identity coefficients drawn by IdGen."""
        denoise = self.pack.idgen.condition(self.evidence.contexts.identity)
        shape = (count, self.pack.identities)
        return self._draw(denoise, shape, seed, _sampler(sampler), steps, on_step).cpu().numpy()

    def rank(self, identities: np.ndarray) -> Ranking:
        """Order candidates (N, K) by IdRank."""
        return Ranking.of(self.pack.scores(self.evidence.contexts, identities))

    def expressions(
        self,
        count: int,
        seed: int,
        sampler: str = "dpm_solver_pp_2m",
        steps: int | None = None,
        on_step: OnStep | None = None,
    ) -> np.ndarray:
        """(count, X) float32 coefficients drawn by ExpGen, the most typical first."""
        denoise = self.pack.expgen.condition(self.evidence.contexts.expression)
        shape, seed = (count, self.pack.expressions), seed + _EXPRESSION_STREAM
        drawn = self._draw(denoise, shape, seed, _sampler(sampler), steps, on_step)
        coefficients = self.pack.expression_coefficients(drawn)
        away = np.square(coefficients - coefficients.mean(axis=0)).sum(axis=1)
        return coefficients[np.argsort(away, kind="stable")]

    @torch.inference_mode()
    def _draw(
        self,
        denoise: Denoise,
        shape: tuple[int, int],
        seed: int,
        sampler: Sampler,
        steps: int | None,
        on_step: OnStep | None,
    ) -> Tensor:
        noise = seeded_noise(seed)
        start = noise(shape).to(self.pack.device)
        return sampler(denoise, start, self._schedule, noise=noise, steps=steps, on_step=on_step)


def _sampler(name: str) -> Sampler:
    if name not in SAMPLERS:
        known = f"Choose one of {', '.join(SAMPLERS)}."
        raise OferError(ErrorCode.BAD_REQUEST, f"There is no sampler {name!r}.", known)
    return SAMPLERS[name]
