"""The points of a face that OFER found in its main photo, as pins can take them over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...ofer_engine.contract.reconstruction import Reconstruction
from .face_picker import Point

_SEEN: Final = 0.5
"""How likely a point is seen that is offered."""


@dataclass(frozen=True, eq=False)
class Landmarks:
    """vertices : (L,) of the head; places : (L, 2) photo pixels where they are seen; deviations :
    (L,) photo pixels, how sure that is."""

    vertices: np.ndarray
    places: np.ndarray
    deviations: np.ndarray

    @classmethod
    def of(cls, record: Reconstruction) -> Landmarks:
        """Those that the main photo shows. Raises OferError(RECONSTRUCTION_DAMAGED)."""
        view = record.camera
        places, deviation = (record.array(f"evidence_{n}")[0] for n in ("points", "deviation"))
        inside = ((places >= 0) & (places <= (view.width, view.height))).all(axis=1)
        seen = inside & (record.array("evidence_visible")[0] >= _SEEN)
        return cls(record.array("evidence_vertices")[seen], places[seen], deviation[seen])

    def near(self, place: Point, reach: float) -> int:
        """Which of them lies nearest to a place, within reach, photo pixels. -1: none."""
        apart = np.hypot(*(self.places - np.asarray(place)).T)
        nearest = int(np.argmin(apart)) if len(apart) else -1
        return nearest if nearest >= 0 and apart[nearest] <= reach else -1

    def snapped(self, vertex: int, place: np.ndarray, reach: float) -> np.ndarray:
        """(2,) where a vertex goes that is brought to a place: to its landmark within reach."""
        for at in self.places[self.vertices == vertex]:
            if np.hypot(*(at - place)) <= reach:
                return at
        return place
