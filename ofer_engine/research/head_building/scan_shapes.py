"""Scanned people in the open head's frame, at every point of it: skin, eyes, lashes, teeth, joints.

A head that sliders come near to, plus what is left over. What is left over is known where the skin
has its place on the scan; from there it runs smoothly into mouth, nostrils and sockets, and fades
towards the neck's border. Eyeballs shift and grow as the scan's do, lashes go with their lids,
teeth and tongue with the lips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse.linalg import splu
from scipy.spatial import KDTree

from ...geometry.similarity import best_similarity
from ...heads.open_head import JOINT_NAMES
from .drawn_head import DrawnHead
from .ict_scan import IctScan
from .identity_basis import without_similarity
from .registration import ScanRegistration
from .settling import smoothness

_STRETCH: Final = 0.04
_NECK_FADE: Final = 0.035
"""Metres above the neck's border at which what the scans say counts wholly."""
_NEIGHBOURS: Final = 6
_JOINT_NEIGHBOURS: Final = 80
_EYES: Final = ("eye_left", "eye_right")


@dataclass(frozen=True)
class ScanShapes:
    """vertices : (n,) int, head vertices with a place on the scan; mean : (n, 3) and modes :
    (100, n, 3) per 1 sd, metres in the open head's frame, without what a similarity of the face
    explains; eye_mean : (2, 4) and eye_modes : (100, 2, 4), centre and radius of the eyeballs."""

    vertices: np.ndarray
    mean: np.ndarray
    modes: np.ndarray
    eye_mean: np.ndarray
    eye_modes: np.ndarray


def scan_shapes(
    scan: IctScan, fit: ScanRegistration, template: np.ndarray, drawn: DrawnHead
) -> ScanShapes:
    """Scans' mean and modes laid over template (P, 3) metres by the face."""
    corners, weights = scan.outer[fit.places.triangle], fit.places.weights[:, :, None]

    def at_places(shapes: np.ndarray) -> np.ndarray:
        skin = (shapes[:, corners] * weights).sum(2)
        return np.concatenate([skin, *(shapes[:, ball] for ball in scan.eyeballs)], axis=1)

    mean = at_places(scan.neutral[None])[0]
    on_face = np.flatnonzero(drawn.front[fit.vertices])
    laid = best_similarity(mean[on_face], template[fit.vertices[on_face]])
    mean = laid.apply(mean)
    modes = at_places(scan.identity.astype(float)) * laid.scale @ laid.rotation.T
    modes = without_similarity(mean, modes, on_face)
    skin = len(fit.vertices)
    sizes = [len(ball) for ball in scan.eyeballs]
    balls = np.split(np.arange(skin, skin + sum(sizes)), np.cumsum(sizes)[:-1])
    eyes = [_ball(mean[ball], modes[:, ball]) for ball in balls]
    return ScanShapes(
        fit.vertices,
        mean[:skin],
        modes[:, :skin],
        np.stack([rest for rest, _ in eyes]),
        np.stack([moves for _, moves in eyes], axis=1),
    )


def _ball(points: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and radius (4,) of a ball's vertices (n, 3), and their change (K, 4) with moves."""
    system = np.c_[2 * points, np.ones(len(points))]
    inverse = np.linalg.pinv(system)
    centre = (inverse @ (points**2).sum(1))[:3]
    out = points - centre
    radius = np.linalg.norm(out, axis=1).mean()
    # A small change of centre c and radius r moves the surface along its normals by n.c + r.
    normals = out / np.linalg.norm(out, axis=1, keepdims=True)
    pushed = np.einsum("knx,nx->kn", moves, normals)
    change = pushed @ np.linalg.pinv(np.c_[normals, np.ones(len(points))]).T
    return np.append(centre, radius), change


class Spread:
    """Carries moves that are known at some vertices to every point of the head."""

    def __init__(self, drawn: DrawnHead, template: np.ndarray, known: np.ndarray) -> None:
        """template : (P, 3) metres; known : (n,) int vertices."""
        head, count = drawn.sliders, drawn.sliders.vertex_count
        self.points, self.known = head.points, known
        self.template, self.total, self.count = template, len(template), count
        self.skin = np.unique(drawn.skin_triangles)
        self.eyes = [head.cut.vertices_of(name) for name in _EYES]
        self.lashes = head.cut.vertices_of("lashes")
        self.outer = np.flatnonzero(drawn.outer)
        row = np.full(count, -1)
        row[self.skin] = np.arange(len(self.skin))
        stiff = smoothness(row[drawn.skin_triangles], len(self.skin), _STRETCH)
        self.rest = np.setdiff1d(np.arange(len(self.skin)), row[known])
        self.fixed = row[known]
        self.solve = splu(stiff[self.rest][:, self.rest].tocsc()).solve
        self.coupling = stiff[self.rest][:, self.fixed]
        above = template[self.skin, 1] - template[head.cut.neck_loop, 1].max()
        self.share = np.clip(above / _NECK_FADE, 0, 1)

    def __call__(self, moves: np.ndarray, eyes: np.ndarray) -> np.ndarray:
        """(K, P, 3) of moves (K, n, 3) and of the eyeballs' centres and radii (K, 2, 4), metres."""
        number = len(moves)
        whole = np.zeros((number, self.total, 3))
        skin = np.zeros((len(self.skin), number * 3))
        skin[self.fixed] = moves.transpose(1, 0, 2).reshape(len(self.known), -1)
        skin[self.rest] = self.solve(-(self.coupling @ skin[self.fixed]))
        skin = skin.reshape(len(self.skin), number, 3) * self.share[:, None, None]
        whole[:, self.skin] = skin.transpose(1, 0, 2)
        self._move_eyes(whole, eyes)
        whole[:, self.lashes] = self._from(whole, self.template[self.lashes], _NEIGHBOURS)
        for name in ("neck", "head", "jaw"):
            joint = self.count + JOINT_NAMES.index(name)
            near = self._from(whole, self.template[[joint]], _JOINT_NEIGHBOURS)
            whole[:, joint] = near[:, 0]
        return self.points.mouth_kept(whole)

    def _move_eyes(self, whole: np.ndarray, eyes: np.ndarray) -> None:
        for number, (ball, name) in enumerate(zip(self.eyes, ("eye_L", "eye_R"), strict=True)):
            out = self.template[ball] - self.template[ball].mean(0)
            radius = np.linalg.norm(out, axis=1).mean()
            shift, growth = eyes[:, number, None, :3], eyes[:, number, None, 3:] / radius
            whole[:, ball] = shift + growth * out
            whole[:, self.count + JOINT_NAMES.index(name)] = shift[:, 0]

    def _from(self, whole: np.ndarray, places: np.ndarray, neighbours: int) -> np.ndarray:
        """(K, m, 3) moves of the outer skin nearest to places (m, 3), by inverse distance."""
        distance, nearest = KDTree(self.template[self.outer]).query(places, k=neighbours)
        shares = 1 / np.maximum(distance, 1e-4) ** 2
        shares /= shares.sum(axis=1, keepdims=True)
        return np.einsum("mn,kmnx->kmx", shares, whole[:, self.outer[nearest]])


def eyes_of(drawn: DrawnHead, shapes: np.ndarray) -> np.ndarray:
    """(..., 2, 4): centres and radii of the eyeballs of shapes (..., P, 3)."""
    found = []
    for name in _EYES:
        ball = shapes[..., drawn.sliders.cut.vertices_of(name), :]
        centre = ball.mean(-2)
        radius = np.linalg.norm(ball - centre[..., None, :], axis=-1).mean(-1)
        found.append(np.concatenate([centre, radius[..., None]], axis=-1))
    return np.stack(found, axis=-2)
