"""Where each of FACE_PARTS lies on a head, with smooth borders."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.face_parts import FACE_PARTS
from .open_head import OpenHead

_MADE_OF: Final = {
    "nose": ("nose",),
    "mouth": ("lips", "mouth_cavity"),
    "eyes": ("eyelids",),
    "brows": ("brows",),
    "cheeks": ("cheeks",),
    "forehead": ("forehead",),
    "ears": ("ears",),
    "skull": ("scalp", "neck"),
}
"""Regions of the head that make up each part; the jaw is what its joint moves beside the mouth."""
_SMOOTHED: Final = 4
"""Times that a border spreads to the neighbours, each some 4 mm on the face."""


def part_masks(head: OpenHead) -> np.ndarray:
    """(9, V) float16 in 0..1, FACE_PARTS order."""
    jaw = head.skin_weights[:, head.joint_names.index("jaw")]
    cavity = np.maximum(head.region("lips"), head.region("mouth_cavity"))
    whole = {
        name: np.max([head.region(each) for each in regions], axis=0)
        for name, regions in _MADE_OF.items()
    }
    whole["jaw"] = np.maximum(np.clip(jaw * 1.5, 0, 1), head.region("chin")) * (1 - cavity)
    for side in ("eye_left", "eye_right", "lashes"):
        if side in head.part_names:
            whole["eyes"] = np.maximum(whole["eyes"], head.part_mask(side))
    for inner in ("teeth_upper", "teeth_lower", "tongue"):
        if inner in head.part_names:
            whole["mouth"] = np.maximum(whole["mouth"], head.part_mask(inner))
    return np.stack([_smooth(head, whole[name]) for name in FACE_PARTS]).astype(np.float16)


def _smooth(head: OpenHead, mask: np.ndarray) -> np.ndarray:
    """The mask, whole where it was, fading over its neighbours."""
    corners = np.where(head.polygons < 0, head.polygons[:, :1], head.polygons)
    counts = np.zeros(len(mask))
    np.add.at(counts, corners, 1)
    found = mask.astype(np.float64)
    for _ in range(_SMOOTHED):
        spread = np.zeros(len(mask))
        np.add.at(spread, corners, found[corners].mean(axis=1)[:, None])
        found = np.maximum(mask, spread / np.maximum(counts, 1))
    return np.clip(found, 0, 1)
