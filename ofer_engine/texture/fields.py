"""Smooth values over the skin, known here and there: membranes that know no UV seams."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from .shape import Shape


def membrane(
    shape: Shape, values: np.ndarray, trust: np.ndarray, stiffness: float, pull: float = 1e-6
) -> np.ndarray:
    """The smoothest field near `values` where they are trusted, fading to 0 elsewhere.

    values : (V, C); trust : (V,) at least 0; stiffness : how far values spread, mm (a trusted
    vertex is smoothed over about this distance); pull : towards 0, relative to a trust of 1.
    Returns (V, C) float64. Minimises trust·area (x - value)² + stiffness² |∇x|² + pull·area x².
    """
    own = shape.area * trust
    system = sparse.diags(own + pull * shape.area + 1e-9) + stiffness**2 * shape.laplacian
    factor = splu(system.tocsc())
    return factor.solve(np.ascontiguousarray(own[:, None] * np.nan_to_num(values)))


def spread(shape: Shape, values: np.ndarray, millimetres: float) -> np.ndarray:
    """`values` (V, C) blurred over the surface."""
    return membrane(shape, values, np.ones(len(values)), millimetres)
