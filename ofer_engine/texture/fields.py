"""Smooth values over the skin, known here and there: membranes that know no UV seams."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from .shape import Shape

_TO_ZERO = 1e-6
_PULL = 1e-9
"""How much what is carried over keeps of its own values, so that islands are no matter."""


def membrane(
    shape: Shape, values: np.ndarray, trust: np.ndarray, stiffness: float, pull: float = _TO_ZERO
) -> np.ndarray:
    """The smoothest field near `values` where they are trusted, fading to 0 elsewhere.

    values : (V, C); trust : (V,) at least 0; stiffness : how far values spread, mm (a trusted
    vertex is smoothed over about this distance); pull : towards 0, relative to a trust of 1.
    Returns (V, C) float64. Minimises trust·area (x - value)² + stiffness² |∇x|² + pull·area x².
    """
    own = shape.area * trust
    return _solved(_factorised(shape, own, stiffness, pull), own, values)


def spread(shape: Shape, values: np.ndarray, millimetres: float) -> np.ndarray:
    """`values` (V, C) blurred over the surface."""
    if millimetres not in shape.blurs:
        shape.blurs[millimetres] = _factorised(shape, shape.area, millimetres, _TO_ZERO)
    return _solved(shape.blurs[millimetres], shape.area, values)


def around(shape: Shape, member: np.ndarray, millimetres: float) -> np.ndarray:
    """(V,) 0..1: a part of the skin, member (V,) 0..1, and some millimetres around it, where it
    fades."""
    return np.clip(2 * spread(shape, member[:, None], millimetres)[:, 0], 0, 1)


def carried_on(shape: Shape, values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """`values` (V, C) with what lies around carried on over `inside` (V,) bool: the smoothest.
    What nothing lies around keeps its values."""
    if not inside.any():
        return values
    rows = shape.laplacian[inside]
    pull = _PULL * float(shape.laplacian.diagonal().mean())
    carried = values.copy()
    around = pull * values[inside].astype(np.float64) - rows[:, ~inside] @ values[~inside]
    system = rows[:, inside] + pull * sparse.identity(int(inside.sum()))
    carried[inside] = splu(system.tocsc()).solve(around)
    return carried


def _factorised(shape: Shape, own: np.ndarray, stiffness: float, pull: float) -> SuperLU:
    """The system of `membrane`. own : (V,), square millimetres that a vertex's value counts for."""
    system = sparse.diags(own + pull * shape.area + 1e-9) + stiffness**2 * shape.laplacian
    return splu(system.tocsc())


def _solved(factor: SuperLU, own: np.ndarray, values: np.ndarray) -> np.ndarray:
    return factor.solve(np.ascontiguousarray(own[:, None] * np.nan_to_num(values)))
