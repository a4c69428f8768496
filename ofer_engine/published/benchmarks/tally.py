"""Distances of very many points, summed up: median, mean, deviation and root mean square."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

_STEP: Final = 1e-3  # mm: the median is known to half of it
_STEPS: Final = 100_000  # farther points count as 100 mm in the median


class Contender(StrEnum):
    """Whose distances: what the method gives, and what knows nothing of the photo."""

    BEST = "best of N (oracle)"
    RANKED = "ranked first"
    AVERAGE = "average of N"
    MEAN_HEAD = "mean head (control)"
    ANOTHER = "another person's photo (control)"


@dataclass(frozen=True)
class DistanceStatistics:
    """Over all points together, millimetres; nan without any."""

    points: int
    median: float
    mean: float
    deviation: float
    rms: float


class DistanceTally:
    """Counts points by distance, so that no more memory is needed for more of them."""

    def __init__(self) -> None:
        self._counts = np.zeros(_STEPS + 1, np.int64)
        self._sum = self._squares = 0.0

    def add(self, distances: np.ndarray) -> None:
        """distances : (N,) mm, not negative."""
        steps = np.minimum(distances / _STEP, _STEPS).astype(int)
        self._counts += np.bincount(steps, minlength=_STEPS + 1)
        self._sum += float(distances.sum())
        self._squares += float(np.square(distances).sum())

    def join(self, other: DistanceTally) -> None:
        """Take in what another has counted."""
        self._counts += other._counts
        self._sum += other._sum
        self._squares += other._squares

    def figures(self) -> DistanceStatistics:
        """What there is so far."""
        points = int(self._counts.sum())
        if points == 0:
            return DistanceStatistics(0, *[float("nan")] * 4)
        median = (int(np.searchsorted(self._counts.cumsum(), (points + 1) / 2)) + 0.5) * _STEP
        mean, square = self._sum / points, self._squares / points
        deviation = float(np.sqrt(max(square - mean * mean, 0.0)))
        return DistanceStatistics(points, median, mean, deviation, float(np.sqrt(square)))


@dataclass
class Scoreboard:
    """Tallies of a data set by group of images and contender.

    images : how many of each group were measured; missing : images without a prediction;
    heads : the most heads that any image had.
    """

    tallies: dict[tuple[str, Contender], DistanceTally] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    heads: int = 0

    def add(self, group: str, contender: Contender, distances: np.ndarray) -> None:
        """distances : (N,) mm of one head."""
        self.tallies.setdefault((group, contender), DistanceTally()).add(distances)

    def join(self, other: Scoreboard) -> None:
        """Take in another's."""
        for key, tally in other.tallies.items():
            self.tallies.setdefault(key, DistanceTally()).join(tally)
        for group, images in other.images.items():
            self.images[group] = self.images.get(group, 0) + images
        self.missing += other.missing
        self.heads = max(self.heads, other.heads)

    def figures(self, groups: Iterable[str], contender: Contender) -> DistanceStatistics:
        """Over the points of several groups together."""
        together = DistanceTally()
        for group in groups:
            if tally := self.tallies.get((group, contender)):
                together.join(tally)
        return together.figures()


def table(board: Scoreboard, title: str, groups: Sequence[str], columns: Sequence[str]) -> str:
    """A Markdown table over some groups, one row a contender; columns : fields of
    `DistanceStatistics`."""
    images = sum(board.images.get(group, 0) for group in groups)
    lines = [[f"{title}, {images} images", *(f"{column}, mm" for column in columns)]]
    lines.append(["---"] * len(lines[0]))
    for contender in Contender:
        figures = board.figures(groups, contender)
        values = [getattr(figures, column) for column in columns]
        name = contender.replace("of N", f"of {board.heads}")
        lines.append([name, *("-" if np.isnan(value) else f"{value:.2f}" for value in values)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
