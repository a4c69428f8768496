"""Labels for pictures of ICT-FaceKit's surfaces: the open head's nearest identity coefficients, and
its expression units as strong as theirs.

Both models are linear, so the ridge fit over the corresponding points of the face, with a small
rigid motion and scaling left free, is linear too. On the face 1.3 mm remain of 2.6 mm (mean over
500 random people).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arkit import ARKIT_52
from ...heads.open_head import OpenHead
from .ict_surface import IctPlaces, IctSurface
from .photo_head import arkit_from_ict

_BY_SHARE: Final = ("eyeBlink", "eyeLook")
_RIDGE: Final = 10.0
"""Of a coefficient of 1, against squared millimetres summed over the face's vertices."""


@dataclass(frozen=True)
class IctLabels:
    """Open-head coefficients = offset (K,) + ICT coefficients (100,) @ matrix (100, K); open-head
    units = ICT's times strength (52,), up to 1.

    The strength is that with which our unit comes nearest to what ICT's moves on the face. Lids
    that close and eyes that turn (`eyes.turn_alike`) go by how far, not by millimetres: there it
    is 1.
    """

    offset: np.ndarray
    matrix: np.ndarray
    strength: np.ndarray

    def of(self, identity: np.ndarray) -> np.ndarray:
        """(N, K) float32 of ICT identities (N, 100)."""
        return (self.offset + identity @ self.matrix).astype(np.float32)

    def expression_of(self, expression: np.ndarray) -> np.ndarray:
        """(N, 52) float32 of ICT's weights (N, 52)."""
        return np.minimum(expression * self.strength, 1.0).astype(np.float32)


def fit_ict_labels(head: OpenHead, scan: Path, places: Path) -> IctLabels:
    """scan : ict_facekit_light.npz; places : what training/head/measure_prior writes with --map."""
    surface = IctSurface.read(scan, places)
    surface = surface.at(surface.vertices[head.face[surface.vertices]])
    template = head.template[surface.vertices].astype(float) * 1000
    basis = head.identity[:, surface.vertices].astype(float) * 1000
    columns = np.concatenate([basis, _similarities(template)])
    flat = columns.reshape(len(columns), -1)
    ridge = np.diag(np.r_[np.full(len(basis), _RIDGE), np.zeros(len(columns) - len(basis))])
    goals = np.concatenate([(surface.mean - template)[None], surface.modes])
    solved = np.linalg.solve(flat @ flat.T + ridge, flat @ goals.reshape(len(goals), -1).T)
    fitted = solved[: len(basis)].T
    return IctLabels(fitted[0], fitted[1:], _strength(head, scan, places))


def _strength(head: OpenHead, scan: Path, places: Path) -> np.ndarray:
    """(52,) that each of our units is multiplied by to come nearest to ICT's on the face."""
    with np.load(scan) as archive:
        units = arkit_from_ict(archive["expression_names"], archive["expression"])
    spots = IctPlaces.read(places)
    on_face = head.face[spots.vertices]
    theirs = spots.of(units.astype(float))[:, on_face]
    ours = head.expression[:, spots.vertices[on_face]].astype(float) * 1000
    along, length = (theirs * ours).sum(axis=(1, 2)), np.square(ours).sum(axis=(1, 2))
    by_distance = np.array([not name.startswith(_BY_SHARE) for name in ARKIT_52])
    known = by_distance & (length > 0) & (along > 0)
    return np.where(known, along / np.where(known, length, 1.0), 1.0)


def _similarities(shape: np.ndarray) -> np.ndarray:
    """(7, P, 3): small shifts, turns and growth of a shape (P, 3)."""
    centred = shape - shape.mean(axis=0)
    shifts = np.broadcast_to(np.eye(3)[:, None], (3, *shape.shape))
    turns = np.stack([np.cross(axis, centred) for axis in np.eye(3)])
    return np.concatenate([shifts, turns, centred[None]])
