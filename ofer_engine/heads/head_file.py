"""The arrays of a `head.npz`, which a stranger may have made: of their forms, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from ..contract.files.array_archive import read_archive

_MOST_BYTES: Final = 1 << 30
_OFF: Final = 1e-3
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
_MAY: Final[tuple[Mapping[str, tuple[str, str]], ...]] = (
    MappingProxyType({"free_modes": ("", "iu"), "scan_offset": ("V3", "f")}),
    MappingProxyType(
        {
            "prior_names": ("G", "U"),
            "prior_shares": ("G", "f"),
            "prior_means": ("GK", "f"),
            "prior_factors": ("GKK", "f"),
        }
    ),
)
"""Groups of arrays that a head has all or none of."""
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
    forms = dict(_FORMS)
    for group in _MAY:
        if not arrays.keys().isdisjoint(group):
            forms |= group
    for name, (sides, kinds) in forms.items():
        if name not in arrays or not _fits(arrays[name], sides, kinds, lengths):
            raise ValueError(f"its {name} is missing or has another form")
    for name, (least, counted) in _INTO.items():
        values = arrays[name]
        if values.size and not (least <= values.min() and values.max() < lengths[counted]):
            raise ValueError(f"its {name} points at what is not there")
    if (arrays["polygons"][:, :3] < 0).any():
        raise ValueError("its polygons lack corners")
    if not 0 <= arrays.get("free_modes", 0) <= lengths["K"]:
        raise ValueError("its free_modes are not among its modes")
    if "prior_shares" in arrays and not _shares(arrays["prior_shares"]):
        raise ValueError("its prior_shares are no shares of people")
    return {name: arrays[name] for name in forms}


def _shares(values: np.ndarray) -> bool:
    return bool(len(values) and (values >= 0).all() and abs(values.sum() - 1) < _OFF)


def _fits(values: np.ndarray, sides: str, kinds: str, lengths: dict[str, int]) -> bool:
    if values.dtype.kind not in kinds or values.ndim != len(sides):
        return False
    for side, length in zip(sides, values.shape, strict=True):
        if length != (int(side) if side.isdigit() else lengths.setdefault(side, length)):
            return False
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())
