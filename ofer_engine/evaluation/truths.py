"""The true faces behind synthetic photos, at points whose place on the pack's head is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..heads.open_head import OpenHead
from ..training.photo_set import PhotoSet
from ..training.studio.ict_surface import IctSurface
from .metrics import placement, surface_error

_ROUNDS: Final = 8
_RIDGE: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Truth:
    """True neutral faces of N people, millimetres.

    vertices : (M,) ids of the pack's head, on the face; faces : (N, M, 3) where they truly are;
    points : (N, P, 3) the same of the evidence points.
    """

    vertices: np.ndarray
    faces: np.ndarray
    points: np.ndarray

    def first(self, count: int) -> Truth:
        """Of the first `count` people."""
        return Truth(self.vertices, self.faces[:count], self.points[:count])


def own_truth(head: OpenHead, photos: PhotoSet) -> Truth:
    """Of people drawn from the head's own prior: their coefficients are the labels."""
    identity = photos.identity.numpy()
    vertices = np.flatnonzero(head.face)

    def at(ids: np.ndarray) -> np.ndarray:
        return (head.template[ids] + np.tensordot(identity, head.identity[:, ids], 1)) * 1000

    return Truth(vertices, at(vertices), at(head.point_vertices))


def ict_truth(head: OpenHead, identity: np.ndarray, scan: Path, places: Path) -> Truth:
    """Of ICT-FaceKit's surfaces, at the points that correspond to the pack's head.

    identity : (N, 100) coefficients of the people; scan : ict_facekit_light.npz; places : the
    correspondence that training/head/measure_prior writes with --map; evidence points are chosen
    among its vertices.
    """
    surface = IctSurface.read(scan, places)
    vertices = surface.vertices[head.face[surface.vertices]]

    def at(ids: np.ndarray) -> np.ndarray:
        return surface.at(ids).faces(identity)

    return Truth(vertices, at(vertices), at(head.point_vertices))


def floor(head: OpenHead, truth: Truth) -> np.ndarray:
    """(N,) mm that remain when the head's coefficients are fitted to the true face itself."""
    basis = head.identity[:, truth.vertices].reshape(len(head.identity), -1) * 1000
    template = head.template[truth.vertices] * 1000
    system = basis @ basis.T
    system[np.diag_indices_from(system)] *= 1 + _RIDGE
    fitted = np.broadcast_to(template, truth.faces.shape)
    for _ in range(_ROUNDS):
        target = placement(truth.faces, fitted).of(truth.faces) - template
        solved = np.linalg.solve(system, basis @ target.reshape(len(target), -1).T)
        fitted = template + (solved.T @ basis).reshape(target.shape)
    return surface_error(fitted, truth.faces)
