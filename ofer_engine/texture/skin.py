"""A head's skin from photos: everything in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..geometry.triangles import vertex_normals
from ..heads.head import Head
from .albedo_prior import AlbedoPrior
from .bake import Layers, bake
from .clean_shave import shaved
from .colours import to_srgb
from .complexion import Complexion, complexion
from .drawn_brows import DrawnBrows, without_brows
from .explanation import VertexAlbedo, linear
from .features import Features
from .laid_photo import nearest
from .photo_view import PhotoView
from .projection import Projection, project
from .seen_edge import carried_broad
from .shape import Shape

_FRONT = 0.4
"""Least forward part of the normal of what counts as the front of the face."""
_UNEVEN = (0.006, 0.02)


@dataclass(frozen=True, eq=False)
class Painted:
    """albedo : (R, R, 3) uint8 sRGB; normal : (R, R, 3) uint8, tangent space, green up; roughness :
    (R, R) uint8; seen : (R, R) uint8, how far each texel comes straight from a photo; uv :
    (F, 4, 2) float32, the layout it is painted in; tone : (3,) sRGB 0..1, of the skin; share :
    0..1, of the face that a photo shows."""

    albedo: np.ndarray
    normal: np.ndarray
    roughness: np.ndarray
    seen: np.ndarray
    uv: np.ndarray
    tone: tuple[float, ...]
    share: float


def make_skin(
    head: Head,
    uv: np.ndarray,
    features: Features,
    albedo: VertexAlbedo,
    brows: DrawnBrows,
    views: Sequence[PhotoView],
    resolution: int,
    unwanted: np.ndarray | None = None,
    clean_shave: bool = False,
    paint_brows: bool = True,
    step: Callable[[int, int], None] = lambda done, of: None,
) -> Painted:
    """Paint a head from one or more photos of one person.

    uv : (F, 4, 2), from `layout.layout`; albedo : the prior on this head; brows : how they
    are drawn; unwanted : (R, R) float32, 1 where the artist wants nothing of the photos;
    clean_shave : without beard or its shadow; paint_brows : False for bare skin in their place;
    step : called with rows done, of how many.
    """
    shape = Shape.of(head, uv)
    wanted = 1 - _at_vertices(shape, unwanted) if unwanted is not None else 1.0
    projections = tuple(
        project(shape, features, view, albedo, brows.places, resolution, wanted) for view in views
    )
    share = _share(shape, features, projections)
    made = _complexion_of(shape, features, albedo, projections)
    if clean_shave:
        base, grown = shaved(shape, features, made.base)
        made = replace(made, base=base)
        projections = _less(projections, grown)
    own = brows.of_person([each.brows for each in projections], _hair(projections))
    made = replace(made, base=without_brows(shape, features, made.base))
    projections = _less(projections, own.around(brows.places))
    broad = carried_broad(shape, [(each.broad, wanted * each.known) for each in projections])
    made = replace(made, base=(made.base + broad).astype(np.float32))
    uneven = float(np.clip(max(each.uneven for each in projections), *_UNEVEN))
    painted_brows = own if paint_brows else None
    layers = Layers(shape, projections, made, painted_brows, uneven, unwanted)
    maps = bake(layers, resolution, step)
    nearest = nearest_covered(maps.covered)
    return Painted(
        padded(maps.albedo, nearest),
        padded(maps.normal, nearest),
        padded(maps.roughness, nearest),
        maps.seen,
        uv,
        tuple((to_srgb(linear(made.tone)) / 255).round(4).tolist()),
        share,
    )


def _complexion_of(
    shape: Shape, features: Features, albedo: VertexAlbedo, projections: Sequence[Projection]
) -> Complexion:
    """The person's complexion; each photo counts by how much skin it shows."""
    counts = np.array([each.explanation.likely.sum() + 1e-3 for each in projections])
    model = AlbedoPrior.load().tone
    tones = [model.of(each.explanation, each.sclera) for each in projections]
    tone = np.average(tones, 0, counts)
    weights = np.average([each.explanation.weights for each in projections], 0, counts)
    lips = np.average([each.lips for each in projections], 0, counts)
    return complexion(shape, features, albedo, weights, tone, lips)


def _hair(projections: Sequence[Projection]) -> np.ndarray | None:
    """(3,) of the hair of the head that photos show beside their skin, if any does."""
    seen = [each.hair for each in projections if each.hair is not None]
    return np.mean(seen, 0) if seen else None


def _less(projections: tuple[Projection, ...], share: np.ndarray) -> tuple[Projection, ...]:
    """Believed less by a share (V,)."""
    left = 1 - share
    return tuple(
        replace(each, sure=each.sure * left, known=each.known * left) for each in projections
    )


def _at_vertices(shape: Shape, picture: np.ndarray) -> np.ndarray:
    """(V,) the most that any of a vertex's places in a texture (R, R) has."""
    corners = shape.corners.reshape(-1, 2) * (1, -1) + (0, 1)
    found = np.zeros(len(shape.template), np.float32)
    np.maximum.at(found, shape.triangles.ravel(), nearest(picture, corners * len(picture)))
    return found


def _share(shape: Shape, features: Features, projections: tuple[Projection, ...]) -> float:
    """How much of the front of the face, by area, some photo shows."""
    seen = [each.details(each.at_vertices())[1] for each in projections]
    front = vertex_normals(shape.template, shape.triangles)[:, 2] > _FRONT
    face = shape.area * features.face * front * (features.cavity < 0.1)
    return float((face * (np.max(seen, axis=0) > 0.2)).sum() / max(face.sum(), 1e-9))


def nearest_covered(covered: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Row and column (R, R) of the nearest texel that the skin covers; None if it covers none."""
    if not covered.any():
        return None
    nearest = ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True)
    rows, columns = np.asarray(nearest)
    return rows, columns


def padded(picture: np.ndarray, nearest: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """The picture with every texel that no skin covers in the colour of the nearest one that does,
    so that no seam shows at any distance.

    picture : (R, R) or (R, R, 3); nearest : where that is.
    """
    return picture if nearest is None else picture[nearest]
