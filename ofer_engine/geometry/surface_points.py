"""Points that ride on a mesh wherever its vertices go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SurfacePoints:
    """Points glued to triangles: triangles (P, 3) int32 vertex ids, barycentric (P, 3) float32."""

    triangles: np.ndarray
    barycentric: np.ndarray

    @staticmethod
    def at_vertices(ids: np.ndarray) -> SurfacePoints:
        """Points that are vertices. ids : (P,) int."""
        corner = np.zeros((len(ids), 3), np.float32)
        corner[:, 0] = 1.0
        return SurfacePoints(np.stack([ids] * 3, 1).astype(np.int32), corner)

    def on(self, vertices: np.ndarray) -> np.ndarray:
        """Positions on posed surfaces. vertices : (…, V, C) -> (…, P, C), same unit and frame."""
        corners = vertices[..., self.triangles, :]
        return np.einsum("...pkc,pk->...pc", corners, self.barycentric)
