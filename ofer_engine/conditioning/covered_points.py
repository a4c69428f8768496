"""Which points of a face something lies over, told by the pixels around each of them.

The conditioner learnt on rendered heads what is seen, and takes eyes behind dark glasses and lips
behind a moustache for seen. This looks at the picture alone: a small network, learnt from portraits
on which covers were painted (`research/covered_points`), that asks of each point whether the pixels
around it look like that place of a face. The file ships with the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

FILE: Final = Path(__file__).with_name("covered_points.npz")
SIDE: Final = 128
"""Side of the pictures looked at, pixels."""
_GRIDS: Final = ((7, 3.0, 1.0), (5, 9.0, 3.0))
"""Places across, pixels between them and blur, of what is looked at around a point."""
_WAVES: Final = (40.0, 90.0)
"""Angular frequencies, 1/metre, of the sines that tell the network where on the head a point is."""
_SURE: Final = 0.95
"""Chance that some point of a cover has."""
_APART: Final = 0.04
"""Metres on the mean head within which a cover has such a point."""
_BLACK: Final = 0.01
"""Light that is added to all, so that logarithms of black are finite."""


@dataclass(frozen=True, eq=False)
class CoveredPoints:
    """A network of fully connected layers. mean, deviation : (F,) of the features; weights and
    biases : of each layer, all float32."""

    mean: np.ndarray
    deviation: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    @staticmethod
    @lru_cache(maxsize=1)
    def load() -> CoveredPoints:
        """The one that ships."""
        with np.load(FILE, allow_pickle=False) as stored:
            layers = range(sum(name.startswith("weight_") for name in stored))
            return CoveredPoints(
                stored["mean"].astype(np.float32),
                stored["deviation"].astype(np.float32),
                tuple(stored[f"weight_{layer}"].astype(np.float32) for layer in layers),
                tuple(stored[f"bias_{layer}"].astype(np.float32) for layer in layers),
            )

    def save(self, path: Path) -> None:
        """Write the file, in half precision."""
        layers = {f"weight_{n}": each for n, each in enumerate(self.weights)}
        layers |= {f"bias_{n}": each for n, each in enumerate(self.biases)}
        named = {"mean": self.mean, "deviation": self.deviation} | layers
        halves = {name: each.astype(np.float16) for name, each in named.items()}
        np.savez_compressed(path, allow_pickle=False, **halves)

    def chances(
        self, picture: np.ndarray, points: np.ndarray, visible: np.ndarray, places: np.ndarray
    ) -> np.ndarray:
        """(P,) float32 in 0..1: how likely each point is covered. As `features`.

        Dark collars, shade and bright backgrounds beside a jaw resemble covers by halves, and none
        of their points wholly.
        """
        chances = self.chances_of(features(picture, points, visible, places))
        return _held_back(chances, places)

    def chances_of(self, felt: np.ndarray) -> np.ndarray:
        """(P,) float32 in 0..1, of `features` (P, F)."""
        felt = (felt - self.mean) / self.deviation
        layers = list(zip(self.weights, self.biases, strict=True))
        for weight, bias in layers[:-1]:
            felt = np.maximum(felt @ weight + bias, 0)
        weight, bias = layers[-1]
        return 1 / (1 + np.exp(-np.clip(felt @ weight + bias, -30, 30)[:, 0]))


def _held_back(chances: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(P,) float32: chances (P,), less where the likeliest point near by is not sure, by as much,
    in logits, as it lacks. places : as `features`."""
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    likeliest = np.where(apart <= _APART, chances, 0).max(axis=1)
    lacking = likeliest * (1 - _SURE) / np.maximum((1 - likeliest) * _SURE, 1e-9)
    left = chances * np.minimum(lacking, 1)
    return (left / (1 - chances + left)).astype(np.float32)


def features(
    picture: np.ndarray, points: np.ndarray, visible: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """(P, F) float32: the picture around each point, against the face's own colour, and where on
    the head the point is; those of the left half as a mirror would show them.

    picture : (SIDE, SIDE, 3) in 0..1; points : (P, 2) its pixels; visible : (P,) 0..1, about how
    far each is seen; places : (P, 3) metres, on the mean head, engine frame.
    """
    bright = np.log(np.maximum(picture, 0).astype(np.float32) ** 2.2 + _BLACK)
    shown = np.stack(
        [bright.mean(2), bright[..., 0] - bright[..., 1], bright[..., 2] - bright[..., 1]], 2
    )
    side = np.where(places[:, 0] < 0, -1.0, 1.0)
    around = [_sampled(shown, points, side, *grid) for grid in _GRIDS]
    level = _median(around[0][:, (_GRIDS[0][0] ** 2) // 2], visible)
    colours = [(each - level).reshape(len(points), -1) for each in around]
    mirrored = places * np.stack([side, np.ones_like(side), np.ones_like(side)], 1)
    waves = [turn(mirrored * wave) for wave in _WAVES for turn in (np.sin, np.cos)]
    return np.concatenate([*colours, mirrored / 0.1, *waves], axis=1).astype(np.float32)


def _sampled(
    shown: np.ndarray, points: np.ndarray, side: np.ndarray, across: int, step: float, blur: float
) -> np.ndarray:
    """(P, across², 3) of a grid around each point, its columns turned round where side is -1."""
    soft = gaussian_filter(shown, (blur, blur, 0))
    away = (np.arange(across) - across // 2) * step
    down, right = (each.ravel() for each in np.meshgrid(away, away, indexing="ij"))
    x = points[:, :1] + side[:, None] * right - 0.5
    y = points[:, 1:] + down - 0.5
    return np.stack(
        [map_coordinates(soft[..., c], [y, x], order=1, mode="nearest") for c in range(3)], 2
    )


def _median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(C,) weighted medians of values (P, C); weights : (P,)."""
    order = np.argsort(values, axis=0)
    gathered = np.cumsum(weights[order], axis=0)
    middle = (gathered < gathered[-1] / 2).sum(axis=0)
    return np.take_along_axis(values, np.take_along_axis(order, middle[None], 0), 0)[0]
