"""Turns back what a unit turns over: no triangle of the skin may face away from where it faced.

Projective: each triangle that has turned too far is given a lesser turn, the patch around it is
solved for all of them together, and so again until none is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ..geometry.deformation_gradients import GradientSolver
from ..geometry.rotations import rotation_matrix
from ..geometry.triangles import face_normals

_TOO_FAR: Final = np.radians(88)
_ALLOWED: Final = np.radians(80)
"""Angles between a triangle's normal at rest and at full weight: what has turned beyond the first
is given the second."""
_RINGS: Final = 4
"""How far around a turned triangle its neighbours give way."""
_ROUNDS: Final = 60
_FOLLOW: Final = 0.05
_HELD: Final = 1e4


def upright_units(
    neutral: np.ndarray,
    units: np.ndarray,
    skin: np.ndarray,
    check: Callable[[], None],
    spare: float = 0.0,
    known: np.ndarray | None = None,
) -> np.ndarray:
    """Units (U, V, 3) metres without triangles that turn over at full weight.

    neutral : (V, 3) metres; skin : (T, 3) int, the triangles to look at; spare : radians that they
    stay away from turning over, for heads that are like this one; known : (U, V, 3) the units as
    they were given an earlier time, so that only what has changed since is looked at. Vertices
    farther than a few triangles from one that turned stay. Returns a copy; check : may raise to
    stop.
    """
    upright = units.copy()
    rest = face_normals(neutral, skin)
    change = units != (0.0 if known is None else known)
    for number, changed in enumerate(change[..., 0] | change[..., 1] | change[..., 2]):
        moving = np.flatnonzero(_touched(changed, skin))
        now = face_normals(neutral + upright[number], skin[moving])
        turned = moving[_angles(rest[moving], now) > _TOO_FAR - spare]
        if len(turned):
            check()
            _turn_back(neutral, upright[number], skin, turned, spare)
    return upright


def _turn_back(
    neutral: np.ndarray, unit: np.ndarray, skin: np.ndarray, turned: np.ndarray, spare: float
) -> None:
    """Mend one unit (V, 3) in place. turned : (N,) int, triangles of the skin."""
    too_far, allowed = _TOO_FAR - spare, _ALLOWED - spare
    inner = np.zeros(len(neutral), bool)
    inner[skin[turned]] = True
    for _ in range(_RINGS):
        inner[skin[_touched(inner, skin)]] = True
    ids, places = np.unique(skin[_touched(inner, skin)], return_inverse=True)
    triangles = places.reshape(-1, 3)
    place, way = neutral[ids], unit[ids]
    solver = GradientSolver(place, triangles, np.where(inner[ids], _FOLLOW, _HELD))
    rest = face_normals(place, triangles)
    for _ in range(_ROUNDS):
        now = face_normals(place + way, triangles)
        angle = _angles(rest, now)
        if (angle <= too_far).all():
            break
        far = np.flatnonzero(angle > allowed)
        axis = np.cross(now[far], rest[far])
        axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
        back = rotation_matrix(axis * (angle[far] - allowed)[:, None])
        way = way + solver.turned((place + way)[triangles], far, back)
    unit[ids] = way


def _touched(chosen: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T,) bool: triangles (T, 3) with a vertex that is chosen, (V,) bool."""
    first, second, third = triangles.T
    return chosen[first] | chosen[second] | chosen[third]


def _angles(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(T,) radians that normals turn from one to other, both (T, 3); 0 where one has none."""
    angle = np.arccos(np.clip((one * other).sum(1), -1.0, 1.0))
    return np.where(one.any(1), angle, 0.0)
