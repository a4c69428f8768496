"""ICT-FaceKit's surfaces at the places that correspond to the open head's vertices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...geometry.surface_points import SurfacePoints


@dataclass(frozen=True, eq=False)
class IctPlaces:
    """Where the open head's vertices (P,), in ascending order, lie on ICT's surface: points; and
    turn (3, 3) and origin (3,), from ICT's centimetres to metres in the engine's frame."""

    vertices: np.ndarray
    points: SurfacePoints
    turn: np.ndarray
    origin: np.ndarray

    @classmethod
    def read(cls, places: Path) -> IctPlaces:
        """places : npz with open_vertices (P,) int, ict_vertices (P, 3) int and barycentric (P, 3);
        scale, rotation (3, 3) and translation (3,). Written by training/head/measure_prior with
        --map."""
        with np.load(places) as archive:
            found = {name: archive[name] for name in archive.files}
        order = np.argsort(found["open_vertices"])
        corners = found["ict_vertices"][order].astype(np.int32)
        return cls(
            found["open_vertices"][order].astype(int),
            SurfacePoints(corners, found["barycentric"][order].astype(np.float32)),
            found["scale"] * found["rotation"].T,
            found["translation"],
        )

    def of(self, moves: np.ndarray) -> np.ndarray:
        """(…, P, 3) mm of what ICT's vertices move by, (…, V, 3) centimetres."""
        return self.points.on(moves) @ (self.turn * 1000)


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
        return cls(spots.vertices, spots.of(neutral) + spots.origin * 1000, spots.of(modes))

    def at(self, vertices: np.ndarray) -> IctSurface:
        """At some of the vertices, in their order. Raises ValueError where a place is not known."""
        rows = np.searchsorted(self.vertices, vertices).clip(max=len(self.vertices) - 1)
        if not np.array_equal(self.vertices[rows], vertices):
            raise ValueError("Some vertices have no place on ICT-FaceKit's surface.")
        return IctSurface(vertices, self.mean[rows], self.modes[:, rows])

    def faces(self, identity: np.ndarray) -> np.ndarray:
        """(N, P, 3) float32 of coefficients (N, up to 100)."""
        moved = np.tensordot(identity, self.modes[: identity.shape[1]], 1)
        return (self.mean + moved).astype(np.float32)
