"""From projections to texels: every pixel of the texture asks the photos, their mirror images, and
the complexion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..geometry.rasteriser import Fragments, rasterise
from .colours import to_srgb
from .complexion import Complexion
from .fields import membrane
from .grain import grain
from .projection import Projection
from .shape import Shape

_BAND = 1 << 19
"""Texels worked on at a time, which keeps 4096 x 4096 within a few hundred megabytes."""
_MIRROR_BLUR = 6.0
"""Millimetres over which the mirrored side's colour follows the seen side's."""


@dataclass(frozen=True, eq=False)
class Layers:
    """What the texels are made of.

    projections : one a photo; gains : (M, 3) float32, what makes their colours alike;
    correction : (V, 3) float32, log of what makes the mirrored side's colour the seen side's;
    unevenness : of unseen skin, standard deviation of log colour; unwanted : (R, R) float32, 1
    where the artist wants nothing of the photos, or None.
    """

    shape: Shape
    projections: tuple[Projection, ...]
    gains: np.ndarray
    correction: np.ndarray
    complexion: Complexion
    unevenness: float
    unwanted: np.ndarray | None = None


def vertex_layers(
    shape: Shape, projections: tuple[Projection, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Averaged colours at the vertices: gains (M, 3), correction (V, 3), colours (V, 3) of what
    photos and mirror images show, and how far they are believed (V,)."""
    seen = [each.colours(each.at_vertices(), soft=True) for each in projections]
    gains = _gains(seen)
    direct, sure = _blend([(c * g, w) for (c, w), g in zip(seen, gains, strict=True)])
    mirrored = [each.colours(shape.mirrored(each.at_vertices()), soft=True) for each in projections]
    image, image_sure = _blend([(c * g, w) for (c, w), g in zip(mirrored, gains, strict=True)])
    ratio = np.log(np.maximum(direct, 1e-4) / np.maximum(image, 1e-4))
    both = sure * image_sure
    correction = membrane(shape, np.clip(ratio, -1, 1), both, _MIRROR_BLUR, 1e-3)
    filled, believed = _over(direct, sure, image * np.exp(correction), image_sure)
    return gains, correction.astype(np.float32), filled, believed


def bake(
    layers: Layers, resolution: int, step: Callable[[int, int], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(R, R, 3) uint8 sRGB colours, (R, R) uint8 how far each texel is the photo's, and (R, R) bool
    which texels the skin has."""
    colours = np.zeros((resolution * resolution, 3), np.uint8)
    seen = np.zeros(resolution * resolution, np.uint8)
    covered = np.zeros(resolution * resolution, bool)
    attributes = _attributes(layers)
    for first, last, fragments, corners in _bands(layers.shape, resolution):
        texels = fragments.pixel + first * resolution
        values = _interpolate(fragments, corners, attributes)
        colour, direct, believed = _texels(layers, values)
        if layers.unwanted is not None:
            believed = believed * (1 - layers.unwanted.ravel()[texels])
        base = _base(layers, values)
        colours[texels] = to_srgb(base + believed[:, None] * (colour - base))
        seen[texels] = (direct * 255 + 0.5).astype(np.uint8)
        covered[texels] = True
        step(last, resolution)
    square = (resolution, resolution)
    return colours.reshape(*square, 3), seen.reshape(square), covered.reshape(square)


def _attributes(layers: Layers) -> np.ndarray:
    """(V, 9 + 10 M) float32: correction, base, place, then each photo's columns and their mirror
    images."""
    shape = layers.shape
    columns = [layers.correction, layers.complexion.base, shape.template]
    for each in layers.projections:
        own = each.at_vertices()
        columns += [own, shape.mirrored(own)]
    return np.column_stack(columns).astype(np.float32)


def _texels(layers: Layers, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours (N, 3) that photos show, how far directly (N,), and how far at all (N,)."""
    direct, mirrored = [], []
    for number, each in enumerate(layers.projections):
        first = 9 + 10 * number
        for place, found in ((first, direct), (first + 5, mirrored)):
            colour, weight = each.colours(values[:, place : place + 5])
            found.append((colour * layers.gains[number], weight))
    seen, sure = _blend(direct)
    image, image_sure = _blend(mirrored)
    colour, believed = _over(seen, sure, image * np.exp(values[:, :3]), image_sure)
    return colour, sure, believed


def _base(layers: Layers, values: np.ndarray) -> np.ndarray:
    uneven = np.exp(layers.unevenness * grain(values[:, 6:9]))
    return values[:, 3:6] * uneven[:, None]


def _blend(found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Several photos: the better seen one counts by the square, so edges do not wash out."""
    if len(found) == 1:
        return found[0]
    weights = np.stack([weight for _, weight in found])
    share = weights**2 / np.maximum((weights**2).sum(0), 1e-9)
    colours = np.stack([colour for colour, _ in found])
    return (share[..., None] * colours).sum(0), weights.max(0)


def _over(
    upper: np.ndarray, sure: np.ndarray, lower: np.ndarray, lower_sure: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The seen side over the mirrored one: colours (N, 3) and belief (N,)."""
    rest = (1 - sure) * lower_sure
    total = sure + rest
    share = (sure / np.maximum(total, 1e-9))[:, None]
    return lower + share * (upper - lower), total


def _gains(seen: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(M, 3) float32: what makes every photo's colours those of the first, where both show them."""
    gains = np.ones((len(seen), 3), np.float32)
    reference, sure = seen[0]
    for number, (colour, weight) in enumerate(seen[1:], 1):
        both = (sure > 0.3) & (weight > 0.3)
        if both.sum() >= 20:
            first, second = reference[both], colour[both]
        else:
            first, second = reference[sure > 0.3], colour[weight > 0.3]
        if len(first) and len(second):
            gains[number] = np.median(first, 0) / np.maximum(np.median(second, 0), 1e-4)
    return np.clip(gains, 0.25, 4)


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
