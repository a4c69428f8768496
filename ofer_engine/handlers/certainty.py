"""How far the photos decide each point of a head, and where it is imagined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from ..geometry.pins import largest_modes
from ..geometry.triangles import triangulate, vertex_normals
from ..packs.pack import Pack, PhotoEvidence
from ..portion import LARGE

_REACH: Final = 0.012
"""Metres over which an evidence point speaks for the skin around it: their spacing on a face."""
_FACING: Final = (0.05, 0.35)
"""Cosines towards the camera between which skin goes from out of sight to well seen."""
_MODES: Final = 64
"""Directions that a folder keeps of how the candidates vary: 60 of the bundled pack are all."""
_BEYOND: Final = 0.02
"""Variance of each coefficient beyond what the candidates show, squared deviations of people:
a hundred draws leave directions out. From 0.005 to 0.1 the heads of benchmarks/pins.py come out
the same to 0.01 mm."""


def identity_modes(pack: Pack, candidates: np.ndarray) -> np.ndarray:
    """(R, V, 3) float16 metres: how the candidates (N, K) vary, as independent directions of
    deviation 1, the largest first."""
    away = candidates.astype(np.float64) - candidates.mean(axis=0)
    covariance = away.T @ away / max(len(away) - 1, 1) + _BEYOND * np.eye(away.shape[1])
    squares, turns = np.linalg.eigh(covariance)
    directions = (turns * np.sqrt(squares)).T.astype(np.float32)
    still = _neutral(pack, np.zeros_like(directions[:1]))[0]
    moves = np.concatenate([_neutral(pack, row[None]) - still for row in directions])
    modes = largest_modes(moves.reshape(len(moves), -1).astype(np.float64), _MODES)
    return modes.reshape(-1, *still.shape).astype(np.float16)


def identity_spread(
    pack: Pack, candidates: np.ndarray, check: Callable[[], None], heads: int = LARGE.heads
) -> np.ndarray:
    """(V,) float32 metres: root mean square distance of the candidates from their mean head.

    candidates : (N, K); check : called now and again, may raise to stop; heads : held at once.
    """
    mean = _neutral(pack, candidates.mean(axis=0, keepdims=True))[0]
    squares = np.zeros(len(mean))
    for first in range(0, len(candidates), heads):
        check()
        away = _neutral(pack, candidates[first : first + heads]) - mean
        squares += np.square(away).sum((0, 2), dtype=np.float64)
    return np.sqrt(squares / len(candidates)).astype(np.float32)


def vertex_visible(pack: Pack, photos: Sequence[PhotoEvidence], vertices: np.ndarray) -> np.ndarray:
    """(V,) float32 in 0..1: how well the photos show each vertex, the best of them counting.

    The evidence points speak for what is near them, as far as it faces the camera.
    vertices : (V, 3) of the head shown, metres.
    """
    normals = vertex_normals(vertices, triangulate(pack.head.polygons))
    best = np.zeros(len(vertices), np.float32)
    near = _nearness(pack.head.template, photos[0].vertices)
    known = near.sum(axis=1)
    for photo in photos:
        seen = near @ photo.visible / np.maximum(known, 1e-9) * np.minimum(known, 1)
        eye = -photo.camera.rotation.T @ photo.camera.translation
        towards = eye - vertices
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        low, high = _FACING
        facing = np.clip(((normals * towards).sum(1) - low) / (high - low), 0, 1)
        best = np.maximum(best, seen * facing).astype(np.float32)
    return best


def _neutral(pack: Pack, identities: np.ndarray) -> np.ndarray:
    """(N, V, 3) heads without expression."""
    return pack.head.vertices(identities, np.zeros((len(identities), pack.expressions), np.float32))


def _nearness(template: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(V, P) float32 weights, 1 at the point itself, of the points on the mean head."""
    squared = (
        np.square(template).sum(1)[:, None]
        - 2 * template @ template[points].T
        + np.square(template[points]).sum(1)
    )
    return np.exp(-np.maximum(squared, 0) / (2 * _REACH**2)).astype(np.float32)
