"""Where the packaged detector's 468 landmarks lie on a head mesh: render, detect, cast back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from ...geometry.rotations import rotation_about
from ...geometry.surface import Surface
from ...photo.align import EYE_CORNERS
from ...photo.face_networks import LandmarkNetwork
from .surface_view import SurfaceView, view

LANDMARKS: Final = 468
_INPUT: Final = 192
_CERTAIN: Final = 0.9


def _ask(network: LandmarkNetwork, crop: np.ndarray) -> tuple[np.ndarray, float]:
    """crop : (192, 192, 3) RGB in 0..1. (468, 2) pixels of it, and the face probability."""
    picture = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32))
    with torch.inference_mode():
        points, presence = network(picture)
    return points[0, :, :2].numpy().astype(float), float(torch.sigmoid(presence[0]))


def _crop(picture: np.ndarray, centre: np.ndarray, size: float, angle: float) -> np.ndarray:
    cell = (np.arange(_INPUT) + 0.5) / _INPUT - 0.5
    across, down = np.meshgrid(cell * size, cell * size)
    x = centre[0] + np.cos(angle) * across - np.sin(angle) * down - 0.5
    y = centre[1] + np.sin(angle) * across + np.cos(angle) * down - 0.5
    height, width = picture.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    column, row = x.astype(int), y.astype(int)
    fx, fy = (x - column)[..., None], (y - row)[..., None]
    top = picture[row, column] * (1 - fx) + picture[row, column + 1] * fx
    bottom = picture[row + 1, column] * (1 - fx) + picture[row + 1, column + 1] * fx
    return top * (1 - fy) + bottom * fy


def detect(network: LandmarkNetwork, picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Landmarks of the one face that fills a square picture, refined over three regions.

    picture : (S, S, 3) float in 0..1. (468, 2) pixels, and the face probability.
    """
    size = len(picture)
    centre, extent, angle = np.full(2, size / 2), size * 0.8, 0.0
    points, certainty = np.zeros((LANDMARKS, 2)), 0.0
    for _ in range(3):
        found, certainty = _ask(network, _crop(picture, centre, extent, angle))
        offset = (found / _INPUT - 0.5) * extent
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = offset @ turn.T + centre
        axis = points[EYE_CORNERS[1]] - points[EYE_CORNERS[0]]
        angle = float(np.arctan2(axis[1], axis[0]))
        upright = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        flat = points @ upright.T
        low, high = flat.min(0), flat.max(0)
        centre, extent = (low + high) / 2 @ upright, 1.5 * float((high - low).max())
    return points, certainty


@dataclass(frozen=True)
class CastLandmarks:
    """position : (468, 3) metres on the reference mesh, symmetric, NaN where never hit;
    spread : (468,) metres, median distance of single casts from position; accepted : int."""

    position: np.ndarray
    spread: np.ndarray
    accepted: int


def cast_landmarks(
    network: LandmarkNetwork,
    reference: np.ndarray,
    heads: Iterable[np.ndarray],
    triangles: np.ndarray,
    colours: list[np.ndarray],
    *,
    centre: np.ndarray,
    extent: float,
    seed: int,
) -> CastLandmarks:
    """Detect on one random view of each head and carry the hits to the reference mesh.

    reference : (V, 3) metres; heads : shapes (V, 3) of the same topology; triangles : (T, 3) the
    surfaces to draw; colours : paintings (V, 3), one drawn for each view; centre, extent : metres.
    """
    rng = np.random.default_rng(seed)
    hits = []
    for head in heads:
        yaw, pitch = rng.uniform(-18, 18), rng.uniform(-12, 12)
        light = rng.normal(size=3) * (0.5, 0.5, 0.1) + (0, 0.3, 1)
        shown = view(
            head,
            triangles,
            colours[rng.integers(len(colours))],
            turn=rotation_about("yx", (yaw, pitch)),
            centre=centre,
            extent=extent,
            light=tuple(light),
            background=rng.uniform(0.1, 1),
        )
        points, certainty = detect(network, shown.picture)
        if certainty < _CERTAIN:
            continue
        hits.append(_carry(points, shown, reference))
    return _summarise(np.array(hits))


def _carry(points: np.ndarray, shown: SurfaceView, reference: np.ndarray) -> np.ndarray:
    """(468, 3): the surface points behind the pixels, on the reference mesh; NaN beside it."""
    column, row = np.clip(points.astype(int), 0, len(shown.picture) - 1).T
    return shown.surface_point(row, column, reference)


def _summarise(hits: np.ndarray) -> CastLandmarks:
    middle = np.nanmedian(hits, axis=0)
    spread = np.nanmedian(np.linalg.norm(hits - middle, axis=2), axis=0)
    reflected = middle * [-1, 1, 1]
    gaps = np.linalg.norm(middle[:, None] - reflected[None], axis=2)
    partner = np.nan_to_num(gaps, nan=np.inf).argmin(1)
    mutual = partner[partner] == np.arange(LANDMARKS)
    middle[mutual] = (middle[mutual] + reflected[partner[mutual]]) / 2
    return CastLandmarks(middle, spread, len(hits))


def attach(
    position: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Barycentric places of the cast landmarks on a surface.

    position : (468, 3) metres; triangles : (T, 3), the surfaces that may carry a landmark.
    Returns (468, 3) int32 vertex ids and (468, 3) float32 weights.
    """
    found = Surface(vertices, triangles).closest(position)
    return triangles[found.triangle].astype(np.int32), found.weights.astype(np.float32)
