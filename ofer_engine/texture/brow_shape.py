"""The shape of a person's brows: a band of hair in ten numbers, fitted to what photos show.

Both brows are fitted at once, because they are nearly mirror images. What is known of people's
brows (a Gaussian, learned from 195 public-domain portraits by
`research/skins/brow_prior.py`) holds the band where a fringe, a hand, a rim or the shade of a
deep socket is as dark as hair. The best fit is the mode of the posterior under heavy-tailed errors,
found by Gauss and Newton's method in SciPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

NUMBERS: Final = (
    "height", "tilt", "arch", "skew", "half_width", "taper", "inner", "outer", "dark", "fading",
)  # fmt: skip
"""Of one brow, in the frontal plane of the head's template. height : mm of its middle; tilt, arch,
skew : mm by which its middle line differs from level (Legendre's polynomials of first to third
order); half_width : log mm; taper : log of how much wider it is at its middle than at its outer
end; inner, outer : mm from the middle of the face where it ends; dark : log of how much darker than
skin, log luminance; fading : log of how much darker it is at its outer than at its inner end."""
_COUNT: Final = len(NUMBERS)
_HALF_WIDTH, _TAPER, _INNER, _OUTER, DARK, _FADING = range(4, _COUNT)
"""Where they are in a shape."""
_ENDS: Final = (1.2, 1.6)
"""Millimetres in which the inner and the outer end fade."""
_SOLID: Final = 2.5
"""Exponent of the band's profile across: 2 is a Gaussian."""
_BEYOND: Final = 1.3
"""Half lengths from its middle up to which a brow bends."""
_BACKGROUND: Final = np.array([0.3, 0.1, 0.2, 0.1])
"""Deviation of what skin around differs by, log luminance: everywhere, outwards for 20 mm, below
the brow, upwards for 10 mm."""
_SOCKET: Final = 2.5
"""Millimetres over which the shade of the socket begins below the brow's middle."""
_ASIDE: Final = 0.4
"""By how much the sides differ, of people's deviation."""
_NOISE: Final = 0.12
"""Deviation of log luminance in a square of 1.5 mm."""
_INDEPENDENT: Final = 0.06
"""Squares of 1.5 mm err together: each counts as so many."""
_TAIL: Final = 4.0
"""Square of the deviations from which on an error counts less and less."""
_STARTS: Final = (-1.2, 0.0, 1.2)
"""Deviations of the height that the search begins with."""


@dataclass(frozen=True, eq=False)
class BrowPrior:
    """mean : (10,) of people's brows; root : (10, 10) lower triangle, whose product with its own
    transpose is their covariance."""

    mean: np.ndarray
    root: np.ndarray

    def darker(self, times: float) -> BrowPrior:
        """Of people whose brows are so many times as dark."""
        more = np.zeros(_COUNT)
        more[DARK] = np.log(times)
        return BrowPrior(self.mean + more, self.root)


@dataclass(frozen=True, eq=False)
class BrowSamples:
    """What one photo shows around one brow. side : 0 the subject's left, 1 the right; x, y : (N,)
    mm in the frontal plane, x from the middle of the face outwards; dark : (N,) log luminance
    beside skin; weight : (N,) 0..1, how far it can be believed."""

    side: int
    x: np.ndarray
    y: np.ndarray
    dark: np.ndarray
    weight: np.ndarray


def fit_brows(prior: BrowPrior, samples: Sequence[BrowSamples]) -> tuple[np.ndarray, float]:
    """(2, 10): the shapes of the subject's left and right brow, likeliest for all photos; and the
    mean loss of a sample."""
    search = _Search(prior, samples)
    starts = []
    for height in _STARTS:
        start = np.zeros(search.count)
        start[0] = height
        starts.append(least_squares(search.errors, start, search.slopes, method="lm", max_nfev=8))
    best = min(starts, key=lambda each: each.cost)
    best = least_squares(search.errors, best.x, search.slopes, method="lm", max_nfev=25)
    losses = np.square(best.fun[search.count :]) / _INDEPENDENT
    return search.shapes(best.x), float(losses.sum() / max(len(losses), 1))


def along(shape: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(N,) -1 at the inner end of a brow, 1 at the outer."""
    inner, outer = shape[_INNER], shape[_OUTER]
    return 2 * (x - inner) / max(outer - inner, 1.0) - 1


def across(shape: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N,) half widths above the middle line."""
    half = np.exp(shape[_HALF_WIDTH] - shape[_TAPER] * _place(shape, x))
    return (y - _middle(shape, x)) / half


def profile(shape: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N,) 0..: how dense the hair of one brow is, 1 in the middle of it."""
    ends = expit((x - shape[_INNER]) / _ENDS[0]) * expit((shape[_OUTER] - x) / _ENDS[1])
    fading = np.exp(0.5 * shape[_FADING] * np.clip(along(shape, x), -1, 1))
    return np.exp(-(np.abs(across(shape, x, y)) ** _SOLID)) * ends * fading


def _place(shape: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(N,) as `along`, no farther beyond its ends than a brow bends."""
    return np.clip(along(shape, x), -_BEYOND, _BEYOND)


def _middle(shape: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(N,) mm: the height of its middle line."""
    height, tilt, arch, skew = shape[:4]
    place = _place(shape, x)
    square = place * place
    return height + tilt * place + arch * (1 / 3 - square) + skew * (square - 0.6) * place


def _around(shape: np.ndarray, each: BrowSamples) -> np.ndarray:
    """(N, 4) log luminance by which skin differs for a deviation of each of `_BACKGROUND`."""
    below = expit((_middle(shape, each.x) - each.y) / _SOCKET - 1)
    columns = (np.ones_like(below), (each.x - 36) / 20, below, (each.y - 60) / 10)
    return np.stack(columns, 1) * _BACKGROUND


def _shown(shape: np.ndarray, light: np.ndarray, each: BrowSamples) -> np.ndarray:
    """(N,) log luminance beside skin that a brow would show. light : (4,), of `_BACKGROUND`."""
    hair = np.exp(shape[DARK]) * profile(shape, each.x, each.y)
    return _around(shape, each) @ light - hair


class _Search:
    """Unknowns, all of deviation 1: what both brows share (10), what sets the left apart from the
    right (10), and four of each photo's skin."""

    def __init__(self, prior: BrowPrior, samples: Sequence[BrowSamples]) -> None:
        self._prior, self._samples = prior, samples
        self.count = 2 * _COUNT + len(_BACKGROUND) * len(samples)

    def shapes(self, unknown: np.ndarray) -> np.ndarray:
        """(2, 10) the brows."""
        both, apart = unknown[:_COUNT], _ASIDE * unknown[_COUNT : 2 * _COUNT]
        return self._prior.mean + np.stack([both + apart, both - apart]) @ self._prior.root.T

    def errors(self, unknown: np.ndarray) -> np.ndarray:
        shapes, rows = self.shapes(unknown), [unknown]
        for each, light in zip(self._samples, self._lights(unknown), strict=True):
            away = (each.dark - _shown(shapes[each.side], light, each)) / _NOISE
            rows.append(np.sign(away) * np.sqrt(_heavy(away)) * _counts(each))
        return np.concatenate(rows)

    def slopes(self, unknown: np.ndarray) -> np.ndarray:
        """Derivatives of `errors`, by differences in the shape."""
        shapes, rows, first = self.shapes(unknown), [np.eye(self.count)], 2 * _COUNT
        for each, light in zip(self._samples, self._lights(unknown), strict=True):
            shape = shapes[each.side]
            shown = _shown(shape, light, each)
            found = np.zeros((len(shown), self.count))
            moved = shape + 1e-4 * np.eye(_COUNT)
            by_shape = np.stack([_shown(other, light, each) - shown for other in moved], 1) / 1e-4
            found[:, :_COUNT] = by_shape @ self._prior.root
            apart = _ASIDE if each.side == 0 else -_ASIDE
            found[:, _COUNT : 2 * _COUNT] = apart * found[:, :_COUNT]
            found[:, first : first + len(light)] = _around(shape, each)
            first += len(light)
            away = (each.dark - shown) / _NOISE
            steep = np.abs(away) / (1 + away**2 / _TAIL) / np.sqrt(np.maximum(_heavy(away), 1e-12))
            steep = np.where(np.abs(away) < 1e-3, 1, steep)
            rows.append(-found * (steep * _counts(each) / _NOISE)[:, None])
        return np.concatenate(rows)

    def _lights(self, unknown: np.ndarray) -> np.ndarray:
        return unknown[2 * _COUNT :].reshape(len(self._samples), len(_BACKGROUND))


def _heavy(away: np.ndarray) -> np.ndarray:
    """Cauchy's loss: the square of small errors, and hardly more for larger ones."""
    return _TAIL * np.log1p(away**2 / _TAIL)


def _counts(each: BrowSamples) -> np.ndarray:
    return np.sqrt(_INDEPENDENT * each.weight)
