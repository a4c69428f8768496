"""Training IdRank with its encoders, on candidates that a finished IdGen draws for each picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...diffusion.denoiser import Denoiser
from ...diffusion.folded import FoldedDenoiser
from ...diffusion.samplers import SAMPLERS
from ...diffusion.schedule import Schedule
from ...ranking.ranker import listwise_loss
from ...research.training.curves import Watch
from ...research.training.idrank import distances
from ...research.training.loop import TrainingPlan, train
from ...research.training.ranks import Ranks
from ..flame import FlameHead
from .batches import Ahead, Batch, Batches, read_row, stacked
from .crops import CropReader
from .networks import Trainee, prepare
from .recipes import Candidates, Recipe
from .scan_data import Example

_HELD_PART = 8


class RankView:
    """Identity coefficients → what IdRank looks at, on a device."""

    def __init__(self, head: FlameHead, device: torch.device) -> None:
        vertices = head.rank_vertices
        self._template = torch.from_numpy(head.template[vertices] * 1000).to(device)
        self._basis = torch.from_numpy(head.identity[:, vertices] * 1000).flatten(1).to(device)

    def __call__(self, identity: Tensor) -> Tensor:
        """(..., 300) → (..., R, 3) float32 millimetres."""
        moved = identity @ self._basis[: identity.shape[-1]]
        return self._template + moved.unflatten(-1, self._template.shape)


class CandidateSource:
    """Draws candidates from a trained IdGen, which it leaves as it is.

    The published trainer lets the batch norms of this IdGen follow the batch; ours rest.
    """

    def __init__(
        self, idgen: Denoiser, arcface: nn.Module, candidates: Candidates, device: torch.device
    ) -> None:
        """arcface : IdGen's own, of `ArcFace`'s form."""
        self._arcface = arcface.to(device).eval().requires_grad_(False)
        self._denoiser = FoldedDenoiser(idgen.to(device).requires_grad_(False))
        self._coefficients = idgen.shape.coefficients
        self._candidates = candidates
        self._schedule = Schedule.linear()

    def __call__(
        self, blobs: Tensor, photos: int, share: slice, generator: torch.Generator
    ) -> Tensor:
        """Candidates of this process's pictures.

        blobs : (B, 3, 112, 112) on the device; photos : of all processes; share : which are these.
        Returns (B, N, 300) float32.
        """
        count = self._candidates.count
        coefficients = self._coefficients

        def noise(_: tuple[int, ...]) -> Tensor:
            drawn = torch.randn((photos, count, coefficients), generator=generator)
            return drawn[share].flatten(0, 1).to(blobs.device)

        with torch.inference_mode(), torch.autocast(blobs.device.type, enabled=False):
            context = F.normalize(self._arcface(blobs, True), dim=1)
            drawn = SAMPLERS[self._candidates.sampler](
                self._denoiser.condition(context.repeat_interleave(count, 0)),
                noise(()),
                self._schedule,
                noise=noise,
                steps=self._candidates.steps or None,
            )
        return drawn.clone().view(len(blobs), count, coefficients)


class RankLoss:
    """Scores of drawn candidates, their distances, and the listwise loss of both."""

    def __init__(
        self, source: CandidateSource, view: RankView, temperature: float, device: torch.device
    ) -> None:
        """temperature : millimetres."""
        self._source = source
        self._view = view
        self._temperature = temperature
        self._device = device

    def scored(
        self, trainee: Trainee, batch: Batch, rows: int, ranks: Ranks, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """(B, N) scores and distances in mm; rows : photos of the step over all processes."""
        batch = batch.to(self._device)
        heads = self._view(self._source(batch.blobs, rows, ranks.share(rows), generator))
        context = trainee.context(batch.blobs, batch.pictures)
        scores = trainee.network(heads, context).float()
        return scores, distances(heads, self._view(batch.identity))

    def __call__(self, scores: Tensor, away: Tensor) -> Tensor:
        """Scalar."""
        return listwise_loss(scores, away / self._temperature)

    def held(
        self, trainee: Trainee, reader: CropReader, held: Sequence[Example], seed: int
    ) -> dict[str, float]:
        """Figures of entries that are not trained on, each by its first picture."""
        generator = torch.Generator().manual_seed(seed)
        found = []
        for first in range(0, len(held), _HELD_PART):
            part = held[first : first + _HELD_PART]
            batch = stacked([read_row(example, 0, reader) for example in part])
            found.append(self.scored(trainee, batch, len(part), Ranks(), generator))
        scores, away = (torch.cat(column) for column in zip(*found, strict=True))
        return {"held_total": float(self(scores, away)), "held_recovery": recovery(scores, away)}


def train_ranker(
    trainee: Trainee,
    source: CandidateSource,
    view: RankView,
    batches: Batches,
    held: Sequence[Example],
    recipe: Recipe,
    plan: TrainingPlan,
    folder: Path,
    device: torch.device,
    watch: Watch | None = None,
) -> None:
    """Train in place, ending with the averaged weights. held : entries that only validate."""
    loss = RankLoss(source, view, recipe.candidates.temperature, device)

    def validate(_: torch.nn.Module) -> Mapping[str, float]:
        return loss.held(trainee, batches.reader, held, plan.seed)

    trainee.to(device).train()
    with Ahead(batches.load, plan.steps) as load:

        def losses(step: int, generator: torch.Generator) -> dict[str, Tensor]:
            both = loss.scored(trainee, load(step), batches.rows, batches.ranks, generator)
            return {"total": loss(*both)}

        train(
            trainee, prepare(trainee, recipe), losses, plan, folder, validate if held else None,
            ranks=batches.ranks, watch=watch,
        )  # fmt: skip
    trainee.eval()


def recovery(scores: Tensor, away: Tensor) -> float:
    """How far the first-ranked lies from the average (0) to the best (1) candidate.

    scores, away : (photos, N), the latter distances in millimetres.
    """
    first = away.gather(1, scores.argmax(1, keepdim=True)).mean()
    average, best = away.mean(), away.min(1).values.mean()
    return float((average - first) / (average - best).clamp_min(1e-9))
