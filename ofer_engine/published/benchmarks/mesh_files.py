"""Meshes and landmarks as the datasets and other people's methods write them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...requirements import PinGroup, required
from .scan_alignment import LANDMARKS

_MEASURING: Final = "Measuring against scans"
MESHES: Final = (".ply", ".obj")
_LANDMARK_FILES: Final = (".npy", ".txt", ".pp")


def mesh_at(stem: Path) -> Path | None:
    """The mesh file of this name, with whichever suffix of `MESHES` it has; None without one."""
    return _present(stem, MESHES)


def landmarks_at(stem: Path) -> Path | None:
    """The landmark file of this name: .npy, .txt or MeshLab's .pp; None without one."""
    return _present(stem, _LANDMARK_FILES)


def read_mesh(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) float64 in the file's unit and order, triangles (F, 3) int64.

    Raises OferError(BAD_REQUEST) for a file without triangles.
    """
    trimesh = required("trimesh", _MEASURING, PinGroup.EVALUATE)
    try:
        mesh = trimesh.load_mesh(
            file, process=False, maintain_order=True, skip_materials=True, fix_texture=False
        )
        vertices, triangles = np.asarray(mesh.vertices, float), np.asarray(mesh.faces, np.int64)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as cause:
        raise _unreadable(file, "a mesh") from cause
    if not len(triangles) or not np.isfinite(vertices).all():
        raise _unreadable(file, "a mesh")
    return vertices, triangles


def write_mesh(file: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Binary .ply of vertices (V, 3) and triangles (F, 3), in their order."""
    trimesh = required("trimesh", _MEASURING, PinGroup.EVALUATE)
    trimesh.Trimesh(vertices, triangles, process=False).export(file)


def read_landmarks(file: Path) -> np.ndarray:
    """(7, 3) float64 landmarks in the order of `LANDMARKS`, the file's unit.

    Raises OferError(BAD_REQUEST).
    """
    try:
        if file.suffix == ".npy":
            landmarks = np.load(file, allow_pickle=False).astype(float)
        elif file.suffix == ".pp":
            landmarks = _picked_points(file.read_text(encoding="utf-8", errors="replace"))
        else:
            landmarks = np.loadtxt(file, ndmin=2)
    except (OSError, ValueError, EOFError) as cause:
        raise _unreadable(file, "seven landmarks") from cause
    if landmarks.shape != (len(LANDMARKS), 3) or not np.isfinite(landmarks).all():
        raise _unreadable(file, "seven landmarks")
    return landmarks


def read_vertex_numbers(file: Path) -> np.ndarray:
    """(7,) vertex numbers, from 0, of the landmarks of one topology: a text file."""
    try:
        numbers = np.loadtxt(file, dtype=int).ravel()
    except (OSError, ValueError) as cause:
        raise _unreadable(file, "seven vertex numbers") from cause
    if len(numbers) != len(LANDMARKS) or (numbers < 0).any():
        raise _unreadable(file, "seven vertex numbers")
    return numbers


def _present(stem: Path, suffixes: tuple[str, ...]) -> Path | None:
    files = (stem.with_name(stem.name + suffix) for suffix in suffixes)
    return next((file for file in files if file.is_file()), None)


def _picked_points(text: str) -> np.ndarray:
    points = []
    for tag in re.findall(r"<point\b[^>]*>", text):
        found = dict(re.findall(r"\b([xyz])\s*=\s*\"([^\"]*)\"", tag))
        if len(found) != 3:
            raise ValueError(tag)
        points.append([float(found[axis]) for axis in "xyz"])
    return np.array(points)


def _unreadable(file: Path, what: str) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST,
        "{name} cannot be read as {what}.",
        "Look at {file}; docs/evaluation.md says what it should hold.",
        name=file.name,
        what=what,
        file=file,
    )
