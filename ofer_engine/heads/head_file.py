"""The arrays of a `head.npz`, which a stranger may have made: of their forms, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from ..contract.array_archive import read_archive

_MOST_BYTES: Final = 1 << 30
_FORMS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "template": ("V3", "f"),
        "identity": ("KV3", "f"),
        "expression": ("XV3", "f"),
        "polygons": ("F4", "iu"),
        "uv": ("F42", "f"),
        "part": ("F", "iu"),
        "part_names": ("A", "U"),
        "regions": ("RV", "f"),
        "region_names": ("R", "U"),
        "joints": ("J3", "f"),
        "joints_identity": ("KJ3", "f"),
        "joint_names": ("J", "U"),
        "joint_parents": ("J", "iu"),
        "skin_weights": ("VJ", "f"),
        "outer": ("V", "b"),
        "face": ("V", "b"),
        "landmark_triangles": ("T3", "iu"),
        "landmark_barycentric": ("T3", "f"),
        "point_vertices": ("P", "iu"),
        "rank_vertices": ("Q", "iu"),
        "mirror": ("V", "iu"),
        "neck_loop": ("L", "iu"),
    }
)
"""Sides, a digit for itself and a letter for one length throughout; kinds of number."""
_INTO: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "polygons": (-1, "V"),
        "part": (0, "A"),
        "joint_parents": (-1, "J"),
        "landmark_triangles": (0, "V"),
        "point_vertices": (0, "V"),
        "rank_vertices": (0, "V"),
        "mirror": (0, "V"),
        "neck_loop": (0, "V"),
    }
)
"""Least index, and what it counts."""


def read_head_arrays(path: Path) -> dict[str, np.ndarray]:
    """Name → array. Raises OSError, or ValueError for arrays that make no head."""
    arrays = read_archive(path, _MOST_BYTES)
    lengths: dict[str, int] = {}
    for name, (sides, kinds) in _FORMS.items():
        if name not in arrays or not _fits(arrays[name], sides, kinds, lengths):
            raise ValueError(f"its {name} is missing or has another form")
    for name, (least, counted) in _INTO.items():
        values = arrays[name]
        if values.size and not (least <= values.min() and values.max() < lengths[counted]):
            raise ValueError(f"its {name} points at what is not there")
    if (arrays["polygons"][:, :3] < 0).any():
        raise ValueError("its polygons lack corners")
    return {name: arrays[name] for name in _FORMS}


def _fits(values: np.ndarray, sides: str, kinds: str, lengths: dict[str, int]) -> bool:
    if values.dtype.kind not in kinds or values.ndim != len(sides):
        return False
    for side, length in zip(sides, values.shape, strict=True):
        if length != (int(side) if side.isdigit() else lengths.setdefault(side, length)):
            return False
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())
