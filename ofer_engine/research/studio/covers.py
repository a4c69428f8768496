"""What is put before a scene's face, and how much of it that hides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .drawing import OCCLUDER_LAYER, draw_prop
from .occluders import Occluder, build_prop
from .patches import random_strokes
from .rasterise import Surfels
from .scene import PICTURE_SIDE, Scene

_FLAT: Final = (Occluder.PATCH, Occluder.BLOB)
_TRIES: Final = 48
_NEAR_ENOUGH: Final = 0.04


@dataclass(frozen=True)
class Cover:
    """An occluder put on: the scene's surfels with it, what it adds to the shadows, whether it
    lies on the skin, and where something flat will be painted, (128, 128) bool; zoom : drawn
    pixels for each of those, across and down.

    rng : goes on where building it ended.
    """

    kind: Occluder
    surfels: Surfels
    casters: list[tuple[np.ndarray, np.ndarray]]
    lies_on_skin: bool
    flat: np.ndarray
    rng: np.random.Generator
    zoom: float

    def hidden(self) -> np.ndarray:
        """(S, S) bool, drawn pixels in which the occluder is seen."""
        return (self.surfels.layer == OCCLUDER_LAYER) | self.flat_at(len(self.surfels.layer))

    def flat_at(self, side: int) -> np.ndarray:
        """`flat` in a picture of another side, (side, side) bool."""
        rows = np.arange(side) * PICTURE_SIDE // side
        return self.flat[rows[:, None], rows]


def put_on(rng: np.random.Generator, kind: Occluder, scene: Scene) -> Cover:
    """One occluder of a kind, as it comes."""
    surfels, casters = scene.surfels, []
    prop = build_prop(rng, kind, scene.sitter)
    if prop is not None:
        surfels = surfels.copy()
        casters = draw_prop(surfels, scene.framing, prop, scene.sitter.complexion)
    flat = np.zeros((PICTURE_SIDE, PICTURE_SIDE), bool)
    if kind in _FLAT:
        flat = random_strokes(rng, scene.landmarks_px, PICTURE_SIDE)
    on_skin = prop is not None and prop.rods is not None
    return Cover(kind, surfels, casters, on_skin, flat, rng, scene.zoom)


def put_on_to_hide(seed: int, kind: Occluder, scene: Scene, share: float) -> Cover:
    """The first of many occluders that hides `share` of the face to 4 points, or the nearest."""
    face = scene.face()
    best, least = None, np.inf
    for cover in _tries(seed, kind, scene):
        miss = abs(share_hidden(cover.hidden(), face) - share)
        if miss < least:
            best, least = cover, miss
        if least < _NEAR_ENOUGH:
            break
    assert best is not None
    return best


def _tries(seed: int, kind: Occluder, scene: Scene) -> Iterator[Cover]:
    """One of the kind, later two, three and four of it: a fringe alone hides little."""
    for attempt in range(_TRIES):
        rng = np.random.default_rng([seed, attempt])
        cover = put_on(rng, kind, scene)
        for _ in range(attempt // (_TRIES // 4)):
            under = cover
            cover = put_on(rng, kind, replace(scene, surfels=under.surfels))
            casters, flat = under.casters + cover.casters, under.flat | cover.flat
            cover = replace(cover, casters=casters, flat=flat)
        yield cover


def share_hidden(hidden: np.ndarray, of: np.ndarray) -> float:
    """Share of a region's pixels that are hidden, both (S, S) bool."""
    return float((hidden & of).sum() / max(of.sum(), 1))
