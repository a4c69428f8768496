"""The surface that is painted: a head's skin, its mirror image and its neighbourhoods."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU
from scipy.spatial import KDTree

from ..geometry.surface import Surface
from ..geometry.triangles import edges_of
from ..heads.head import Head

SKIN = "skin"
_EXACT = 1e-6


@dataclass(frozen=True, eq=False)
class Shape:
    """V vertices of a head, of which the skin's T triangles are painted.

    template : (V, 3) float32, metres, engine frame; triangles : (T, 3) int32, of the skin;
    corners : (T, 3, 2) float32, their UVs; everything : (A, 3) int32, the triangles of all parts;
    mirror : (V, 3) int32 and mirror_weights : (V, 3) float32, the place on the other side of the
    head as corners of a triangle and how much each counts; blurs : by millimetres, the factorised
    systems that `fields.spread` has made so far.
    """

    template: np.ndarray
    triangles: np.ndarray
    corners: np.ndarray
    everything: np.ndarray
    mirror: np.ndarray
    mirror_weights: np.ndarray
    blurs: dict[float, SuperLU] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, head: Head, uv: np.ndarray) -> Shape:
        """uv : (F, 4, 2) float32, the layout to paint in (`layout.layout`)."""
        skin = head.part == head.part_names.index(SKIN)
        triangles, corners = split(head.polygons[skin], uv[skin])
        everything, _ = split(head.polygons, uv)
        template = np.asarray(head.template, np.float32)
        mirror, weights = _mirror(template, triangles)
        return cls(template, triangles, corners, everything, mirror, weights)

    def mirrored(self, values: np.ndarray) -> np.ndarray:
        """What each vertex's place on the other side has. values : (V, C) → (V, C)."""
        return np.einsum("vk,vkc->vc", self.mirror_weights, values[self.mirror])

    @cached_property
    def laplacian(self) -> sparse.csr_matrix:
        """(V, V) graph Laplacian of the skin."""
        ends = edges_of(self.triangles)
        count = len(self.template)
        half = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (count, count))
        both = sparse.csr_matrix(half + half.T)
        return sparse.csr_matrix(sparse.diags(np.asarray(both.sum(1)).ravel()) - both)

    @cached_property
    def area(self) -> np.ndarray:
        """(V,) float64: square millimetres of skin around each vertex."""
        corner = self.template[self.triangles].astype(np.float64) * 1000
        face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        each = np.repeat(np.linalg.norm(face, axis=1) / 6, 3)
        return np.bincount(self.triangles.ravel(), each, len(self.template))

    @cached_property
    def texel_size(self) -> np.ndarray:
        """(V,) float64: millimetres of skin that the whole width of the picture would span."""
        first, second = (self.corners[:, n] - self.corners[:, 0] for n in (1, 2))
        flat = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 6
        flat = np.bincount(self.triangles.ravel(), np.repeat(flat, 3), len(self.template))
        return np.sqrt(self.area / np.maximum(flat, 1e-9))


def split(polygons: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (T, 3) int32 and their UVs (T, 3, 2) of quads and triangles (F, 4)."""
    quads = polygons[:, 3] >= 0
    triangles = np.concatenate([polygons[:, :3], polygons[quads][:, [0, 2, 3]]])
    corners = np.concatenate([uv[:, :3], uv[quads][:, [0, 2, 3]]])
    return triangles.astype(np.int32), corners.astype(np.float32)


def _mirror(template: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The surface point nearest to each vertex's mirror image in the plane x = 0."""
    image = template * np.array([-1, 1, 1], np.float32)
    distance, vertex = KDTree(template).query(image)
    found = Surface(template, triangles).closest(image)
    corners, weight = triangles[found.triangle].copy(), found.weights
    exact = np.asarray(distance) < _EXACT
    corners[exact] = np.asarray(vertex, np.int32)[exact, None]
    weight[exact] = (1, 0, 0)
    return corners, weight.astype(np.float32)
