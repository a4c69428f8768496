"""What hides faces: hands, masks, spectacles, things held up, cloth and hair, all as geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from ...geometry.rotations import rotation_about
from .complexion import FaceColouring, FaceFields, linear, random_skin
from .drape import HeadEnvelope, Sheet, sheet, wavy
from .hair import Rods, chain, join_rods, random_fringe
from .hands import random_fingertips, random_hand
from .patterns import CLOTH


class Occluder(StrEnum):
    """What hides part of the face. The order is the index saved with the pictures."""

    NONE = "none"
    HAND = "hand"
    MASK = "mask"
    SUNGLASSES = "sunglasses"
    GLASSES = "glasses"
    OBJECT = "object"
    CLOTH = "cloth"
    HAIR = "hair"
    PATCH = "patch"
    BLOB = "blob"


OCCLUDERS: Final = tuple(Occluder)
_SHARE: Final = {
    Occluder.HAND: 0.23,
    Occluder.MASK: 0.11,
    Occluder.SUNGLASSES: 0.07,
    Occluder.GLASSES: 0.14,
    Occluder.OBJECT: 0.10,
    Occluder.CLOTH: 0.08,
    Occluder.HAIR: 0.12,
    Occluder.PATCH: 0.14,
    Occluder.BLOB: 0.08,
}


@dataclass(frozen=True)
class Piece:
    """A sheet with its looks: colour (3,) linear, gloss 0..1, material of texture.py."""

    sheet: Sheet
    colour: np.ndarray
    gloss: float
    material: int


@dataclass(frozen=True)
class Prop:
    """Geometry in the head frame, metres; either part may be empty."""

    pieces: tuple[Piece, ...] = ()
    rods: Rods | None = None
    rod_gloss: float = 0.2


@dataclass(frozen=True)
class PropWearer:
    """Whom a prop is fitted to: the face's envelope, the posed landmarks (468, 3) and looks."""

    envelope: HeadEnvelope
    landmarks: np.ndarray
    eyes: np.ndarray
    fields: FaceFields
    complexion: FaceColouring


def random_kind(rng: np.random.Generator) -> Occluder:
    """Which occluder, never NONE."""
    return Occluder(
        rng.choice(list(_SHARE), p=np.array(list(_SHARE.values())) / sum(_SHARE.values()))
    )


def build_prop(rng: np.random.Generator, kind: Occluder, sitter: PropWearer) -> Prop | None:
    """The geometry of an occluder; None for the flat ones, which are painted on the picture."""
    build = _BUILD.get(kind)
    return build(rng, sitter) if build else None


def _hand(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    skin = sitter.complexion.skin if rng.random() < 0.7 else random_skin(rng)
    skin = skin * rng.uniform(0.85, 1.15)
    make = random_fingertips if rng.random() < 0.22 else random_hand
    rods = make(rng, sitter.envelope, skin)
    if rng.random() < 0.25:
        rods = join_rods([rods, make(rng, sitter.envelope, skin)])
    return Prop(rods=rods, rod_gloss=float(rng.uniform(0.1, 0.35)))


def _mask(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    smooth = HeadEnvelope(sitter.envelope.pivot, sitter.envelope.radius)
    bridge = _elevation(sitter, 6 if rng.random() < 0.7 else 4) + rng.normal() * 3
    wide = rng.uniform(52, 80)
    azimuth = np.linspace(-wide, wide, 25)
    top = bridge - rng.uniform(8, 20) * np.sin(np.radians(np.abs(azimuth) * 90 / wide)) ** 1.5
    low = rng.uniform(-66, -54) + rng.uniform(0, 22) * (np.abs(azimuth) / wide) ** 2
    share = np.linspace(0, 1, 14)[:, None]
    elevation = low + (top - low) * share
    pleat = 0.0012 * np.sin(share * np.pi * 2 * rng.integers(2, 6)) * rng.uniform(0, 1.5)
    lift = 0.003 + 0.005 * np.sin(np.pi * share) * rng.uniform(0.3, 1.5) + pleat
    grid = smooth.at(np.broadcast_to(azimuth, elevation.shape), elevation, lift)
    grid[:, :, 2] += (0.004 * np.sin(np.pi * np.linspace(0, 1, 25))).astype(np.float32)
    palette = (
        [0.55, 0.72, 0.82],
        [0.92, 0.93, 0.93],
        [0.08, 0.08, 0.09],
        rng.uniform(0.05, 0.95, 3),
    )
    colour = linear(np.array(palette[rng.integers(4)]) * rng.uniform(0.85, 1.1))
    ears = sitter.landmarks[[234, 454]]
    corner = np.stack([grid[[0, -1], 0], grid[[0, -1], -1]])
    straps = np.stack([corner.reshape(4, 3), ears[[0, 0, 1, 1]]], 1)
    rods = chain(straps, np.full((4, 2), 0.0011), np.tile(colour, (4, 1)))
    return Prop((Piece(sheet(grid), colour, 0.05, CLOTH),), rods, 0.05)


def _spectacles(rng: np.random.Generator, sitter: PropWearer, dark: bool) -> Prop:
    wide, high = rng.uniform(0.022, 0.031), rng.uniform(0.014, 0.026)
    power = rng.uniform(0.55, 1.0)
    angle = np.linspace(0, 2 * np.pi, 21)
    ring = np.stack(
        [_signed_power(np.cos(angle), power) * wide, _signed_power(np.sin(angle), power) * high], 1
    )
    out = 0.026 + rng.normal() * 0.0015
    frame_colour = linear(rng.uniform(0.02, 0.9, 3) ** 2.5)
    lens_colour = linear(
        rng.uniform(0.02, 0.22, 3) if rng.random() < 0.85 else rng.uniform(0.2, 0.7, 3)
    )
    thick = rng.uniform(0.0008, 0.0026)
    drop = rng.normal() * 0.003
    parts, pieces = [], []
    rims = []
    for side, eye, ear in zip((1.0, -1.0), sitter.eyes, sitter.landmarks[[454, 234]], strict=True):
        centre = eye + [side * 0.003, drop - 0.002, out]
        rim = np.concatenate([ring, -0.002 * (ring[:, :1] + wide) / wide], 1)
        rim = rim * [side, 1.0, 1.0] + centre
        rims.append(rim)
        parts.append(chain(rim[None], np.full((1, 21), thick), frame_colour[None]))
        hinge = rim[0]
        temple = np.stack(
            [hinge, hinge * [1.06, 1, 1] - [0, 0, 0.02], ear + [side * 0.006, 0.012, 0.0]]
        )
        parts.append(chain(temple[None], np.full((1, 3), thick * 0.9), frame_colour[None]))
        if dark:
            lens = np.stack([np.repeat(centre[None] + [0, 0, 0.002], 21, 0), rim])
            pieces.append(Piece(sheet(lens), lens_colour, float(rng.uniform(0.4, 1.0)), 0))
    bridge = np.stack(
        [rims[0][10], (rims[0][10] + rims[1][10]) / 2 + [0, 0.003, 0.003], rims[1][10]]
    )
    parts.append(chain(bridge[None], np.full((1, 3), thick), frame_colour[None]))
    return Prop(tuple(pieces), join_rods(parts), float(rng.uniform(0.2, 0.9)))


def _sunglasses(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    return _spectacles(rng, sitter, dark=True)


def _glasses(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    return _spectacles(rng, sitter, dark=False)


def _object(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    """A telephone, box, book or sheet of paper, with fingers on it half of the time."""
    half = np.array([rng.uniform(0.03, 0.08), rng.uniform(0.04, 0.11)])
    where = np.array([rng.normal() * 35, rng.normal() * 30 - 8])
    centre = sitter.envelope.at(where[0], where[1], rng.uniform(0.02, 0.06))
    tilt = np.radians(rng.normal(size=3) * [18, 25, 40])
    axes = rotation_about("xyz", np.degrees(tilt)).T
    u, v = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 4))
    face = centre + (u * half[0])[..., None] * axes[0] + (v * half[1])[..., None] * axes[1]
    depth = axes[2] * rng.uniform(0.003, 0.03)
    pieces = []
    for grid, dim in ((face, 1.0), (face - depth, 0.5)):
        colour = (
            linear(rng.uniform(0, 1, 3) ** rng.uniform(0.5, 2.5))
            if dim == 1.0
            else pieces[0].colour * dim
        )
        pieces.append(
            Piece(sheet(grid), colour, float(rng.uniform(0.05, 0.8)), int(rng.choice([0, CLOTH])))
        )
    for edge in (face[0], face[-1], face[:, 0], face[:, -1]):
        strip = np.stack([edge, edge - depth])
        pieces.append(Piece(sheet(strip), pieces[0].colour * 0.7, 0.1, 0))
    rods = None
    if rng.random() < 0.5:
        rods = random_fingertips(
            rng,
            HeadEnvelope(centre - 0.1 * axes[2], np.full_like(sitter.envelope.radius, 0.1)),
            sitter.complexion.skin,
        )
    return Prop(tuple(pieces), rods)


def _cloth(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    """A scarf up to the mouth or nose, or a hat, hood or band down on the forehead."""
    colour = linear(rng.uniform(0, 1, 3) ** rng.uniform(0.5, 2.0))
    azimuth = np.linspace(-180, 180, 73)
    if rng.random() < 0.55:
        wide = np.clip((np.abs(azimuth) - 60) / 60, 0, 1)
        top = rng.uniform(-46, -4) - rng.uniform(0, 25) * wide + wavy(rng, azimuth, 3, 2.0)
        low = np.full_like(top, -86.0)
        thick = rng.uniform(0.005, 0.022)
    else:
        top = np.full_like(azimuth, 90.0 if rng.random() < 0.8 else rng.uniform(40, 60))
        low = rng.uniform(sitter.fields.hairline - 22, sitter.fields.hairline + 8)
        low = (
            low
            - rng.uniform(0, 30) * np.clip((np.abs(azimuth) - 40) / 80, 0, 1)
            + wavy(rng, azimuth, 3, 0.8)
        )
        thick = rng.uniform(0.003, 0.03)
    low[-1], top[-1] = low[0], top[0]
    share = np.linspace(0, 1, 16)[:, None]
    elevation = low + (top - low) * share
    along = np.broadcast_to(azimuth, elevation.shape)
    fold = 1 + wavy(rng, along * 0.5 + 3 * elevation, 5, 0.25)
    grid = sitter.envelope.at(along, elevation, np.clip(thick * fold, 0.002, None))
    return Prop((Piece(sheet(grid), colour, float(rng.uniform(0.0, 0.2)), CLOTH),))


def _hair(rng: np.random.Generator, sitter: PropWearer) -> Prop:
    rods = random_fringe(rng, sitter.envelope, sitter.fields.hairline, sitter.complexion.hair)
    return Prop(rods=rods, rod_gloss=float(rng.uniform(0.05, 0.4)))


_BUILD: Final[dict[Occluder, Callable[[np.random.Generator, PropWearer], Prop]]] = {
    Occluder.HAND: _hand,
    Occluder.MASK: _mask,
    Occluder.SUNGLASSES: _sunglasses,
    Occluder.GLASSES: _glasses,
    Occluder.OBJECT: _object,
    Occluder.CLOTH: _cloth,
    Occluder.HAIR: _hair,
}


def _elevation(sitter: PropWearer, landmark: int) -> float:
    offset = sitter.landmarks[landmark] - sitter.envelope.pivot
    return float(np.degrees(np.arctan2(offset[1], np.hypot(offset[0], offset[2]))))


def _signed_power(value: np.ndarray, power: float) -> np.ndarray:
    return np.sign(value) * np.abs(value) ** power
