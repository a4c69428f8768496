"""ICT-FaceKit's surfaces at the places that correspond to the open head's vertices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class IctPlaces:
    """Where the open head's vertices (P,), in ascending order, lie on ICT's: corners and shares
    (P, 3); turn (3, 3) and origin (3,): from ICT's centimetres to millimetres in its frame."""

    vertices: np.ndarray
    corners: np.ndarray
    shares: np.ndarray
    turn: np.ndarray
    origin: np.ndarray

    @classmethod
    def read(cls, places: Path) -> IctPlaces:
        """places : what training/head/measure_prior writes with --map."""
        with np.load(places) as archive:
            found = {name: archive[name] for name in archive.files}
        order = np.argsort(found["open_vertices"])
        return cls(
            found["open_vertices"][order],
            found["ict_vertices"][order],
            found["barycentric"][order],
            found["scale"] * found["rotation"].T * 1000,
            found["translation"] * 1000,
        )

    def of(self, moves: np.ndarray) -> np.ndarray:
        """(…, P, 3) mm of what ICT's vertices move by, (…, V, 3) centimetres."""
        return np.einsum("...pkc,pk->...pc", moves[..., self.corners, :], self.shares) @ self.turn

    def at(self, vertices: np.ndarray) -> IctPlaces:
        """Some of the places. Raises ValueError where one is not known."""
        rows = _rows(self.vertices, vertices)
        return replace(
            self, vertices=vertices, corners=self.corners[rows], shares=self.shares[rows]
        )


@dataclass(frozen=True, eq=False)
class IctSurface:
    """A linear model of V points: `mean` (P, 3) plus coefficients (N, 100) @ `modes` (100, P, 3).

    Millimetres, in the open head's frame; vertices : (P,) the open head's, whose place on the
    surface is known, in ascending order.
    """

    vertices: np.ndarray
    mean: np.ndarray
    modes: np.ndarray

    @classmethod
    def read(cls, scan: Path, places: Path) -> IctSurface:
        """scan : ict_facekit_light.npz; places : what training/head/measure_prior writes with
        --map."""
        with np.load(scan) as archive:
            neutral, modes = archive["neutral"].astype(float), archive["identity"].astype(float)
        spots = IctPlaces.read(places)
        return cls(spots.vertices, spots.of(neutral) + spots.origin, spots.of(modes))

    def at(self, vertices: np.ndarray) -> IctSurface:
        """At some of the vertices, in their order. Raises ValueError where a place is not known."""
        rows = _rows(self.vertices, vertices)
        return IctSurface(vertices, self.mean[rows], self.modes[:, rows])

    def faces(self, identity: np.ndarray) -> np.ndarray:
        """(N, P, 3) float32 of coefficients (N, up to 100)."""
        moved = np.tensordot(identity, self.modes[: identity.shape[1]], 1)
        return (self.mean + moved).astype(np.float32)


def _rows(known: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    rows = np.searchsorted(known, vertices).clip(max=len(known) - 1)
    if not np.array_equal(known[rows], vertices):
        raise ValueError("Some vertices have no place on ICT-FaceKit's surface.")
    return rows
