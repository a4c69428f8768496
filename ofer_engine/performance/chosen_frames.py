"""The frames that a person's head is made from: sharp, sure, and as different as can be."""

from __future__ import annotations

from typing import Final

import numpy as np

from .readings import Readings

MOST: Final = 8
CANDIDATES: Final = 200
_SURE: Final = 0.9
_YAW: Final = np.radians(12)
_PITCH: Final = np.radians(10)
"""Turns of the head that make a frame as different as one deviation of ...
"""
_EXPRESSION: Final = 0.6
"""... a face: length of the difference of all its weights."""
_LEAST: Final = 0.5
"""Difference from all chosen ones below which a frame tells nothing new."""


def candidates(readings: Readings) -> np.ndarray:
    """Frames worth choosing from, (n,) rows of at most `CANDIDATES`, in their order: those where
    the face is surely there, by how sure and how sharp they are."""
    seen = np.flatnonzero(readings.presence >= min(_SURE, float(readings.presence.max())))
    if not len(seen):
        return seen
    return np.sort(seen[np.argsort(-quality(readings)[seen], kind="stable")[:CANDIDATES]])


def quality(readings: Readings) -> np.ndarray:
    """(F,) higher is better, of the frames in which the face is seen: a large face, sharp, with
    most of its points seen and sure of their place."""
    side = np.maximum(readings.box[:, 2:].max(axis=1), 1.0)
    spread = np.log(np.maximum(readings.deviation, 1e-3).mean(axis=1) / side)
    sharp = np.log(np.maximum(readings.sharpness, 1e-6))
    return -_standard(spread) + _standard(sharp) + _standard(readings.visible.mean(axis=1))


def most_different(quality: np.ndarray, turns: np.ndarray, expressions: np.ndarray) -> np.ndarray:
    """At most MOST rows of n frames, the best first, then each as far from all before it as can be.

    quality : (n,); turns : (n, 3) radians yaw, pitch and roll; expressions : (n, 52). Of the
    better half of the frames only, so that a blurred profile is not taken for its rarity.
    """
    good = np.flatnonzero(quality >= np.median(quality))
    place = np.hstack((turns[:, :2] / (_YAW, _PITCH), expressions / _EXPRESSION))[good]
    chosen = [int(np.argmax(quality[good]))]
    nearest = np.linalg.norm(place - place[chosen[0]], axis=1)
    while len(chosen) < min(MOST, len(good)):
        farthest = int(np.argmax(nearest))
        if nearest[farthest] < _LEAST:
            break
        chosen.append(farthest)
        nearest = np.minimum(nearest, np.linalg.norm(place - place[farthest], axis=1))
    return good[chosen]


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)
