"""The true faces behind synthetic photos, at points whose place on the pack's head is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..heads.open_head import OpenHead
from ..training.photo_set import PhotoSet
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
    with np.load(scan) as archive:
        neutral, modes = archive["neutral"], archive["identity"]
    with np.load(places) as archive:
        found = {name: archive[name] for name in archive.files}
    turn = (found["scale"] * found["rotation"].T).astype(np.float32) * 1000
    shift = found["translation"].astype(np.float32) * 1000
    row = np.full(len(head.template), -1)
    row[found["open_vertices"]] = np.arange(len(found["open_vertices"]))

    def at(ids: np.ndarray) -> np.ndarray:
        corners, weights = found["ict_vertices"][row[ids]], found["barycentric"][row[ids]]
        mean = np.einsum("pkc,pk->pc", neutral[corners], weights)
        moved = np.einsum("npkc,pk->npc", modes[:, corners].astype(np.float32), weights)
        shaped = mean + np.tensordot(identity, moved[: identity.shape[1]], 1)
        return (shaped @ turn + shift).astype(np.float32)

    vertices = np.flatnonzero(head.face & (row >= 0))
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
