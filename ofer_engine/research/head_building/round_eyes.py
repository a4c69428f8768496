"""Eyeballs with round pupils and irises in place of MakeHuman's, which are octagons.

Rings of vertices lie on the border of the pupil, of the iris and of the dark ring around it, so
that each can have a colour of its own, in every view. Before the iris stands the bulge of the
cornea.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.irises import IRIS_RADIUS, PUPIL_RADIUS
from ...heads.open_head import OpenHead
from .inserts import Insert

AROUND: Final = 24
LIMBUS: Final = 0.0052
"""Metres from the line of sight to the dark ring around the iris."""
_RADII: Final = (0.0011, PUPIL_RADIUS, 0.0031, 0.0042, LIMBUS, IRIS_RADIUS, 0.0069, 0.0083)
_ANGLES: Final = (41, 52, 65, 80, 100, 130, 158)
"""Degrees from the line of sight, of the rings behind those."""
_SIZE: Final = 0.955
"""Of MakeHuman's eyeball, whose lids lie on the flat sides of its octagons."""
_BULGE: Final = 0.0007
"""Metres that the cornea's middle stands out."""


def round_eyes(head: OpenHead) -> tuple[Insert, Insert]:
    """Left and right eyeball, exact mirror images, around the head's eye joints."""
    left = np.unique(head.part_polygons("eye_left"))
    centre = head.mean_joints[head.joint_names.index("eye_L")].astype(np.float64)
    size = _SIZE * np.linalg.norm(head.template[left] - centre, axis=1).max()
    ring = np.concatenate((np.arcsin(np.array(_RADII) / size), np.radians(_ANGLES)))
    turn = 2 * np.pi * (np.arange(AROUND) + 0.5) / AROUND
    across = np.stack((np.cos(turn), np.sin(turn)), 1)
    angle = np.concatenate(([0.0], np.repeat(ring, AROUND), [np.pi]))
    way = np.concatenate(([[0.0, 0.0]], np.tile(across, (len(ring), 1)), [[0.0, 0.0]]))
    side, ahead = size * np.sin(angle), size * np.cos(angle)
    bulge = _BULGE * np.square(np.clip(1 - np.square(side / IRIS_RADIUS), 0, None))
    vertices = centre + np.c_[side[:, None] * way, ahead + np.where(ahead > 0, bulge, 0.0)]
    polygons = _polygons(len(ring))
    flat = way * (angle / np.pi)[:, None]
    eye = Insert(
        "eye_left", vertices, polygons, _in_box(head, flat[polygons]),
        np.full(len(polygons), "eye_left"),
    )  # fmt: skip
    return eye, eye.mirrored("eye_right", "eye_right")


def _polygons(rings: int) -> np.ndarray:
    """(F, 4): quads around the first vertex, from ring to ring, and around the last."""
    here = np.arange(AROUND)
    after = (here + 1) % AROUND
    first, last = 1, 1 + (rings - 1) * AROUND
    one, two, three = here[::2], here[1::2], (here[::2] + 2) % AROUND
    pole = np.zeros(len(one), int)
    fans = [
        np.stack((pole, first + one, first + two, first + three), 1),
        np.stack((pole + last + AROUND, last + three, last + two, last + one), 1),
    ]
    quads = [
        np.stack((start + here, start + AROUND + here, start + AROUND + after, start + after), 1)
        for start in range(first, last, AROUND)
    ]
    return np.concatenate([fans[0], *quads, fans[1]])


def _in_box(head: OpenHead, flat: np.ndarray) -> np.ndarray:
    """(F, 4, 2) float32: corners in -1..1 laid where the left eye lies in the head's map."""
    own = head.uv[head.part == head.part_names.index("eye_left")].reshape(-1, 2)
    low, high = own.min(0), own.max(0)
    return ((low + high) / 2 + flat * (high - low) / 2).astype(np.float32)
