"""How much the photos decide of a head: point by point, by its parts, and in words.

The photos decide a point as far as they show it and as the heads drawn lie closer together there
than people do of whom there is no photo. A covered point is a guess, however closely the heads
agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from .face_parts import FACE_PARTS
from .reconstruction import Reconstruction
from .sentence import Sentence


class Grade(StrEnum):
    """How much the photos decide of a part."""

    DECIDED = "decided"
    PARTLY = "partly decided"
    GUESSED = "guessed"


_DECIDED: Final = 4 / 5
_GUESSED: Final = 1 / 4
"""How far a decided part is decided, at least, and a guess, at most: a part wholly in sight whose
heads leave two fifths of people's variance has 4/5, one two fifths in sight 1/4."""
_IN_SIGHT: Final = 0.5
"""Share of a point in sight even where the heads drawn differ as people do: by how much less they
differ alone, what is covered can hardly be parted from what is seen (docs/choosing.md)."""


@dataclass(frozen=True)
class PartCertainty:
    """part : of FACE_PARTS; decided : 0..1; spread : metres, root mean square distance of the heads
    drawn from their mean."""

    part: str
    decided: float
    spread: float

    @property
    def grade(self) -> Grade:
        """In a word."""
        if self.decided >= _DECIDED:
            return Grade.DECIDED
        return Grade.GUESSED if self.decided < _GUESSED else Grade.PARTLY


@dataclass(frozen=True)
class Certainty:
    """shown : 0..1 of the face that the photos show; spread : metres, as `PartCertainty`, over the
    face; without_photo : the same of people of whom there is no photo, 0 where it is not known;
    parts : in FACE_PARTS order, empty where nothing is known of them."""

    shown: float
    spread: float
    without_photo: float
    parts: tuple[PartCertainty, ...]


def decided(reconstruction: Reconstruction) -> np.ndarray:
    """(V,) float32 in 0..1: how much the photos decide of each point, as far as it is seen: a half,
    and half of the share of the variance without a photo that is gone.

    Where a folder does not say how far people spread, half of what is seen. Raises
    OferError(RECONSTRUCTION_DAMAGED).
    """
    visible = np.clip(reconstruction.array("vertex_visible"), 0, 1)
    if not _compares(reconstruction):
        return (visible * _IN_SIGHT).astype(np.float32)
    spreads = (reconstruction.array(name) for name in ("shape_spread", "prior_spread"))
    return share_decided(visible, *spreads)


def share_decided(visible: np.ndarray, drawn: np.ndarray, people: np.ndarray) -> np.ndarray:
    """As `decided`, of (V,) each: visible, 0..1; drawn, people : metres, spread with the photo and
    without."""
    left = np.square(drawn) / np.maximum(np.square(people), 1e-12)
    agreed = np.clip(1 - left, 0, 1)
    return (visible * (_IN_SIGHT + (1 - _IN_SIGHT) * agreed)).astype(np.float32)


def spread(reconstruction: Reconstruction) -> np.ndarray:
    """(V,) float32 metres: how far the heads drawn lie from their mean at each point.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    known = reconstruction.has("shape_spread")
    return reconstruction.array("shape_spread" if known else "identity_spread")


def certainty(reconstruction: Reconstruction) -> Certainty:
    """What the photos decide of a whole face and of its parts.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    at = reconstruction.array("evidence_vertices")
    drawn, seen = spread(reconstruction), reconstruction.array("vertex_visible")
    known = _compares(reconstruction)
    without = reconstruction.array("prior_spread") if known else np.zeros_like(drawn)
    return Certainty(
        float(seen[at].mean()),
        _root_mean_square(drawn[at]),
        _root_mean_square(without[at]),
        _parts(reconstruction, decided(reconstruction), drawn),
    )


def describe(found: Certainty) -> Sentence:
    """The whole face in a sentence."""
    shown, drawn = f"{found.shown:.0%}", f"{1000 * found.spread:.1f}"
    if not found.without_photo:
        return Sentence(
            "{shown} of the face is seen. The heads drawn differ by ±{drawn} mm there.",
            shown=shown,
            drawn=drawn,
        )
    return Sentence(
        "{shown} of the face is seen. The heads drawn differ by ±{drawn} mm there; people do by"
        " ±{without} mm.",
        shown=shown,
        drawn=drawn,
        without=f"{1000 * found.without_photo:.1f}",
    )


def describe_parts(found: Certainty) -> str:
    """The parts in a line for terminals and sheets: `nose: decided, ±0.6 mm; …`, or nothing."""
    return "; ".join(
        f"{each.part}: {each.grade}, ±{1000 * each.spread:.1f} mm" for each in found.parts
    )


def _compares(reconstruction: Reconstruction) -> bool:
    return reconstruction.has("shape_spread") and reconstruction.has("prior_spread")


def _parts(
    reconstruction: Reconstruction, decided_there: np.ndarray, drawn: np.ndarray
) -> tuple[PartCertainty, ...]:
    if not reconstruction.has("part_masks"):
        return ()
    masks = np.clip(reconstruction.array("part_masks").astype(np.float64), 0, 1)
    masks /= np.maximum(masks.sum(axis=1, keepdims=True), 1e-9)
    return tuple(
        PartCertainty(part, float(mask @ decided_there), float(np.sqrt(mask @ np.square(drawn))))
        for part, mask in zip(FACE_PARTS, masks, strict=True)
    )


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values.astype(np.float64)).mean())) if len(values) else 0.0
