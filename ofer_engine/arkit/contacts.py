"""What must touch, and what must not cross: lids with lids, lips with lips, lids and eyeballs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

LID_PAIRS: Final = {
    "eyeBlinkRight": ((161, 163), (160, 144), (159, 145), (158, 153), (157, 154)),
    "eyeBlinkLeft": ((388, 390), (387, 373), (386, 374), (385, 380), (384, 381)),
}
"""Landmarks of the upper and the lower lid's edge that meet; numbers of MediaPipe's face mesh."""
LIP_PAIRS: Final = ((80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318))
"""Landmarks of the upper and the lower lip that touch in a closed mouth."""

CLEARANCE: Final = 0.0002
"""Metres that a lid stays before the eyeball."""
_STEPS: Final = (0.25, 0.5, 0.75, 1.0)
_LID_DEPTH: Final = 0.009
"""Metres from the eyeball's surface within which skin is a lid."""
_MOVES: Final = 0.0003


@dataclass(frozen=True, eq=False)
class Eyeball:
    """centre : (3,) metres; radius : metres."""

    centre: np.ndarray
    radius: float


def eyeball(points: np.ndarray) -> Eyeball:
    """The sphere of an eyeball's vertices (N, 3), metres: least squares."""
    points = np.asarray(points, np.float64)
    system = np.c_[2 * points, np.ones(len(points))]
    answer = np.linalg.lstsq(system, np.square(points).sum(1), rcond=None)[0]
    centre = answer[:3]
    return Eyeball(centre, float(np.linalg.norm(points - centre, axis=1).max()))


def clear_eyeballs(
    neutral: np.ndarray, units: np.ndarray, outer: np.ndarray, eyeballs: tuple[Eyeball, ...]
) -> np.ndarray:
    """Units (52, V, 3) whose lids slide over the eyeballs at every quarter of their way.

    neutral : (V, 3) metres; outer : (V,) bool, skin that is seen; a lid that rests inside the
    sphere may stay as deep as it rests. Looking moves the eyeball in itself, so spheres stand.
    """
    cleared = units.copy()
    for ball in eyeballs:
        offset = neutral - ball.centre
        resting = np.linalg.norm(offset, axis=1) - ball.radius
        near = outer & (resting < _LID_DEPTH) & (offset[:, 2] > 0)
        lids = np.flatnonzero(near)
        least = np.minimum(resting[lids], CLEARANCE)
        for number in range(len(units)):
            moving = np.linalg.norm(cleared[number, lids], axis=1) > _MOVES
            if moving.any():
                chosen = lids[moving]
                cleared[number, chosen] = _slid(
                    offset[chosen], cleared[number, chosen], ball.radius + least[moving]
                )
    return cleared


def _slid(offset: np.ndarray, way: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Displacements (N, 3) from offsets (N, 3) of a centre that keep to `reach` (N,) away."""
    for step in _STEPS:
        place = offset + step * way
        distance = np.linalg.norm(place, axis=1)
        lack = np.maximum(reach - distance, 0.0)
        way = way + place / np.maximum(distance, 1e-9)[:, None] * (lack / step)[:, None]
    return way
