"""Predicted heads against scans: every contender, image by image, subject by subject."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Protocol

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...geometry.similarity import best_similarity
from .predictions import HeadMesh, Predictions
from .scan_alignment import distances, face_region, refine
from .tally import Contender, Scoreboard


class Criterion(StrEnum):
    """By which figure of one image the best of its heads is picked."""

    MEDIAN = "median"
    RMS = "rms"


@dataclass(frozen=True)
class Image:
    """name : path below the predictions, without suffix; group : the table it belongs to."""

    name: str
    subject: str
    group: str


@dataclass(frozen=True)
class FaceScan:
    """points : (N, 3) float64 mm, those on the face; landmarks : (7, 3) float64 mm."""

    points: np.ndarray
    landmarks: np.ndarray

    @classmethod
    def cropped(cls, vertices: np.ndarray, landmarks: np.ndarray) -> FaceScan:
        """The face of a scan with vertices (V, 3). Raises OferError(BAD_REQUEST) for none."""
        face = face_region(vertices, landmarks)
        if not face.any():
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "A scan has no points near its landmarks.",
                "Check that scans and landmarks belong together and have the same unit.",
            )
        return cls(vertices[face], landmarks)

    def errors(self, head: HeadMesh, scaling: bool) -> np.ndarray:
        """(N,) mm of each point from the head, laid on by its landmarks and then by the face.

        scaling : let the head grow or shrink to fit (NoW's non-metrical protocol).
        """
        start = best_similarity(head.landmarks, self.landmarks, scaling=scaling)
        placed = refine(head.surface, start, self.points, scaling)
        return distances(head.surface, placed, self.points)


class Dataset(Protocol):
    """Images, and the scan that each should give."""

    def images(self) -> Sequence[Image]:
        """In the order of the data set's list; the images of a subject follow one another."""
        ...

    def scan_name(self, image: Image) -> str:
        """Equal for images with the same scan."""
        ...

    def scan(self, image: Image) -> FaceScan:
        """Read from disk."""
        ...


@dataclass(frozen=True)
class Method:
    """scaling : as in `FaceScan.errors`; mean_head : the control, mm."""

    predictions: Predictions
    mean_head: HeadMesh
    scaling: bool
    criterion: Criterion


@dataclass(frozen=True)
class _Entry:
    image: Image
    another: str | None


def score(
    dataset: Dataset, method: Method, processes: int, report: Callable[[int, int], None]
) -> Scoreboard:
    """Every image of the data set that has a prediction; report(images done, images)."""
    entries = _entries(dataset.images())
    subjects = [list(found) for _, found in groupby(entries, lambda entry: entry.image.subject)]
    board, done = Scoreboard(), 0
    for part, images in _parts(dataset, method, subjects, processes):
        board.join(part)
        done += images
        report(done, len(entries))
    if not board.images:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{folder} holds a prediction for none of the {entries} images.",
            "docs/evaluation.md says how predictions are named; the first is looked for at "
            "{name} (.ofer, .ply, .obj).",
            folder=method.predictions.folder,
            entries=len(entries),
            name=method.predictions.folder / entries[0].image.name,
        )
    return board


def _parts(
    dataset: Dataset, method: Method, subjects: list[list[_Entry]], processes: int
) -> Iterator[tuple[Scoreboard, int]]:
    if processes <= 1:
        for entries in subjects:
            yield _score_subject(dataset, method, entries), len(entries)
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        running = {pool.submit(_score_elsewhere, dataset, method, e): len(e) for e in subjects}
        try:
            for finished in as_completed(running):
                found = finished.result()
                if isinstance(found, tuple):
                    raise OferError(*found)
                yield found, running[finished]
        finally:
            pool.shutdown(cancel_futures=True)


def _score_elsewhere(
    dataset: Dataset, method: Method, entries: Sequence[_Entry]
) -> Scoreboard | tuple[ErrorCode, str, str]:
    """In a process of its own: an OferError cannot travel, so its three parts do."""
    try:
        return _score_subject(dataset, method, entries)
    except OferError as error:
        return error.code, error.message, error.hint


def _entries(images: Sequence[Image]) -> list[_Entry]:
    """Each image with the next one of its group that shows another person."""
    entries = []
    for place, image in enumerate(images):
        turned = (*images[place + 1 :], *images[:place])
        others = (o.name for o in turned if o.group == image.group and o.subject != image.subject)
        entries.append(_Entry(image, next(others, None)))
    return entries


def _score_subject(dataset: Dataset, method: Method, entries: Sequence[_Entry]) -> Scoreboard:
    board, scans = Scoreboard(), _Scans(dataset, method)
    for image, another in ((entry.image, entry.another) for entry in entries):
        heads = method.predictions.heads(image.name)
        if not heads:
            board.missing.append(image.name)
            continue
        errors = [scans.errors(image, head) for head in heads]
        best = min(errors, key=lambda each: _figure(each, method.criterion))
        board.images[image.group] = board.images.get(image.group, 0) + 1
        board.heads = max(board.heads, len(heads))
        board.add(image.group, Contender.RANKED, errors[0])
        board.add(image.group, Contender.BEST, best)
        for each in errors:
            board.add(image.group, Contender.AVERAGE, each)
        board.add(image.group, Contender.MEAN_HEAD, scans.of_mean_head(image))
        if another and (others := scans.of_another(image, another)) is not None:
            board.add(image.group, Contender.ANOTHER, others)
    return board


class _Scans:
    """Reads a scan, and measures the controls on it, once for all the images that share it."""

    def __init__(self, dataset: Dataset, method: Method) -> None:
        self._dataset, self._method = dataset, method
        self._scan: tuple[str, FaceScan] | None = None
        self._mean_head: dict[str, np.ndarray] = {}
        self._another: dict[tuple[str, str], np.ndarray] = {}

    def errors(self, image: Image, head: HeadMesh) -> np.ndarray:
        name = self._dataset.scan_name(image)
        if self._scan is None or self._scan[0] != name:
            self._scan = name, self._dataset.scan(image)
        return self._scan[1].errors(head, self._method.scaling)

    def of_mean_head(self, image: Image) -> np.ndarray:
        name = self._dataset.scan_name(image)
        if name not in self._mean_head:
            self._mean_head[name] = self.errors(image, self._method.mean_head)
        return self._mean_head[name]

    def of_another(self, image: Image, another: str) -> np.ndarray | None:
        key = self._dataset.scan_name(image), another
        if key not in self._another:
            head = self._method.predictions.first(another)
            if head is None:
                return None
            self._another[key] = self.errors(image, head)
        return self._another[key]


def _figure(errors: np.ndarray, criterion: Criterion) -> float:
    if criterion is Criterion.MEDIAN:
        return float(np.median(errors))
    return float(np.sqrt(np.square(errors).mean()))
