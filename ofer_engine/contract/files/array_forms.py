"""Which shape, type and range each array of a reconstruction has, read from its description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from .array_file import ArrayHeader

_DESCRIBED: Final = re.compile(r"\(([^)]*)\) (float32|float16|int32|uint8): ")
_SLACK: Final = 1e-3
_RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "identity_spread": (0.0, np.inf),
        "shape_spread": (0.0, np.inf),
        "prior_spread": (0.0, np.inf),
        "expression_arkit_residual": (0.0, np.inf),
        "evidence_deviation": (1e-30, np.inf),
        "evidence_visible": (-_SLACK, 1 + _SLACK),
        "vertex_visible": (-_SLACK, 1 + _SLACK),
        "part_masks": (-_SLACK, 1 + _SLACK),
        "skin_weights": (-_SLACK, 1 + _SLACK),
        "iris_colour": (-_SLACK, 1 + _SLACK),
    }
)
"""Least and greatest value, where numbers are not free."""
_INDICES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "polygons": (-1, "V"),
        "part": (0, "parts"),
        "evidence_vertices": (0, "V"),
        "identity_order": (0, "N"),
    }
)
"""Least value, and the count of what is pointed at."""


@dataclass(frozen=True)
class Form:
    """sides : a number, or a letter that has one length in all arrays of a folder."""

    sides: tuple[int | str, ...]
    dtype: np.dtype

    @staticmethod
    def of(description: str) -> Form:
        """From a description as `(I, V, 3) float32: ...`. Raises ValueError where it is none."""
        found = _DESCRIBED.match(description)
        if found is None:
            raise ValueError(f"{description!r} describes no array")
        sides = [side.strip() for side in found[1].split(",") if side.strip()]
        return Form(
            tuple(int(side) if side.isdigit() else side for side in sides), np.dtype(found[2])
        )

    def lengths(self, header: ArrayHeader) -> dict[str, int] | None:
        """The length of each letter, or None where the header has another form."""
        if header.dtype.newbyteorder("=") != self.dtype or len(header.shape) != len(self.sides):
            return None
        found: dict[str, int] = {}
        for side, length in zip(self.sides, header.shape, strict=True):
            if length != (found.setdefault(side, length) if isinstance(side, str) else side):
                return None
        return found


def agreed(
    forms: Iterable[tuple[str, Form, ArrayHeader]], known: Mapping[str, int]
) -> dict[str, int]:
    """The length of every letter. known : those that the record tells.

    Raises ValueError with the name of the first array that does not agree.
    """
    lengths = dict(known)
    for name, form, header in forms:
        found = form.lengths(header)
        if found is None or any(lengths.setdefault(each, n) != n for each, n in found.items()):
            raise ValueError(name)
    return lengths


def is_sound(name: str, values: np.ndarray, lengths: Mapping[str, int]) -> bool:
    """Whether all numbers are finite, in their range, and point at what there is."""
    if not values.size:
        return True
    if name in _INDICES:
        least, counted = _INDICES[name]
        fits = least <= int(values.min()) and int(values.max()) < lengths[counted]
        if name == "polygons":
            return fits and bool((values[:, :3] >= 0).all())
        if name == "identity_order":
            return fits and len(np.unique(values)) == len(values)
        return fits
    low, high = _RANGES.get(name, (-np.inf, np.inf))
    return bool(np.isfinite(values).all()) and low <= values.min() and values.max() <= high
