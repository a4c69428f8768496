"""The trained conditioner's contexts of many pictures of many people: IdGen's and IdRank's data.

The pictures are others than those that the conditioner learnt from: of its own it would speak too
surely. Each is read a second time as its mirror image, which is another person's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...conditioning.evidence import Evidence, EvidenceNetwork
from ...conditioning.mirror import Mirror, read_both_ways
from ...conditioning.person import pooled, with_hints
from ...contract.hint_places import GUESSED, HINTS
from .conditioner import degrade
from .loop import Precision, step_generator
from .mirrored import mirror_pictures
from .photo_set import PhotoSet

_TOLD = 0.5
"""Share of the people with hints."""
_HINTED = 0.6
"""Share of these of whom each hint is given."""
_SINGLE = 0.6
"""Share of the people who are met in one photo, however many there are."""
_BATCH = 100


@dataclass(frozen=True)
class PictureContexts:
    """The contexts of N pictures, and the truth.

    contexts : (N, C); doubt : (N,); identity : (N, K); expression : (N, X); person : (N,) int64,
    the same number for the pictures of one person.
    """

    contexts: Tensor
    doubt: Tensor
    identity: Tensor
    expression: Tensor
    person: Tensor

    def __len__(self) -> int:
        return len(self.contexts)


@torch.no_grad()
def read_people(
    network: EvidenceNetwork, photos: PhotoSet, mirror: Mirror | None, seed: int
) -> PictureContexts:
    """A trained conditioner's contexts of each picture, lightly degraded, and of its mirror.

    Read in bfloat16 where the processor has it: two thirds of the time, and the regressed identity
    moves by 0.7 % of its deviation.
    """
    mixed = Precision.of_this_cpu() is Precision.BFLOAT16
    network.eval()
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    parts: list[PictureContexts] = []
    for number, rows in enumerate(
        np.array_split(np.arange(len(photos)), -(-len(photos) // _BATCH))
    ):
        crops = degrade(photos.crops(rows, network.side), step_generator(seed, number))
        crops = crops.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            read = read_both_ways(network, crops, mirror)
        truth = photos.labels(rows)
        parts.append(_people(network, read, truth, 0))
        if mirror is not None:
            everyone = torch.ones(len(rows), dtype=torch.bool)
            _, truth = mirror_pictures(crops, truth, mirror, everyone)
            parts.append(_people(network, mirror.evidence(network, read), truth, 1))
    return PictureContexts(
        **{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(PictureContexts)}
    )


def _people(
    network: EvidenceNetwork, read: Evidence, truth: PhotoSet, other: int
) -> PictureContexts:
    contexts = network.context(read)
    person = 2 * truth.person + other
    return PictureContexts(
        contexts, network.doubt(contexts), truth.identity, truth.expression, person
    )


def alone(contexts: Tensor, doubt: Tensor) -> Tensor:
    """(N, C + 7) of single photos (N, C), of doubt (N,), without hints."""
    unhinted = torch.full((len(contexts), len(HINTS)), float("nan"))
    return with_hints(pooled(contexts[:, None], doubt[:, None]), unhinted)


class ContextSampler:
    """Contexts of people as the product makes them: of one photo or several, with hints or without.

    hint_axes : (3, K), zeros where the head has none.
    """

    def __init__(self, people: PictureContexts, hint_axes: Tensor) -> None:
        self._people = people
        self._hints = people.identity @ hint_axes.T
        self._others, self._count = _others(people.person)

    def alone(self, rows: Tensor) -> Tensor:
        """(B, C + 7) of single photos without hints."""
        return alone(self._people.contexts[rows], self._people.doubt[rows])

    def random(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """(B, C + 7) of the people in `rows`, each with a random choice of photos and hints."""
        count = self._count[rows]
        wanted = 1 + (torch.rand(len(rows), generator=generator) * count).long().clamp_max(
            count - 1
        )
        single = torch.rand(len(rows), generator=generator) < _SINGLE
        wanted = torch.where(single, 1, wanted)
        place = torch.arange(self._others.shape[1])
        photos = self._others[rows]
        doubt = self._people.doubt[photos].masked_fill(place >= wanted[:, None], float("inf"))
        context = pooled(self._people.contexts[photos], doubt)
        shape = (len(rows), len(HINTS))
        given = torch.rand(shape, generator=generator) < _HINTED
        given &= torch.rand((len(rows), 1), generator=generator) < _TOLD
        guessed = self._hints[rows] + GUESSED * torch.randn(shape, generator=generator)
        return with_hints(context, torch.where(given, guessed, float("nan")))


def _others(person: Tensor) -> tuple[Tensor, Tensor]:
    """(N, S) rows of each picture's person, itself first, and (N,) how many of them there are."""
    order = torch.argsort(person, stable=True)
    _, counts = torch.unique_consecutive(person[order], return_counts=True)
    starts = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    size = torch.repeat_interleave(counts, counts)
    within = torch.arange(len(person)) - starts
    step = torch.arange(int(counts.max()))
    table = order[starts[:, None] + (within[:, None] + step) % size[:, None]]
    others, count = torch.empty_like(table), torch.empty_like(size)
    others[order], count[order] = table, size
    return others, count


def save_people(people: PictureContexts, file: Path) -> None:
    """Keep them as a file that `load_people` reads."""
    np.savez(file, **{f.name: getattr(people, f.name).numpy() for f in fields(people)})


def load_people(file: Path) -> PictureContexts:
    """Read what `save_people` wrote."""
    with np.load(file) as archive:
        return PictureContexts(
            **{f.name: torch.from_numpy(archive[f.name]) for f in fields(PictureContexts)}
        )
