"""What `torch.save` writes, in its two forms, read as numbers alone.

A ZIP holds one pickle and one entry of raw numbers for each storage; the older form is a row of
pickles with the numbers behind them. torch's own safe reader lets a file put state into types that
the whole process shares, numpy's among them; here no object is ever built on the file's word.
"""

from __future__ import annotations

import io
import math
import mmap
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import torch
from torch import Tensor

from ...contract.sentence import Sentence
from .pickle_machine import Call, DamagedPickle, Name, Persistent, read
from .plain_values import RULES, Plain, Rule

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_LEGACY: Final = 1001
_MOST_AXES: Final = 16
_MOST_NUMBERS: Final = 1 << 28
"""Of one tensor; the largest published ones have a tenth."""
_MISFIT: Final = "a tensor does not fit its numbers"
"""Whatever is wrong: only somebody who made the file could do more with it."""
_DEEPEST: Final = 3
"""A landmark file holds tensors whose storage is again such a file."""
MISFITS: Final = (
    ArithmeticError, LookupError, RuntimeError, TypeError, ValueError, EOFError, struct.error,
    zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip
"""What numpy, torch and zipfile raise over a file's numbers, sizes and shapes."""
_STORAGES: Final[Mapping[str, torch.dtype]] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "UntypedStorage": torch.uint8,
}
_DTYPES: Final = {
    str(kind).removeprefix("torch."): kind
    for kind in vars(torch).values()
    if isinstance(kind, torch.dtype) and not kind.is_complex
}


def read_torch_file(path: Path) -> Any:
    """The object that was saved; its tensors lie in the file until they are asked for.

    Raises OSError, UnsafePickle and DamagedPickle.
    """
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                return _read_legacy(file, path.stat().st_size)
            return _read_archive(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), file)
    except RecursionError as cause:
        raise DamagedPickle(_MISFIT) from cause
    except MISFITS as cause:
        raise DamagedPickle(
            Sentence("its objects do not fit together ({name})", name=type(cause).__name__)
        ) from cause


def _read_archive(content: mmap.mmap | bytearray, file: BinaryIO, depth: int = 0) -> Any:
    """content : the whole of `file`, in which the tensors will lie."""
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        pickles = [name for name in entries if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise DamagedPickle(_MISFIT)
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise DamagedPickle(_MISFIT)
        folder = pickles[0].removesuffix("data.pkl")
        order = entries.get(f"{folder}byteorder")
        if order is not None and archive.read(order) != b"little":
            raise DamagedPickle(_MISFIT)
        saved = read(io.BytesIO(archive.read(pickles[0])), _is_allowed)
    return Plain(_rules(depth), _archived(content, entries, folder))(saved)


def _archived(
    content: mmap.mmap | bytearray, entries: Mapping[str, zipfile.ZipInfo], folder: str
) -> Callable[[Any], Tensor]:
    """Persistent id → the numbers of a storage, (n,)."""
    known: dict[str, Tensor] = {}

    def refer(id: Any) -> Tensor:
        dtype, key, count, _ = _storage_of(id)
        if key not in known:
            entry = entries[f"{folder}data/{key}"]
            if count * dtype.itemsize > entry.file_size:
                raise DamagedPickle(_MISFIT)
            names, extras = struct.unpack_from("<26xHH", content, entry.header_offset)
            start = entry.header_offset + 30 + names + extras
            if start + entry.file_size > len(content):
                raise DamagedPickle(_MISFIT)
            known[key] = _numbers(content, dtype, count, start)
        if known[key].dtype != dtype or len(known[key]) != count:
            raise DamagedPickle(_MISFIT)
        return known[key]

    return refer


def _read_legacy(file: BinaryIO, size: int, depth: int = 0) -> Any:
    """A row of pickles: a magic number, a version, the machine, the object, its storages' keys."""
    if read(file, _is_allowed) != _MAGIC or read(file, _is_allowed) != _LEGACY:
        raise DamagedPickle(_MISFIT)
    machine = read(file, _is_allowed)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise DamagedPickle(_MISFIT)
    saved = read(file, _is_allowed)
    keys = read(file, _is_allowed)
    types = {key: dtype for dtype, key, _, _ in map(_storage_of, _referred(saved))}
    known: dict[str, Tensor] = {}
    for key in keys if isinstance(keys, list) else []:
        dtype = types[key]
        (count,) = struct.unpack("<q", file.read(8).ljust(8, b"\0"))
        if not 0 <= count * dtype.itemsize <= size - file.tell():
            raise DamagedPickle(_MISFIT)
        known[key] = _numbers(bytearray(file.read(count * dtype.itemsize)), dtype, count, 0)

    def refer(id: Any) -> Tensor:
        dtype, key, count, view = _storage_of(id)
        base = known[key]
        if base.dtype != dtype or (view is None and len(base) < count):
            raise DamagedPickle(_MISFIT)
        if view is None:
            return base
        _, first, length = view
        if not (type(first) is int is type(length) and 0 <= first <= first + length <= len(base)):
            raise DamagedPickle(_MISFIT)
        return base[first : first + length]

    return Plain(_rules(depth), refer)(saved)


def _referred(value: Any) -> list[Any]:
    """Every persistent id in what a pickle says."""
    found: list[Any] = []
    waiting, seen = [value], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        match each:
            case Persistent():
                found.append(each.id)
            case Call():
                waiting += [each.arguments, each.state, each.items, each.pairs]
            case dict():
                waiting += each.values()
            case list() | tuple():
                waiting += each
    return found


def _storage_of(id: Any) -> tuple[torch.dtype, str, int, Any]:
    """Type, key, count and view of a storage that a file refers to."""
    if not isinstance(id, tuple) or len(id) not in (5, 6) or id[0] != "storage":
        raise DamagedPickle(_MISFIT)
    kind, key, count = id[1], id[2], id[4]
    if not (isinstance(kind, Name) and isinstance(key, str) and type(count) is int and count >= 0):
        raise DamagedPickle(_MISFIT)
    return _STORAGES[kind.name], key, count, id[5] if len(id) == 6 else None


def _numbers(data: mmap.mmap | bytearray, dtype: torch.dtype, count: int, start: int) -> Tensor:
    """(count,) of a buffer, in it where that is aligned."""
    if not count:
        return torch.empty(0, dtype=dtype)
    if start % dtype.itemsize:
        data, start = bytearray(data[start : start + count * dtype.itemsize]), 0
    return torch.frombuffer(data, dtype=dtype, count=count, offset=start)


def _tensor(plain: Plain, call: Call) -> Tensor:
    storage, offset, size, stride = call.arguments[:4]
    return _laid(plain(storage), offset, plain(size), stride)


def _tensor_of_type(plain: Plain, call: Call) -> Tensor:
    storage, offset, size, stride, _, _, kind = call.arguments[:7]
    if not (isinstance(kind, Name) and kind.module == "torch" and kind.name in _DTYPES):
        raise DamagedPickle(_MISFIT)
    base, dtype = plain(storage), _DTYPES[kind.name]
    whole = len(base) // dtype.itemsize * dtype.itemsize
    return _laid(base[:whole].view(dtype), offset, plain(size), stride)


def _laid(base: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    """A tensor over its storage, wholly inside it; a number may stand for many of its places."""
    if not (isinstance(base, Tensor) and isinstance(size, tuple) and isinstance(stride, tuple)):
        raise DamagedPickle(_MISFIT)
    if not all(type(n) is int and n >= 0 for n in (offset, *size, *stride)):
        raise DamagedPickle(_MISFIT)
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    count = math.prod(size)
    if len(size) > _MOST_AXES or count > _MOST_NUMBERS or (count and last >= len(base)):
        raise DamagedPickle(_MISFIT)
    return base.as_strided(size, stride, offset) if count else base.new_empty(size)


def _parameter(plain: Plain, call: Call) -> Any:
    return plain(call.arguments[0])


def _sizes(plain: Plain, call: Call) -> Any:
    return tuple(call.arguments[0]) if call.arguments else ()


def _words(plain: Plain, call: Call) -> str:
    """A device or another thing that says nothing about numbers."""
    return call.name.name


def _from_bytes(depth: int) -> Rule:
    def rule(plain: Plain, call: Call) -> Any:
        data = plain(call.arguments[0])
        if not isinstance(data, bytes | bytearray) or depth >= _DEEPEST:
            raise DamagedPickle(_MISFIT)
        file = io.BytesIO(data)
        if zipfile.is_zipfile(file):
            return _read_archive(bytearray(data), file, depth + 1)
        file.seek(0)
        return _read_legacy(file, len(data), depth + 1)

    return rule


def _rules(depth: int) -> dict[Name, Rule]:
    return {**_RULES, Name("torch.storage", "_load_from_bytes"): _from_bytes(depth)}


TORCH_RULES: Final[Mapping[Name, Rule]] = {
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v3"): _tensor_of_type,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch.storage", "_load_from_bytes"): _from_bytes(0),
    Name("torch", "Size"): _sizes,
    Name("torch", "device"): _words,
    **{Name("torch", name): _words for name in _DTYPES},
    **{Name("torch", name): _words for name in _STORAGES},
    Name("torch.storage", "UntypedStorage"): _words,
    Name("torch.storage", "TypedStorage"): _words,
}
_RULES: Final[dict[Name, Rule]] = {**RULES, **TORCH_RULES}


def _is_allowed(name: Name) -> bool:
    return name in _RULES
