"""From photos to heads of one person: set the photos once, then sample and rank as often as asked.

    reconstructor = Reconstructor(load_pack("open", home, device))
    reconstructor.set_photo(photo, face)
    candidates = reconstructor.identities(100, seed=0)
    ranking = reconstructor.rank(candidates)
    expressions = reconstructor.expressions(15, seed=0)

Photo → conditioning → IdGen → IdRank → ExpGen, as OFER §3 has it, with one encoding per photo and
the same steps for every pack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .batch_sizes import LARGE, BatchSizes
from .contract.errors import ErrorCode, OferError
from .contract.hint_places import GUESSED, places
from .contract.records import NO_HINTS, Hints
from .contract.sampling import DEFAULT_SAMPLER, SamplingParams
from .contract.sentence import Sentence
from .diffusion.guidance import Guide, guided, guided_start
from .diffusion.samplers import SAMPLERS, Denoise, Noise, OnStep, Sampler, seeded_noise
from .diffusion.schedule import Schedule
from .packs.pack import Contexts, Pack, PhotoEvidence, refuse_unknown_hints
from .packs.reprojection import reprojection, seen_points
from .photo.faces import Face
from .photo.load import Photo

_EXPRESSION_STREAM = 1 << 32
"""Added to the seed for the expressions of each photo, so that they do not repeat the identities'
noise nor each other's."""


@dataclass(frozen=True)
class Ranking:
    """scores : (N,) float32, higher is better; order : (N,) int, best first."""

    scores: np.ndarray
    order: np.ndarray

    @property
    def chances(self) -> np.ndarray:
        """(N,) softmax of the scores: what IdRank gives each of the candidates."""
        raised = np.exp(self.scores - self.scores.max())
        return raised / raised.sum()

    @staticmethod
    def of(scores: np.ndarray) -> Ranking:
        """Equal scores keep the order in which they were drawn."""
        return Ranking(scores, np.argsort(-scores, kind="stable"))


@dataclass(frozen=True)
class Person:
    """What one or more photos show of a person. photos : the main one first; contexts : of
    all photos together; hints : what an artist tells beside them."""

    photos: tuple[PhotoEvidence, ...]
    contexts: Contexts
    hints: Hints = NO_HINTS


class Reconstructor:
    """Turns the photos of one person after another into candidate heads, with one pack."""

    def __init__(self, pack: Pack, batch_sizes: BatchSizes = LARGE) -> None:
        self.pack = pack
        self.batch_sizes = batch_sizes
        self._schedule = Schedule.linear()
        self._person: Person | None = None

    @property
    def person(self) -> Person:
        """Whose heads are drawn. Raises OferError(BAD_REQUEST) before a photo is set."""
        if self._person is None:
            raise OferError(ErrorCode.BAD_REQUEST, "No photo is open.", "Open a photo first.")
        return self._person

    @person.setter
    def person(self, person: Person) -> None:
        self._person = person

    @property
    def evidence(self) -> PhotoEvidence:
        """Of the main photo. Raises as `person`."""
        return self.person.photos[0]

    def set_photo(self, photo: Photo, face: Face) -> PhotoEvidence:
        """Encode one face of a photo; everything after reuses it."""
        self.set_evidence([self.pack.encode(photo, face)])
        return self.evidence

    def set_evidence(self, evidence: Sequence[PhotoEvidence], hints: Hints = NO_HINTS) -> None:
        """Go on with what one or more photos of a person showed, and what the artist tells.

        Raises OferError(BAD_REQUEST) for hints that the pack does not know.
        """
        contexts = self.pack.person_contexts(evidence, hints)
        if hints.given and self.pack.hint_axes is not None:  # what is drawn is brought to them
            unhinted = self.pack.person_contexts(evidence, NO_HINTS)
            contexts = replace(contexts, identity=unhinted.identity)
        self.person = Person(tuple(evidence), contexts, hints)

    def set_hints(self, hints: Hints) -> None:
        """Change what an artist tells of the person, whose heads are drawn anew.

        Raises OferError(BAD_REQUEST) for hints that the pack does not know, or of which it cannot
        be told later.
        """
        refuse_unknown_hints(self.pack.record, hints)
        if self.pack.hint_axes is None:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The pack {id} takes hints before the photo is read, not later.",
                "Reconstruct the photo again with them.",
                id=self.pack.record.id,
            )
        self.person = replace(self.person, hints=hints)

    def identities(
        self,
        count: int,
        seed: int,
        sampler: str = DEFAULT_SAMPLER,
        steps: int | None = None,
        on_step: OnStep | None = None,
        guidance: float = 0.0,
        check: Callable[[], None] = lambda: None,
    ) -> np.ndarray:
        """(M, K) float32 coefficients of candidates, of `count` samples that IdGen draws."""
        params = SamplingParams(count, count, 0, seed, sampler, steps, guidance)
        return self.near(None, 1.0, params, on_step, check)

    def near(
        self,
        head: np.ndarray | None,
        strength: float,
        params: SamplingParams,
        on_step: OnStep | None = None,
        check: Callable[[], None] = lambda: None,
        measured: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """(M, K) float32 coefficients of candidates like one head, of `params.identities` samples.

        head : (K,), or None for no such head; strength : 0..1, the share of noise that the head is
        mixed with before it is drawn anew; at 1 nothing of it is left; on_step : called with each
        step; check : called between the parts of a step; both may raise to stop; measured : normal
        equations (K, K) and (K,) of what is known beside the photos, which all candidates obey.
        """
        context = self.person.contexts.identity
        denoise = self.pack.idgen.condition(context)
        noise = seeded_noise(params.seed)
        start = noise((params.identities, self.pack.identities)).to(self.pack.device)
        level = self._schedule.level_of(strength)
        known = None if measured is None else self._guide_to(measured)
        near = head is not None and level < self._schedule.levels - 1
        if near:
            clean = torch.from_numpy(np.asarray(head, np.float32)).to(start)[None]
            clean = clean if known is None else known(clean, 1.0)
            start = self._schedule.add_noise(clean.expand_as(start), level, start)
        else:
            start = self.pack.idgen.initial_sample(context, start)
            if known is not None:
                start = guided_start(denoise, self._schedule, known, start, level)
        if params.guidance > 0:
            denoise = guided(denoise, self._schedule, self._guide(params.guidance))
        if known is not None:
            denoise = guided(denoise, self._schedule, known)
        drawn = self._sample(denoise, start, level, noise, params, on_step, check).cpu().numpy()
        if not near:  # a head that is gone on from obeys already
            drawn = self._hinted(drawn, noise, known)
        return self._finite(self.pack.candidates(drawn))

    def rank(self, identities: np.ndarray) -> Ranking:
        """Order candidates (N, K) by IdRank, which judges each beside the mean of them all."""
        return Ranking.of(self._finite(self.pack.scores(self.person.contexts, identities)))

    def expressions(
        self,
        count: int,
        seed: int,
        sampler: str = DEFAULT_SAMPLER,
        steps: int | None = None,
        on_step: OnStep | None = None,
        view: int = 0,
    ) -> np.ndarray:
        """(count, X) float32 coefficients drawn by ExpGen for one photo, the most typical first."""
        if count == 0:
            return np.zeros((0, self.pack.expressions), np.float32)
        context = self.person.contexts.expression[view : view + 1]
        denoise = self.pack.expgen.condition(context)
        params = SamplingParams(0, 0, count, seed, sampler, steps)
        noise = seeded_noise(seed + _EXPRESSION_STREAM * (view + 1))
        start = noise((count, self.pack.expressions)).to(self.pack.device)
        drawn = self._sample(denoise, start, self._schedule.levels - 1, noise, params, on_step)
        coefficients = self._finite(self.pack.expression_coefficients(drawn, context))
        # Two draws are equally far from their mean; double precision leaves that to the bit.
        exact = coefficients.astype(np.float64)
        away = np.square(exact - exact.mean(axis=0)).sum(axis=1)
        return coefficients[np.argsort(away, kind="stable")]

    @torch.inference_mode()
    def _sample(
        self,
        denoise: Denoise,
        start: Tensor,
        level: int,
        noise: Noise,
        params: SamplingParams,
        on_step: OnStep | None,
        check: Callable[[], None] = lambda: None,
    ) -> Tensor:
        return _sampler(params.sampler)(
            _in_parts(denoise, self.batch_sizes.rows, check),
            start,
            self._schedule,
            noise=noise,
            steps=params.steps,
            start=level,
            on_step=on_step,
        )

    def _finite(self, values: np.ndarray) -> np.ndarray:
        """What networks gave. Raises OferError(WEIGHTS_DAMAGED) for what can be no head."""
        if not np.isfinite(values).all():
            raise OferError(
                ErrorCode.WEIGHTS_DAMAGED,
                "The pack {id} draws no heads: its numbers are not finite.",
                "Import its weights again, or choose another pack.",
                id=self.pack.record.id,
            )
        return values

    def _guide_to(self, measured: tuple[np.ndarray, np.ndarray]) -> Guide:
        return Guide.of(*measured, self.pack.idgen.precision(self.person.contexts.identity))

    def _hinted(self, drawn: np.ndarray, noise: Noise, known: Guide | None) -> np.ndarray:
        """(N, K): samples (N, K) brought to the artist's hints, each as far as it doubts them, in
        the ways that the photos and what else is known leave open."""
        axes, wanted = self.pack.hint_axes, places(self.person.hints)
        given = np.flatnonzero(~np.isnan(wanted))
        if axes is None or not len(given):
            return drawn
        precision, _ = seen_points(self.pack, self.person.photos)
        precision += self.pack.idgen.precision(self.person.contexts.identity).double().cpu().numpy()
        if known is not None:
            precision += known.normal.double().numpy()
        along = np.linalg.solve(precision, axes[given].T)
        gram = axes[given] @ along + GUESSED**2 * np.eye(len(given))
        doubted = wanted[given] + GUESSED * noise((len(drawn), len(given))).double().numpy()
        missed = doubted - drawn @ axes[given].T
        return (drawn + np.linalg.solve(gram, missed.T).T @ along.T).astype(np.float32)

    def _guide(self, strength: float) -> Guide:
        return reprojection(self.pack, self.person.photos, strength)


def _in_parts(denoise: Denoise, rows: int, check: Callable[[], None]) -> Denoise:
    def checked(part: Tensor, timestep: int) -> Tensor:
        check()
        return denoise(part, timestep)

    def part_by_part(x: Tensor, timestep: int) -> Tensor:
        return torch.cat([checked(part, timestep) for part in x.split(rows)])

    return part_by_part


def _sampler(name: str) -> Sampler:
    if name not in SAMPLERS:
        known = Sentence("Choose one of {choices}.", choices=", ".join(SAMPLERS))
        raise OferError(
            ErrorCode.BAD_REQUEST, "There is no sampler {name}.", known, name=repr(name)
        )
    return SAMPLERS[name]
