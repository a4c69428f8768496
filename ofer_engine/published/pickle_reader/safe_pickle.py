"""Read the pickles that heads are published in, without letting them do anything.

Nothing named in the file is imported or called, and nothing of this process can be given state:
`pickle_machine` has no object to touch. What is refused leaves nothing behind.
"""

from __future__ import annotations

import io
from typing import Any, Final

import torch

from ...contract.sentence import Sentence
from .pickle_machine import DamagedPickle, Name, UnsafePickle, read
from .plain_values import RULES, Plain, is_chumpy
from .torch_file import MISFITS, TORCH_RULES

__all__ = ["DamagedPickle", "UnsafePickle", "read_pickle"]

_RULES: Final = {**RULES, **TORCH_RULES}


def read_pickle(data: bytes) -> Any:
    """The one object of a pickle, as dicts, lists, numbers, strings and numpy arrays.

    data : a whole pickle, of Python 2 or 3. Raises UnsafePickle, DamagedPickle.
    """
    try:
        return _without_torch(Plain(_RULES)(read(io.BytesIO(data), _is_allowed)))
    except RecursionError as cause:
        raise DamagedPickle("it is nested too deeply") from cause
    # The rules are ours, but numpy meets numbers and shapes of the file's in them.
    except MISFITS as cause:
        raise DamagedPickle(
            Sentence("its objects do not fit together ({name})", name=type(cause).__name__)
        ) from cause


def _is_allowed(name: Name) -> bool:
    return name in _RULES or is_chumpy(name)


def _without_torch(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """Tensors as numpy arrays."""
    seen = {} if seen is None else seen
    if id(value) not in seen:
        if isinstance(value, torch.Tensor):
            seen[id(value)] = value.numpy()
        elif isinstance(value, dict):
            seen[id(value)] = {key: _without_torch(item, seen) for key, item in value.items()}
        elif isinstance(value, list | tuple):
            seen[id(value)] = type(value)(_without_torch(item, seen) for item in value)
        else:
            seen[id(value)] = value
    return seen[id(value)]
