"""Shortens MakeHuman's lash sheets, which reach far over the lids and hide the eyes when opaque."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from .head_cut import HeadCut

_ROOT_REACH: Final = 1.03
KEPT_LENGTH: Final = 0.55


@dataclass(frozen=True)
class LashTrim:
    """lashes : (n,) int, all lash vertices; roots : (n,) int, the lash vertex on the lid that each
    grows from (itself at the lid)."""

    lashes: np.ndarray
    roots: np.ndarray

    def __call__(self, shapes: np.ndarray) -> np.ndarray:
        """Shapes, or displacements, (..., V, 3) with every lash KEPT_LENGTH as long."""
        trimmed = shapes.copy()
        root = shapes[..., self.roots, :]
        trimmed[..., self.lashes, :] = root + KEPT_LENGTH * (shapes[..., self.lashes, :] - root)
        return trimmed


def lash_trim(cut: HeadCut, vertices: np.ndarray) -> LashTrim:
    """Find the roots on one head, vertices (V, 3) metres: lash vertices that touch the eyeball."""
    lashes = cut.vertices_of("lashes")
    touching = np.zeros(len(lashes), bool)
    for part in ("eye_left", "eye_right"):
        eyeball = vertices[cut.vertices_of(part)]
        centre = eyeball.mean(0)
        radius = np.linalg.norm(eyeball - centre, axis=1).mean()
        touching |= np.linalg.norm(vertices[lashes] - centre, axis=1) < _ROOT_REACH * radius
    rooted = lashes[touching]
    _, nearest = KDTree(vertices[rooted]).query(vertices[lashes])
    return LashTrim(lashes, rooted[nearest])
