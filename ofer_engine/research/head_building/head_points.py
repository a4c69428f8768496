"""The vertices that networks look at: evidence points and rank points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

EVIDENCE_POINTS: Final = 240
RANK_POINTS: Final = 400
_PAIRS: Final = {
    "eyelids": 22, "lips": 20, "nose": 16, "brows": 12, "ears": 4, "jaw": 6, "face": 36,
}  # fmt: skip


def spread(points: np.ndarray, among: np.ndarray, taken: list[int], count: int) -> list[int]:
    """Farthest-point choice of `count` of the vertices `among`, far from those taken already.

    points : (V, 3); among : (n,) int; taken : vertex ids. Starts from the foremost vertex when
    nothing is taken.
    """
    distance = np.full(len(among), np.inf)
    for vertex in taken:
        distance = np.minimum(distance, np.linalg.norm(points[among] - points[vertex], axis=1))
    chosen: list[int] = []
    for _ in range(min(count, len(among))):
        if chosen or taken:
            index = int(distance.argmax())
        else:
            index = int(points[among, 2].argmax())
        chosen.append(int(among[index]))
        gap = np.linalg.norm(points[among] - points[among[index]], axis=1)
        distance = np.minimum(distance, gap)
    return chosen


def evidence_points(
    template: np.ndarray, mirror: np.ndarray, mapped: np.ndarray, region: Mapping[str, np.ndarray]
) -> np.ndarray:
    """(240,) int32: points that photos are read at, dense where faces tell people apart.

    template : (V, 3); mirror : (V,) int; mapped : (V,) bool, vertices whose place on real scans
    is known; region : (V,) weight of each region, `jaw` being the outer skin between face and
    neck. Mirror images stand side by side; the last ones lie on the midline.
    """
    usable = mapped & mapped[mirror]
    left: list[int] = []
    for name, count in _PAIRS.items():
        among = np.flatnonzero(usable & (region[name] > 0.5) & (template[:, 0] > 0.001))
        among = np.setdiff1d(among, left)
        left += spread(template, among, left if name == "face" else [], count)
    pairs = np.stack([left, mirror[left]], axis=1).ravel()
    centre = np.flatnonzero(usable & (region["face"] > 0.5) & (np.abs(template[:, 0]) < 1e-6))
    middle = spread(template, centre, [], EVIDENCE_POINTS - len(pairs))
    return np.concatenate([pairs, middle]).astype(np.int32)


def rank_points(template: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(400,) int32: vertices spread evenly over the face, for IdRank. face : (V,) bool."""
    return np.array(spread(template, np.flatnonzero(face), [], RANK_POINTS), np.int32)
