"""A binary FBX file as a tree of records, read and written without knowing what they mean. No bpy.

The form is as in Blender's notes on it ("FBX binary file format specification", 2013).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

MAGIC: Final = b"Kaydara FBX Binary  \x00\x1a\x00"
_FOOT: Final = b"\xfa\xbc\xab\x09\xd0\xc8\xd4\x66\xb1\x76\xfb\x83\x1c\xf7\x26\x7e"
_END: Final = b"\xf8\x5a\x8c\x6a\xde\xf5\xd9\x7e\xec\xe9\x0c\xe3\x75\x8f\x29\x0b"
_PLAIN: Final = {b"Y": "<h", b"C": "<B", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}
_ARRAYS: Final = {b"i": "<i4", b"l": "<i8", b"f": "<f4", b"d": "<f8", b"b": "u1", b"c": "u1"}
_TEXT: Final = (b"S", b"R")
_DEEPEST: Final = 40
"""Records within records; no FBX file has half as many."""
_LARGEST: Final = 1 << 30
"""Bytes of one array, unpacked."""


@dataclass(eq=False)
class Record:
    """name; raw : its values as they stand in the file, each with its letter; inner : the records
    in it; listed : an empty record closes the list of them, which is then there even if empty."""

    name: bytes
    raw: list[bytes]
    inner: list[Record] = field(default_factory=list)
    listed: bool = False

    @property
    def values(self) -> tuple[Any, ...]:
        """Its values; arrays as numpy's, texts as bytes. Raises ValueError where one is cut."""
        return tuple(map(_value, self.raw))

    def set_text(self, place: int, text: bytes) -> None:
        """Give one of its values another text."""
        self.raw[place] = b"S" + struct.pack("<I", len(text)) + text

    def set_number(self, place: int, number: int) -> None:
        """Give one of its values another whole number, of the kind that it has."""
        kind = self.raw[place][:1]
        self.raw[place] = kind + struct.pack(_PLAIN[kind], number)

    def all(self, name: bytes) -> list[Record]:
        """The records of a name that lie in this one."""
        return [each for each in self.inner if each.name == name]

    def array(self, name: bytes) -> np.ndarray:
        """The array of a record in this one; empty where there is none."""
        found = self.all(name)
        return np.asarray(found[0].values[0]) if found else np.zeros(0)

    def setting(self, name: bytes) -> Record | None:
        """One of its Properties70."""
        for group in self.all(b"Properties70"):
            for each in group.inner:
                if each.values[0] == name:
                    return each
        return None

    def everything(self) -> Iterator[Record]:
        """This record and all in it."""
        yield self
        for each in self.inner:
            yield from each.everything()


@dataclass(eq=False)
class Tree:
    """version : of the form; top : the records that lie in no other."""

    version: int
    top: list[Record]

    def only(self, name: bytes) -> Record:
        """The one top record of a name. Raises KeyError."""
        for each in self.top:
            if each.name == name:
                return each
        raise KeyError(name.decode("ascii", "replace"))

    def everything(self) -> Iterator[Record]:
        """Every record of the file."""
        for each in self.top:
            yield from each.everything()


def read(path: Path) -> Tree:
    """Raises ValueError where it is no binary FBX, or is not whole."""
    data = path.read_bytes()
    if not data.startswith(MAGIC) or len(data) < 27:
        raise ValueError(f"{path.name} is no binary FBX file")
    (version,) = struct.unpack_from("<I", data, 23)
    try:
        return Tree(version, list(_records(data, _head(version), 27, len(data))))
    except (struct.error, ValueError) as cause:
        raise ValueError(f"{path.name} ends in the middle") from cause


def write(tree: Tree, path: Path) -> None:
    """Raises OSError."""
    path.write_bytes(as_bytes(tree))


def is_whole(path: Path) -> bool:
    """The file ends as every FBX file does."""
    with path.open("rb") as file:
        file.seek(-min(len(_END), path.stat().st_size), 2)
        return file.read() == _END


def as_bytes(tree: Tree) -> bytes:
    """The file, with the foot that every reader expects."""
    out = bytearray(MAGIC + struct.pack("<I", tree.version))
    head = _head(tree.version)
    for each in tree.top:
        _put(out, head, each)
    out += bytes(struct.calcsize(head)) + _FOOT + bytes(4)
    out += bytes(16 - len(out) % 16)
    return bytes(out + struct.pack("<I", tree.version) + bytes(120) + _END)


def _head(version: int) -> str:
    return "<QQQB" if version >= 7500 else "<IIIB"


def _put(out: bytearray, head: str, record: Record) -> None:
    start, size = len(out), struct.calcsize(head)
    raw = b"".join(record.raw)
    out += bytes(size) + record.name + raw
    for each in record.inner:
        _put(out, head, each)
    if record.listed:
        out += bytes(size)
    struct.pack_into(head, out, start, len(out), len(record.raw), len(raw), len(record.name))


def _records(data: bytes, head: str, start: int, end: int, depth: int = 0) -> Iterator[Record]:
    size = struct.calcsize(head)
    if depth > _DEEPEST:
        raise ValueError("records within records without end")
    while start + size <= end:
        after, count, length, letters = struct.unpack_from(head, data, start)
        if after == 0:  # the empty record that closes a list
            return
        values = start + size + letters
        if not values + length <= after <= end:
            raise ValueError("a record reaches out of the one that holds it")
        raw = list(_raw(data, values, count, values + length))
        inner = list(_records(data, head, values + length, after, depth + 1))
        yield Record(data[start + size : values], raw, inner, after > values + length)
        start = after


def _raw(data: bytes, at: int, count: int, end: int) -> Iterator[bytes]:
    for _ in range(count):
        kind = data[at : at + 1]
        if kind in _PLAIN:
            size = 1 + struct.calcsize(_PLAIN[kind])
        elif kind in _ARRAYS:
            size = 13 + struct.unpack_from("<I", data, at + 9)[0]
        elif kind in _TEXT:
            size = 5 + struct.unpack_from("<I", data, at + 1)[0]
        else:
            raise ValueError("a value of a kind that FBX does not have")
        if at + size > end:
            raise ValueError("a value reaches out of its record")
        yield data[at : at + size]
        at += size


def _value(raw: bytes) -> Any:
    kind = raw[:1]
    if kind in _PLAIN:
        return struct.unpack(_PLAIN[kind], raw[1:])[0]
    if kind in _TEXT:
        return raw[5:] if kind == b"S" else np.frombuffer(raw[5:], "u1")
    length, packed, _ = struct.unpack_from("<III", raw, 1)
    kind_of, body = np.dtype(_ARRAYS[kind]), raw[13:]
    if length * kind_of.itemsize > _LARGEST:
        raise ValueError("an array that is larger than any head")
    if packed:
        opened = zlib.decompressobj()
        try:
            body = opened.decompress(body, length * kind_of.itemsize + 1)
        except zlib.error as cause:
            raise ValueError("an array that cannot be unpacked") from cause
    if len(body) != length * kind_of.itemsize:
        raise ValueError("an array of another length than it says")
    return np.frombuffer(body, kind_of)
