"""Labels for pictures of ICT-FaceKit's surfaces: the open head's nearest identity coefficients.

Both models are linear, so the ridge fit over the corresponding points of the face, with a small
rigid motion and scaling left free, is linear too. On the face 1.3 mm remain of 2.6 mm (mean over
500 random people).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...heads.open_head import OpenHead
from .ict_surface import IctSurface

_RIDGE: Final = 10.0
"""Of a coefficient of 1, against squared millimetres summed over the face's vertices."""


@dataclass(frozen=True)
class IctLabels:
    """Open-head coefficients = offset (K,) + ICT coefficients (100,) @ matrix (100, K)."""

    offset: np.ndarray
    matrix: np.ndarray

    def of(self, identity: np.ndarray) -> np.ndarray:
        """(N, K) float32 of ICT identities (N, 100)."""
        return (self.offset + identity @ self.matrix).astype(np.float32)


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
    return IctLabels(fitted[0], fitted[1:])


def _similarities(shape: np.ndarray) -> np.ndarray:
    """(7, P, 3): small shifts, turns and growth of a shape (P, 3)."""
    centred = shape - shape.mean(axis=0)
    shifts = np.broadcast_to(np.eye(3)[:, None], (3, *shape.shape))
    turns = np.stack([np.cross(axis, centred) for axis in np.eye(3)])
    return np.concatenate([shifts, turns, centred[None]])
