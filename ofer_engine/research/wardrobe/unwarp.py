"""From a fitted portrait to a skin: pixels on the chart, light taken out, holes closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from ..harmonics import harmonics
from ..studio.photo_head import PhotoHead
from ..studio.rasterise import NO_TRIANGLE, draw_triangles, vertex_normals
from .chart import Chart
from .portraits import FittedPortrait

_ZOOM: Final = 2
"""The picture in which visibility is found is so much larger than the portrait."""
_GRAZING, _FACING = 0.25, 0.6
"""Cosines between which a texel's weight rises from 0 to 1."""
_BEHIND: Final = 0.004
_BLOCK: Final = 4
"""Pixels of the chart in one of the cells in which holes are closed."""
_ORDERS: Final = (24.0, 12.0, 6.0, 3.0, 1.5, 0.8)
_RIDGE: Final = np.array([1e-3, 0.02, 0.02, 0.02, 0.06, 0.06, 0.06, 0.06, 0.06])
_EYES: Final = 0.36
_CHIN: Final = (0.66, 0.74)
"""Rows of the chart, of its height: below the eyes; the chin."""
_FACE_ROWS, _FACE_HALF = (0.2, 0.76), 0.15
_UNDER_CHIN: Final = 0.84
"""Row of the chart, of its height, below which collars and the chin's shadow begin."""
_BEARDED: Final = 0.62
_CHEEK_LEAST: Final = 0.72
_HIGHLIGHT: Final = 1.12
"""Above so many times the light of the fit a texel shines, and is dimmed."""


@dataclass(frozen=True)
class UnwarpedSkin:
    """albedo : (HEIGHT, WIDTH, 3) float32 linear, 1 being white; weight : (HEIGHT, WIDTH) how well
    each texel was seen; tone : (3,) of the cheeks and forehead; hair : (3,) of what is over them;
    rough : how uneven it is within millimetres, by lines, spots and beard; uneven : how much one
    side is brighter than the other; spread : how far skin differs from its light, of the light."""

    albedo: np.ndarray
    weight: np.ndarray
    tone: np.ndarray
    hair: np.ndarray
    rough: float
    uneven: float
    spread: float


def unwarp(
    portrait: FittedPortrait, head: PhotoHead, chart: Chart, plain: np.ndarray
) -> UnwarpedSkin:
    """plain : (V,) 0..1, skin without brows, lips and beard, which tells of the light."""
    linear = (portrait.pixels.astype(np.float32) / 255) ** np.float32(2.2)
    camera = portrait.camera
    local = camera.to_camera(portrait.vertices).astype(np.float32)
    normals = vertex_normals(local, head.triangles)
    towards = -local / np.linalg.norm(local, axis=1, keepdims=True)
    facing = (normals * towards).sum(1)
    seen = visible_vertices(portrait, local, head)
    table = np.c_[portrait.seen, normals, facing, seen, plain, head.ambient_occlusion, head.lips]
    texels = chart.spread(table)
    colour = _pixels(linear, texels[..., 0], texels[..., 1])
    weight = np.clip((texels[..., 5] - _GRAZING) / (_FACING - _GRAZING), 0, 1)
    weight *= np.clip((texels[..., 6] - 0.5) * 4, 0, 1) * (chart.seen >= 0)
    below = (np.arange(len(weight)) + 0.5) / len(weight) - _UNDER_CHIN
    weight *= np.clip(-below / 0.04, 0, 1)[:, None]
    albedo, tone, spread = _unlit(colour, texels[..., 2:5], weight * texels[..., 7])
    hair = _hair(colour, weight, chart)
    weight = weight * _is_skin(albedo / tone, texels[..., 9]) * _bare_cheeks(albedo / tone, weight)
    whole = _whole(albedo, weight, tone)
    rough, uneven = _unevenness(whole / tone)
    return UnwarpedSkin(whole, weight, tone, hair, rough, uneven, spread)


def _unevenness(ratio: np.ndarray) -> tuple[float, float]:
    """Skin.rough and Skin.uneven of the albedo over the tone (H, W, 3)."""
    height, width = ratio.shape[:2]
    rows = slice(int(_FACE_ROWS[0] * height), int(_FACE_ROWS[1] * height))
    half = int(_FACE_HALF * width)
    bright = np.log(np.maximum(ratio.mean(-1), 0.02))
    face = bright[rows, width // 2 - half : width // 2 + half]
    fine = face - gaussian_filter(face, 3.0)
    wide = gaussian_filter(face, 12.0)
    return float(np.median(np.abs(fine))), float(np.abs(wide - wide[:, ::-1]).mean())


def visible_vertices(portrait: FittedPortrait, local: np.ndarray, head: PhotoHead) -> np.ndarray:
    """(V,) float32: 1 for vertices that nothing of the head stands in front of."""
    height, width = portrait.pixels.shape[:2]
    near = (1 / np.maximum(-local[:, 2], 1e-3)).astype(np.float32)
    screen = np.c_[portrait.seen * _ZOOM, near].astype(np.float32)
    nearness = np.zeros((height * _ZOOM, width * _ZOOM), np.float32)
    draw_triangles(screen, head.triangles, nearness, np.full(nearness.shape, NO_TRIANGLE, np.int32))
    column = np.clip(screen[:, 0].astype(int), 0, width * _ZOOM - 1)
    row = np.clip(screen[:, 1].astype(int), 0, height * _ZOOM - 1)
    inside = ((portrait.seen >= 0) & (portrait.seen < [width, height])).all(1)
    front = 1 / np.maximum(nearness[row, column], 1e-6)
    return (inside & (1 / near < front + _BEHIND)).astype(np.float32)


def _pixels(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear samples of (H, W, 3) at continuous pixels (...) -> (..., 3) float32."""
    height, width = picture.shape[:2]
    u = np.clip(x - 0.5, 0, width - 1.001)
    v = np.clip(y - 0.5, 0, height - 1.001)
    i, j = v.astype(int), u.astype(int)
    fu, fv = (u - j)[..., None], (v - i)[..., None]
    top = picture[i, j] * (1 - fu) + picture[i, j + 1] * fu
    low = picture[i + 1, j] * (1 - fu) + picture[i + 1, j + 1] * fu
    return (top * (1 - fv) + low * fv).astype(np.float32)


def _unlit(
    colour: np.ndarray, normals: np.ndarray, trust: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Divide by the light that explains plain skin of one tone: Lambert's, to second order.

    colour, normals : (H, W, 3); trust : (H, W). -> albedo (H, W, 3), tone (3,), spread.
    """
    used = trust > 0.5
    basis = harmonics(normals)
    known = basis[used][::3]
    grey = colour[used][::3].mean(1)
    weight = trust[used][::3]
    light = np.zeros(9)
    spread = 1.0
    for _ in range(6):
        system = (known * weight[:, None]).T @ known + np.diag(_RIDGE) * weight.sum()
        light = np.linalg.solve(system, known.T @ (weight * grey))
        missed = grey - known @ light
        spread = float(np.median(np.abs(missed)) * 1.5 + 1e-4)
        weight = trust[used][::3] / (1 + (missed / (1.5 * spread)) ** 2)
    typical = float(np.median(known @ light))
    shading = np.maximum(basis @ light, 0.3 * typical) / typical
    tone = np.median(colour[used] / shading[used][:, None], axis=0)
    tint = _tint(colour, basis, shading, used, tone)
    albedo = colour / np.maximum(shading[..., None] * tint, 1e-3)
    bright = (albedo / tone).mean(-1, keepdims=True)
    dimmed = np.where(
        bright > _HIGHLIGHT, _HIGHLIGHT + (bright - _HIGHLIGHT) * np.float32(0.35), bright
    )
    return (albedo * dimmed / np.maximum(bright, 1e-3)).astype(np.float32), tone, spread / typical


def _tint(
    colour: np.ndarray,
    basis: np.ndarray,
    shading: np.ndarray,
    used: np.ndarray,
    tone: np.ndarray,
) -> np.ndarray:
    """How the light's colour changes with the normal, to first order: (H, W, 3) about 1."""
    unlit = colour / np.maximum(shading[..., None], 1e-3) / tone
    known = basis[used][::3][:, :4]
    system = known.T @ known + np.diag([0, 0.05, 0.05, 0.05]) * len(known)
    bent = np.linalg.solve(system, known.T @ np.clip(unlit[used][::3], 0.5, 1.5))
    fitted = basis[..., :4] @ bent
    return np.clip(fitted / fitted.mean(-1, keepdims=True), 0.8, 1.25)


def _is_skin(ratio: np.ndarray, lips: np.ndarray) -> np.ndarray:
    """0..1 (H, W): neither background, which is bluer, nor teeth on the rim of the lips.

    ratio : (H, W, 3) albedo over the tone; lips : (H, W) 0..1.
    """
    safe = np.maximum(ratio, 0.02)
    bluer = np.log(safe[..., 2] / safe[..., 0])
    kept = np.clip((0.75 - bluer) / 0.2, 0, 1)
    redder = np.log(safe[..., 0] / safe[..., 1])
    teeth = np.clip((0.03 - redder) / 0.06, 0, 1) * np.clip(lips * 2, 0, 1)
    return kept * (1 - gaussian_filter(teeth, 1.0))


def _bare_cheeks(ratio: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """0..1 (H, W): less where the side of a face is so dark that it is hair, or what is behind.

    Not on people with a beard, which goes on there. ratio : (H, W, 3) albedo over the tone.
    """
    height, width = weight.shape
    bright = gaussian_filter(ratio.mean(-1), 2.0)
    chin = slice(int(_CHIN[0] * height), int(_CHIN[1] * height))
    middle = slice(int(0.44 * width), int(0.56 * width))
    if np.median(bright[chin, middle]) < _BEARDED:
        return np.ones_like(weight)
    side = np.abs((np.arange(width) + 0.5) / width - 0.5)
    lateral = np.clip((side - 0.13) / 0.06, 0, 1) * (np.arange(height) > _EYES * height)[:, None]
    dark = np.clip((_CHEEK_LEAST - bright) / 0.1, 0, 1) * lateral
    return 1 - np.clip(gaussian_filter(dark, 4.0) * 2.5, 0, 1)


def _hair(colour: np.ndarray, weight: np.ndarray, chart: Chart) -> np.ndarray:
    """Median colour of what is over the forehead, (3,)."""
    rows = slice(0, int(0.16 * colour.shape[0]))
    middle = slice(int(0.4 * colour.shape[1]), int(0.6 * colour.shape[1]))
    shown = (chart.seen[rows, middle] >= 0) & (weight[rows, middle] > 0.02)
    if shown.sum() < 20:
        return np.array([0.03, 0.02, 0.015], np.float32)
    return np.median(colour[rows, middle][shown], axis=0)


def _whole(albedo: np.ndarray, weight: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Fill what was not seen: from the other side, and where that was not seen, smoothly."""
    ratio = np.clip(albedo / tone, 0.0, 4.0)
    other = ratio[:, ::-1] * 1.0
    share = np.clip(weight * 1.5, 0, 1)
    both = np.maximum(share, 0.85 * np.clip(weight[:, ::-1] * 1.5, 0, 1))
    mixed = ratio * share[..., None] + other * np.clip(both - share, 0, 1)[..., None]
    mixed = mixed / np.maximum(both, 1e-6)[..., None]
    ground = extend(mixed, both)
    return ((mixed * both[..., None] + ground * (1 - both[..., None])) * tone).astype(np.float32)


def extend(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A smooth continuation of values (H, W, C), known as well as weight (H, W) 0..1 says."""
    height, width = weight.shape
    cells = (height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    coarse = (values * weight[..., None]).reshape(*cells, -1).mean((1, 3))
    known = weight.reshape(cells).mean((1, 3))
    whole = None
    for order in _ORDERS:
        amount = gaussian_filter(known, order, mode="nearest")
        sums = gaussian_filter(coarse, (order, order, 0), mode="nearest")
        guess = sums / np.maximum(amount, 1e-6)[..., None]
        if whole is None:
            whole = guess
            continue
        sure = np.clip(amount * 4, 0, 1)[..., None]
        sure = sure * sure * (3 - 2 * sure)
        whole = whole * (1 - sure) + guess * sure
    assert whole is not None
    grown = zoom(whole, (_BLOCK, _BLOCK, 1), order=1, grid_mode=True, mode="nearest")
    return np.asarray(grown, np.float32)
