"""The stages of drawing heads, and how long each may take.

Seconds of one core, measured with the open pack; a session learns how much faster or slower its
own machine is.
"""

from __future__ import annotations

from typing import Final

from ..contract import protocol
from ..session import Session
from .assembly import PICTURING

LOADING: Final = "Loading the pack"
FINDING: Final = "Finding the face"
DRAWING: Final = "Drawing heads"
RANKING: Final = "Ranking heads"
EXPRESSING: Final = "Drawing expressions"
UNITS: Final = "Computing the ARKit units"
SHAPING: Final = "Computing the expressions"
WRITING: Final = "Writing"
UNITS_SECONDS: Final = 1.6
PICTURE_SECONDS: Final = 0.03
"""A thumbnail."""


def plan_of_reconstruct(session: Session, request: protocol.Reconstruct) -> dict[str, float]:
    """Stage → seconds, in their order. Raises OferError(PHOTO_MISSING)."""
    loaded = session.has_pack(request.pack)
    closed = sum(not session.is_open(photo.path) for photo in request.photos)
    faces = len(request.photos)
    return {
        LOADING: 0.01 if loaded else 0.3,
        FINDING: 0.3 * closed + 0.02 * faces,
        DRAWING: _drawing(request.steps, request.identities),
        RANKING: _ranking(request.identities),
        EXPRESSING: faces * _drawing(request.steps, request.expressions),
        PICTURING: _picturing(request.identities, request.keep + faces * request.expressions),
        UNITS: UNITS_SECONDS,
        WRITING: 0.02,
    }


def plan_of_more(request: protocol.MoreLikeThis) -> dict[str, float]:
    """Stage → seconds, in their order."""
    return {
        LOADING: 0.3,
        DRAWING: _drawing(request.steps, request.identities),
        RANKING: _ranking(request.identities),
        PICTURING: _picturing(request.identities, request.keep),
        WRITING: 0.02,
    }


def _drawing(steps: int, count: int) -> float:
    return steps * (0.004 + 0.00013 * count)


def _ranking(count: int) -> float:
    return 0.01 + count / 30_000


def _picturing(candidates: int, pictures: int) -> float:
    """With the comparison of the candidates that comes before the first picture."""
    return 0.05 + candidates / 4000 + PICTURE_SECONDS * pictures
