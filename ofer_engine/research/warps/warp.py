"""Bend a picture until its head is another one: new identity, turn and distance, the same skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from ...geometry.rotations import rotation_about
from ..studio.camera_response import CameraResponse, halve
from ..studio.complexion import FaceFields
from ..studio.framing import Framing, jittered_framing
from ..studio.photo_head import EYE_LEFT, EYE_RIGHT, SKIN, PhotoHead
from ..studio.rasterise import draw_triangles, interpolate, vertex_normals
from .bending import places, sample
from .nuisances import Light, among_others, shaded
from .relighting import relight
from .sitter import Sitter

_GAMMA: Final = 2.2
_GREY: Final = 0.5**_GAMMA
"""Linear light beside the picture: what a crop's border has."""
_LIKE: Final = 0.7
"""A new identity has at most so much of the first one's."""
_VARIED: Final = 0.95
_PITCH, _YAW, _TURN_LIMITS = 4.0, 8.0, (14.0, 38.0)
_NEAR, _FAR = 0.6, 2.5
_PLAIN: Final = 0.3
"""Share of pictures that no camera has treated again."""
_FACING: Final = 0.25


@dataclass(frozen=True, eq=False)
class Change:
    """What the bent picture is to show: identity : (K,), expression : (X,) float32; turn : (3, 3)
    rotation beyond the sitter's; distance : metres from the camera to the head."""

    identity: np.ndarray
    expression: np.ndarray
    turn: np.ndarray
    distance: float


@dataclass(frozen=True, eq=False)
class Warped:
    """image : (S, S, 3) uint8, the face crop; framing : that sees the changed head in it, at twice
    as many pixels."""

    image: np.ndarray
    change: Change
    framing: Framing


def random_change(rng: np.random.Generator, sitter: Sitter) -> Change:
    """Another person, somewhat like the sitter, with as much of their expression as before or some
    of it, turned a little, from another distance."""
    like = rng.uniform(0, _LIKE)
    other = rng.standard_normal(len(sitter.identity)) * _VARIED
    identity = like * sitter.identity + np.sqrt(1 - like**2) * other
    strength = rng.uniform(0.3, 1.1) if rng.random() < 0.5 else 1.0
    return Change(
        identity.astype(np.float32),
        np.clip(sitter.expression * np.float32(strength), 0, 1),
        random_turn(rng, _PITCH, _YAW),
        float(np.exp(rng.uniform(np.log(_NEAR), np.log(_FAR)))),
    )


def random_turn(rng: np.random.Generator, pitch: float, yaw: float) -> np.ndarray:
    """(3, 3) rotation by pitch and yaw of such deviations, degrees."""
    drawn = rng.normal() * pitch, rng.normal() * yaw
    up, aside = (
        np.clip(angle, -most, most) for angle, most in zip(drawn, _TURN_LIMITS, strict=True)
    )
    return rotation_about("x", up) @ rotation_about("y", aside)


class Warper:
    """Bends pictures of people whose head is known."""

    def __init__(self, head: PhotoHead, side: int) -> None:
        """side : pixels of the pictures made."""
        self.head = head
        self._side = 2 * side
        self._pivot = FaceFields.of(head).pivot
        shown = np.isin(head.material[head.triangles[:, 0]], (SKIN, EYE_LEFT, EYE_RIGHT))
        self._triangles = head.triangles[shown]
        plain = (head.material == SKIN) & (head.brows < 0.3) & (head.lips < 0.3)
        self._skin = (plain & (head.outline > 0.5)).astype(np.float32)

    def warp(
        self,
        rng: np.random.Generator,
        sitter: Sitter,
        change: Change,
        other: np.ndarray | None = None,
    ) -> Warped:
        """The sitter's picture, changed. rng : of how the crop is cut and what camera took it.

        other : (H, W, 3) uint8, another person's picture, whose hair may be around the head; the
        picture then gets light, shadows and surroundings of its own (`nuisances`).
        """
        before = self._surface(sitter.identity, sitter.expression)
        after = self._surface(change.identity, change.expression)
        rotation = change.turn @ sitter.camera.rotation
        towards = np.array([0.0, 0.0, -change.distance]) - rotation @ self._pivot
        landmarks = self.head.landmarks.on(after)
        framing = jittered_framing(rng, rotation, towards, landmarks, self._side)
        carried, inside = self._carried(sitter, before, after, framing, rotation)
        source = places(carried[..., :2], inside)
        linear = (sitter.pixels.astype(np.float32) / 255) ** np.float32(_GAMMA)
        picture = np.empty((self._side, self._side, 3), np.float32)
        sample(linear, source, _GREY, picture)
        normals, turned = carried[..., 2:5], carried[..., 5:8]
        skin = inside & (carried[..., 8] > 0.9) & (normals[..., 2] > _FACING)
        if other is None:
            picture = relight(picture, normals, turned, inside, skin)
        else:
            picture = relight(picture, normals, turned, inside, skin, Light.drawn(rng))
            picture = among_others(rng, picture, inside, self._filled(other))
            picture = shaded(rng, picture)
        picture = halve(picture)
        return Warped(_developed(rng, picture), change, framing)

    def _filled(self, pixels: np.ndarray) -> np.ndarray:
        """(S, S, 3) linear light: the middle of a picture (H, W, 3), as large as a crop."""
        square = min(pixels.shape[:2])
        top, left = ((length - square) // 2 for length in pixels.shape[:2])
        middle = Image.fromarray(pixels[top : top + square, left : left + square])
        resized = np.asarray(middle.resize((self._side, self._side), Image.Resampling.BILINEAR))
        return (resized.astype(np.float32) / 255) ** np.float32(_GAMMA)

    def _surface(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        flat = np.zeros(len(self.head.bumps), np.float32)
        return self.head.surface(identity, expression, flat)

    def _carried(
        self,
        sitter: Sitter,
        before: np.ndarray,
        after: np.ndarray,
        framing: Framing,
        rotation: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(S, S, 9) of the head at each pixel: source pixels (2), old and new normals (3 + 3), how
        surely it is plain skin; and where the head is, (S, S) bool."""
        screen = framing.to_screen(framing.to_camera(after))
        triangles = _facing(screen, self._triangles)
        depth = np.zeros((self._side, self._side), np.float32)
        seen = np.full((self._side, self._side), -1, np.int32)
        draw_triangles(screen, triangles, depth, seen)
        camera = sitter.camera
        old, new = (
            vertex_normals(surface, self.head.triangles) @ turn.T.astype(np.float32)
            for surface, turn in ((before, camera.rotation), (after, rotation))
        )
        table = np.concatenate([camera.project(before), old, new, self._skin[:, None]], axis=1)
        carried = np.zeros((self._side, self._side, table.shape[1]), np.float32)
        interpolate(screen, triangles, table.astype(np.float32), seen, carried)
        return carried, seen >= 0


def _facing(screen: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Triangles that turn their outside to the camera."""
    a, b, c = (screen[triangles[:, corner], :2] for corner in range(3))
    across, down = b - a, c - a
    turned = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0] < 0
    return np.ascontiguousarray(triangles[turned])


def _developed(rng: np.random.Generator, linear: np.ndarray) -> np.ndarray:
    if rng.random() < _PLAIN:
        return (np.clip(linear, 0, 1) ** (1 / _GAMMA) * 255 + 0.5).astype(np.uint8)
    return CameraResponse(rng).applied_to(linear)
