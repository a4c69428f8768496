"""What each frame of a video showed: the conditioner's answers, kept as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

SIDES: Final[Mapping[str, tuple[str, ...]]] = {
    "seconds": (),
    "presence": (),
    "cut": (),
    "sharpness": (),
    "box": ("4",),
    "points": ("P", "2"),
    "deviation": ("P",),
    "visible": ("P",),
    "irises": ("I", "2"),
    "irises_deviation": ("I",),
    "lips": ("5", "2"),
    "lips_deviation": (),
    "identity": ("K",),
    "expression": ("X",),
}
"""Field → sides of one frame's value."""


@dataclass(frozen=True, eq=False)
class Readings:
    """F frames; where the face was not seen, `presence` is 0 and the rest of the row, too.

    seconds : (F,) float64 since the first frame; presence : (F,) 0..1; cut : (F,) bool, another
    picture begins; sharpness : (F,) detail of the crop; box : (F, 4) x, y, width, height of the
    landmarks; points : (F, P, 2) frame pixels, deviation : (F, P) frame pixels of one coordinate,
    visible : (F, P) 0..1; irises : (F, I, 2) and irises_deviation : (F, I); lips : (F, 5, 2)
    frame pixels from the lower lip's rim to the upper's, as the detector has them, and
    lips_deviation : (F,); identity : (F, K) and expression : (F, X) as regressed. float32 but for
    seconds and cut.
    """

    seconds: np.ndarray
    presence: np.ndarray
    cut: np.ndarray
    sharpness: np.ndarray
    box: np.ndarray
    points: np.ndarray
    deviation: np.ndarray
    visible: np.ndarray
    irises: np.ndarray
    irises_deviation: np.ndarray
    lips: np.ndarray
    lips_deviation: np.ndarray
    identity: np.ndarray
    expression: np.ndarray

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def seen(self) -> np.ndarray:
        """(F,) bool."""
        return self.presence > 0

    def rows(self, frames: np.ndarray) -> Readings:
        """Some of them. frames : (n,) int."""
        return Readings(**{name: getattr(self, name)[frames] for name in SIDES})

    def arrays(self) -> dict[str, np.ndarray]:
        """By the names of `SIDES`."""
        return {name: getattr(self, name) for name in SIDES}

    @staticmethod
    def of(arrays: Mapping[str, np.ndarray]) -> Readings:
        """Raises ValueError where arrays are missing or do not go together."""
        lengths: dict[str, int] = {}
        for name, sides in SIDES.items():
            values = arrays.get(name)
            if values is None or values.ndim != 1 + len(sides):
                raise ValueError(name)
            for side, length in zip(("F", *sides), values.shape, strict=True):
                wanted = int(side) if side.isdigit() else lengths.setdefault(side, length)
                if length != wanted:
                    raise ValueError(name)
            if values.dtype.kind not in "fb" or not np.isfinite(values).all():
                raise ValueError(name)
        return Readings(**{name: arrays[name] for name in SIDES})

    @staticmethod
    def joined(parts: list[Readings]) -> Readings:
        """One after the other; at least one."""
        return Readings(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in SIDES}
        )
