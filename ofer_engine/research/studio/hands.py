"""Hands in front of a face: palms, curled fingers that lie on the skin, and a forearm."""

from __future__ import annotations

from typing import Final

import numpy as np

from .drape import HeadEnvelope, polar
from .hair import Rods, chain, join_rods

_BASE: Final = np.array(
    [[-0.032, 0.046], [-0.011, 0.052], [0.011, 0.050], [0.031, 0.041]]
)  # fmt: skip
"""Knuckles of the four fingers, across and along the palm, metres."""
_LENGTH: Final = np.array([0.068, 0.078, 0.073, 0.057])
_PHALANX: Final = np.array([0.46, 0.30, 0.24])
_FINGER_RADIUS: Final = np.array([0.0098, 0.0090, 0.0082, 0.0064])
_WRIST: Final = np.array([0.0, -0.050, 0.0])


def random_hand(rng: np.random.Generator, envelope: HeadEnvelope, skin: np.ndarray) -> Rods:
    """A hand on the face, head frame. skin : (3,) linear colour."""
    grasp = rng.random()
    if grasp < 0.35:
        azimuth, elevation = rng.normal() * 18, rng.uniform(-52, -25)
        turn = rng.choice([-1, 1]) * rng.uniform(55, 120)
    elif grasp < 0.65:
        azimuth, elevation = rng.choice([-1, 1]) * rng.uniform(25, 75), rng.uniform(-50, 10)
        turn = rng.normal() * 35
    elif grasp < 0.85:
        azimuth, elevation = rng.normal() * 30, rng.uniform(-8, 32)
        turn = rng.choice([-1, 1]) * rng.uniform(20, 110)
    else:
        azimuth, elevation, turn = rng.normal() * 35, rng.normal() * 30, rng.uniform(-180, 180)
    frame = _palm_frame(envelope, azimuth, elevation, np.radians(turn))
    size = rng.uniform(0.88, 1.12) * np.array([rng.choice([-1.0, 1.0]), 1.0, 1.0])
    lift = rng.uniform(0.012, 0.03) + (rng.uniform(0, 0.06) if rng.random() < 0.25 else 0.0)
    centre = envelope.at(np.array(azimuth), np.array(elevation), lift)
    parts = []
    for points, radius, colour in _hand_chains(rng, skin):
        placed = centre + (points * size) @ frame
        parts.append(chain(_above(envelope, placed, radius)[None], radius[None], colour[None]))
    return join_rods(parts)


def random_fingertips(rng: np.random.Generator, envelope: HeadEnvelope, skin: np.ndarray) -> Rods:
    """One to four fingers without a palm, coming in from the side of the picture. skin : (3,)
    linear colour."""
    count = int(rng.integers(1, 5))
    azimuth, elevation = rng.normal() * 35, rng.normal() * 25 - 10
    heading = rng.uniform(0, 2 * np.pi)
    across = np.array([-np.sin(heading), np.cos(heading)])
    along = np.array([np.cos(heading), np.sin(heading)])
    lift = rng.uniform(0.006, 0.02)
    parts = []
    for finger in range(count):
        start = np.array([azimuth, elevation]) + across * (finger - count / 2) * rng.uniform(11, 15)
        start = start + along * rng.normal() * 5
        steps = np.array([0.0, 14.0, 32.0, 62.0, 100.0])[:, None]
        angles = start + along * steps
        points = envelope.at(angles[:, 0], angles[:, 1], lift + steps[:, 0] ** 2 * 4e-6)
        radius = np.array([0.0066, 0.0082, 0.0090, 0.0098, 0.0105]) * rng.uniform(0.85, 1.15)
        parts.append(chain(points[None], radius[None], _joint_colours(rng, skin, 5)[::-1][None]))
    return join_rods(parts)


def _hand_chains(
    rng: np.random.Generator, skin: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Polylines of a hand lying in its own frame: x across, y to the fingertips, z off the face."""
    curl, fan = rng.uniform(-4, 22), rng.uniform(-2, 9)
    folded = rng.random(4) < (0.25 if rng.random() < 0.3 else 0.0)
    chains = []
    for finger in range(4):
        base = np.array([*_BASE[finger], 0.0])
        bend = curl + rng.normal() * 5 + 55 * folded[finger]
        sideways = np.radians((finger - 1.5) * fan + rng.normal() * 2)
        points, tilt = [base], np.radians(bend * 0.5)
        for phalanx in _PHALANX:
            step = np.array([np.sin(sideways), 1.0, 0.0]) * np.cos(tilt)
            points.append(points[-1] + _LENGTH[finger] * phalanx * (step - [0, 0, np.sin(tilt)]))
            tilt += np.radians(bend)
        chains.append((np.array(points), _FINGER_RADIUS, _joint_colours(rng, skin, 4)))
        root = _WRIST + [base[0] * 0.55, 0.0, 0.0]
        palm = np.stack([root, base])
        chains.append((palm, np.array([0.0165, 0.0125]), _joint_colours(rng, skin, 2)))
    out = rng.uniform(0.3, 1.2)
    thumb = np.array(
        [[-0.022, -0.035, 0.0], [-0.034 - 0.012 * out, -0.004, 0.004],
         [-0.042 - 0.02 * out, 0.026, 0.002], [-0.044 - 0.024 * out, 0.050, -0.004]]
    )  # fmt: skip
    chains.append((thumb, np.array([0.017, 0.0125, 0.0105, 0.0078]), _joint_colours(rng, skin, 4)))
    sleeve = np.clip(rng.uniform(0, 1, 3) ** 2, 0.01, 0.9) if rng.random() < 0.5 else skin
    arm = np.stack([_WRIST + [0, 0.004, 0.0], _WRIST + [0.0, -0.21, 0.02]])
    chains.append((arm, np.array([0.026, 0.038]), np.stack([sleeve, sleeve])))
    return chains


def _joint_colours(rng: np.random.Generator, skin: np.ndarray, joints: int) -> np.ndarray:
    """Darker, redder knuckles and a paler tip, (joints, 3)."""
    shade = 1 + rng.normal(size=(joints, 1)) * 0.07
    knuckle = np.array([0.92, 0.80, 0.78]) ** rng.uniform(0, 1.5)
    colours = skin * shade * knuckle
    if joints > 2:
        colours[-1] = skin * [1.05, 0.95, 0.95]
    return np.clip(colours, 0.003, 1.0)


def _palm_frame(
    envelope: HeadEnvelope, azimuth: float, elevation: float, turn: float
) -> np.ndarray:
    """Rows: across, along, off the face; along is up turned by `turn` radians."""
    here = envelope.at(np.array(azimuth), np.array(elevation), 0.0)
    outward = (here - envelope.pivot).astype(float)
    outward /= np.linalg.norm(outward)
    right = np.cross([0.0, 1.0, 0.0], outward)
    right /= np.linalg.norm(right)
    up = np.cross(outward, right)
    along = np.cos(turn) * up + np.sin(turn) * right
    return np.stack([np.cross(along, outward), along, outward])


def _above(envelope: HeadEnvelope, points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Push points out of the head, so that a finger of `radius` rests on the skin."""
    azimuth, elevation, distance = polar(points - envelope.pivot)
    sunk = envelope.reach(azimuth, elevation) + radius * 0.85 - distance
    outward = (points - envelope.pivot) / np.maximum(distance, 1e-6)[:, None]
    return points + outward * np.clip(sunk, 0.0, 0.06)[:, None]
