"""Hands, masks, glasses and the studio's other props as pictures with transparency.

A prop is built around one of the open head's random faces and drawn with that face behind it, as
for a synthetic photo; only the prop's pixels are kept, with the five points that say where the
face is, so that it can be pasted onto any aligned face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...geometry.rotations import rotation_about
from ...photo.align import five_points, similarity
from ...research.studio.camera_response import (
    CameraResponse,
    expose,
    halve,
    mean_light,
    random_exposure,
)
from ...research.studio.complexion import FaceFields, random_complexion
from ...research.studio.drape import HeadEnvelope
from ...research.studio.drawing import HEAD_LAYER, OCCLUDER_LAYER, draw_prop
from ...research.studio.framing import Framing, random_framing
from ...research.studio.lighting import cast_shadows, random_lighting, shade
from ...research.studio.occluders import Prop, PropWearer, build_prop, random_kind
from ...research.studio.patches import random_strokes
from ...research.studio.patterns import NORMAL
from ...research.studio.photo_head import EYE_LEFT, EYE_RIGHT, PhotoHead, load_open_photo_head
from ...research.studio.rasterise import Surfels, vertex_normals
from ...research.studio.textured_mesh import draw_mesh

SIDE: Final = 160
_WIDER: Final = 0.65
"""Scale of the photo studio's framing, so that an arm leaves the pasted-on picture, not the prop's.
"""
_MOST_TURNED: Final = 25.0
"""Degrees: a prop must look right on a face that is not turned with it."""


@dataclass(frozen=True, eq=False)
class PropPicture:
    """pixels : (160, 160, 4) uint8 RGBA; points : (5, 2) float64, where the face's five points
    are, pixels, as `photo.align.five_points`.
    """

    pixels: np.ndarray
    points: np.ndarray


class PropMaker:
    """Draws props. The same (seed, index) gives the same one."""

    def __init__(self, head_file: Path) -> None:
        """head_file : the open pack's head.npz."""
        self._head = load_open_photo_head(head_file)
        self._fields = FaceFields.of(self._head)

    def draw(self, seed: int, index: int) -> PropPicture:
        """One prop or flat patch."""
        rng = np.random.default_rng([seed, index])
        head = self._head
        identity = head.prior.draw(rng)
        vertices = head.surface(identity, np.zeros(len(head.expression)), np.zeros(len(head.bumps)))
        landmarks = head.landmarks.on(vertices)
        turn = rotation_about("y", float(rng.uniform(-_MOST_TURNED, _MOST_TURNED)))
        framing = _wider(random_framing(rng, turn, landmarks, self._fields.pivot, 2 * SIDE))
        screen = framing.to_screen(framing.to_camera(landmarks))[:, :2] / 2
        wearer = _wearer(rng, head, self._fields, vertices, landmarks)
        prop = build_prop(rng, random_kind(rng), wearer)
        if prop is None:
            pixels = _patch(rng, screen)
        else:
            pixels = _picture(rng, head, vertices, framing, wearer, prop)
        return PropPicture(pixels, five_points(screen))


def _wider(framing: Framing) -> Framing:
    centre = SIDE + (framing.centre - SIDE) * np.float32(_WIDER)
    return replace(framing, focal=framing.focal * _WIDER, centre=centre)


def _wearer(
    rng: np.random.Generator,
    head: PhotoHead,
    fields: FaceFields,
    vertices: np.ndarray,
    landmarks: np.ndarray,
) -> PropWearer:
    moved = vertices - head.template
    eyes = [moved[head.material == eye].mean(0) for eye in (EYE_LEFT, EYE_RIGHT)]
    return PropWearer(
        envelope=HeadEnvelope.of(vertices[fields.outer], fields.pivot),
        landmarks=landmarks,
        eyes=head.eye_centres + np.stack(eyes),
        fields=fields,
        complexion=random_complexion(rng, head, fields),
    )


def _picture(
    rng: np.random.Generator,
    head: PhotoHead,
    vertices: np.ndarray,
    framing: Framing,
    wearer: PropWearer,
    prop: Prop,
) -> np.ndarray:
    """(160, 160, 4) uint8: the prop lit and developed, transparent where something else is."""
    surfels = Surfels.blank(2 * SIDE)
    camera = framing.to_camera(vertices)
    table = wearer.complexion.table
    table[:, NORMAL] = vertex_normals(camera, head.triangles)
    draw_mesh(
        surfels, framing.to_screen(camera), head.triangles, head.material, table,
        wearer.complexion.pattern, HEAD_LAYER, framing.focal,
    )  # fmt: skip
    bare = surfels.layer.copy()
    casters = [(camera, head.triangles), *draw_prop(surfels, framing, prop, wearer.complexion)]
    lighting = random_lighting(rng)
    centre = framing.to_camera(wearer.fields.pivot[None])[0]
    picture = np.zeros((2 * SIDE, 2 * SIDE, 3), np.float32)
    shade(surfels, lighting, cast_shadows(lighting, centre, casters), framing, picture)
    brightness = mean_light(picture, bare)
    expose(picture, surfels.layer, random_exposure(rng, brightness, wearer.complexion.skin))
    shown = (surfels.layer == OCCLUDER_LAYER).astype(np.float32)[..., None]
    alpha = halve(np.repeat(shown, 3, 2))
    colour = CameraResponse(rng).applied_to(halve(picture * shown) / np.maximum(alpha, 1e-3))
    return np.concatenate([colour, np.round(alpha[..., :1] * 255).astype(np.uint8)], 2)


def _patch(rng: np.random.Generator, landmarks: np.ndarray) -> np.ndarray:
    """A flat patch of one colour, as an artist's stroke or a censor's bar."""
    mask = random_strokes(rng, landmarks, SIDE)
    pixels = np.empty((SIDE, SIDE, 4), np.uint8)
    pixels[..., :3] = rng.integers(0, 256, 3)
    pixels[..., 3] = np.where(mask, 255, 0)
    return pixels


def paste(pixels: np.ndarray, points: np.ndarray, prop: PropPicture) -> np.ndarray:
    """A face crop with a prop before it.

    pixels : (S, S, 3) uint8 RGB; points : (5, 2) its five points, pixels. Returns a new array.
    """
    matrix = similarity(points, prop.points)
    rgba = prop.pixels.astype(np.float32)
    opaque = rgba[..., 3:] / 255
    ahead = _warp(rgba[..., :3] * opaque, matrix, len(pixels))
    cover = _warp(np.repeat(opaque, 3, 2), matrix, len(pixels))
    return np.round(pixels * (1 - cover) + ahead).clip(0, 255).astype(np.uint8)


def _warp(layers: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """Channels (S, S, 3) float32 seen through crop → prop pixels; nothing outside."""
    coefficients = (*matrix[0], *matrix[1])
    seen = [
        Image.fromarray(np.ascontiguousarray(layers[..., channel])).transform(
            (side, side), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
        )
        for channel in range(layers.shape[2])
    ]
    return np.stack([np.asarray(layer) for layer in seen], 2)


def prop_bank(head_file: Path, count: int, seed: int, file: Path) -> Sequence[PropPicture]:
    """`count` props, drawn once and kept in `file`."""
    if file.is_file():
        with np.load(file) as kept:
            pixels, points = kept["pixels"], kept["points"]
        if len(pixels) == count:
            return [PropPicture(*both) for both in zip(pixels, points, strict=True)]
    maker = PropMaker(head_file)
    bank = [maker.draw(seed, index) for index in range(count)]
    np.savez(
        file,
        pixels=np.stack([prop.pixels for prop in bank]),
        points=np.stack([prop.points for prop in bank]),
    )
    return bank
