"""What a method predicted for each image of a dataset: one head, or several, best-ranked first.

Under one folder, named as the images are, any of
    NAME.ofer/                       our own reconstruction
    NAME/*.ply, *.obj                several meshes, in the order of their names
    NAME.ply, NAME.obj               one mesh
A mesh needs its seven landmarks beside it (.npy or .txt), or `landmark_vertices` for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...contract.reconstruction import SUFFIX, Reconstruction, read
from ...geometry.surface import Surface
from ...geometry.triangles import triangulate
from ...heads.head import Head
from ...heads.open_head import OpenHead
from .mesh_files import (
    MESHES,
    landmarks_at,
    mesh_at,
    read_landmarks,
    read_mesh,
    read_vertex_numbers,
)
from .scan_alignment import DETECTOR_LANDMARKS

MILLIMETRES: Final = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
SEEN_PARTS: Final = ("skin", "eye_left", "eye_right")
_SAME: Final = 1e-4  # metres between a head and the same head decoded again


class HeadChoice(StrEnum):
    """Which of a reconstruction's heads are meant."""

    IDENTITIES = "identities"
    EXPRESSIONS = "expressions"


@dataclass(frozen=True)
class HeadMesh:
    """vertices : (V, 3) float64 mm; triangles : (F, 3); landmarks : (7, 3) float64 mm."""

    vertices: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray

    @cached_property
    def surface(self) -> Surface:
        """What points are measured to; made once."""
        return Surface(self.vertices, self.triangles)


@dataclass(frozen=True)
class Predictions:
    """unit : of plain meshes; landmark_vertices : text file of seven vertex numbers that hold for
    every predicted mesh; most : at most this many heads of an image, even over the ranks.

    Of a reconstruction's identities all candidates drawn are decoded again, not only those kept,
    unless `landmark_vertices` is given, which needs no pack: then those kept.
    """

    folder: Path
    kind: HeadChoice = HeadChoice.IDENTITIES
    unit: str = "m"
    landmark_vertices: Path | None = None
    most: int = 10
    home: Path | None = None

    def heads(self, name: str) -> tuple[HeadMesh, ...]:
        """The heads of image `name` (without suffix), best-ranked first; empty without any."""
        return tuple(self._heads(name, self.most))

    def first(self, name: str) -> HeadMesh | None:
        """The best-ranked head alone."""
        return next(self._heads(name, 1), None)

    def reconstruction(self, name: str) -> Reconstruction | None:
        """The reconstruction of image `name`, where our own engine made the prediction."""
        folder = self.folder / (name + SUFFIX)
        return read(folder) if folder.is_dir() else None

    def _heads(self, name: str, most: int) -> Iterator[HeadMesh]:
        reconstruction = self.reconstruction(name)
        if reconstruction is None:
            files = self._files(name)
            for file in (files[row] for row in even(len(files), most)):
                yield self.plain(file)
            return
        triangles = _seen_triangles(reconstruction)
        for vertices in self._vertices(reconstruction, most):
            landmarks = self._landmarks(reconstruction, vertices)
            yield HeadMesh(1000.0 * vertices, triangles, 1000.0 * landmarks)

    def plain(self, file: Path) -> HeadMesh:
        """A mesh file with its landmarks. Raises OferError(BAD_REQUEST) without them."""
        vertices, triangles = read_mesh(file)
        beside = landmarks_at(file.with_suffix(""))
        if self.landmark_vertices:
            landmarks = _numbered(vertices, self.landmark_vertices)
        elif beside:
            landmarks = read_landmarks(beside)
        else:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The mesh {name} has no landmarks: {npy} is missing.",
                "Write its seven landmarks there (.npy or .txt), or give --landmark-vertices.",
                name=file.name,
                npy=file.with_suffix(".npy"),
            )
        scale = MILLIMETRES[self.unit]
        return HeadMesh(scale * vertices, triangles, scale * landmarks)

    def _files(self, name: str) -> list[Path]:
        folder, one = self.folder / name, mesh_at(self.folder / name)
        if folder.is_dir():
            return sorted(file for file in folder.iterdir() if file.suffix in MESHES)
        return [one] if one else []

    def _vertices(self, reconstruction: Reconstruction, most: int) -> np.ndarray:
        """(H, V, 3) metres, best-ranked first."""
        if self.kind is HeadChoice.EXPRESSIONS:
            expressions = reconstruction.array("expression_vertices")
            return expressions[even(len(expressions), most)]
        kept = reconstruction.array("identity_vertices")
        if self.landmark_vertices:
            return kept[even(len(kept), most)]
        order = reconstruction.array("identity_order")
        rows = order[even(len(order), most)]
        coefficients = reconstruction.array("identity_coefficients")[rows]
        neutral = np.zeros((len(rows), len(reconstruction.expression_names)), np.float32)
        head = _pack_head(reconstruction.pack.id, self.home).head
        vertices = head.vertices(coefficients, neutral)
        if vertices.shape[1:] != kept.shape[1:] or np.abs(vertices[0] - kept[0]).max() > _SAME:
            raise OferError(
                ErrorCode.RECONSTRUCTION_DAMAGED,
                "{name} was made with another head than the pack {id} has now.",
                "Reconstruct its photo again.",
                name=reconstruction.folder.name,
                id=repr(reconstruction.pack.id),
            )
        return vertices

    def _landmarks(self, reconstruction: Reconstruction, vertices: np.ndarray) -> np.ndarray:
        if self.landmark_vertices:
            return _numbered(vertices, self.landmark_vertices)
        return _pack_head(reconstruction.pack.id, self.home).seven(vertices)


def even(count: int, most: int) -> np.ndarray:
    """(min(count, most),) ranks from the first, even over all."""
    return np.arange(min(count, most)) * count // max(min(count, most), 1)


def mean_head(pack: str, home: Path | None) -> HeadMesh:
    """The mean head of a pack: what knows nothing about the photo."""
    marked = _pack_head(pack, home)
    head = marked.head
    seen = np.isin(head.part, [head.part_names.index(part) for part in SEEN_PARTS])
    triangles = triangulate(head.polygons[seen])
    return HeadMesh(1000.0 * head.template, triangles, 1000.0 * marked.seven(head.template))


@dataclass(frozen=True, eq=False)
class MarkedHead:
    """A pack's head model, and what tells NoW's seven landmarks (7, 3) of its vertices (V, 3)."""

    head: Head
    seven: Callable[[np.ndarray], np.ndarray]

    @staticmethod
    def of_open(head: OpenHead) -> MarkedHead:
        """The seven among the detector's 468."""
        return MarkedHead(head, lambda vertices: head.landmarks(vertices)[[*DETECTOR_LANDMARKS]])


def _seen_triangles(reconstruction: Reconstruction) -> np.ndarray:
    """Skin and eyes: lashes, teeth and tongue are no part of the surface that a scanner sees."""
    names = [part in SEEN_PARTS for part in reconstruction.parts]
    seen = np.array(names)[reconstruction.array("part")]
    return triangulate(reconstruction.array("polygons")[seen])


def _numbered(vertices: np.ndarray, file: Path) -> np.ndarray:
    numbers = read_vertex_numbers(file)
    if numbers.max() >= len(vertices):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} names vertex {max}, but a mesh has {vertices}.",
            "Give the vertex numbers of this topology, counted from 0.",
            name=file.name,
            max=numbers.max(),
            vertices=len(vertices),
        )
    return vertices[numbers]


@lru_cache(maxsize=4)
def _pack_head(pack: str, home: Path | None) -> MarkedHead:
    # Here, because they bring PyTorch, and a process that measures plain meshes starts without.
    from ...client.launch import default_home
    from ...pack_registry import pack_folder
    from ...packs.open_description import HEAD
    from ..catalogue import PACK_ID
    from ..flame_landmarks import FlameLandmarks
    from ..published_pack import read_flame_head

    if pack == PACK_ID:
        home = home or default_home()
        flame = read_flame_head(home)
        return MarkedHead(flame, FlameLandmarks.read(home, flame).on)
    return MarkedHead.of_open(OpenHead.load(pack_folder(pack, home) / HEAD))
