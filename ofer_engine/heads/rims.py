"""Rims of a mouth and of eyes: pairs of a head's points whose distance tells how far they open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..photo.lids import LOWER_LIDS, UPPER_LIDS
from .open_head import OpenHead

LIPS: Final = np.array(((13, 82, 312, 81, 311), (14, 87, 317, 178, 402)))
"""Landmarks of the upper lip's inner rim, and those of the lower lip's below them."""
_LIDS: Final = np.array((UPPER_LIDS, LOWER_LIDS)).reshape(2, -1)
_EDGE_WITHIN: Final = 0.0045
"""Metres from a lid's landmark, which lies on its front, to its edge at most."""
_NEAR: Final = 12
"""Evidence points around an opening that say whether it is seen."""
_COVERED: Final = 0.5
"""Share of an opening from which on it is seen at all."""


@dataclass(frozen=True, eq=False)
class Rims:
    """Of a head: neutral : (2, M, 3) metres, the upper rims' points and the lower ones'; units :
    (X, 2, M, 3) metres that each unit moves them; near : (N, 12) evidence points around each of N
    openings, whose points follow each other."""

    neutral: np.ndarray
    units: np.ndarray
    near: np.ndarray

    def moved(self, weights: np.ndarray) -> np.ndarray:
        """(…, 2, M, 3) metres at unit weights (…, X)."""
        return self.neutral + np.tensordot(weights, self.units, 1)

    def seen(self, visible: np.ndarray) -> np.ndarray:
        """(…, N) 0..1: how far each opening is seen, of evidence points visible (…, P) 0..1."""
        share = visible[..., self.near].mean(axis=-1)
        return np.clip((share - _COVERED) / (1 - _COVERED), 0.0, 1.0)


def lip_rims(head: OpenHead, vertices: np.ndarray) -> Rims:
    """The inner rims of both lips, at the detector's landmarks. vertices : (V, 3) metres, one
    identity's at rest."""
    return Rims(
        head.landmarks(vertices, LIPS).astype(np.float64),
        head.landmarks(head.expression, LIPS).astype(np.float64),
        _near(head, head.landmarks(head.template, LIPS).mean(axis=(0, 1))[None]),
    )


def lid_rims(head: OpenHead, vertices: np.ndarray) -> Rims:
    """The edges of both eyes' lids, the left eye's first. vertices : (V, 3) metres, one identity's
    at rest."""
    skin = np.unique(head.polygons[head.part == head.part[_landmark_polygon(head)]])
    skin = skin[skin >= 0]
    edges = _edges(head, skin)
    middles = head.template[edges].reshape(2, 2, -1, 3).mean(axis=(0, 2))
    return Rims(
        vertices[edges].astype(np.float64),
        head.expression[:, edges].astype(np.float64),
        _near(head, middles),
    )


def _edges(head: OpenHead, skin: np.ndarray) -> np.ndarray:
    """(2, M) vertices on the lids' edges: of the skin (S,) about a landmark the vertex that is
    nearest to the landmark on the other lid."""
    places, shape = head.landmarks(head.template, _LIDS), head.template[skin]
    found = np.empty(_LIDS.shape, int)
    for lid, other in ((0, 1), (1, 0)):
        for column, (own, opposite) in enumerate(zip(places[lid], places[other], strict=True)):
            near = np.linalg.norm(shape - own, axis=1)
            about = near <= max(_EDGE_WITHIN, near.min())
            away = np.where(about, np.linalg.norm(shape - opposite, axis=1), np.inf)
            found[lid, column] = skin[away.argmin()]
    return found


def _landmark_polygon(head: OpenHead) -> int:
    """A polygon that a lid's landmark lies on."""
    corners = head.landmark_triangles[_LIDS[0, 0]]
    return int(np.isin(head.polygons, corners).sum(axis=1).argmax())


def _near(head: OpenHead, middles: np.ndarray) -> np.ndarray:
    """(N, 12) evidence points around places (N, 3)."""
    away = np.linalg.norm(head.template[head.point_vertices] - middles[:, None], axis=2)
    return np.argsort(away, axis=1, kind="stable")[:, :_NEAR]
