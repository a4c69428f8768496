"""Where a head's skin is not plain skin: lips, brows, lids, the inside of the mouth, the scalp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from ..geometry.surface import closest_vertices
from ..heads.beard import beard_fields
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..heads.placement import place
from .fields import around
from .shape import Shape

_SOCKET: Final = (7.0, 3.0)
"""Millimetres over which lids are spread to cover the sockets of the eyes, and how often."""
_REGIONS: Final = {
    "face": "face",
    "lips": "lips",
    "brows": "brows",
    "lids": "eyelids",
    "cavity": "mouth_cavity",
    "scalp": "scalp",
    "ears": "ears",
    "neck": "neck",
    "nose": "nose",
}


@dataclass(frozen=True, eq=False)
class Features:
    """How much each vertex belongs to a feature: each (V,) float32 in 0..1."""

    face: np.ndarray
    lips: np.ndarray
    brows: np.ndarray
    lids: np.ndarray
    cavity: np.ndarray
    scalp: np.ndarray
    ears: np.ndarray
    neck: np.ndarray
    nose: np.ndarray
    beard: np.ndarray
    eyeballs: np.ndarray

    def at(self, vertices: np.ndarray) -> Features:
        """The features of other vertices, each like one of these: vertices (N,) int."""
        return Features(
            **{field.name: getattr(self, field.name)[vertices] for field in fields(self)}
        )


def features_of(head: Head, donor: Callable[[], OpenHead]) -> Features:
    """The features that `head` knows, or else those of the nearest place on the open head.

    donor : gives the open head; only asked where `head` is another one.
    """
    if head.annotated is not None:
        return _own(head.annotated)
    open_head = donor()
    placed = place(head, open_head, open_head.face).apply(head.template)
    return _own(open_head).at(closest_vertices(placed, open_head.template))


def sockets(shape: Shape, features: Features) -> np.ndarray:
    """(V,) 0..1: the sockets of the eyes, which brows shade, up to the brows."""
    reach, times = _SOCKET
    inside = around(shape, np.clip(times * around(shape, features.lids, reach), 0, 1), reach)
    return inside * (1 - np.clip(features.brows, 0, 1))


def _own(head: OpenHead) -> Features:
    regions = {name: head.region(region) for name, region in _REGIONS.items()}
    marks = head.landmarks(head.template)
    grown = np.maximum(*beard_fields(head.template, marks, regions["lips"]))
    other = np.unique(head.polygons[head.part != head.part_names.index("skin")])
    grown[other[other >= 0]] = 0
    eyeballs = head.part_mask(*(name for name in head.part_names if name.startswith("eye_")))
    return Features(**regions, beard=grown.astype(np.float32), eyeballs=eyeballs)
