"""From projections to texels: every pixel of the texture asks the photos, their mirror images, and
the complexion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..geometry.rasteriser import Fragments, rasterise
from .colours import to_srgb
from .complexion import Complexion
from .drawn_brows import Brows
from .explanation import linear
from .grain import grain
from .projection import Projection
from .relief import normal_map
from .shape import Shape

_BAND = 1 << 19
"""Texels worked on at a time, which keeps 4096 x 4096 within a few hundred megabytes."""
_OWN = 8
"""Columns of a vertex before those of the projections: base, place, roughness, size of a texel."""
_SURE = 0.995
"""Belief from which on the mirror image is not asked."""
_FINE_ROUGH = 0.9
"""How much rougher skin is for each unit that it is darker."""
_GRAIN_TEXEL = (1.5, 0.7)
"""Millimetres that a texel spans where grain is too fine for it, and where it is shown wholly."""


@dataclass(frozen=True, eq=False)
class Layers:
    """What the texels are made of.

    projections : one a photo; brows : drawn over the skin, or None; unevenness : of unseen skin,
    standard deviation of log luminance; unwanted : (R, R) float32, 1 where the artist wants nothing
    of the photos, or None.
    """

    shape: Shape
    projections: tuple[Projection, ...]
    complexion: Complexion
    brows: Brows | None
    unevenness: float
    unwanted: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Maps:
    """albedo : (R, R, 3) uint8 sRGB; normal : (R, R, 3) uint8, tangent space; roughness : (R, R)
    uint8; seen : (R, R) uint8, how far each texel is a photo's; covered : (R, R) bool, the skin."""

    albedo: np.ndarray
    normal: np.ndarray
    roughness: np.ndarray
    seen: np.ndarray
    covered: np.ndarray


def bake(layers: Layers, resolution: int, step: Callable[[int, int], None]) -> Maps:
    """All maps. step : called with rows done, of how many."""
    count = resolution * resolution
    albedo, roughness = np.zeros((count, 3), np.uint8), np.zeros(count, np.uint8)
    seen, covered = np.zeros(count, np.uint8), np.zeros(count, bool)
    relief, size = np.zeros(count, np.float32), np.ones(count, np.float32)
    attributes = _attributes(layers, resolution)
    for first, last, fragments, corners in _bands(layers.shape, resolution):
        texels = fragments.pixel + first * resolution
        values = _interpolate(fragments, corners, attributes)
        detail, direct, believed = _texels(layers, values)
        if layers.unwanted is not None:
            believed = believed * (1 - layers.unwanted.ravel()[texels])
        share = np.clip((_GRAIN_TEXEL[0] - values[:, 7]) / np.ptp(_GRAIN_TEXEL), 0, 1)
        uneven = layers.unevenness * share * grain(values[:, 3:6]) * (1 - believed)
        detail = detail * believed[:, None]
        colour = values[:, :3] + detail[:, :3]
        colour[:, 0] += uneven
        if layers.brows is not None:
            colour += layers.brows.over(values[:, -3:])
        fine = detail[:, 3] + uneven
        albedo[texels] = to_srgb(linear(colour))
        rough = np.clip(values[:, 6] - _FINE_ROUGH * fine, 0.2, 0.9)
        roughness[texels] = (rough * 255 + 0.5).astype(np.uint8)
        seen[texels] = (direct * 255 + 0.5).astype(np.uint8)
        relief[texels], size[texels], covered[texels] = fine, values[:, 7], True
        step(last, resolution)
    square = (resolution, resolution)
    return Maps(
        albedo.reshape(*square, 3),
        normal_map(relief.reshape(square), size.reshape(square)),
        roughness.reshape(square),
        seen.reshape(square),
        covered.reshape(square),
    )


def _attributes(layers: Layers, resolution: int) -> np.ndarray:
    """(V, 8 + 8 M) float32: base, place, roughness, millimetres of a texel, then each photo's
    columns and their mirror images; with brows three more at the end, the place among them."""
    shape, made = layers.shape, layers.complexion
    columns = [made.base, shape.template, made.roughness, shape.texel_size / resolution]
    for each in layers.projections:
        own = each.at_vertices()
        columns += [own, shape.mirrored(own)]
    if layers.brows is not None:
        columns.append(layers.brows.drawn.places)
    return np.column_stack(columns).astype(np.float32)


def _texels(layers: Layers, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Details (N, 4) that photos show, how far directly (N,), and how far at all (N,)."""
    direct, mirrored = [], []
    for number, each in enumerate(layers.projections):
        first = _OWN + 8 * number
        direct.append(_shown(each, values[:, first : first + 4], np.ones(len(values), bool)))
    seen, sure = _blend(direct)
    wanted = sure < _SURE
    for number, each in enumerate(layers.projections):
        first = _OWN + 8 * number + 4
        mirrored.append(_shown(each, values[:, first : first + 4], wanted))
    image, image_sure = _blend(mirrored)
    rest = (1 - sure) * image_sure
    total = sure + rest
    share = (sure / np.maximum(total, 1e-9))[:, None]
    return image + share * (seen - image), sure, total


def _shown(
    projection: Projection, at: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`Projection.details` at (N, 4), asked only where wanted (N,) and where anything is shown."""
    rows = np.flatnonzero(wanted & (at[:, 3] > 0))
    detail = np.zeros((len(at), 4), np.float32)
    weight = np.zeros(len(at), np.float32)
    detail[rows], weight[rows] = projection.details(at[rows])
    return detail, weight


def _blend(found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Several photos: the better seen one counts by the square, so edges do not wash out."""
    if len(found) == 1:
        return found[0]
    weights = np.stack([weight for _, weight in found])
    share = weights**2 / np.maximum((weights**2).sum(0), 1e-9)
    details = np.stack([detail for detail, _ in found])
    return (share[..., None] * details).sum(0), weights.max(0)


def _bands(shape: Shape, resolution: int) -> Iterator[tuple[int, int, Fragments, np.ndarray]]:
    """First and last row of each band, what the skin covers of it, and the vertices of the
    fragments' corners."""
    corners = shape.corners.reshape(-1, 2) * resolution
    corners = np.c_[corners[:, 0], resolution - corners[:, 1]].astype(np.float32)
    triangles = np.arange(len(corners)).reshape(-1, 3)
    x, y = corners[triangles, 0], corners[triangles, 1]
    turned = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) > (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    triangles[turned] = triangles[turned][:, ::-1]
    vertex = shape.triangles.ravel()
    height = max(_BAND // resolution, 1)
    one = np.ones(len(corners), np.float32)
    for first in range(0, resolution, height):
        last = min(first + height, resolution)
        moved = corners - (0, first)
        inside = (moved[triangles, 1].max(1) > 0) & (moved[triangles, 1].min(1) < last - first)
        fragments = rasterise(moved, one, triangles[inside], last - first, resolution)
        yield first, last, fragments, vertex[fragments.corners]


def _interpolate(fragments: Fragments, corners: np.ndarray, values: np.ndarray) -> np.ndarray:
    weights = fragments.weights
    shown = values[corners[:, 0]] * weights[:, :1]
    shown += values[corners[:, 1]] * weights[:, 1:2]
    shown += values[corners[:, 2]] * weights[:, 2:]
    return shown
