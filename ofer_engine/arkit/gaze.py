"""Eyeballs that turn in their sockets: about their own centres, to where a unit takes the iris."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..geometry.rotations import rotation_matrix
from .contacts import Eyeball

LOOKS: Final = tuple(number for number, name in enumerate(ARKIT_52) if name.startswith("eyeLook"))
_FRONT: Final = 0.9
"""Share of its radius before an eyeball's centre from which it is iris, or nearly."""


def turned_eyeballs(
    neutral: np.ndarray,
    units: np.ndarray,
    eyes: tuple[np.ndarray, ...],
    balls: tuple[Eyeball, ...],
) -> np.ndarray:
    """Units (52, V, 3) metres, ARKIT_52 order, in which looking turns an eyeball about its centre
    and leaves it between its lids; as they came, it also slid up to 4 mm.

    neutral : (V, 3) metres; eyes : vertex ids of each eyeball; balls : their spheres. Returns a
    copy.
    """
    turned = units.copy()
    for ids, ball in zip(eyes, balls, strict=True):
        rest = neutral[ids] - ball.centre
        front = rest[:, 2] > _FRONT * ball.radius
        if not front.any():
            continue
        ahead = rest[front].mean(0)
        for number in LOOKS:
            towards = (rest + units[number, ids])[front].mean(0)
            turned[number, ids] = rest @ _turn(ahead, towards).T - rest
    return turned


def _turn(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(3, 3) the least rotation from the direction of a vector (3,) to that of another."""
    axis = np.cross(one, other)
    sine = np.linalg.norm(axis)
    angle = np.arctan2(sine, one @ other)
    return rotation_matrix((axis * (angle / max(sine, 1e-18)))[None])[0]
