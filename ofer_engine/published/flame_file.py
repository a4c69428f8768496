"""FLAME's published pickles → checked tensors, and which edition of FLAME they hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence
from .catalogue import CATALOGUE, Part
from .flame import JAW, SHAPES
from .pickle_reader.safe_load import check_tensors, damaged

_INTEGERS: Final = ("f", "kintree_table")
_PARENTS: Final = (0, 1, 1, 1)
_TWICE_A_HEAD: Final = 4.0
"""Metres: no coordinate and no coefficient's displacement of a head is as large."""


_PUBLISHED: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "efcd14cc4a69f3a3d9af8ded80146b5b6b50df3bd74cf69108213b144eba725b": Part.FLAME_2020,
        "8fb1af0db1abb51053ead8fd1f2624a63d01c9602f4a4fb4ea23bd2c82017fa0": Part.FLAME_2023,
        "e75a0990728ba038c7da2a420ae4396f7ddd7781366c13026066c5b24f127623": Part.FLAME_2023_OPEN,
    }
)
"""sha256 of the published files, as several public programs that check them give it."""

_ONLY_IN_OPEN: Final = "supr_expression_metadata"
_JAWLESS: Final = 1e-6
"""Share of the jaw joint in any vertex below which a head has no jaw, as flame2023_no_jaw.pkl."""


def _not_2020(kind: str) -> Sentence:
    needed = CATALOGUE[Part.FLAME_2020]
    return Sentence(
        "This is {kind}; the published networks need {title}: {name} from {source}.",
        kind=kind,
        title=needed.title,
        name=needed.usual_name,
        source=needed.source,
    )


_TAKEN_FOR_2020: Final = (
    "Not byte for byte the published FLAME 2020, but nothing in it says that it is another edition."
)


def convert_flame(
    name: str, content: Any, digest: str
) -> tuple[Part, dict[str, Tensor], tuple[str, ...]]:
    """(which FLAME, its arrays under the names of `heads.flame.SHAPES`, notes).

    name, digest : of the file, the latter its sha256; content : the pickle's dict. Raises
    OferError(WEIGHTS_WRONG | WEIGHTS_DAMAGED).
    """
    if not isinstance(content, dict) or "v_template" not in content:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{name} is a pickle without a head model in it.",
            "Import {usual} from FLAME 2020.",
            name=name,
            usual=CATALOGUE[Part.FLAME_2020].usual_name,
        )
    tensors = {
        key: _tensor(name, key, content[key]) for key in SHAPES if content.get(key) is not None
    }
    check_tensors(name, tensors, SHAPES)
    _check_sense(name, tensors)
    part, notes = _edition(name, digest, content, tensors)
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
        raise damaged(name, Sentence("{key} is not an array of numbers", key=key)) from cause


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
            raise damaged(name, Sentence("the rows of {key} do not sum to one", key=key))
    for key in ("v_template", "shapedirs", "posedirs"):
        if float(tensors[key].abs().max()) > _TWICE_A_HEAD:
            raise damaged(name, Sentence("{key} is far larger than a head", key=key))


def _edition(
    name: str, digest: str, content: Mapping[Any, Any], tensors: Mapping[str, Tensor]
) -> tuple[Part, tuple[str, ...]]:
    """FLAME 2020 and 2023 have the same names and shapes, so the published files are known by
    their sha256; of another copy of one the content tells what it can, its name the rest.
    """
    if digest in _PUBLISHED:
        part = _PUBLISHED[digest]
        return part, () if part == Part.FLAME_2020 else (_not_2020(CATALOGUE[part].title),)
    if _ONLY_IN_OPEN in content or ("2023" in name and "open" in name.lower()):
        return Part.FLAME_2023_OPEN, (_not_2020("FLAME 2023 Open"),)
    if "2023" in name or float(tensors["weights"][:, JAW].abs().max()) < _JAWLESS:
        return Part.FLAME_2023, (_not_2020("FLAME 2023"),)
    return Part.FLAME_2020, (_TAKEN_FOR_2020,)
