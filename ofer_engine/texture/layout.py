"""Where each polygon lies in the texture: the head's own UVs, or a layout that favours the face."""

from __future__ import annotations

import numpy as np

from ..contract.errors import ErrorCode, OferError
from ..contract.skin import Layout
from ..heads.head import Head
from .overlap import overlapping
from .shape import SKIN, split
from .unwrap import unwrap


def layout(head: Head, kind: Layout) -> np.ndarray:
    """(F, 4, 2) float32: UVs of every polygon corner; other parts than the skin lie at 0, 0 where
    the layout is ours.

    Raises OferError(BAD_REQUEST) where the head's own UVs cannot carry a texture.
    """
    skin = head.part == head.part_names.index(SKIN)
    if kind == Layout.HEAD:
        corners = split(head.polygons[skin], head.uv[skin])[1]
        if not _usable(corners):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The UVs of this head overlap: a photo cannot be painted into them.",
                "Choose the layout for the face.",
            )
        return head.uv
    uv = np.zeros((len(head.polygons), 4, 2), np.float32)
    template = np.asarray(head.template, np.float64)
    uv[skin] = unwrap(template, head.polygons[skin], _middle(head))
    return uv


def _usable(corners: np.ndarray) -> bool:
    """Inside the picture, and next to nothing lies over something else."""
    if corners.min() < 0 or corners.max() > 1:
        return False
    return overlapping(corners, np.arange(len(corners)), np.zeros(len(corners))).mean() < 0.002


def _middle(head: Head) -> np.ndarray:
    """(3,) a point inside the head, level with the eyes, from which the face is spread out."""
    names = list(head.joint_names)
    low, high = head.template.min(0), head.template.max(0)
    middle = (low + high) / 2
    middle[0] = 0
    if "eye_L" in names and "eye_R" in names:
        joints = head.joints(np.zeros(1, np.float32))
        eyes = (joints[names.index("eye_L")] + joints[names.index("eye_R")]) / 2
        middle[1], middle[2] = eyes[1], eyes[2] - 0.45 * (eyes[2] - low[2])
    return middle
