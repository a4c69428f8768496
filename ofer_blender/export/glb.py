"""What a GLB file says of itself: names, counts, bones, textures, read from its bytes. No bpy."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np

from .content import Curve, FileAnimation, FileContent, FileMesh, read_of

_MAGIC: Final = b"glTF"
_JSON: Final = 0x4E4F534A
_KINDS: Final = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_MOST: Final = 50_000_000
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class GlbReader:
    """The content of one file. Raises ValueError where it is no GLB."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        if data[:4] != _MAGIC or len(data) < 20:
            raise ValueError(f"{path.name} is no GLB file")
        length, kind = struct.unpack_from("<II", data, 12)
        if kind != _JSON or 20 + length > len(data):
            raise ValueError(f"{path.name} has no glTF in it")
        with read_of(path.name):
            self.document: dict[str, Any] = json.loads(data[20 : 20 + length])
        if not isinstance(self.document, dict):
            raise ValueError(f"{path.name} has no glTF in it")
        self._file = path.name
        self.binary_chunk = data[20 + length :]
        self._binary = self.binary_chunk[8:]

    def summary(self) -> FileContent:
        """What the file holds. Raises ValueError where it contradicts itself."""
        with read_of(self._file):
            return self._summary()

    def _summary(self) -> FileContent:
        document = self.document
        nodes = document.get("nodes", [])
        meshes = tuple(
            self._mesh(str(node.get("name", "")), document["meshes"][node["mesh"]])
            for node in nodes
            if "mesh" in node
        )
        joints = [joint for skin in document.get("skins", []) for joint in skin["joints"]]
        images = document.get("images", [])
        inside = sum("bufferView" in image for image in images)
        return FileContent(
            meshes,
            tuple(dict.fromkeys(str(nodes[joint].get("name", "")) for joint in joints)),
            inside,
            len(images) - inside,
            tuple(self._animation(each) for each in document.get("animations", [])),
        )

    def positions(self, node: str) -> np.ndarray:
        """(N, 3) float32 metres, Y up, all vertices of a node's mesh, primitive after primitive."""
        return np.concatenate(
            [self.values(each["attributes"]["POSITION"]) for each in self._primitives(node)]
        )

    def displacement(self, node: str, key: str) -> np.ndarray:
        """(N, 3) float32 metres that a morph target moves the vertices of `positions`."""
        names = self._mesh_of(node)["extras"]["targetNames"]
        target = names.index(key)
        return np.concatenate(
            [self.values(each["targets"][target]["POSITION"]) for each in self._primitives(node)]
        )

    def values(self, number: int) -> np.ndarray:
        """(N, width) of an accessor, sparse ones filled in."""
        accessor = self.document["accessors"][number]
        width = _WIDTHS[accessor["type"]]
        kind = np.dtype(_KINDS[accessor["componentType"]])
        if not 0 <= accessor["count"] <= _MOST:
            raise ValueError(f"{self._file} holds more values than any head")
        if "bufferView" in accessor:
            values = self._read(accessor["bufferView"], accessor.get("byteOffset", 0), kind,
                                accessor["count"], width)  # fmt: skip
        else:
            values = np.zeros((accessor["count"], width), kind)
        if sparse := accessor.get("sparse"):
            count, (where, what) = sparse["count"], (sparse["indices"], sparse["values"])
            numbers = np.dtype(_KINDS[where["componentType"]])
            index = self._read(where["bufferView"], where.get("byteOffset", 0), numbers, count, 1)
            values = values.copy()
            values[index[:, 0]] = self._read(
                what["bufferView"], what.get("byteOffset", 0), kind, count, width
            )
        return values

    def _read(self, view: int, offset: int, kind: np.dtype, count: int, width: int) -> np.ndarray:
        place = self.document["bufferViews"][view]
        start = place.get("byteOffset", 0) + offset
        if not (0 <= start and 0 <= count <= _MOST):
            raise ValueError(f"{self._file} points out of itself")
        stride = place.get("byteStride", kind.itemsize * width)
        rows = np.ndarray((count, width), kind, self._binary, start, (stride, kind.itemsize))
        return np.array(rows)

    def _mesh(self, name: str, mesh: dict[str, Any]) -> FileMesh:
        low, high, influences = [], [], 0
        for primitive in mesh["primitives"]:
            attributes = primitive["attributes"]
            accessor = self.document["accessors"][attributes["POSITION"]]
            low.append(accessor["min"])
            high.append(accessor["max"])
            sets = [each for each in attributes if each.startswith("WEIGHTS_")]
            if sets:
                total = sum((self.values(attributes[each]) > 0).sum(1) for each in sets)
                influences = max(influences, int(np.max(total)))
        size = np.max(high, axis=0) - np.min(low, axis=0)
        return FileMesh(
            name,
            tuple(map(str, mesh.get("extras", {}).get("targetNames", ()))),
            influences,
            tuple(map(float, size)),
            tuple(map(float, mesh.get("weights", ()))),
        )

    def _animation(self, animation: dict[str, Any]) -> FileAnimation:
        weights: dict[str, Curve] = {}
        turns: dict[str, Curve] = {}
        for channel in animation["channels"]:
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            node = self.document["nodes"][target["node"]]
            times = self.values(sampler["input"])[:, 0].astype(float)
            values = self.values(sampler["output"]).astype(float)
            if target["path"] == "weights" and not weights:
                keys = self._mesh("", self.document["meshes"][node["mesh"]]).keys
                columns = values.reshape(len(times), len(keys)).T
                weights = {k: Curve(times, c[:, None]) for k, c in zip(keys, columns, strict=True)}
            elif target["path"] == "rotation":
                turn = values.reshape(len(times), 4)[:, [3, 0, 1, 2]]
                turns[str(node.get("name", ""))] = Curve(times, turn)
        return FileAnimation(str(animation.get("name", "")), weights, turns)

    def _mesh_of(self, node: str) -> dict[str, Any]:
        found = next(each for each in self.document["nodes"] if each.get("name") == node)
        return self.document["meshes"][found["mesh"]]

    def _primitives(self, node: str) -> list[dict[str, Any]]:
        return self._mesh_of(node)["primitives"]
