"""Vertex colours that make a bare head look enough like a face for the landmark detector."""

from __future__ import annotations

from typing import Final

import numpy as np

from .head_cut import HeadCut

SKIN_TONES: Final = ((0.80, 0.60, 0.50), (0.65, 0.47, 0.37), (0.90, 0.72, 0.62), (0.50, 0.35, 0.27))
_LIP_TINT: Final = (0.85, 0.50, 0.50)
_HAIR: Final = (0.12, 0.08, 0.06)
_IRIS: Final = (0.28, 0.20, 0.14)
_PUPIL: Final = (0.05, 0.04, 0.04)
_BROW_STRENGTH: Final = 0.8
RIGHT_BROW: Final = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW: Final = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)


def inside_polygon(points: np.ndarray, corners: np.ndarray, softness: float) -> np.ndarray:
    """Soft membership in a polygon of the front plane.

    points : (n, 2+), corners : (m, 2+), x and y are used; softness : width of the border in the
    same unit. (n,) in 0..1, 0.5 on the border.
    """
    points, start = points[:, None, :2], corners[None, :, :2]
    edge = np.roll(start, -1, axis=1) - start
    along = ((points - start) * edge).sum(-1) / np.maximum((edge**2).sum(-1), 1e-20)
    nearest = start + np.clip(along, 0, 1)[..., None] * edge
    distance = np.linalg.norm(points - nearest, axis=-1).min(1)
    end = start + edge
    crosses = (start[..., 1] > points[..., 1]) != (end[..., 1] > points[..., 1])
    rise = np.where(edge[..., 1] == 0, 1e-20, edge[..., 1])
    at = start[..., 0] + (points[..., 1] - start[..., 1]) / rise * edge[..., 0]
    inside = (crosses & (points[..., 0] < at)).sum(1) % 2 == 1
    return np.clip(0.5 + np.where(inside, distance, -distance) / softness, 0, 1)


def paint_iris(
    colours: np.ndarray, vertices: np.ndarray, eyeball: np.ndarray, iris: float, pupil: float
) -> None:
    """Colour iris and pupil around the foremost point of one eyeball, in place.

    eyeball : (n,) vertex ids; iris, pupil : radii in the unit of vertices.
    """
    points = vertices[eyeball]
    front = points.mean(0) * (1, 1, 0) + points.max(0) * (0, 0, 1)
    reach = np.linalg.norm(points - front, axis=1)
    colours[eyeball[reach < iris]] = _IRIS
    colours[eyeball[reach < pupil]] = _PUPIL


def tint(
    colours: np.ndarray, skin: np.ndarray, lips: np.ndarray, brows: np.ndarray, tone: np.ndarray
) -> np.ndarray:
    """Skin of one tone with lips and brows over the colours of everything else.

    colours : (V, 3); skin : (n,) vertex ids; lips, brows : (V,) in 0..1; tone : (3,).
    """
    painted = colours.copy()
    painted[skin] = tone
    lips, brows = lips[:, None], _BROW_STRENGTH * brows[:, None]
    painted = painted * (1 - lips) + lips * (tone * _LIP_TINT)
    return painted * (1 - brows) + brows * _HAIR


def paint_open_head(
    cut: HeadCut, vertices: np.ndarray, lips: np.ndarray, brows: np.ndarray
) -> list[np.ndarray]:
    """One (V, 3) painting of the open head for each of the SKIN_TONES; vertices : (V, 3)."""
    colours = np.full((len(cut.base_ids), 3), 0.75)
    for part in ("eye_left", "eye_right"):
        eyeball = cut.vertices_of(part)
        radius = np.ptp(vertices[eyeball], axis=0).mean() / 2
        colours[eyeball] = 0.9
        paint_iris(colours, vertices, eyeball, 0.5 * radius, 0.2 * radius)
    colours[cut.vertices_of("teeth_upper", "teeth_lower")] = 0.85
    colours[cut.vertices_of("tongue")] = (0.6, 0.25, 0.25)
    colours[cut.vertices_of("lashes")] = 0.08
    skin = cut.vertices_of("skin")
    return [tint(colours, skin, lips, brows, np.array(tone)) for tone in SKIN_TONES]
