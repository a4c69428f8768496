"""FLAME parameters of one person or frame, from the files in which data sets come.

MICA's registrations (.npz), TEMPEH's export (.npz or a pickled .npy) and COMA's (pickled): all are
read without running anything in them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...contract.sentence import Sentence
from ..flame import EXPRESSIONS, IDENTITIES
from ..pickle_reader.safe_load import FileKind, damaged, file_kind, load_array, load_pickle

_IDENTITY_KEYS: Final = ("shape", "betas", "identity")
_EXPRESSION_KEYS: Final = ("exp", "expression")
_JAW_IN_POSE: Final = slice(3, 6)
_FROM_THE_SOURCE: Final = "Get the file again from the data set's publisher."


def read_parameters(path: Path) -> dict[str, np.ndarray]:
    """The named arrays of a parameter file, whatever its kind.

    Raises OferError(WEIGHTS_MISSING | WEIGHTS_UNSAFE | WEIGHTS_DAMAGED | WEIGHTS_WRONG).
    """
    kind = file_kind(path)
    if kind == FileKind.CHECKPOINT:
        return _archive(path)
    content = load_array(path) if kind == FileKind.NUMPY else load_pickle(path)
    if not isinstance(content, dict):
        raise _wrong(path.name, "holds no named parameters")
    return {str(key): _numbers(path.name, str(key), value) for key, value in content.items()}


def identity_of(parameters: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """(300,) float32 identity coefficients; shorter ones are zero beyond their end.

    parameters : as read; name : of the file, for the sentence. Raises OferError(WEIGHTS_WRONG).
    """
    found = _first(parameters, _IDENTITY_KEYS)
    if found is None:
        raise _wrong(name, "has no identity (`shape`)")
    return _filled(found, IDENTITIES, name)


def expression_of(parameters: Mapping[str, np.ndarray], name: str) -> np.ndarray | None:
    """(53,) float32: 50 expression coefficients and the jaw's axis-angle in radians; None where
    the file has no expression.

    The jaw is `jaw`, or numbers 3 to 5 of `pose`, after the neck's (docs/method.md §11).
    """
    expression = _first(parameters, _EXPRESSION_KEYS)
    if expression is None:
        return None
    jaw, pose = parameters.get("jaw"), parameters.get("pose")
    if jaw is None and pose is not None:
        jaw = pose.ravel()[_JAW_IN_POSE]
    if jaw is None or jaw.size != 3:
        raise _wrong(name, "has an expression, but no jaw")
    return np.concatenate([_filled(expression, EXPRESSIONS, name), _filled(jaw, 3, name)])


def _archive(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: _numbers(path.name, key, archive[key]) for key in archive.files}
    except OferError:
        raise
    # numpy reads headers as Python source: a damaged one raises whatever its tokenizer does.
    except (ValueError, KeyError, OSError, SyntaxError, EOFError, zipfile.BadZipFile) as cause:
        if "allow_pickle" in str(cause):
            raise OferError(
                ErrorCode.WEIGHTS_UNSAFE,
                "{name} was refused: it holds Python objects instead of numbers.",
                _FROM_THE_SOURCE,
                name=path.name,
            ) from cause
        raise damaged(path.name, "it cannot be unpacked") from cause


def _numbers(name: str, key: str, value: object) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "fiub" and not np.isfinite(array).all():
        raise damaged(name, Sentence("{key} holds numbers that are not finite", key=key))
    return array


def _first(parameters: Mapping[str, np.ndarray], keys: tuple[str, ...]) -> np.ndarray | None:
    return next((parameters[key] for key in keys if key in parameters), None)


def _filled(values: np.ndarray, count: int, name: str) -> np.ndarray:
    flat = np.asarray(values).ravel()
    if flat.dtype.kind not in "fiu" or flat.size == 0:
        raise _wrong(name, "holds parameters that are no numbers")
    filled = np.zeros(count, np.float32)
    filled[: min(count, flat.size)] = flat[:count]
    return filled


def _wrong(name: str, what: str) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_WRONG, "{name} {what}.", _FROM_THE_SOURCE, name=name, what=what
    )
