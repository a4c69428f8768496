"""The six joints of the rig on every head model: root, neck, head, jaw, eye_L, eye_R.

FLAME has no joint between neck and jaw. Its head joint is put where the open head has it between
neck and eyes, and takes over the neck's weights above the neck.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import numpy as np

from ..contract.errors import ErrorCode, OferError
from ..geometry.smooth_step import smooth_step
from ..heads.head import Head
from ..heads.open_head import JOINT_NAMES

MOST_INFLUENCES: Final = 4
_UP: Final = 0.72
_FORWARD: Final = 0.36
"""Where the open head's head joint lies on the way from its neck joint to the middle of its eyes,
measured on the mean head."""


@dataclass(frozen=True, eq=False)
class SixJoints:
    """names, parents : of the joints of `model`."""

    model: Head
    names: ClassVar[tuple[str, ...]] = JOINT_NAMES
    parents: ClassVar[tuple[int, ...]] = (-1, 0, 1, 2, 2, 2)

    @staticmethod
    def of(head: Head) -> SixJoints:
        """Raises OferError(WEIGHTS_WRONG) for a head model without neck, jaw or eyes."""
        lacking = set(JOINT_NAMES) - {"head"} - set(head.joint_names)
        if lacking:
            raise OferError(
                ErrorCode.WEIGHTS_WRONG,
                "This head model has no joint {lacking}.",
                "Use a head model with root, neck, jaw, eye_L and eye_R.",
                lacking=", ".join(sorted(lacking)),
            )
        return SixJoints(head)

    @cached_property
    def skin_weights(self) -> np.ndarray:
        """(V, 6) float32, at most four a row, rows sum to 1."""
        model = self.model
        own = {name: model.skin_weights[:, i] for i, name in enumerate(model.joint_names)}
        if "head" not in own:
            own["head"] = own["neck"] * _above(model)
            own["neck"] = own["neck"] - own["head"]
        return _strongest(np.stack([own[name] for name in self.names], 1))

    def joints(self, identities: np.ndarray) -> np.ndarray:
        """identities : (I, K). (I, 6, 3) float32 metres, of the neutral heads."""
        own = self.model.joints(identities)
        place = {name: own[..., i, :] for i, name in enumerate(self.model.joint_names)}
        if "head" not in place:
            place["head"] = _head_joint(place)
        return np.stack([place[name] for name in self.names], -2).astype(np.float32)


def _head_joint(place: dict[str, np.ndarray]) -> np.ndarray:
    way = (place["eye_L"] + place["eye_R"]) / 2 - place["neck"]
    return place["neck"] + way * np.array([1.0, _UP, _FORWARD])


def _above(head: Head) -> np.ndarray:
    """(V,) 0..1: smoothly from the neck joint's height to the head joint's."""
    mean = head.joints(np.zeros(1, np.float32))
    place = {name: mean[i] for i, name in enumerate(head.joint_names)}
    low, high = place["neck"][1], _head_joint(place)[1]
    return smooth_step(head.template[:, 1], low, max(high, low + 1e-6))


def _strongest(weights: np.ndarray) -> np.ndarray:
    """Rows with their four largest weights, summing to 1."""
    weights = np.maximum(weights, 0.0)
    rank = np.argsort(np.argsort(-weights, axis=1, kind="stable"), axis=1)
    kept = np.where(rank < MOST_INFLUENCES, weights, 0.0)
    return (kept / np.maximum(kept.sum(1, keepdims=True), 1e-9)).astype(np.float32)
