"""A head's skin from photos: everything in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..geometry.triangles import vertex_normals
from ..heads.head import Head
from .bake import Layers, bake, vertex_layers
from .colours import to_srgb
from .complexion import complexion
from .features import Features
from .projection import PhotoView, Projection, project
from .shape import Shape

_FRONT = 0.4
"""Least forward part of the normal of what counts as the front of the face."""
_UNEVEN = (0.006, 0.02)


@dataclass(frozen=True, eq=False)
class Painted:
    """albedo : (R, R, 3) uint8 sRGB; seen : (R, R) uint8, how far each texel comes straight from a
    photo; uv : (F, 4, 2) float32, the layout it is painted in; tone : (3,) sRGB 0..1, of the skin;
    share : 0..1, of the face that a photo shows."""

    albedo: np.ndarray
    seen: np.ndarray
    uv: np.ndarray
    tone: tuple[float, ...]
    share: float


def make_skin(
    head: Head,
    uv: np.ndarray,
    features: Features,
    views: Sequence[PhotoView],
    resolution: int,
    unwanted: np.ndarray | None = None,
    step: Callable[[int, int], None] = lambda done, of: None,
) -> Painted:
    """Paint a head from one or more photos of one person.

    uv : (F, 4, 2), from `layout.layout`; unwanted : (R, R) float32, 1 where the artist wants
    nothing of the photos; step : called with rows done, of how many.
    """
    shape = Shape.of(head, uv)
    projections = tuple(project(shape, features, view, resolution) for view in views)
    gains, correction, colours, believed = vertex_layers(shape, projections)
    made = complexion(shape, features, colours, believed)
    layers = Layers(
        shape, projections, gains, correction, made, _unevenness(projections[0]), unwanted
    )
    albedo, seen, covered = bake(layers, resolution, step)
    return Painted(
        padded(albedo, covered),
        seen,
        uv,
        tuple((to_srgb(made.tone) / 255).round(4).tolist()),
        _share(shape, features, projections),
    )


def _share(shape: Shape, features: Features, projections: tuple[Projection, ...]) -> float:
    """How much of the front of the face, by area, some photo shows."""
    seen = [each.colours(each.at_vertices(), soft=True)[1] for each in projections]
    front = vertex_normals(shape.template, shape.triangles)[:, 2] > _FRONT
    face = shape.area * features.face * front * (features.cavity < 0.1)
    return float((face * (np.max(seen, axis=0) > 0.2)).sum() / max(face.sum(), 1e-9))


def padded(picture: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """The picture with every texel that no skin covers in the colour of the nearest one that does,
    so that no seam shows at any distance. picture : (R, R, 3); covered : (R, R) bool."""
    if not covered.any():
        return picture
    nearest = ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True)
    rows, columns = np.asarray(nearest)
    return picture[rows, columns]


def _unevenness(projection: Projection) -> float:
    """Standard deviation of the seen skin's log colour about its average."""
    good = projection.trust > 0.9
    if good.sum() < 100:
        return _UNEVEN[0]
    sharp = np.log(projection.picture[good].mean(1) + 1e-3)
    soft = np.log(projection.soft[good].mean(1) + 1e-3)
    away = np.abs(sharp - soft)
    return float(np.clip(1.4826 * np.median(away) * 0.5, *_UNEVEN))
