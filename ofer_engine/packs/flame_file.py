"""FLAME's published pickles → checked tensors, and which edition of FLAME they hold."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ..contract.errors import ErrorCode, OferError
from ..heads.flame import JAW, SHAPES
from .catalogue import CATALOGUE, Part
from .safe_load import check_tensors, damaged

_INTEGERS: Final = ("f", "kintree_table")
_PARENTS: Final = (0, 1, 1, 1)
_TWICE_A_HEAD: Final = 4.0
"""Metres: no coordinate and no coefficient's displacement of a head is as large."""


def convert_flame(name: str, content: Any) -> tuple[Part, dict[str, Tensor], tuple[str, ...]]:
    """(which FLAME, its arrays under the names of `heads.flame.SHAPES`, notes).

    name : of the file, which tells the edition where the numbers cannot; content : the pickle's
    dict. Raises OferError(WEIGHTS_WRONG | WEIGHTS_DAMAGED).
    """
    if not isinstance(content, dict) or "v_template" not in content:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            f"{name} is a pickle without a head model in it.",
            f"Import {CATALOGUE[Part.FLAME_2020].usual_name} from FLAME 2020.",
        )
    tensors = {
        key: _tensor(name, key, content[key]) for key in SHAPES if content.get(key) is not None
    }
    check_tensors(name, tensors, SHAPES)
    _check_sense(name, tensors)
    part, notes = _edition(name, tensors)
    return part, tensors, notes


def _tensor(name: str, key: str, value: Any) -> Tensor:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(key)
        if key in _INTEGERS:
            # The root's parent is 2³²-1 in the unsigned published table.
            array = array.astype(np.int64)
            return torch.from_numpy(np.where(array > 2**31, -1, array).astype(np.int32))
        return torch.from_numpy(np.ascontiguousarray(array, np.float32))
    except (ValueError, TypeError) as cause:
        raise damaged(name, f"{key} is not an array of numbers") from cause


def _check_sense(name: str, tensors: dict[str, Tensor]) -> None:
    """What no flipped bit should pass: indices in range, weights that share, sizes of a head."""
    vertices = len(tensors["v_template"])
    triangles = tensors["f"]
    if not (0 <= int(triangles.min()) and int(triangles.max()) < vertices):
        raise damaged(name, "its triangles name vertices that it does not have")
    if tuple(tensors["kintree_table"][0, 1:].tolist()) != _PARENTS:
        raise damaged(name, "its joints are not FLAME's")
    for key in ("weights", "J_regressor"):
        sums = tensors[key].sum(1)
        if not torch.allclose(sums, torch.ones_like(sums), atol=1e-2):
            raise damaged(name, f"the rows of {key} do not sum to one")
    for key in ("v_template", "shapedirs", "posedirs"):
        if float(tensors[key].abs().max()) > _TWICE_A_HEAD:
            raise damaged(name, f"{key} is far larger than a head")


def _edition(name: str, tensors: dict[str, Tensor]) -> tuple[Part, tuple[str, ...]]:
    """FLAME 2020 and 2023 have the same names and shapes; numbers tell only the jawless 2023."""
    jawless = float(tensors["weights"][:, JAW].abs().max()) < 1e-6
    if "2023" in name or jawless:
        opened = "open" in name.lower()
        part = Part.FLAME_2023_OPEN if opened else Part.FLAME_2023
        need = CATALOGUE[Part.FLAME_2020]
        note = (
            f"This is FLAME 2023; the published networks need {need.title}: "
            f"{need.usual_name} from {need.source}."
        )
        return part, (note,)
    return Part.FLAME_2020, ()
