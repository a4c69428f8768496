"""What a binary FBX file says of itself: names, counts, bones, textures, from its bytes. No bpy.

The form is as in Blender's notes on it ("FBX binary file format specification", 2013).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from .content import FileContent, FileMesh

_MAGIC: Final = b"Kaydara FBX Binary  \x00\x1a\x00"
_PLAIN: Final = {b"Y": "<h", b"C": "<B", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}
_ARRAYS: Final = {b"i": "<i4", b"l": "<i8", b"f": "<f4", b"d": "<f8", b"b": "u1", b"c": "u1"}
_WANTED: Final = (b"GlobalSettings", b"Objects", b"Connections")
_BONE: Final = b"LimbNode"


@dataclass(frozen=True, eq=False)
class _Node:
    """name; values : its properties, arrays as numpy's; inner : the nodes in it."""

    name: bytes
    values: tuple[Any, ...]
    inner: tuple[_Node, ...]

    def array(self, name: bytes) -> np.ndarray:
        """The array of an inner node; empty where there is none."""
        found = (each.values[0] for each in self.inner if each.name == name)
        return np.asarray(next(found, np.zeros(0)))

    def setting(self, name: bytes) -> tuple[Any, ...] | None:
        """The values of one of its Properties70."""
        for group in self.inner:
            for each in group.inner if group.name == b"Properties70" else ():
                if each.values[0] == name:
                    return each.values[4:]
        return None


class FbxReader:
    """The content of one file. Raises ValueError where it is no binary FBX."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        if not self._data.startswith(_MAGIC) or len(self._data) < 27:
            raise ValueError(f"{path.name} is no binary FBX file")
        (version,) = struct.unpack_from("<I", self._data, 23)
        self._record = "<QQQB" if version >= 7500 else "<IIIB"
        try:
            top = {node.name: node for node in self._nodes(27, len(self._data), _WANTED)}
            self._objects = {node.values[0]: node for node in top[b"Objects"].inner if node.values}
            links = [node.values[1:3] for node in top[b"Connections"].inner]
            factor = top[b"GlobalSettings"].setting(b"UnitScaleFactor")
        except (struct.error, zlib.error, KeyError) as cause:
            raise ValueError(f"{path.name} ends in the middle") from cause
        self._metre = (factor[0] if factor else 1.0) / 100
        self._above: dict[int, list[int]] = {}
        self._below: dict[int, list[int]] = {}
        for child, parent in links:
            self._above.setdefault(child, []).append(parent)
            self._below.setdefault(parent, []).append(child)

    def summary(self) -> FileContent:
        """What the file holds."""
        videos = [node for node in self._objects.values() if node.name == b"Video"]
        inside = sum(node.array(b"Content").size > 0 for node in videos)
        bones = [node for node in self._objects.values()
                 if node.name == b"Model" and node.values[2] == _BONE]  # fmt: skip
        return FileContent(
            tuple(self._mesh(number, node) for number, node in self._objects.items()
                  if node.name == b"Geometry" and node.values[2] == b"Mesh"),
            tuple(_name(node) for node in bones),
            inside,
            len(videos) - inside,
        )  # fmt: skip

    def _mesh(self, number: int, geometry: _Node) -> FileMesh:
        points = geometry.array(b"Vertices").reshape(-1, 3)
        model = next(iter(self._above.get(number, ())), 0)
        channels = self._kinds(number, b"BlendShape", b"BlendShapeChannel")
        followed = np.zeros(len(points), int)
        for cluster in self._kinds(number, b"Skin", b"Cluster"):
            where = cluster.array(b"Indexes").astype(int)
            followed[where[cluster.array(b"Weights") > 0]] += 1
        return FileMesh(
            _name(self._objects[model]) if model in self._objects else "",
            tuple(_name(each) for each in channels),
            int(followed.max(initial=0)),
            tuple((np.ptp(points, axis=0) * self._scale(model) * self._metre).tolist()),
            tuple(float(each.array(b"DeformPercent")) / 100 for each in channels),
        )

    def _kinds(self, number: int, deformer: bytes, part: bytes) -> list[_Node]:
        """The parts of a geometry's deformer, in the file's order."""
        of = {n for n in self._below.get(number, ()) if self._is(n, deformer)}
        parts = {n for each in of for n in self._below.get(each, ()) if self._is(n, part)}
        return [node for n, node in self._objects.items() if n in parts]

    def _is(self, number: int, kind: bytes) -> bool:
        node = self._objects.get(number)
        return node is not None and node.name == b"Deformer" and node.values[2] == kind

    def _scale(self, model: int) -> float:
        """Of a model in the world."""
        scale = 1.0
        while model in self._objects:
            own = self._objects[model].setting(b"Lcl Scaling")
            scale *= own[0] if own else 1.0
            model = next((n for n in self._above.get(model, ()) if n in self._objects), 0)
        return scale

    def _nodes(self, start: int, end: int, wanted: tuple[bytes, ...] = ()) -> Iterator[_Node]:
        head = struct.calcsize(self._record)
        while start + head <= end:
            after, count, length, letters = struct.unpack_from(self._record, self._data, start)
            if after <= start:  # the empty record that closes a list, or a damaged one
                return
            name = self._data[start + head : start + head + letters]
            if not wanted or name in wanted:
                values = start + head + letters
                inner = tuple(self._nodes(values + length, after))
                yield _Node(name, tuple(self._values(values, count)), inner)
            start = after

    def _values(self, at: int, count: int) -> Iterator[Any]:
        for _ in range(count):
            kind, at = self._data[at : at + 1], at + 1
            if kind in _PLAIN:
                yield struct.unpack_from(_PLAIN[kind], self._data, at)[0]
                at += struct.calcsize(_PLAIN[kind])
            elif kind in _ARRAYS:
                length, packed, size = struct.unpack_from("<III", self._data, at)
                raw = self._data[at + 12 : at + 12 + size]
                yield np.frombuffer(zlib.decompress(raw) if packed else raw, _ARRAYS[kind], length)
                at += 12 + size
            else:
                (size,) = struct.unpack_from("<I", self._data, at)
                text = self._data[at + 4 : at + 4 + size]
                yield np.frombuffer(text, "u1") if kind == b"R" else text
                at += 4 + size


def _name(node: _Node) -> str:
    """Its name without its class, which follows after two bytes."""
    return node.values[1].partition(b"\x00\x01")[0].decode("utf-8", "replace")
