"""Heads of hair, fringes and beards: sheets and strands over the head's envelope."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from .drape import HeadEnvelope, Sheet, sheet, wavy

_COLUMNS, _ROWS = 91, 15
_SEGMENTS = 7
_STREAKS_SIDE: Final = 512


class HairStyle(StrEnum):
    """How far a head of hair reaches."""

    BALD = "bald"
    SHORT = "short"
    BOB = "bob"
    LONG = "long"
    TIED = "tied"


_SHARE = {
    HairStyle.BALD: 0.2,
    HairStyle.SHORT: 0.4,
    HairStyle.BOB: 0.12,
    HairStyle.LONG: 0.16,
    HairStyle.TIED: 0.12,
}


@dataclass(frozen=True)
class Rods:
    """Round rods: ends (N, 2, 3) metres, radius (N, 2) metres, colour (N, 2, 3) linear. float32."""

    ends: np.ndarray
    radius: np.ndarray
    colour: np.ndarray


def join_rods(parts: list[Rods]) -> Rods:
    """One bundle of several (at least one)."""
    return Rods(
        np.concatenate([part.ends for part in parts]),
        np.concatenate([part.radius for part in parts]),
        np.concatenate([part.colour for part in parts]),
    )


def chain(points: np.ndarray, radius: np.ndarray, colour: np.ndarray) -> Rods:
    """Rods along polylines. points (N, S, 3), radius (N, S), colour (N, 3) or (N, S, 3)."""
    if colour.ndim == 2:
        colour = np.broadcast_to(colour[:, None], points.shape)
    return Rods(
        _links(points).reshape(-1, 2, 3),
        _links(radius).reshape(-1, 2),
        _links(colour).reshape(-1, 2, 3),
    )


def _links(nodes: np.ndarray) -> np.ndarray:
    """Both ends of each link of N chains. (N, S, ...) -> (N, S - 1, 2, ...) float32."""
    return np.stack([nodes[:, :-1], nodes[:, 1:]], 2).astype(np.float32)


def random_hair(rng: np.random.Generator, envelope: HeadEnvelope, hairline: float) -> Sheet | None:
    """A head of hair that leaves the face free, or None for a bald head.

    hairline : elevation of the top of the forehead in degrees about the envelope's pivot.
    """
    style = rng.choice(list(_SHARE), p=list(_SHARE.values()))
    if style == HairStyle.BALD:
        return None
    azimuth = np.linspace(-180, 180, _COLUMNS)
    side = np.abs(azimuth + rng.normal() * 4)
    hangs = style in (HairStyle.BOB, HairStyle.LONG)
    line = _rim_of_hair(rng, HairStyle(style), hairline, side)
    line = line + wavy(rng, azimuth, 9, rng.uniform(0.5, 3.0))
    line[-1] = line[0]
    thick_top, thick_side = rng.uniform(0.004, 0.04), rng.uniform(0.003, 0.022)
    if style == HairStyle.TIED:
        thick_top, thick_side = rng.uniform(0.003, 0.010), rng.uniform(0.002, 0.006)
    share = np.linspace(0, 1, _ROWS)[:, None]
    elevation = line + (90 - line) * share
    along = np.broadcast_to(azimuth, elevation.shape)
    body = thick_side + (thick_top - thick_side) * np.clip(elevation / 60, 0, 1)
    rim = np.clip((elevation - line) / rng.uniform(4, 12), 0.12, 1.0)
    lump = 1 + wavy(rng, along + 2 * elevation, 6, 0.12)
    lift = body * np.sqrt(rim) * lump + 0.0015
    hanging = np.clip(-elevation - 8, 0, None)
    upright = envelope.reach(along, np.zeros_like(elevation)) * (
        1 / np.maximum(np.cos(np.radians(hanging)), 0.3) - 1
    )
    lift += np.where(hangs, upright * np.clip((side - 60) / 25, 0, 1), 0.0)
    return sheet(envelope.at(along, elevation, lift))


def hair_card(hair: Sheet, texture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a head of hair reads a texture of `streaks`, (N, 2), and how open each of its vertices
    is to the sky, (N,) float32: less at the rim, where hair lies on hair and skin."""
    row, column = np.divmod(np.arange(len(hair.vertices)), _COLUMNS)
    repeats = len(texture) / _STREAKS_SIDE * 3
    uv = np.stack([column / (_COLUMNS - 1) * repeats, row / (_ROWS - 1) * 0.998], 1)
    ambient_occlusion = 0.55 + 0.45 * np.clip(row / 4, 0, 1)
    return uv.astype(np.float32), ambient_occlusion.astype(np.float32)


def streaks(rng: np.random.Generator) -> np.ndarray:
    """A texture of a head of hair, (S, S, 2) uint8: brightness and cover, as in looks/assets.Card.

    Rows run from the rim to the crown, columns around the head; the rim thins out strand by strand.
    """
    side = _STREAKS_SIDE
    strands = np.zeros((side, side), np.float32)
    for wide, strong in ((0.7, 1.0), (2.5, 0.9), (9.0, 0.7)):
        noise = gaussian_filter(rng.normal(size=(side, side)), (side / 9, wide), mode="wrap")
        strands += strong * (noise / noise.std()).astype(np.float32)
    wave = np.cumsum(gaussian_filter(rng.normal(size=side), 30, mode="wrap"))
    shift = np.rint((wave - wave.mean()) * rng.uniform(0, 8)).astype(int)
    strands = np.stack([np.roll(line, move) for line, move in zip(strands, shift, strict=True)])
    strands = strands / strands.std()
    above = np.arange(side)[:, None] / side
    rim = rng.uniform(0.05, 0.22)
    cover = np.clip((above / rim - 0.5 + 0.35 * strands) * 2, 0, 1)
    bright = np.clip(128 * np.exp(0.18 * strands), 40, 200)
    return np.stack([bright, 255 * cover], -1).astype(np.uint8)


def strands_over(rng: np.random.Generator, hair: Sheet, colour: np.ndarray) -> Rods:
    """Strands along a head of hair that hide its shell and fray its rim. colour : (3,) linear."""
    count = int(rng.integers(300, 1200))
    grid = hair.vertices.reshape(_ROWS, _COLUMNS, 3)
    share = np.linspace(0, 1, _SEGMENTS)
    start = rng.uniform(0.15, 0.95, (count, 1)) * (_ROWS - 1)
    length = rng.uniform(0.15, 0.6, (count, 1)) * (_ROWS - 1)
    row = np.maximum(start - length * share, -rng.uniform(0.0, 1.2, (count, 1)))
    drift = rng.normal() * 2.0 + rng.normal(size=(count, 1)) * 1.5
    column = rng.uniform(0, _COLUMNS - 1, (count, 1)) + drift * share**1.5
    column = column + np.sin(share * rng.uniform(2, 9)) * rng.uniform(0, 1.0)
    inside = np.clip(row, 0, _ROWS - 1)
    where = [inside.ravel(), (column % (_COLUMNS - 1)).ravel()]
    points = np.stack([map_coordinates(grid[..., axis], where, order=1) for axis in range(3)], 1)
    points = points.reshape(count, _SEGMENTS, 3)
    middle = grid.reshape(-1, 3).mean(0)
    outward = points - middle
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    points = points + outward * rng.uniform(0.0, 0.004, (count, 1, 1))
    past = np.minimum(row, 0.0)[..., None]
    points = points + past * 0.006 * np.array([0.0, 1.0, 0.0])
    width = rng.uniform(0.00025, 0.0007) * np.linspace(1.2, 0.4, _SEGMENTS)
    shade = colour * np.exp(rng.normal(size=(count, 1)) * 0.3)
    return chain(points, np.broadcast_to(width, points.shape[:2]), shade)


def _rim_of_hair(
    rng: np.random.Generator, style: HairStyle, hairline: float, side: np.ndarray
) -> np.ndarray:
    """Elevation at which hair begins, degrees; side : degrees from the nose, 0..180."""
    front = hairline + rng.uniform(-3, 14)
    temple = rng.uniform(-16, 4)
    ear, nape = rng.uniform(4, 12), rng.uniform(-38, -22)
    hang = {HairStyle.BOB: rng.uniform(-52, -25), HairStyle.LONG: rng.uniform(-75, -55)}
    if style in hang:
        ear = nape = hang[style]
        temple = rng.uniform(-10, 15)
    widow = rng.uniform(20, 45)
    return np.interp(
        side,
        [0, widow, 62, 80, 88, 104, 125, 180],
        [front, front, 18, temple, ear, ear, nape, nape],
    )


def random_fringe(
    rng: np.random.Generator, envelope: HeadEnvelope, hairline: float, colour: np.ndarray
) -> Rods:
    """Strands that fall over the forehead, an eye or a cheek. hairline : degrees of elevation;
    colour : (3,) linear."""
    clumps = int(rng.integers(2, 9))
    reach = rng.choice([rng.uniform(5, 22), rng.uniform(-15, 8), rng.uniform(-50, -15)])
    sweep = rng.normal() * 18
    middle = rng.normal() * 25
    spread = rng.uniform(10, 40)
    strands = []
    share = np.linspace(0, 1, _SEGMENTS)
    for _ in range(clumps):
        count = int(rng.integers(5, 16))
        root = middle + rng.normal() * spread + rng.normal(size=(count, 1)) * rng.uniform(1.5, 5)
        start = hairline + rng.uniform(4, 22) + rng.normal(size=(count, 1)) * 3
        end = reach + rng.normal() * 6 + rng.normal(size=(count, 1)) * 3
        azimuth = root + (sweep + rng.normal() * 6) * share**1.5 + root * 0.2 * share
        azimuth = azimuth + np.sin(share * rng.uniform(2, 7)) * rng.uniform(0, 4)
        elevation = start + (end - start) * share
        lift = (
            rng.uniform(0.002, 0.010)
            + rng.uniform(0, 0.004, (count, 1))
            + 0.01 * np.sin(np.pi * share) * rng.uniform()
        )
        points = envelope.at(azimuth, elevation, lift)
        width = rng.uniform(0.0005, 0.0016) * np.linspace(1.3, 0.4, _SEGMENTS)
        shade = colour * np.exp(rng.normal(size=(count, 1)) * 0.35)
        strands.append(chain(points, np.broadcast_to(width, points.shape[:2]), shade))
    return join_rods(strands)


_BROWS: Final = (
    ((46, 53, 52, 65, 55), (70, 63, 105, 66, 107)),
    ((276, 283, 282, 295, 285), (300, 293, 334, 296, 336)),
)
"""Landmarks of each brow's lower and upper edge, from the temple to the nose."""


def random_brows(rng: np.random.Generator, landmarks: np.ndarray, colour: np.ndarray) -> Rods:
    """Brow hairs between the detector's brow landmarks. landmarks : (468, 3) metres, head frame."""
    count = int(rng.integers(25, 110))
    low, high = sorted(rng.uniform(0.0, 1.0, 2))
    high = max(high, low + 0.3)
    radius = rng.uniform(0.0004, 0.0009)
    shade = colour * np.exp(rng.normal() * 0.3)
    strands = []
    for lower, upper in _BROWS:
        start = rng.uniform(-0.05, 1.02, (count, 1))
        along = start - np.array([0.0, 0.05, 0.10]) * rng.uniform(0.6, 1.4, (count, 1))
        across = rng.uniform(low, high, (count, 1)) + np.array([0.0, 0.08, 0.12])
        edges = [_polyline(landmarks[list(edge)], along) for edge in (lower, upper)]
        points = edges[0] + across[..., None] * (edges[1] - edges[0]) + [0.0, 0.0, 0.0006]
        width = np.broadcast_to(radius * np.array([1.0, 1.0, 0.6]), along.shape)
        tint = shade * np.exp(rng.normal(size=(count, 1)) * 0.25)
        strands.append(chain(points, width, tint))
    return join_rods(strands)


def _polyline(nodes: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Points at `share` 0..1 of the way along nodes (N, 3), a little beyond the ends as well."""
    place = share * (len(nodes) - 1)
    before = np.clip(np.floor(place).astype(int), 0, len(nodes) - 2)
    return nodes[before] + (place - before)[..., None] * (nodes[before + 1] - nodes[before])


def random_beard_strands(
    rng: np.random.Generator, roots: np.ndarray, normals: np.ndarray, colour: np.ndarray
) -> Rods:
    """A full beard: short strands hanging from `roots` (N, 3) with skin `normals` (N, 3)."""
    count = len(roots)
    length = rng.uniform(0.002, 0.011) * rng.uniform(0.5, 1.4, (count, 1, 1))
    share = np.linspace(0, 1, 4)[None, :, None]
    outward = normals[:, None] + rng.normal(size=(count, 1, 3)) * 0.25
    down = np.array([0.0, -1.0, 0.15])
    points = roots[:, None] + length * (outward * share * 0.75 + down * share**1.6)
    radius = rng.uniform(0.00018, 0.0004) * np.broadcast_to([1.3, 1.2, 1.0, 0.5], (count, 4))
    shade = colour * np.exp(rng.normal(size=(count, 1)) * 0.4)
    return chain(points, radius, shade)
