"""What the points seen in the photos say of the identity coefficients, pose left free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..diffusion.guidance import Guide
from ..heads.camera import Camera
from .pack import Pack, PhotoEvidence

_STEP: Final = 1e-4
"""Metres, of the central differences."""
_INDEPENDENT: Final = 0.3
"""Share of the points' information that is believed: one network saw them all, so their errors go
together."""


def seen_points(pack: Pack, photos: Sequence[PhotoEvidence]) -> tuple[np.ndarray, np.ndarray]:
    """(K, K) and (K,) float64: normal equations of the identity coefficients, of heads whose points
    fall where the photos show them.

    The projection is linearised at the mean head; each photo's pose is left free, since it was
    solved for another head.
    """
    size = pack.identities
    normal, right = np.zeros((size, size)), np.zeros(size)
    for photo in photos:
        moves, error = _equations(pack, photo)
        normal += moves.T @ moves
        right += moves.T @ error
    return _INDEPENDENT * normal, _INDEPENDENT * right


def reprojection(pack: Pack, photos: Sequence[PhotoEvidence], strength: float) -> Guide:
    """A guide towards heads whose points fall where the photos show them.

    strength : 0..1 of the points' information.
    """
    normal, right = seen_points(pack, photos)
    return Guide.of(strength * normal, strength * right)


def _equations(pack: Pack, photo: PhotoEvidence) -> tuple[np.ndarray, np.ndarray]:
    """(2P, K) and (2P,): weighted errors of the points as linear functions of the coefficients."""
    neutral = pack.head.template[photo.vertices].astype(np.float64) + photo.shift
    modes = _modes(pack, photo.vertices)
    slope = _slope(photo.camera, neutral)
    root = np.sqrt(photo.visible / np.square(photo.deviation))[:, None]
    error = (root * (photo.points - photo.camera.project(neutral))).ravel()
    moves = np.einsum("p,pij,kpj->pik", root[:, 0], slope, modes).reshape(-1, len(modes))
    axes = np.eye(3)
    rigid = np.stack(
        [np.broadcast_to(axis, neutral.shape) for axis in axes]
        + [np.cross(axis, neutral) for axis in axes]
    )
    poses = np.einsum("p,pij,kpj->pik", root[:, 0], slope, rigid).reshape(-1, 6)
    explained = np.linalg.qr(poses)[0]
    return moves - explained @ (explained.T @ moves), error - explained @ (explained.T @ error)


def _modes(pack: Pack, vertices: np.ndarray) -> np.ndarray:
    """(K, P, 3) float64: how far each coefficient moves the points, metres."""
    each = np.eye(pack.identities, dtype=np.float32)
    neutral = np.zeros((pack.identities, pack.expressions), np.float32)
    moved = pack.head.vertices(each, neutral)[:, vertices]
    return moved.astype(np.float64) - pack.head.template[vertices]


def _slope(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(P, 2, 3): pixels per metre of each point's own movement."""
    steps = np.eye(3) * _STEP
    sides = [camera.project(points + step) - camera.project(points - step) for step in steps]
    return np.stack(sides, -1) / (2 * _STEP)
