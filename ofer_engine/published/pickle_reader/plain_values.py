"""What the calls of published pickles mean: numpy arrays, a scipy sparse matrix, chumpy objects.

Nothing is called on the file's word: each name has a rule of ours, which checks every length
before it makes an array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from ...contract.sentence import Sentence
from .pickle_machine import Call, DamagedPickle, Name, Persistent, UnsafePickle

Rule = Callable[["Plain", Call], Any]

_MAX_BYTES: Final = 1 << 30
_SIMPLE_KINDS: Final = frozenset("biuf")
_ARRAY: Final = Name("numpy", "ndarray")


class Plain:
    """Calls → values, all through dicts, lists and tuples, each object once.

    Once: a small pickle can name one list many times over, level upon level. rules : for each name;
    refer : what a persistent id stands for.
    """

    def __init__(
        self, rules: Mapping[Name, Rule], refer: Callable[[Any], Any] | None = None
    ) -> None:
        self._rules = rules
        self._refer = refer
        self._seen: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        """Raises UnsafePickle, DamagedPickle, and RecursionError for what is nested too deeply."""
        if id(value) not in self._seen:
            self._seen[id(value)] = self._convert(value)
        return self._seen[id(value)]

    def made(self, kind: Any, call: Call) -> Any:
        """What an object of a class is, whose state the call holds."""
        if not isinstance(kind, Name):
            raise UnsafePickle("an object of something that has no name")
        if is_chumpy(kind):
            return _chumpy(self, kind.name, call.state)
        if kind not in _CLASSES:
            raise DamagedPickle(Sentence("an object of kind {name} cannot be read", name=kind.name))
        return _CLASSES[kind](self, call)

    def _convert(self, value: Any) -> Any:
        if isinstance(value, Call):
            if is_chumpy(value.name):
                return self.made(value.name, value)
            return self._rules[value.name](self, value)
        if isinstance(value, Name):
            return f"{value.module}.{value.name}"
        if isinstance(value, Persistent):
            if self._refer is None:
                raise DamagedPickle("a tensor does not fit its numbers")
            return self._refer(value.id)
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items() if isinstance(key, str | int)}
        if isinstance(value, list | tuple):
            return type(value)(self(item) for item in value)
        return value


def is_chumpy(name: Name) -> bool:
    """Whether it is of the library that FLAME's files were made with."""
    return name.module == "chumpy" or name.module.startswith("chumpy.")


def dtype_of(plain: Plain, call: Any) -> np.dtype:
    """The type of numbers that a file describes. Raises DamagedPickle."""
    if not isinstance(call, Call) or call.name != Name("numpy", "dtype") or not call.arguments:
        raise DamagedPickle("an array's size does not fit its data")
    code, state, order = call.arguments[0], call.state, "="
    if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
        order = state[1]
    if code in ("O", "O8"):
        return np.dtype(object)
    if not isinstance(code, str) or code[:1] not in _SIMPLE_KINDS or len(code) > 3:
        raise DamagedPickle(Sentence("it holds numbers of kind {code}", code=f"{code!r:.20}"))
    return np.dtype(code).newbyteorder(order)


def _array(plain: Plain, call: Call) -> np.ndarray:
    state = call.state
    if not isinstance(state, tuple) or len(state) != 5:
        raise DamagedPickle("an array's size does not fit its data")
    _, shape, kind, fortran, raw = state
    return _array_of(plain, shape, dtype_of(plain, kind), bool(fortran), raw)


def _array_of(plain: Plain, shape: Any, kind: np.dtype, fortran: bool, raw: Any) -> np.ndarray:
    sides = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(side) is int and side >= 0 for side in sides) or len(sides) > 32:
        raise DamagedPickle("an array's size does not fit its data")
    raw = plain(raw)
    if kind == np.dtype(object):
        return _objects(sides, raw)
    if not isinstance(raw, str | bytes | bytearray):
        raise DamagedPickle("an array's size does not fit its data")
    data = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)
    if math.prod(sides) * kind.itemsize != len(data):
        raise DamagedPickle("an array's size does not fit its data")
    array = np.frombuffer(data, kind).reshape(sides, order="F" if fortran else "C")
    return array.astype(kind.newbyteorder("="))


def _objects(sides: tuple[int, ...], items: Any) -> np.ndarray:
    if not isinstance(items, list) or math.prod(sides) != len(items):
        raise DamagedPickle("an array's size does not fit its data")
    found = np.empty(len(items), object)
    for place, item in enumerate(items):
        found[place] = item
    return found.reshape(sides)


def _reconstruct(plain: Plain, call: Call) -> np.ndarray:
    if not call.arguments or call.arguments[0] != _ARRAY:
        raise UnsafePickle("numpy's _reconstruct of a foreign type")
    return _array(plain, call)


def _frombuffer(plain: Plain, call: Call) -> np.ndarray:
    buffer, kind, shape, order = call.arguments
    return _array_of(plain, shape, dtype_of(plain, kind), order == "F", buffer)


def _scalar(plain: Plain, call: Call) -> Any:
    kind, raw = call.arguments
    return _array_of(plain, (), dtype_of(plain, kind), False, raw)[()]


def _encode(plain: Plain, call: Call) -> bytes:
    text, *encoding = call.arguments
    if not isinstance(text, str) or encoding not in ([], ["latin1"]):
        raise UnsafePickle("_codecs.encode with another codec than latin1")
    return text.encode("latin1")


def _reconstructor(plain: Plain, call: Call) -> Any:
    return plain.made(call.arguments[0] if call.arguments else None, call)


def _object(plain: Plain, call: Call) -> Any:
    return plain.made(call.name, call)


def _dict(plain: Plain, call: Call) -> dict:
    given = plain(call.arguments[0]) if call.arguments else {}
    pairs = given.items() if isinstance(given, dict) else [tuple(pair) for pair in given]
    found = {key: value for key, value in pairs if isinstance(key, str | int)}
    return found | {key: plain(item) for key, item in call.pairs if isinstance(key, str | int)}


def _set(plain: Plain, call: Call) -> set:
    items = call.arguments[0] if call.arguments else []
    return {item for item in items if isinstance(item, str | int | float)}


def _sparse(by_column: bool) -> Rule:
    """A compressed scipy.sparse matrix, made dense."""

    def rule(plain: Plain, call: Call) -> np.ndarray:
        state = plain(call.state)
        try:
            rows, columns = (int(side) for side in state["_shape"])
            data, inner, starts = (np.asarray(state[k]) for k in ("data", "indices", "indptr"))
        except (KeyError, TypeError, ValueError) as cause:
            raise DamagedPickle("a sparse matrix is incomplete") from cause
        lines, across = (columns, rows) if by_column else (rows, columns)
        if rows < 0 or columns < 0 or rows * columns * 8 > _MAX_BYTES:
            raise DamagedPickle("a sparse matrix is too large")
        if any(part.ndim != 1 or part.dtype.kind not in "iufb" for part in (data, inner, starts)):
            raise DamagedPickle("a sparse matrix does not add up")
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
        np.add.at(dense, (np.repeat(np.arange(lines), counts), inner.astype(np.int64)), data)
        return dense.T if by_column else dense

    return rule


def _chumpy(plain: Plain, kind: str, state: Any) -> np.ndarray:
    """A node of chumpy's expression graph: a constant, or its numbers in another order."""
    state = state[0] if isinstance(state, tuple) and state else state
    if not isinstance(state, dict):
        raise DamagedPickle("a chumpy object has no state")
    state = {key: plain(item) for key, item in state.items()}
    if "x" in state:
        return np.asarray(state["x"])
    if kind == "Select" and {"a", "idxs"} <= state.keys():
        chosen = np.asarray(state["a"]).ravel()[np.asarray(state["idxs"])]
        return chosen.reshape(state.get("preferred_shape", chosen.shape))
    if kind == "transpose" and "a" in state:
        return np.transpose(np.asarray(state["a"]), state.get("axes"))
    if kind == "reshape" and {"a", "newshape"} <= state.keys():
        return np.reshape(np.asarray(state["a"]), state["newshape"])
    raise DamagedPickle(
        Sentence("a chumpy expression of kind {kind} cannot be evaluated", kind=repr(kind))
    )


def _named(module: str, *names: str) -> list[Name]:
    return [Name(module, name) for name in names]


_CLASSES: Final[dict[Name, Rule]] = {
    **{name: _sparse(True) for part in ("csc", "_csc")
       for name in _named(f"scipy.sparse.{part}", "csc_matrix")},
    **{name: _sparse(False) for part in ("csr", "_csr")
       for name in _named(f"scipy.sparse.{part}", "csr_matrix")},
}  # fmt: skip
_CORES: Final = [
    f"numpy.{core}.{part}" for core in ("core", "_core") for part in ("multiarray", "numeric")
]
RULES: Final[Mapping[Name, Rule]] = {
    _ARRAY: _array,
    Name("numpy", "dtype"): dtype_of,
    **{Name(core, "_reconstruct"): _reconstruct for core in _CORES},
    **{Name(core, "_frombuffer"): _frombuffer for core in _CORES},
    **{Name(core, "scalar"): _scalar for core in _CORES},
    Name("_codecs", "encode"): _encode,
    Name("copy_reg", "_reconstructor"): _reconstructor,
    Name("copyreg", "_reconstructor"): _reconstructor,
    Name("__builtin__", "object"): _object,
    Name("builtins", "object"): _object,
    Name("collections", "OrderedDict"): _dict,
    Name("collections", "Counter"): _dict,
    # chumpy objects keep the names of their changed inputs in sets.
    Name("__builtin__", "set"): _set,
    Name("builtins", "set"): _set,
    **dict.fromkeys(_CLASSES, _object),
}
"""What may be named, and what it means."""
