"""Lays the open head over another head model, so that points of one are points of the other.

Landmarks where the detector sees a face on it, joints and nearest surfaces where it does not; then
the open head's identities, then its surface freely but smoothly. Runs on the user's machine: no
other model's geometry is shipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from ..geometry.deformation_gradients import GradientSolver
from ..geometry.similarity import best_similarity
from ..geometry.surface import FacingPoints, closest_facing, closest_vertices
from ..geometry.triangles import triangulate, vertex_normals
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..heads.placement import Similarity, place

_ROUNDS: Final = 10
_REACH: Final = 0.012
_PATIENCE: Final = 0.012
_FACING: Final = 0.35
_NOISE: Final = 0.003
"""Metres of misfit that weigh as much as one standard deviation of an identity coefficient."""
_POINTS_SHARE: Final = 0.05
_STIFFNESS: Final = (5.0, 2.0, 1.0, 0.5, 0.25, 0.12)
_TRUSTED_DISTANCE: Final = 0.004


@dataclass(frozen=True, eq=False)
class Registration:
    """A head model seen from the open head.

    placement : from the model's frame to the open head's; template : (V', 3) the model's template
    in that frame; shape : (V, 3) the open head laid over it; skin : (S,) vertex ids of the model's
    skin; points : where these S vertices lie on the open head; trust : (S,) 0..1.
    """

    placement: Similarity
    template: np.ndarray
    shape: np.ndarray
    skin: np.ndarray
    points: FacingPoints
    trust: np.ndarray


def register(
    head: Head,
    open_head: OpenHead,
    landmarks: np.ndarray | None,
    check: Callable[[], None] = lambda: None,
) -> Registration:
    """Register a head model's template; check may raise to stop.

    landmarks : (468, 3) metres on the template, NaN where unknown; None where none were found.
    """
    placement = _first_placement(head, open_head, landmarks)
    skin = part_triangles(head, "skin")
    fit = _Fit(open_head, head.template.astype(np.float64), skin, landmarks)
    check()
    placement, shape = fit.identity(placement)
    check()
    shape = fit.free(placement, shape)
    template = placement.apply(head.template.astype(np.float64))
    shape = _seat_inner_parts(open_head, head, template, shape)
    ids = np.unique(skin)
    normals = vertex_normals(template, skin)[ids]
    points = closest_facing(template[ids], normals, shape, fit.skin, _PATIENCE)
    trust = np.clip(1 - points.distance / _TRUSTED_DISTANCE, 0, 1) * (points.facing > _FACING)
    return Registration(placement, template, shape, ids, points, trust)


def part_triangles(head: Head, name: str) -> np.ndarray:
    """(T, 3) int triangles of a part; none where the head has no such part."""
    if name not in head.part_names:
        return np.zeros((0, 3), np.int32)
    return triangulate(head.polygons[head.part == head.part_names.index(name)])


def _first_placement(head: Head, open_head: OpenHead, landmarks: np.ndarray | None) -> Similarity:
    if landmarks is None:
        return place(head, open_head, open_head.face)
    known = np.isfinite(landmarks).all(1)
    return best_similarity(landmarks[known], open_head.landmarks(open_head.template)[known])


class _Fit:
    """Alternates nearest points with a smooth fit. moving : (V', 3) template in its own frame."""

    def __init__(
        self,
        head: OpenHead,
        moving: np.ndarray,
        target: np.ndarray,
        landmarks: np.ndarray | None,
    ) -> None:
        self.head, self.moving, self.target = head, moving, target
        self.landmarks = np.zeros((0, 3)) if landmarks is None else landmarks
        self.skin = part_triangles(head, "skin")
        self.outer = np.flatnonzero(head.outer)
        self.weight = 0.1 + 0.9 * head.face[self.outer]
        self.normals = vertex_normals(moving, target)
        self.known = np.zeros(0, int)
        if landmarks is not None:
            self.known = np.flatnonzero(np.isfinite(landmarks).all(1))

    def _matches(
        self, placement: Similarity, shape: np.ndarray, reach: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chosen outer vertices (n,), their goals (n, 3) and the goals' normals (n, 3)."""
        placed = placement.apply(self.moving)
        normals = vertex_normals(shape, self.skin)[self.outer]
        found = closest_facing(shape[self.outer], normals, placed, self.target, _PATIENCE)
        good = (found.facing > _FACING) & (found.distance < reach)
        towards = found.interpolate(self.normals @ placement.rotation.T)[good]
        towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
        return np.flatnonzero(good), found.interpolate(placed)[good], towards

    def identity(self, placement: Similarity) -> tuple[Similarity, np.ndarray]:
        """The placement, and the open head's identity nearest to the template, (V, 3)."""
        head = self.head
        shape = head.template.astype(np.float64)
        modes = head.identity.astype(np.float64)
        marks = np.stack([head.landmarks(mode) for mode in modes]).astype(np.float64)
        rest_marks = head.landmarks(head.template).astype(np.float64)
        for step in range(_ROUNDS):
            good, goal, normal = self._matches(placement, shape, _REACH * (2 if step < 3 else 1))
            chosen, trust = self.outer[good], self.weight[good] / _NOISE**2 / 20
            placement = self._nudged(placement, shape, chosen, goal)
            columns = modes[:, chosen]
            offset = goal - head.template[chosen]
            planes = np.einsum("kvc,vc->vk", columns, normal)
            system = np.eye(len(modes)) + planes.T @ (planes * trust[:, None])
            right = planes.T @ (trust * (offset * normal).sum(1))
            flat = columns.reshape(len(modes), -1)
            share = np.repeat(trust, 3) * _POINTS_SHARE
            system += (flat * share) @ flat.T
            right += flat @ (share * offset.ravel())
            if len(self.known):
                rows = marks[:, self.known].reshape(len(modes), -1)
                away = placement.apply(self.landmarks[self.known]) - rest_marks[self.known]
                system += rows @ rows.T / _NOISE**2 / 4
                right += rows @ away.ravel() / _NOISE**2 / 4
            shape = head.template + np.tensordot(np.linalg.solve(system, right), modes, 1)
        return placement, shape

    def _nudged(
        self, placement: Similarity, shape: np.ndarray, chosen: np.ndarray, goal: np.ndarray
    ) -> Similarity:
        """The placement moved so that the goals come nearer to the shape."""
        back = placement.undo_moves(goal - placement.translation)
        moving, fixed = back, shape[chosen]
        if len(self.known):
            moving = np.concatenate([moving, self.landmarks[self.known]])
            fixed = np.concatenate([fixed, self.head.landmarks(shape)[self.known]])
        return best_similarity(moving, fixed) if len(moving) >= 3 else placement

    def free(self, placement: Similarity, shape: np.ndarray) -> np.ndarray:
        """(V, 3): drawn to the template, neighbours moving alike, stiff at first."""
        still = np.zeros((len(self.skin), 3, 3))
        rows, marks = None, np.zeros((0, 3))
        if len(self.known):
            rows = self._landmark_rows()
            marks = placement.apply(self.landmarks[self.known])
        for stiffness in _STIFFNESS:
            good, goal, _ = self._matches(placement, shape, _REACH)
            follow, wanted = np.zeros(len(shape)), np.zeros_like(shape)
            chosen = self.outer[good]
            follow[chosen], wanted[chosen] = 1 / stiffness, goal - shape[chosen]
            solver = GradientSolver(shape, self.skin, follow, rows, firmness=0.05 / stiffness)
            held = None if rows is None else marks - rows @ shape
            shape = shape + solver.solve(still, wanted, held)
        return shape

    def _landmark_rows(self) -> sparse.csr_matrix:
        corners = self.head.landmark_triangles[self.known].ravel()
        weights = self.head.landmark_barycentric[self.known].ravel().astype(np.float64)
        where = (np.repeat(np.arange(len(self.known)), 3), corners)
        return sparse.csr_matrix((weights, where), (len(self.known), len(self.head.template)))


def _seat_inner_parts(
    open_head: OpenHead, head: Head, template: np.ndarray, shape: np.ndarray
) -> np.ndarray:
    """Eyeballs, teeth and tongue brought to the model's own where it has them, else along with
    the lips; lashes with the lids nearest to them."""
    seated = shape.copy()
    lips = open_head.region("lips") > 0.5
    carried = (shape - open_head.template)[lips].mean(0)
    lids = np.flatnonzero(open_head.region("eyelids") > 0.3)
    for name in open_head.part_names:
        if name == "skin":
            continue
        own = open_head.part_polygons(name)
        ids = np.unique(own[own >= 0])
        rest = open_head.template[ids].astype(np.float64)
        theirs = np.unique(part_triangles(head, name))
        if len(theirs) and not name.startswith("tongue"):
            source, goal = rest, template[theirs]
            scale = np.linalg.norm(np.ptp(goal, axis=0)) / np.linalg.norm(np.ptp(source, axis=0))
            seated[ids] = (source - source.mean(0)) * scale + goal.mean(0)
        elif name == "lashes":
            near = closest_vertices(rest, open_head.template[lids])
            seated[ids] = rest + (shape - open_head.template)[lids[near]]
        else:
            seated[ids] = rest + carried
    return seated
