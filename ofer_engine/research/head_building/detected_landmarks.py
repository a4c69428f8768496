"""Landmarks where the face detector sees them in photos, on a head whose landmarks were cast from
clay.

A head's own landmarks were found on painted heads without skin or hair (`landmark_cast`); other
head models are laid over it by landmarks found in the same way (`arkit/registration`), so these
stay. On pictures with real skins whose heads are known, the detector sees them elsewhere: 8 mm
lower on the forehead, 3 to 6 mm off on the jaw, and those of the jaw's two sides were cast 15 mm
apart in depth. What compares heads with photos by landmarks errs with them; so bent portraits teach
points by these places (`warps/bend_portraits`). `detected_landmarks_build` measured them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ...arkit.contacts import LID_PAIRS, LIP_PAIRS
from ...heads.open_head import OpenHead
from ...texture.shape import split
from .landmark_cast import attach

PLACES: Final = Path(__file__).with_name("detected_landmarks.npy")
_BORDERS: Final = (*(pair for pairs in LID_PAIRS.values() for pair in pairs), *LIP_PAIRS, (78, 308))
KEPT: Final = tuple(sorted({mark for pair in _BORDERS for mark in pair}))
"""Landmarks on the borders of lids and lips, which the mesh itself shows."""


def with_detected_landmarks(head: OpenHead) -> OpenHead:
    """The head with all landmarks but `KEPT` where the detector sees them. Pure."""
    return with_landmarks_at(head, np.load(PLACES))


def with_landmarks_at(head: OpenHead, places: np.ndarray) -> OpenHead:
    """The head with landmarks on the skin nearest to `places`, (468, 3) metres on the template,
    but for `KEPT`. Pure."""
    found, barycentric = attach(places, head.template, seen_skin(head))
    moving = ~np.isin(np.arange(len(places)), KEPT)
    corners, weights = head.landmark_triangles.copy(), head.landmark_barycentric.copy()
    corners[moving], weights[moving] = found[moving], barycentric[moving]
    return replace(head, landmark_triangles=corners, landmark_barycentric=weights)


def seen_skin(head: OpenHead) -> np.ndarray:
    """(T, 3) int32 triangles of the skin, without the mouth's lining."""
    skin = head.part == head.part_names.index("skin")
    triangles, _ = split(head.polygons[skin], head.uv[skin])
    return triangles[head.outer[triangles].all(axis=1)]
