"""Read the pickles that heads are published in, without letting them do anything.

Nothing named in the file is ever imported. The few names that FLAME's files use (numpy arrays, a
scipy sparse matrix, chumpy objects) are answered with inert stand-ins of this module; any other
name ends the reading before it has any effect. The stand-ins only keep what they are given, and
`_Plain` turns them into numpy arrays after checking every length.
"""

from __future__ import annotations

import codecs
import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from torch._utils import _rebuild_tensor_v2

_MAX_BYTES: Final = 1 << 30
_SIMPLE_KINDS: Final = frozenset("biuf")


class UnsafePickle(Exception):
    """The file names something outside the allow-list; `args[0]` says what."""


class DamagedPickle(Exception):
    """The file is no complete pickle, or its arrays do not add up."""


def read_pickle(data: bytes) -> Any:
    """The one object of a pickle, as dicts, lists, numbers, strings and numpy arrays.

    data : a whole pickle, of Python 2 or 3. Raises UnsafePickle, DamagedPickle.
    """
    _check_opcodes(data)
    try:
        return _Plain()(_Reader(io.BytesIO(data), encoding="latin1").load())
    except (UnsafePickle, DamagedPickle):
        raise
    except RecursionError as cause:
        raise DamagedPickle("it is nested too deeply") from cause
    # The interpreter of a damaged pickle can raise nearly anything; none of it runs foreign code.
    except Exception as cause:
        raise DamagedPickle(f"its objects do not fit together ({type(cause).__name__})") from cause


class _Plain:
    """Stand-ins → numpy arrays, all through dicts, lists and tuples, each object once.

    Once: a small pickle can name one list many times over, level upon level.
    """

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        if id(value) not in self._seen:
            self._seen[id(value)] = self._convert(value)
        return self._seen[id(value)]

    def _convert(self, value: Any) -> Any:
        if isinstance(value, _Standin):
            return value.plain(self)
        if isinstance(value, torch.Tensor):
            return value.numpy()
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items() if isinstance(key, str | int)}
        if isinstance(value, list | tuple):
            return type(value)(self(item) for item in value)
        return value


class _Standin:
    """Keeps a foreign object's state, does nothing with it."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def plain(self, convert: _Plain) -> Any:
        raise DamagedPickle(f"an object of kind {type(self).__name__} cannot be read")


class _Dtype(_Standin):
    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code = code

    def plain(self, convert: _Plain) -> np.dtype:
        order = "="
        if isinstance(self.state, tuple) and len(self.state) > 1:
            order = self.state[1] if self.state[1] in ("<", ">", "|", "=") else "="
        if self.code in ("O", "O8"):
            return np.dtype(object)
        if not isinstance(self.code, str) or self.code[:1] not in _SIMPLE_KINDS:
            raise DamagedPickle(f"it holds numbers of kind {self.code!r:.20}")
        return np.dtype(self.code).newbyteorder(order)


class _Array(_Standin):
    """What numpy's `_reconstruct` makes, or `_frombuffer` in protocol 5."""

    def plain(self, convert: _Plain) -> np.ndarray:
        _, shape, dtype, fortran, raw = self.state
        kind = dtype.plain(convert)
        if kind == np.dtype(object):
            items = np.empty(len(raw), object)
            items[:] = [convert(item) for item in raw]
            return items.reshape(shape)
        data = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)
        count = 1
        for side in shape:
            count *= int(side)
        if min(shape, default=0) < 0 or count * kind.itemsize != len(data):
            raise DamagedPickle("an array's size does not fit its data")
        order = "F" if fortran else "C"
        array = np.frombuffer(data, kind).reshape(shape, order=order)
        return array.astype(kind.newbyteorder("="))


class _Scalar(_Array):
    def plain(self, convert: _Plain) -> Any:
        return super().plain(convert)[()]


class _Sparse(_Standin):
    """A scipy.sparse matrix; only the compressed-column and -row forms are made dense."""

    by_column = True

    def plain(self, convert: _Plain) -> np.ndarray:
        state = convert(self.state)
        try:
            rows, columns = (int(side) for side in state["_shape"])
            data, inner, starts = state["data"], state["indices"], state["indptr"]
        except (KeyError, TypeError, ValueError) as cause:
            raise DamagedPickle("a sparse matrix is incomplete") from cause
        lines = columns if self.by_column else rows
        across = rows if self.by_column else columns
        if rows < 0 or columns < 0 or rows * columns * 8 > _MAX_BYTES:
            raise DamagedPickle("a sparse matrix is too large")
        counts = np.diff(starts)
        fits = (
            len(starts) == lines + 1
            and bool((counts >= 0).all())
            and starts[0] == 0
            and starts[-1] == len(inner) == len(data)
            and (len(inner) == 0 or (inner.min() >= 0 and inner.max() < across))
        )
        if not fits:
            raise DamagedPickle("a sparse matrix does not add up")
        dense = np.zeros((lines, across), data.dtype)
        np.add.at(dense, (np.repeat(np.arange(lines), counts), inner), data)
        return dense.T if self.by_column else dense


class _SparseRows(_Sparse):
    by_column = False


class _Chumpy(_Standin):
    """A node of chumpy's expression graph: a constant, or its numbers in another order."""

    kind = ""

    def plain(self, convert: _Plain) -> np.ndarray:
        state = self.state[0] if isinstance(self.state, tuple) else self.state
        if not isinstance(state, dict):
            raise DamagedPickle("a chumpy object has no state")
        state = {key: convert(item) for key, item in state.items()}
        if "x" in state:
            return np.asarray(state["x"])
        if self.kind == "Select" and {"a", "idxs"} <= state.keys():
            chosen = np.asarray(state["a"]).ravel()[np.asarray(state["idxs"])]
            return chosen.reshape(state.get("preferred_shape", chosen.shape))
        if self.kind == "transpose" and "a" in state:
            return np.transpose(np.asarray(state["a"]), state.get("axes"))
        if self.kind == "reshape" and {"a", "newshape"} <= state.keys():
            return np.reshape(np.asarray(state["a"]), state["newshape"])
        raise DamagedPickle(f"a chumpy expression of kind {self.kind!r} cannot be evaluated")


def _reconstruct(subtype: Any, *_: Any) -> _Array:
    if subtype is not _Array:
        raise UnsafePickle("numpy's _reconstruct of a foreign type")
    return _Array()


def _frombuffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    array = _Array()
    array.state = (1, shape, dtype, order == "F", bytes(buffer))
    return array


def _scalar(dtype: Any, raw: Any = b"") -> _Scalar:
    scalar = _Scalar()
    scalar.state = (1, (), dtype, False, raw)
    return scalar


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise UnsafePickle("_codecs.encode with another codec than latin1")
    return codecs.encode(text, "latin1")


def _reconstructor(kind: Any, *_: Any) -> Any:
    if not (isinstance(kind, type) and issubclass(kind, _Standin)):
        raise UnsafePickle("copyreg's _reconstructor of a foreign type")
    return kind()


def _tensor_from_bytes(data: Any) -> Any:
    """A torch storage inside a landmark file: torch's own safe reader takes it."""
    try:
        return torch.load(io.BytesIO(data), weights_only=True)
    except pickle.UnpicklingError as cause:
        raise UnsafePickle("a torch storage with more than numbers") from cause


_NUMPY: Final[dict[str, Any]] = {
    "ndarray": _Array,
    "dtype": _Dtype,
    "_reconstruct": _reconstruct,
    "_frombuffer": _frombuffer,
    "scalar": _scalar,
}
_ALLOWED: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    **{("numpy", name): _NUMPY[name] for name in ("ndarray", "dtype")},
    **{
        (f"numpy.{core}.{part}", name): _NUMPY[name]
        for core in ("core", "_core")
        for part in ("multiarray", "numeric")
        for name in ("_reconstruct", "_frombuffer", "scalar")
    },
    ("_codecs", "encode"): _encode,
    ("copy_reg", "_reconstructor"): _reconstructor,
    ("copyreg", "_reconstructor"): _reconstructor,
    ("__builtin__", "object"): _Standin,
    ("builtins", "object"): _Standin,
    ("collections", "OrderedDict"): OrderedDict,
    # chumpy objects keep the names of their changed inputs in sets.
    **{(module, "set"): set for module in ("__builtin__", "builtins")},
    **{("scipy.sparse." + part, "csc_matrix"): _Sparse for part in ("csc", "_csc")},
    **{("scipy.sparse." + part, "csr_matrix"): _SparseRows for part in ("csr", "_csr")},
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch.storage", "_load_from_bytes"): _tensor_from_bytes,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in for an allowed name. Never imports."""
        if module == "chumpy" or module.startswith("chumpy."):
            return type(f"chumpy {name}", (_Chumpy,), {"kind": name})
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise UnsafePickle(f"{module}.{name}") from None


def _check_opcodes(data: bytes) -> None:
    """Refuse memo numbers that would make Python reserve memory for slots that never come."""
    try:
        for operation, argument, _ in pickletools.genops(data):
            if operation.name.endswith("PUT") and int(argument or 0) > len(data):
                raise DamagedPickle("it reserves more memory than it can fill")
    except (ValueError, IndexError, OverflowError, MemoryError) as cause:
        raise DamagedPickle("it ends too early or holds unknown instructions") from cause
