"""The true faces behind synthetic photos, at points whose place on the pack's head is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ...heads.open_head import OpenHead
from ..studio.ict_surface import IctSurface
from ..training.photo_set import PhotoSet
from .metrics import similarity, surface_error

_ROUNDS: Final = 8
_RIDGE: Final = 1e-3
_OTHERS: Final = 400
"""People whose shapes tell how far the basis falls short."""


@dataclass(frozen=True, eq=False)
class Truth:
    """True neutral faces of N people, millimetres.

    vertices : (M,) ids of the pack's head, on the face; faces : (N, M, 3) where they truly are;
    points : (N, P, 3) the same of the evidence points; unsaid : (P, 3) deviation of the points of
    such people from the nearest head that the pack's basis can make.
    """

    vertices: np.ndarray
    faces: np.ndarray
    points: np.ndarray
    unsaid: np.ndarray

    def first(self, count: int) -> Truth:
        """Of the first `count` people."""
        return replace(self, faces=self.faces[:count], points=self.points[:count])


def own_truth(head: OpenHead, photos: PhotoSet) -> Truth:
    """Of people drawn from the head's own prior: their coefficients are the labels."""
    identity = photos.identity.numpy()
    vertices = np.flatnonzero(head.face)

    def at(ids: np.ndarray) -> np.ndarray:
        return (head.template[ids] + np.tensordot(identity, head.identity[:, ids], 1)) * 1000

    points = at(head.point_vertices)
    return Truth(vertices, at(vertices), points, np.zeros(points.shape[1:]))


@dataclass(frozen=True, eq=False)
class IctPeople:
    """ICT-FaceKit's surfaces at the points that correspond to the pack's head.

    spots : the surface there, points of the face and then evidence points; vertices : (M,) ids of
    the former; unsaid : as in `Truth`, of other people of the same model.
    """

    spots: IctSurface
    vertices: np.ndarray
    unsaid: np.ndarray

    @staticmethod
    def read(head: OpenHead, scan: Path, places: Path) -> IctPeople:
        """scan : ict_facekit_light.npz; places : the correspondence that
        training/head/measure_prior writes with --map; evidence points are chosen among its
        vertices."""
        surface = IctSurface.read(scan, places)
        vertices = surface.vertices[head.face[surface.vertices]]
        everywhere = np.concatenate([vertices, head.point_vertices])
        spots = surface.at(everywhere)
        others = np.random.default_rng(0).standard_normal((_OTHERS, len(spots.modes)))
        unsaid = _unsaid(head, everywhere, spots.faces(others))
        return IctPeople(spots, vertices, unsaid[len(vertices) :])

    def truth(self, identity: np.ndarray) -> Truth:
        """identity : (N, 100) coefficients of the people."""
        true, count = self.spots.faces(identity), len(self.vertices)
        return Truth(self.vertices, true[:, :count], true[:, count:], self.unsaid)


def floor(head: OpenHead, truth: Truth) -> np.ndarray:
    """(N,) mm that remain when the head's coefficients are fitted to the true face itself."""
    return surface_error(_nearest(head, truth.vertices, truth.faces), truth.faces)


def _unsaid(head: OpenHead, vertices: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """(M, 3) mm : root mean square of what shapes (N, M, 3) are away from the nearest heads."""
    nearest = _nearest(head, vertices, shapes)
    return np.sqrt(np.square(similarity(shapes, nearest) - nearest).mean(axis=0))


def _nearest(head: OpenHead, vertices: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """(N, M, 3) of the heads that the basis can make, the nearest to shapes (N, M, 3) mm."""
    basis = head.identity[:, vertices].reshape(len(head.identity), -1) * 1000
    template = head.template[vertices] * 1000
    system = basis @ basis.T
    system[np.diag_indices_from(system)] *= 1 + _RIDGE
    fitted = np.broadcast_to(template, shapes.shape)
    for _ in range(_ROUNDS):
        target = similarity(shapes, fitted) - template
        solved = np.linalg.solve(system, basis @ target.reshape(len(target), -1).T)
        fitted = template + (solved.T @ basis).reshape(target.shape)
    return fitted
