"""Whom a picture shows: a head and a camera under which it explains the picture's points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...heads.camera import Camera, default_focal, solve_camera
from ...packs.open_pack import OpenPack
from ..studio.photo_head import PhotoHead

FAR: Final = 1.5
"""Metres at which portraits are taken; the focal length is guessed to put the head there."""
_LEAVE: Final = 0.35
"""Deviation by which a coefficient may leave what was read, to meet the points."""
_INDEPENDENT: Final = 0.3
"""Share of the points' information that is believed: one network saw them all."""
_ROUNDS: Final = 3


@dataclass(frozen=True, eq=False)
class Sitter:
    """pixels : (H, W, 3) uint8; identity : (K,) and expression : (X,) float32, of the head that
    stands for the person; camera : that sees it where the picture shows the face."""

    pixels: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    camera: Camera


@dataclass(frozen=True, eq=False)
class PackReading:
    """What a pack reads of a face, in photo pixels.

    identity : (K,); expression : (X,) in 0..1; points : (P, 2); deviation : (P,); visible : (P,)
    in 0..1.
    """

    identity: np.ndarray
    expression: np.ndarray
    points: np.ndarray
    deviation: np.ndarray
    visible: np.ndarray


def fit_sitter(head: PhotoHead, reading: PackReading, pixels: np.ndarray) -> Sitter:
    """The head nearest to what was read that also meets the points. pixels : (H, W, 3) uint8.

    The bend moves a picture's pixels from where this head has them, so that points matter more than
    the person's true shape. The focal length is scaled once, by the points' mean distance, and not
    by `camera.focal_at`, which goes on until a place is exactly so far away: that would change
    every training picture. Raises OferError as `solve_camera`.
    """
    size = (pixels.shape[1], pixels.shape[0])
    middle = np.array(size) / 2
    weight = reading.visible / (np.square(reading.deviation) + 1.0)
    read = reading.identity.astype(np.float64)
    basis = head.points.on(head.identity.reshape(len(read), -1, 3)).astype(np.float64)

    def camera_of(identity: np.ndarray, focal: float) -> tuple[np.ndarray, Camera]:
        surface = points_of(head, identity, reading.expression)
        return surface, solve_camera(surface, reading.points, weight, focal, middle, size)

    surface, camera = camera_of(read, default_focal(*size))
    focal = camera.focal * FAR / float(-camera.to_camera(surface)[:, 2].mean())
    identity, doubt = read, np.eye(len(read)) / _LEAVE**2
    surface, camera = camera_of(identity, focal)
    for _ in range(_ROUNDS):
        slopes = camera.slopes(surface, basis)
        away = (reading.points - camera.project(surface)).ravel()
        believed = _INDEPENDENT * np.repeat(weight, 2)
        normal = slopes.T @ (slopes * believed[:, None]) + doubt
        downhill = slopes.T @ (believed * away) - doubt @ (identity - read)
        identity = identity + np.linalg.solve(normal, downhill)
        surface, camera = camera_of(identity, focal)
    return Sitter(pixels, identity.astype(np.float32), reading.expression, camera)


def points_of(head: PhotoHead, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """(P, 3) float64 metres: the evidence points of a face."""
    flat = np.zeros(len(head.bumps), np.float32)
    surface = head.surface(identity.astype(np.float32), expression, flat)
    return head.points.on(surface).astype(np.float64)


def pack_reading(pack: OpenPack, pixels: np.ndarray, landmarks: np.ndarray) -> PackReading:
    """What a pack reads of the face with these landmarks (468, 2 or more) in (H, W, 3) uint8."""
    crop, evidence = pack.read_around(pixels, landmarks)
    return PackReading(
        evidence.identity[0].cpu().numpy(),
        evidence.expression[0].clamp(0, 1).cpu().numpy(),
        crop.to_photo(evidence.points[0].double().cpu().numpy()),
        np.exp(0.5 * evidence.log_variance[0].cpu().numpy()) * crop.photo_scale,
        1 / (1 + np.exp(-evidence.visibility[0].cpu().numpy())),
    )
