"""Batches of crops with their truth: which rows a step sees is fixed by the seed and the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...contract.errors import ErrorCode, OferError
from ...research.training.ranks import Ranks
from ..encoder_pictures import blob_tensor
from ..farl import preprocess
from .crops import BLOB_POINTS, CropReader
from .props import PropPicture, paste
from .scan_data import Example

_AHEAD: Final = 2


@dataclass(frozen=True, eq=False)
class Batch:
    """blobs : (B, 3, 112, 112) and pictures : (B, 3, 224, 224) float32, as the encoders want them;
    identity : (B, 300); expression : (B, 53). Pictures that are not read and expressions that no
    entry has are (B, 0).
    """

    blobs: Tensor
    pictures: Tensor
    identity: Tensor
    expression: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(
            *(t.to(device) for t in (self.blobs, self.pictures, self.identity, self.expression))
        )


@dataclass(frozen=True, eq=False)
class Batches:
    """examples : all that train; people, images : entries a step and pictures of each, drawn with
    replacement; occluded : share of the pictures that one of `props` is pasted on.
    """

    examples: Sequence[Example]
    reader: CropReader
    people: int
    images: int
    seed: int
    ranks: Ranks
    occluded: float = 0.0
    props: Sequence[PropPicture] = ()

    def __post_init__(self) -> None:
        if len(self.examples) < self.people:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "A step takes {people} people, and there are {examples}.",
                "Give more data, or a recipe with fewer `people`.",
                people=self.people,
                examples=len(self.examples),
            )

    @property
    def rows(self) -> int:
        """Pictures of a step, over all processes."""
        return self.people * self.images

    @property
    def epoch(self) -> int:
        """Steps in which (nearly) every entry is seen once."""
        return len(self.examples) // self.people

    def load(self, step: int) -> Batch:
        """This process's rows of a step."""
        number, position = divmod(step, self.epoch)
        order = np.random.default_rng((self.seed, number)).permutation(len(self.examples))
        chosen = order[position * self.people : (position + 1) * self.people]
        own = range(self.rows)[self.ranks.share(self.rows)]
        return stacked([self._row(step, row, int(chosen[row // self.images])) for row in own])

    def _row(self, step: int, row: int, chosen: int) -> EncoderExample:
        rng = np.random.default_rng((self.seed, step, row))
        example = self.examples[chosen]
        image = int(rng.integers(len(example.images)))
        prop = None
        if self.props and rng.random() < self.occluded:
            prop = self.props[int(rng.integers(len(self.props)))]
        return read_row(example, image, self.reader, prop)


@dataclass(frozen=True, eq=False)
class EncoderExample:
    """One picture, ready for the encoders, with its truth."""

    blob: Tensor
    picture: Tensor
    identity: Tensor
    expression: Tensor


def read_row(
    example: Example, image: int, reader: CropReader, prop: PropPicture | None = None
) -> EncoderExample:
    """A picture of an example, perhaps with a prop before the face.

    Where the 224 px crop shows no face to the detector, nothing is pasted on either picture.
    """
    crops = reader.read(example, image)
    blob, picture = crops.blob, crops.picture
    if prop is not None and picture is None:
        blob = paste(blob, BLOB_POINTS, prop)
    elif prop is not None and picture is not None and crops.points is not None:
        blob = paste(blob, BLOB_POINTS, prop)
        picture = paste(picture, crops.points, prop)
    expression = example.expression
    return EncoderExample(
        blob_tensor(blob),
        torch.zeros(0) if picture is None else preprocess(np.ascontiguousarray(picture)),
        torch.from_numpy(example.identity),
        torch.zeros(0) if expression is None else torch.from_numpy(expression),
    )


def stacked(rows: Sequence[EncoderExample]) -> Batch:
    """Rows as one batch."""
    return Batch(
        torch.stack([row.blob for row in rows]),
        torch.stack([row.picture for row in rows]),
        torch.stack([row.identity for row in rows]),
        torch.stack([row.expression for row in rows]),
    )


class Ahead:
    """Loads the coming steps' batches while the network is at work on this one's."""

    def __init__(self, load: Callable[[int], Batch], last: int) -> None:
        """load : of a step; last : the number of steps."""
        self._load = load
        self._last = last
        self._pool = ThreadPoolExecutor(_AHEAD)
        self._coming: dict[int, Future[Batch]] = {}

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __call__(self, step: int) -> Batch:
        """The batch of `step`."""
        for number in range(step, min(step + 1 + _AHEAD, self._last)):
            if number not in self._coming:
                self._coming[number] = self._pool.submit(self._load, number)
        return self._coming.pop(step).result()
