"""A head as FLAME is one: another topology, place and size, another face, no teeth, no tongue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ofer_engine.geometry.rotations import rotation_matrix
from ofer_engine.heads.open_head import OpenHead

NAMES = ("root", "neck", "jaw", "eye_L", "eye_R")
KEPT = ("skin", "eye_left", "eye_right")


@dataclass(frozen=True, eq=False)
class DualHead:
    """A `Head` whose vertices are the middles of the open head's polygons, shuffled.

    known_landmarks : (468, 3) on the template, as a detector would find them.
    """

    template: np.ndarray
    polygons: np.ndarray
    part: np.ndarray
    skin_weights: np.ndarray
    mean_joints: np.ndarray
    known_landmarks: np.ndarray
    part_names: tuple[str, ...] = KEPT
    joint_names: tuple[str, ...] = NAMES

    annotated: None = None

    @staticmethod
    def of(head: OpenHead, seed: int = 5) -> DualHead:
        """One face of the open head, seen through other vertices."""
        rng = np.random.default_rng(seed)
        coefficients = rng.normal(size=head.identity.shape[0]) * 0.7
        shape = head.vertices(coefficients).astype(float)
        kept = np.isin(head.part, [head.part_names.index(name) for name in KEPT])
        polygons, part = head.polygons[kept], head.part[kept]
        real = polygons >= 0
        count = real.sum(1, keepdims=True)

        def middles(values: np.ndarray) -> np.ndarray:
            return (values[polygons] * real[..., None]).sum(1) / count

        triangles, piece = _around_vertices(polygons, part)
        order = rng.permutation(len(polygons))
        new = np.argsort(order)
        turn = 1.04 * rotation_matrix(np.array([0.03, 0.08, 0.0])).T

        def moved(points: np.ndarray) -> np.ndarray:
            return points @ turn + [0.01, -0.02, 0.03]

        weights = middles(head.skin_weights.astype(float))[order]
        merged = np.stack((weights[:, 0], weights[:, 1] + weights[:, 2], *weights[:, 3:].T), 1)
        joints = head.joints(coefficients)[[0, 1, 3, 4, 5]].astype(float)
        return DualHead(
            moved(middles(shape)[order]).astype(np.float32),
            np.pad(new[triangles], ((0, 0), (0, 1)), constant_values=-1).astype(np.int32),
            piece,
            merged.astype(np.float32),
            moved(joints).astype(np.float32),
            moved(head.landmarks(shape)),
        )

    def joints(self, identity: np.ndarray) -> np.ndarray:
        """The mean's, whatever the identity."""
        return np.broadcast_to(self.mean_joints, (*identity.shape[:-1], 5, 3))


def _around_vertices(polygons: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (T, 3) of polygon numbers around each inner vertex, and their parts (T,)."""
    after: dict[int, dict[int, int]] = {}
    edge = {}
    for number, corners in enumerate(polygons):
        ring = [int(c) for c in corners if c >= 0]
        for here, there in zip(ring, ring[1:] + ring[:1], strict=True):
            edge[here, there] = number
    for (here, there), number in edge.items():
        if (there, here) in edge:
            after.setdefault(here, {})[edge[there, here]] = number
    triangles, pieces = [], []
    for ring in after.values():
        start = next(iter(ring))
        loop, here = [start], ring.get(start)
        while here is not None and here != start and len(loop) <= len(ring):
            loop.append(here)
            here = ring.get(here)
        if here == start and len(loop) >= 3:
            fan = [(loop[0], loop[i], loop[i + 1]) for i in range(1, len(loop) - 1)]
            triangles += fan
            pieces += [part[start]] * len(fan)
    return np.array(triangles), np.array(pieces, np.uint8)
