"""Skin weights of the open head's six joints, from MakeHuman's default rig."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...heads.open_head import JOINT_NAMES
from .head_cut import HeadCut
from .makehuman import MakeHuman

_BONE_JOINT: Final = {
    "eye.L": "eye_L",
    "eye.R": "eye_R",
    "jaw": "jaw",
    "head": "head",
    "neck01": "neck",
}
MOST_INFLUENCES: Final = 4


def _joint_of(bone: str, parents: dict[str, str]) -> str:
    while bone and bone not in _BONE_JOINT:
        bone = parents[bone]
    return _BONE_JOINT.get(bone, "root")


def skin_weights(makehuman: MakeHuman, cut: HeadCut) -> np.ndarray:
    """(V, 6) float32, rows sum to 1, at most four non-zero, symmetric; eyeballs wholly follow
    their eye."""
    parents = makehuman.bone_parents()
    weights = np.zeros((len(cut.base_ids), len(JOINT_NAMES)))
    for bone, column in makehuman.bone_weights().items():
        weights[:, JOINT_NAMES.index(_joint_of(bone, parents))] += column[cut.base_ids]
    for part, joint in (("eye_left", "eye_L"), ("eye_right", "eye_R")):
        eyeball = cut.vertices_of(part)
        weights[eyeball] = np.eye(len(JOINT_NAMES))[JOINT_NAMES.index(joint)]
    swapped = weights[cut.mirror][:, [0, 1, 2, 3, 5, 4]]
    weights = (weights + swapped) / 2
    least = np.sort(weights, axis=1)[:, -MOST_INFLUENCES, None]
    weights = np.where(weights >= np.maximum(least, 1e-4), weights, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
