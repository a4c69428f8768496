"""Portraits read by a conditioner, and the head fitted to what it read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from scipy.interpolate import RBFInterpolator

from ...contract.errors import OferError
from ...heads.camera import Camera, default_focal, solve_camera
from ...packs.open_pack import OpenPack
from ...photo.align import cut, evidence_crop
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from ..studio.photo_head import PhotoHead

_DISTANCE: Final = 1.5
"""Metres at which portraits are usually taken; their files tell no lens."""
_STAY: Final = 0.35
"""How far, in deviations, the fit may move from the coefficients that were read."""
_ROUNDS: Final = 4


@dataclass(frozen=True)
class PortraitReading:
    """What is read of a portrait: pixels (H, W, 3) uint8; landmarks (468, 2) and points (P, 2)
    photo pixels; weight (P,) of the points, 1 / px²; identity (K,) and expression (52,)."""

    pixels: np.ndarray
    landmarks: np.ndarray
    points: np.ndarray
    weight: np.ndarray
    identity: np.ndarray
    expression: np.ndarray


@dataclass(frozen=True)
class FittedPortrait:
    """A portrait with the head in it: vertices (V, 3) head frame; camera; seen (V, 2) photo pixels
    of the vertices, drawn onto the landmarks; off : rms in face widths of what that moved."""

    pixels: np.ndarray
    vertices: np.ndarray
    camera: Camera
    seen: np.ndarray
    off: float


def read_portrait(path: Path, pack: OpenPack, detector: FaceDetector) -> PortraitReading | None:
    """The middle face of a portrait; None where no face is found."""
    try:
        photo = load_photo(str(path))
        faces = detector.detect(photo)
    except OferError:
        return None
    if not faces:
        return None
    middle = np.array([photo.width, photo.height]) / 2
    face = min(
        faces, key=lambda f: np.hypot(*(np.array(f.box[:2]) + np.array(f.box[2:]) / 2 - middle))
    )
    crop = evidence_crop(face.landmarks[:, :2], 128, 1.28)
    with torch.inference_mode():
        read = pack.read(torch.from_numpy(cut(photo, crop)).permute(2, 0, 1)[None])
    seen = torch.sigmoid(read.visibility[0]).numpy()
    variance = read.log_variance[0].exp().numpy() * crop.photo_scale**2
    return PortraitReading(
        pixels=photo.pixels,
        landmarks=np.asarray(face.landmarks[:, :2], np.float64),
        points=crop.to_photo(read.points[0].double().numpy()),
        weight=seen / (variance + 1.0),
        identity=read.identity[0].double().numpy(),
        expression=read.expression[0].clamp(0, 1).numpy(),
    )


def fit_portrait(reading: PortraitReading, head: PhotoHead) -> FittedPortrait:
    """Pose, lens and identity near the points read; then the rest is drawn onto the landmarks."""
    height, width = reading.pixels.shape[:2]
    still = np.zeros(len(head.bumps), np.float32)
    modes = head.identity.reshape(len(head.identity), -1, 3)
    modes = np.stack([head.points.on(mode) for mode in modes])
    identity = reading.identity
    focal = default_focal(width, height)
    camera = None
    for turn in range(_ROUNDS):
        surface = head.surface(identity.astype(np.float32), reading.expression, still)
        camera = solve_camera(
            head.points.on(surface), reading.points, reading.weight, focal,
            (width / 2, height / 2), (width, height),
        )  # fmt: skip
        if turn == 0:
            focal *= _DISTANCE / -camera.to_camera(head.points.on(surface))[:, 2].mean()
        elif turn < _ROUNDS - 1:
            identity = _nearer(reading, identity, camera, head.points.on(surface), modes)
    assert camera is not None
    flat, marks = camera.project(surface), camera.project(head.landmarks.on(surface))
    offsets, off = landmark_offsets(flat, marks, reading.landmarks)
    seen = (flat + offsets).astype(np.float32)
    return FittedPortrait(reading.pixels, surface, camera, seen, off)


def _nearer(
    reading: PortraitReading,
    identity: np.ndarray,
    camera: Camera,
    points: np.ndarray,
    modes: np.ndarray,
) -> np.ndarray:
    """One Gauss-Newton step of the identity (K,) towards the points, held near what was read."""
    local = camera.to_camera(points)
    depth = -local[:, 2]
    turned = modes @ camera.rotation.T
    across = camera.focal * (turned[..., 0] / depth + local[:, 0] * turned[..., 2] / depth**2)
    down = -camera.focal * (turned[..., 1] / depth + local[:, 1] * turned[..., 2] / depth**2)
    jacobian = np.stack([across, down], -1).reshape(len(modes), -1).T
    missed = (reading.points - camera.project(points)).ravel()
    weight = np.repeat(reading.weight, 2) * 0.3
    normal = jacobian.T @ (jacobian * weight[:, None]) + np.eye(len(modes)) / _STAY**2
    pull = jacobian.T @ (weight * missed) - (identity - reading.identity) / _STAY**2
    return identity + np.linalg.solve(normal, pull)


def landmark_offsets(
    flat: np.ndarray, marks: np.ndarray, landmarks: np.ndarray
) -> tuple[np.ndarray, float]:
    """By how much places of a head have to move so that a smooth warp meets the landmarks found.

    flat : (V, 2) photo pixels, where the head has its vertices; marks : (468, 2), where it has the
    landmarks; landmarks : (468, 2), where they were found. -> (V, 2), nothing far from the face;
    rms in face widths of what that moves the landmarks.
    """
    missed = landmarks - marks
    size = float(np.ptp(landmarks[:, 0]))
    warp = RBFInterpolator(
        marks + np.random.default_rng(0).normal(size=marks.shape) * 1e-3, missed,
        smoothing=20.0, kernel="thin_plate_spline",
    )  # fmt: skip
    low, high = marks.min(0) - 0.1 * size, marks.max(0) + 0.1 * size
    nearby = np.clip(flat, low, high)
    away = np.linalg.norm(flat - nearby, axis=1)
    share = np.exp(-((away / (0.15 * size)) ** 2))[:, None]
    return share * warp(nearby), float(np.sqrt((missed**2).sum(1).mean()) / size)
