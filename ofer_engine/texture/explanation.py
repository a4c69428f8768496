"""A photo explained: colour of the skin = the person's albedo, times light, but for outliers.

All in logarithms of linear light, so that albedo and light add. The albedo is a Gaussian over the
head (`AlbedoPrior`), the light second-order spherical harmonics (Ramamoorthi and Hanrahan 2001) of
the normal with a colour of first order, and what neither explains (hair, hands, straps, the shadow
of a hand) has heavy tails: Student's t, fitted by iteratively reweighted least squares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_ROUNDS = 8
_FREEDOM = 3.0
"""Degrees of freedom of Student's t."""
_ERROR = np.array([0.10, 0.045, 0.05])
"""Standard deviations of what remains: log luminance, log R/G, log B/G."""
_LIGHT = np.array([0.45, 0.45, 0.45, 0.2, 0.2, 0.2, 0.2, 0.2])
_TINT = 0.08
"""Standard deviations of the light's coefficients, and of its colour's."""
_UNKNOWN = 1e3
_MOST = 1.2
"""Log luminance by which the light may differ from its middle."""
_LEAST_SEEN = 60
_INDEPENDENT = 150
"""Neighbouring vertices err together: all of them count as this many."""
_RAREST = 2.0
"""Standard deviations that a mode may differ from its mean."""
_HUE = 0.15
"""Log R/G and log B/G that skin in one photo differs from its middle."""
_ENDS = (0.1, 0.85)
_GREY = 0.05
"""Hue of skin, log R/G and log B/G, below which a photo has no colours."""


@dataclass(frozen=True, eq=False)
class VertexAlbedo:
    """The prior on a head's vertices, log luminance, log R/G, log B/G relative to the skin's tone.

    mean : (V, 3); modes : (K, V, 3) per standard deviation; spread : (V, 3) standard deviation of
    what the modes leave. All float32.
    """

    mean: np.ndarray
    modes: np.ndarray
    spread: np.ndarray

    @property
    def average(self) -> VertexAlbedo:
        """All people's albedo without modes, so with a wider spread."""
        wide = np.sqrt(self.spread**2 + (self.modes**2).sum(0))
        return VertexAlbedo(self.mean, self.modes[:0], wide)

    def at(self, weights: np.ndarray) -> np.ndarray:
        """(V, 3) albedo of the person with these mode weights (K,)."""
        return self.mean + np.tensordot(weights, self.modes, 1)


@dataclass(frozen=True, eq=False)
class Explanation:
    """level : (3,) the skin as this photo has it, log luminance, log R/G, log B/G; weights : (K,)
    of the albedo's modes; light : (V, 3) log of the light, about 0; likely : (V,) 0..1, how well a
    vertex is explained; coloured : False for a photo in shades of grey; lit, contrast : log
    luminance by which the brightest skin lies above the level, and above the darkest."""

    level: np.ndarray
    weights: np.ndarray
    light: np.ndarray
    likely: np.ndarray
    coloured: bool = True
    lit: float = 0.0
    contrast: float = 0.0


def explain(
    albedo: VertexAlbedo, normals: np.ndarray, colours: np.ndarray, trust: np.ndarray
) -> Explanation:
    """normals : (V, 3) unit, camera frame; colours : (V, 3) linear, of the photo; trust : (V,) 0
    where a vertex is not seen.

    First without the modes, which would bend towards sunglasses; what is far from all people's skin
    then has no say in the second fit.
    """
    first = _explain(albedo.average, normals, colours, trust)
    explained = _explain(albedo, normals, colours, trust * first.likely**2)
    dark, bright = _ends(albedo, explained, colours, trust)
    return replace(explained, lit=bright, contrast=bright - dark)


def _explain(
    albedo: VertexAlbedo, normals: np.ndarray, colours: np.ndarray, trust: np.ndarray
) -> Explanation:
    seen = np.flatnonzero((trust > 0.05) & (colours.min(1) > 0))
    count = len(albedo.modes)
    if len(seen) < _LEAST_SEEN:
        return Explanation(
            np.zeros(3), np.zeros(count), np.zeros_like(albedo.mean), np.zeros(len(trust))
        )
    basis = harmonics(normals)
    design = _design(albedo, basis, seen)
    shown = opponent(colours[seen])
    coloured = bool(np.abs(np.average(shown[:, 1:], 0, trust[seen])).max() > _GREY)
    target = (shown - albedo.mean[seen]).T.ravel()
    error = np.sqrt(_ERROR**2 + albedo.spread[seen] ** 2)
    if not coloured:
        error[:, 1:] = _UNKNOWN
    error = error.T.ravel()
    prior = np.r_[np.full(3, 1e-4), 1 / _LIGHT**2, np.full(6, 1 / _TINT**2), np.ones(count)]
    sure = np.ones(len(seen))
    crowd = len(seen) / _INDEPENDENT
    solution = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        weight = np.tile(trust[seen] * sure, 3) / error**2 / crowd
        weighted = design * weight[:, None]
        solution = np.linalg.solve(weighted.T @ design + np.diag(prior), weighted.T @ target)
        away = ((target - design @ solution) / error).reshape(3, -1)
        sure = (_FREEDOM + 3) / (_FREEDOM + (away**2).sum(0))
    likely = np.zeros(len(trust))
    likely[seen] = np.clip(sure / 1.2, 0, 1)
    bright = np.clip(basis[:, 1:] @ solution[3:11], -_MOST, _MOST)
    tint = [basis[:, 1:4] @ solution[11:14], basis[:, 1:4] @ solution[14:17]]
    light = np.stack([bright, *tint], 1).astype(np.float32)
    weights = np.clip(solution[17:], -_RAREST, _RAREST)
    return Explanation(solution[:3], weights, light, likely, coloured)


def _ends(
    albedo: VertexAlbedo, explained: Explanation, colours: np.ndarray, trust: np.ndarray
) -> tuple[float, float]:
    """Log luminance, less the level, of the darkest and the brightest tenth or so of what is seen
    and has the hue of the skin."""
    seen = np.flatnonzero((trust > 0.05) & (colours.min(1) > 0))
    if not len(seen):
        return 0.0, 0.0
    beyond = opponent(colours[seen]) - albedo.at(explained.weights)[seen] - explained.level
    trust = trust[seen]
    like = trust * np.exp(-0.5 * ((beyond[:, 1:] / _HUE) ** 2).sum(1))
    order = np.argsort(beyond[:, 0])
    below = np.cumsum(like[order])
    places = np.searchsorted(below, np.multiply(_ENDS, below[-1]))
    dark, bright = beyond[order[np.minimum(places, len(order) - 1)], 0]
    return float(dark), float(bright)


def _design(albedo: VertexAlbedo, basis: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(3 N, 17 + K): level, light, its colour twice, modes; first the luminances, then the hues."""
    count = len(seen)
    design = np.zeros((3, count, 17 + len(albedo.modes)))
    design[[0, 1, 2], :, [0, 1, 2]] = 1
    design[0, :, 3:11] = basis[seen, 1:]
    design[1, :, 11:14] = design[2, :, 14:17] = basis[seen, 1:4]
    design[:, :, 17:] = np.moveaxis(albedo.modes[:, seen], (0, 1, 2), (2, 1, 0))
    return design.reshape(3 * count, -1)


def opponent(colours: np.ndarray) -> np.ndarray:
    """Linear (..., 3) → log luminance, log R/G, log B/G (..., 3)."""
    red, green, blue = np.moveaxis(np.log(np.maximum(colours, 2e-3)), -1, 0)
    return np.stack([(red + green + blue) / 3, red - green, blue - green], -1)


def linear(opponents: np.ndarray) -> np.ndarray:
    """What `opponent` was made of."""
    bright, red, blue = np.moveaxis(opponents, -1, 0)
    green = bright - (red + blue) / 3
    return np.exp(np.stack([green + red, green, green + blue], -1))


def harmonics(normals: np.ndarray) -> np.ndarray:
    """(V, 3) → (V, 9) real spherical harmonics to second order, not normalised."""
    x, y, z = np.asarray(normals, np.float64).T
    one = np.ones_like(x)
    return np.stack([one, x, y, z - 0.7, x * y, y * z, z * x, x * x - y * y, 3 * z * z - 1.5], 1)
