"""Putting a scene's parts in front of the camera: sheets, rods and props into surfels."""

from __future__ import annotations

from typing import Final

import numpy as np

from .complexion import FaceColouring
from .framing import Framing
from .hair import Rods
from .occluders import Piece, Prop
from .patterns import ALBEDO, AMBIENT_OCCLUSION, ATTRIBUTES, GLOSS, NORMAL, PLACE
from .rasterise import Surfels, draw_capsules, vertex_normals
from .textured_mesh import draw_mesh

HEAD_LAYER: Final = 1
BODY_LAYER: Final = 2
OCCLUDER_LAYER: Final = 3
_DEPTH_BIAS: Final = 0.004


def visible_points(points: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """Which points nothing stands in front of.

    points : (P, 3) x px, y px, 1 / depth; nearness : (S, S) float32, 1 / metre. A point is seen if
    it lies in the picture and is at most 4 mm behind the farthest surface among the four pixels
    around it. -> (P,) bool
    """
    side = nearness.shape[0]
    inside = ((points[:, :2] >= 0) & (points[:, :2] < side)).all(1)
    corner = np.clip(np.floor(points[:, :2] - 0.5).astype(int), 0, side - 2)
    column, row = corner.T
    around = np.stack([nearness[row + j, column + i] for j in (0, 1) for i in (0, 1)])
    farthest = np.where(around > 0, around, np.inf).min(0)
    return inside & (1 / points[:, 2] < 1 / farthest + _DEPTH_BIAS)


def draw_prop(
    surfels: Surfels, framing: Framing, prop: Prop, complexion: FaceColouring
) -> list[tuple[np.ndarray, np.ndarray]]:
    casters = [
        draw_piece(surfels, framing, piece, complexion, OCCLUDER_LAYER) for piece in prop.pieces
    ]
    if prop.rods is not None:
        draw_rods(surfels, framing, prop.rods, prop.rod_gloss, OCCLUDER_LAYER)
    return casters


def draw_piece(
    surfels: Surfels, framing: Framing, piece: Piece, complexion: FaceColouring, layer: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a sheet, normals turned to the camera; gives back what casts its shadow."""
    part = piece.sheet
    camera = framing.to_camera(part.vertices)
    normals = vertex_normals(camera, part.triangles)
    away = (normals * camera).sum(1, keepdims=True) > 0
    table = np.zeros((len(camera), ATTRIBUTES), np.float32)
    table[:, NORMAL] = np.where(away, -normals, normals)
    table[:, ALBEDO] = piece.colour
    table[:, GLOSS] = piece.gloss
    table[:, AMBIENT_OCCLUSION] = 1.0
    table[:, PLACE] = part.texture
    material = np.full(len(camera), piece.material, np.uint8)
    screen = framing.to_screen(camera)
    draw_mesh(
        surfels, screen, part.triangles, material, table, complexion.pattern, layer, framing.focal
    )
    return camera, part.triangles


def draw_rods(surfels: Surfels, framing: Framing, rods: Rods, gloss: float, layer: int) -> None:
    screen = framing.to_screen(framing.to_camera(rods.ends.reshape(-1, 3)))
    width = rods.radius.reshape(-1, 1) * screen[:, 2:] * np.float32(framing.focal)
    ends = np.concatenate([screen, width], 1).reshape(-1, 2, 4).astype(np.float32)
    draw_capsules(
        ends, rods.colour, np.float32(gloss), layer, np.float32(framing.focal), surfels.nearness,
        surfels.normal, surfels.albedo, surfels.gloss, surfels.ambient_occlusion, surfels.layer,
    )  # fmt: skip
