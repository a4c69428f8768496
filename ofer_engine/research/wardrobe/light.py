"""Light of real places: a panorama becomes a few lamps and a smooth rest in spherical harmonics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from ..harmonics import harmonics

LAMPS: Final = 3
TURNS: Final = 16
_REACH: Final = np.cos(np.radians(14.0))
_LEAST: Final = 0.06
"""A lamp that adds less to the whole light is left in the rest."""


@dataclass(frozen=True)
class Place:
    """Light at one place, seen facing TURNS ways, mean 1 over all directions.

    ambient : (TURNS, 9, 3) what a white surface shows by its normal, in `harmonics`;
    lamps : (TURNS, LAMPS, 6) direction towards each and what it adds to a surface that faces it.
    """

    ambient: np.ndarray
    lamps: np.ndarray


def light_of(panorama: np.ndarray) -> Place:
    """panorama : (H, 2 H, 3) linear, the up axis at the top."""
    height = len(panorama)
    down = (np.arange(height) + 0.5) / height * np.pi
    around = (np.arange(2 * height) + 0.5) / height * np.pi
    up, ring = np.cos(down)[:, None], np.sin(down)[:, None]
    ways = np.stack(np.broadcast_arrays(ring * np.sin(around), up, ring * np.cos(around)), -1)
    solid = np.broadcast_to(ring * (np.pi / height) ** 2, panorama.shape[:2])
    rest = panorama.astype(float) / (panorama * solid[..., None]).sum((0, 1)).mean() * 4 * np.pi
    lamps = np.zeros((LAMPS, 6))
    lamps[:, 2] = 1.0
    for number in range(LAMPS):
        bright = gaussian_filter(rest.mean(2), height / 60, mode="wrap")
        middle = ways[np.unravel_index(bright.argmax(), bright.shape)]
        near = ways @ middle > _REACH
        around_it = np.median(rest[near], axis=0)
        extra = np.where(near[..., None], np.maximum(rest - around_it, 0), 0)
        adds = (extra * solid[..., None]).sum((0, 1)) / np.pi
        if adds.mean() < _LEAST:
            break
        weight = extra.mean(2) * solid
        towards = (ways * weight[..., None]).sum((0, 1))
        lamps[number] = np.r_[towards / np.linalg.norm(towards), adds]
        rest -= extra
    return _turned(_smooth(rest, ways, solid), lamps, ways)


def _smooth(rest: np.ndarray, ways: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """(M, 3) irradiance / π at sample normals (Ramamoorthi and Hanrahan 2001), as a (9, 3) fit."""
    step = max(len(rest) // 32, 1)
    coarse = rest.reshape(len(rest) // step, step, -1, step, 3).mean((1, 3)).reshape(-1, 3)
    toward = ways.reshape(len(rest) // step, step, -1, step, 3).mean((1, 3)).reshape(-1, 3)
    toward = toward / np.linalg.norm(toward, axis=1, keepdims=True)
    weight = solid.reshape(len(rest) // step, step, -1, step).sum((1, 3)).ravel()
    normals = toward[::7]
    shown = (np.clip(normals @ toward.T, 0, None) * weight) @ coarse / np.pi
    return np.linalg.lstsq(harmonics(normals), shown, rcond=None)[0]


def _turned(ambient: np.ndarray, lamps: np.ndarray, ways: np.ndarray) -> Place:
    normals = ways.reshape(-1, 3)[::97]
    shown = harmonics(normals) @ ambient
    all_ambient, all_lamps = [], []
    for turn in range(TURNS):
        angle = 2 * np.pi * turn / TURNS
        rotation = np.array(
            [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        )
        turned = harmonics(normals @ rotation.T)
        all_ambient.append(np.linalg.lstsq(turned, shown, rcond=None)[0])
        all_lamps.append(np.c_[lamps[:, :3] @ rotation.T, lamps[:, 3:]])
    return Place(np.array(all_ambient, np.float32), np.array(all_lamps, np.float32))
