"""A miniature face: a height field with a nose and eye sockets, and who it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

_SIDE = 19
_PLACES = ((-45, 35), (-15, 35), (15, 35), (45, 35), (0, -5), (-25, -40), (25, -40))


@dataclass(frozen=True)
class Face:
    """vertices : (V, 3) mm; triangles : (F, 3); marks : (7,) vertex numbers of the landmarks."""

    vertices: np.ndarray
    triangles: np.ndarray
    marks: np.ndarray

    @property
    def landmarks(self) -> np.ndarray:
        return self.vertices[self.marks]


@pytest.fixture
def face_of():
    """face_of(nose, width): somebody's face, in millimetres, NoW's axes."""
    return _face


def _face(nose: float = 25.0, width: float = 1.0) -> Face:
    line = np.linspace(-90, 90, _SIDE)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    z = 60 - (x**2 + y**2) / 200
    z = z + nose * np.exp(-(x**2 / 150 + (y - 5) ** 2 / 500))
    for eye in (-30, 30):
        z = z - 8 * np.exp(-((x - eye) ** 2 + (y - 35) ** 2) / 150)
    flat = np.column_stack([x, y])
    marks = np.array([np.square(flat - place).sum(axis=1).argmin() for place in _PLACES])
    corner = np.arange(_SIDE * _SIDE).reshape(_SIDE, _SIDE)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    triangles = np.concatenate(
        [np.stack(t, axis=-1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))]
    )
    return Face(np.column_stack([width * x, y, z]), triangles, marks)


@pytest.fixture
def turn():
    """A proper rotation, (3, 3), of 25 degrees about a slanting axis."""
    axis = np.array([1.0, 2.0, -1.0]) / np.sqrt(6)
    skew = np.cross(np.eye(3), axis)
    angle = np.radians(25)
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
