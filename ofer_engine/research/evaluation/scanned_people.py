"""People with a scan: which files of a folder they are, and what a scan looks like.

FOLDER/PERSON/scan.ply, .obj or .npz   a mesh in any unit; or what a depth camera saw, `points`
                                       (N, 3) in its frame (x right, y down, z ahead), perhaps
                                       with `colours` (N, 3) uint8
FOLDER/PERSON/photo*.jpg               photos; a mesh without any is rendered with color.jpg
FOLDER/PERSON/landmarks.npy, .txt, .pp seven landmarks in the scan's unit; found where missing
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy.spatial import Delaunay

from ...contract.errors import ErrorCode, OferError
from ...published.benchmarks.mesh_files import MESHES, landmarks_at, read_landmarks
from ...requirements import PinGroup, required
from .photo_files import SUFFIXES

_CLOUD: Final = ".npz"
_TEXTURE: Final = "color"
_SKIN: Final = (200.0, 160.0, 140.0)
_LONGEST: Final = 4.0
"""Sides of a triangle between points of a depth camera, in usual sides: longer ones join what only
lies behind one another."""


@dataclass(frozen=True, eq=False)
class Scan:
    """A scanned surface in its own unit.

    vertices : (V, 3) float64; triangles : (T, 3) int64, counter-clockwise from outside; colours :
    (V, 3) float64 in 0..255; texture : (H, W, 3) uint8 and places : (V, 2) in 0..1 from its
    top-left corner, instead of the colours where there is one.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    texture: np.ndarray | None = None
    places: np.ndarray | None = None


@dataclass(frozen=True)
class ScannedFiles:
    """name : of the folder; scan : its file; photos : none where the scan is to be rendered;
    landmarks : file of the seven, if there is one; texture : the scan's picture, if there is."""

    name: str
    scan: Path
    photos: tuple[Path, ...]
    landmarks: Path | None
    texture: Path | None

    def read(self) -> Scan:
        """Raises OferError(BAD_REQUEST) for what is no scan."""
        if self.scan.suffix == _CLOUD:
            return _depth_camera(self.scan)
        return _mesh(self.scan, self.texture)

    def given_landmarks(self) -> np.ndarray | None:
        """(7, 3) in the scan's unit, or None. Raises OferError(BAD_REQUEST)."""
        return read_landmarks(self.landmarks) if self.landmarks else None


def scanned_in(folder: Path) -> list[ScannedFiles]:
    """By name. Raises OferError(BAD_REQUEST) where there is none, or more than one scan of one."""
    found = []
    for place in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        scans = sorted(p for p in place.iterdir() if p.suffix.lower() in (*MESHES, _CLOUD))
        if not scans:
            continue
        if len(scans) > 1:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} holds {scans} scans, and one is meant.",
                "Keep one of {scans_2} there.",
                name=place.name,
                scans=len(scans),
                scans_2=", ".join(scan.name for scan in scans),
            )
        pictures = sorted(p for p in place.iterdir() if p.suffix.lower() in SUFFIXES)
        photos = tuple(p for p in pictures if p.stem.startswith("photo"))
        texture = next((p for p in pictures if p.stem == _TEXTURE), None)
        landmarks = landmarks_at(place / "landmarks")
        found.append(ScannedFiles(place.name, scans[0], photos, landmarks, texture))
    if not found:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There are no scans in {folder}.",
            "Give each person a folder in it, with a scan and photos;"
            " docs/evaluation.md shows how.",
            folder=folder,
        )
    return found


def _depth_camera(file: Path) -> Scan:
    try:
        with np.load(file, allow_pickle=False) as data:
            points = data["points"].astype(float)
            colours = data["colours"].astype(float) if "colours" in data else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as cause:
        raise _unreadable(file) from cause
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 100:
        raise _unreadable(file)
    if not np.isfinite(points).all() or (points[:, 2] <= 0).any():
        raise _unreadable(file)
    if colours is None or colours.shape != points.shape:
        colours = np.tile(_SKIN, (len(points), 1))
    triangles = Delaunay(points[:, :2] / points[:, 2:]).simplices.astype(np.int64)
    upright = points * (1, -1, -1)
    triangles = _towards_viewer(upright, triangles)
    sides = np.linalg.norm(upright[triangles] - upright[np.roll(triangles, 1, axis=1)], axis=2)
    longest = sides.max(axis=1)
    return Scan(upright, triangles[longest < _LONGEST * np.median(longest)], colours)


def _towards_viewer(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Triangles turned so that they face the origin, from where they were seen."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    away = (np.cross(b - a, c - a) * a).sum(axis=1) > 0
    turned = triangles.copy()
    turned[away] = triangles[away][:, ::-1]
    return turned


def _mesh(file: Path, texture: Path | None) -> Scan:
    trimesh = required("trimesh", "Measuring against scans", PinGroup.EVALUATE)
    try:
        mesh = trimesh.load_mesh(file, process=False)
        vertices, triangles = np.asarray(mesh.vertices, float), np.asarray(mesh.faces, np.int64)
        places = getattr(mesh.visual, "uv", None)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as cause:
        raise _unreadable(file) from cause
    if not len(triangles) or not np.isfinite(vertices).all():
        raise _unreadable(file)
    colours = np.tile(_SKIN, (len(vertices), 1))
    if texture is None or places is None or len(places) != len(vertices):
        return Scan(vertices, triangles, colours)
    try:
        pixels = np.asarray(Image.open(texture).convert("RGB"))
    except (OSError, UnidentifiedImageError) as cause:
        raise _unreadable(texture) from cause
    return Scan(vertices, triangles, colours, pixels, np.asarray(places, float) * (1, -1) + (0, 1))


def _unreadable(file: Path) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST,
        "{name}/{name_2} cannot be read as a scan.",
        "docs/evaluation.md says what a scan's file should hold.",
        name=file.parent.name,
        name_2=file.name,
    )
