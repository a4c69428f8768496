"""The tear line: a thin wet strip between each lower lid and its eyeball, on heads of the bundled
pack. Its vertices and polygons come after the head's own.

It is laid out for each shape by itself, by where the lid's edge and the eyeball are in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...ofer_engine.contract.files.digest import polygons_digest

NAME: Final = "tear_line"
HEAD: Final = "99e7186e17e718197f9c628f2af51306a03e53ab2a57b44b51b23ef9621eff10"
"""Digest of the polygons of the head whose vertices these are."""
_EDGES: Final = (
    (
        (4354, 4362, 4361, 4360, 4358, 4356, 4355, 4366, 4350, 4349, 4348),
        (3215, 3216, 3217, 3218, 3219, 3220, 3221, 3689, 3222, 3229, 3228),
    ),
    (
        (2228, 2236, 2235, 2234, 2232, 2230, 2229, 2240, 2224, 2223, 2222),
        (1065, 1066, 1067, 1068, 1069, 1070, 1071, 1545, 1072, 1079, 1078),
    ),
)
"""Of the left and the right lower lid: vertices of its edge's front and back border, from the outer
corner of the eye to the inner one."""
_WHITES: Final = (slice(5245, 5414), slice(5535, 5704))
"""Vertices of the left and the right eyeball behind the bulge of its cornea."""
LEAST: Final = _WHITES[1].stop
"""So many vertices a head has at least whose lids and eyeballs these are."""
_BETWEEN: Final = 2
"""Strips of polygons for each of the lid's."""
_ROWS: Final = 5
_LEAST_GAP: Final = 0.009
_HEIGHT: Final = 0.028
_FRONT: Final = 0.003
_CONTACT: Final = 0.0015
_ROOT: Final = 0.02
"""Shares of the eyeball's radius: how far before the white the strip begins at least, how high it
climbs, how deep its front lies under the lid's edge, and how far before and in the white its last
two rows are, so that it has no gap where lids lift off the eyeball."""
_TAPER: Final = 0.4
"""Share of the height that is left in the corners."""


def fits(polygons: np.ndarray) -> bool:
    """Whether a head of these polygons (F, 4) is the bundled pack's, whose lids are known."""
    return polygons_digest(polygons) == HEAD


def places(own: np.ndarray) -> np.ndarray:
    """(N, 3) float32: the strips' vertices on the head's own (V, 3), in their unit and frame."""
    return np.concatenate([_strip(own, side) for side in (0, 1)]).astype(np.float32)


def anchors() -> np.ndarray:
    """(N,) int: which of the head's own vertices each of the strips' goes with."""
    columns = np.array([back for _, back in _EDGES])
    nearest = np.arange((columns.shape[1] - 1) * _BETWEEN + 1) // _BETWEEN
    return np.repeat(columns[:, None, nearest], _ROWS, axis=1).ravel()


def polygons() -> np.ndarray:
    """(F, 4) int, of the strips' vertices from 0, their outer side towards the light."""
    width = (len(_EDGES[0][0]) - 1) * _BETWEEN + 1
    number = np.arange(2 * _ROWS * width).reshape(2, _ROWS, width)
    below, above = number[:, :-1], number[:, 1:]
    quads = np.stack((below[..., :-1], below[..., 1:], above[..., 1:], above[..., :-1]), axis=-1)
    quads[0] = quads[0, ..., ::-1]
    return quads.reshape(-1, 4)


def uv() -> np.ndarray:
    """(N, 2) float32: along the strip, and across it from the lid to the eyeball."""
    width = (len(_EDGES[0][0]) - 1) * _BETWEEN + 1
    across, along = np.meshgrid(np.linspace(0, 1, _ROWS), np.linspace(0, 1, width), indexing="ij")
    return np.tile(np.stack((along, across), -1).reshape(-1, 2), (2, 1)).astype(np.float32)


def _strip(own: np.ndarray, side: int) -> np.ndarray:
    """(_ROWS * columns, 3), row by row from the lid's edge to the eyeball."""
    front, back = (_finer(own[list(border)].astype(np.float64)) for border in _EDGES[side])
    centre, radius = _sphere(own[_WHITES[side]].astype(np.float64))
    away = back - centre
    reach = np.linalg.norm(away, axis=1, keepdims=True)
    away /= np.maximum(reach, 1e-9)
    up = np.cross(np.gradient(back, axis=0), away) * (1, -1)[side]
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    share = np.linspace(-1, 1, len(back))[:, None]
    height = _HEIGHT * (1 - (1 - _TAPER) * share**4)
    gap = np.maximum(reach / radius - 1, _LEAST_GAP)

    def row(climbed: float, off: np.ndarray | float) -> np.ndarray:
        ray = away + climbed * height * up
        return centre + ray * (radius * (1 + off) / np.linalg.norm(ray, axis=1, keepdims=True))

    edge = front - _FRONT * radius * away
    return np.concatenate(
        (edge, row(0, gap), row(0.35, 0.4 * gap), row(1, _CONTACT), row(1.6, -_ROOT))
    )


def _finer(line: np.ndarray) -> np.ndarray:
    """Points (N, 3) with others between them."""
    at = np.linspace(0, len(line) - 1, (len(line) - 1) * _BETWEEN + 1)
    return np.stack([np.interp(at, np.arange(len(line)), column) for column in line.T], axis=1)


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (3,) and radius of the sphere nearest to points (N, 3): least squares."""
    middle = points.mean(0)
    away = points - middle
    answer = np.linalg.lstsq(
        np.c_[2 * away, np.ones(len(away))], np.square(away).sum(1), rcond=None
    )[0]
    return middle + answer[:3], float(np.sqrt(max(answer[3] + answer[:3] @ answer[:3], 1e-12)))
