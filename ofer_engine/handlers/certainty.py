"""How far the photos decide each point of a head, and where it is imagined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from ..batch_sizes import LARGE
from ..geometry.modes import largest_modes
from ..geometry.similarity import without_similarity
from ..geometry.triangles import triangulate, vertex_normals
from ..packs.pack import Pack, PhotoEvidence

_REACH: Final = 0.014
"""Metres over which an evidence point speaks for the skin around it: their widest spacing."""
_SHARP: Final = 0.006
"""The same of how two points share what lies between them: what hides one has an edge."""
_FACING: Final = (0.05, 0.35)
"""Cosines towards the camera between which skin goes from out of sight to well seen."""
_MODES: Final = 64
"""Directions that a folder keeps of how the candidates vary, of the bundled pack's 120: all of them
lower the error of benchmarks/pins.py by 0.2 % more."""
BEYOND: Final = 0.02
"""Share of the covariance of people that is always added: where all candidates are one."""


def identity_modes(pack: Pack, candidates: np.ndarray) -> np.ndarray:
    """(R, V, 3) float16 metres: how the candidates (N, K) vary, as independent directions of
    deviation 1, the largest first."""
    ways = directions(pack, candidates).astype(np.float32)
    still = plain_heads(pack, np.zeros_like(ways[:1]))[0]
    moves = np.concatenate([plain_heads(pack, row[None]) - still for row in ways])
    modes = largest_modes(moves.reshape(len(moves), -1).astype(np.float64), _MODES)
    return modes.reshape(-1, *still.shape).astype(np.float16)


def covariance(pack: Pack, candidates: np.ndarray) -> np.ndarray:
    """(K, K) float64: how the coefficients vary of which candidates (N, K) were drawn.

    A hundred of them vary far too much in some of 120 directions and hardly in others. So people's
    covariance, as large as theirs, counts as K more (the mean of an inverse Wishart distribution
    with K degrees of freedom).
    """
    people = people_covariance(pack, candidates.shape[1])
    away = candidates.astype(np.float64) - candidates.mean(axis=0)
    drawn, share = away.T @ away / max(len(away) - 1, 1), len(people) / (len(people) + len(away))
    alike = np.trace(drawn) / np.trace(people)
    return (1 - share) * drawn + (share * alike + BEYOND) * people


def people_covariance(pack: Pack, coefficients: int) -> np.ndarray:
    """(K, K) float64: of the head's prior; a head without one has coefficients of deviation 1."""
    head = pack.head.annotated
    return np.eye(coefficients) if head is None else head.prior.covariance


def directions(pack: Pack, candidates: np.ndarray) -> np.ndarray:
    """(K, K) float64: rows that are independent, each of deviation 1, with that covariance."""
    squares, turns = np.linalg.eigh(covariance(pack, candidates))
    return (turns * np.sqrt(squares)).T


def identity_spread(
    pack: Pack, candidates: np.ndarray, check: Callable[[], None], heads: int = LARGE.heads
) -> np.ndarray:
    """(V,) float32 metres: root mean square distance of the candidates from their mean head.

    candidates : (N, K); check : called now and again, may raise to stop; heads : held at once.
    """
    mean = plain_heads(pack, candidates.mean(axis=0, keepdims=True))[0]
    squares = np.zeros(len(mean))
    for first in range(0, len(candidates), heads):
        check()
        away = plain_heads(pack, candidates[first : first + heads]) - mean
        squares += np.square(away).sum((0, 2), dtype=np.float64)
    return np.sqrt(squares / len(candidates)).astype(np.float32)


def shape_spreads(pack: Pack, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V,) float32 metres, twice: root mean square distance of the candidates (N, K) from their
    mean head, and of all people of the pack from theirs.

    Size, place and turn of the whole head, which no photo shows, do not count.
    """
    template = pack.head.template.astype(np.float64)
    moves = unit_moves(pack, candidates.shape[1])
    moves = without_similarity(moves, template, pack.head.rank_vertices)
    people = people_covariance(pack, len(moves))
    away = candidates.astype(np.float64) - candidates.mean(axis=0)
    return _spread(moves, away.T @ away / len(away)), _spread(moves, people)


def unit_moves(pack: Pack, count: int) -> np.ndarray:
    """(K, V, 3) float64 metres that 1 of each coefficient moves the head."""
    units = np.eye(count, dtype=np.float32)
    parts = np.array_split(units, -(-count // LARGE.heads))
    heads = np.concatenate([plain_heads(pack, part) for part in parts]).astype(np.float64)
    return heads - plain_heads(pack, np.zeros((1, count), np.float32))[0]


def _spread(moves: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(V,) float32 metres. moves : (K, V, 3); covariance : (K, K)."""
    squares, turns = np.linalg.eigh(covariance)
    directions = (turns * np.sqrt(np.maximum(squares, 0))).T
    moved = (directions @ moves.reshape(len(moves), -1)).reshape(moves.shape)
    return np.sqrt(np.square(moved).sum(axis=(0, 2))).astype(np.float32)


def vertex_visible(pack: Pack, photos: Sequence[PhotoEvidence], vertices: np.ndarray) -> np.ndarray:
    """(V,) float32 in 0..1: how well the photos show each vertex, the best of them counting.

    The evidence points speak for what is near them; they know what the head itself hides. What
    lies farther from them is seen as far as it faces the camera, too.
    vertices : (V, 3) of the head shown, metres.
    """
    normals = vertex_normals(vertices, triangulate(pack.head.polygons))
    best = np.zeros(len(vertices), np.float32)
    template, points = pack.head.template, photos[0].vertices
    shares, near = (_nearness(template, points, reach) for reach in (_SHARP, _REACH))
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    known, close = np.minimum(near.sum(axis=1), 1), near.max(axis=1)
    for photo in photos:
        seen = shares @ photo.visible * known
        eye = -photo.camera.rotation.T @ photo.camera.translation
        towards = eye - vertices
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        low, high = _FACING
        facing = np.clip(((normals * towards).sum(1) - low) / (high - low), 0, 1)
        best = np.maximum(best, seen * (close + (1 - close) * facing)).astype(np.float32)
    return best


def plain_heads(pack: Pack, identities: np.ndarray) -> np.ndarray:
    """(N, V, 3) float32 metres: heads without expression, whose teeth may stand out of the skin."""
    return pack.head.vertices(identities, np.zeros((len(identities), pack.expressions), np.float32))


def _nearness(template: np.ndarray, points: np.ndarray, reach: float) -> np.ndarray:
    """(V, P) float32 weights, 1 at the point itself, of the points on the mean head."""
    squared = (
        np.square(template).sum(1)[:, None]
        - 2 * template @ template[points].T
        + np.square(template[points]).sum(1)
    )
    return np.exp(-np.maximum(squared, 0) / (2 * reach**2)).astype(np.float32)
