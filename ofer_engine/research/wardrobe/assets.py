"""MakeHuman's CC0 cards and irises, and Poly Haven's CC0 light, brought to what the studio reads.

Cards (hair, lashes) hang on MakeHuman's base mesh as their .mhclo says. Here they are set on the
open head's mean face; later each of their vertices follows the skin around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from scipy.spatial import KDTree

from ...geometry.similarity import best_similarity
from ..head_building.makehuman import MakeHuman

TEXTURE_SIDE: Final = 512
IRIS_SIDE: Final = 96
_IRIS_REACH: Final = 1.25
"""The picture of an iris shows so many times its radius."""
_ANCHORS: Final = 10


@dataclass(frozen=True)
class CardMesh:
    """A mesh with holes. rest : (N, 3) float32 metres on the mean head; triangles : (T, 3) int32;
    uv : (N, 2) float32, v down; anchors : (N, A) int32 vertices of the open head and weights
    (N, A) float32: the vertex moves as they do on average; texture : (S, S, 2) uint8, brightness
    and cover."""

    rest: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    anchors: np.ndarray
    weights: np.ndarray
    texture: np.ndarray


def read_card(
    obj: Path, picture: Path, makehuman: MakeHuman, base_ids: np.ndarray, template: np.ndarray,
    skin: np.ndarray,
) -> CardMesh:  # fmt: skip
    """One asset: .obj with its .mhclo beside it.

    base_ids : (V,) base vertex of each head vertex; template : (V, 3) of the head, metres;
    skin : (V,) bool, what the card may follow.
    """
    faces, uv = read_obj(obj)
    fitted = _fitted(obj.with_suffix(".mhclo"), makehuman.base.vertices)
    own, base = np.flatnonzero(skin), makehuman.base.vertices[base_ids]
    move = best_similarity(base[own], template[own])
    placed, moved = move.apply(fitted), move.apply(base[own])
    distance, near = KDTree(moved).query(placed, _ANCHORS)
    weight = 1 / (np.asarray(distance) ** 2 + 0.003**2)
    weight /= weight.sum(1, keepdims=True)
    placed = placed + (weight[..., None] * (template[own] - moved)[near]).sum(1)
    corners, index = np.unique(faces.reshape(-1, 2), axis=0, return_inverse=True)
    at = corners[:, 0]
    return CardMesh(
        rest=placed[at].astype(np.float32),
        triangles=index.reshape(-1, 3).astype(np.int32),
        uv=(uv[corners[:, 1]] * [1, -1] + [0, 1]).astype(np.float32),
        anchors=own[near][at].astype(np.int32),
        weights=weight[at].astype(np.float32),
        texture=_brightness_and_cover(picture),
    )


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (T, 3, 2) int of vertex and texture ids, from 0; uv (U, 2)."""
    uv, triangles = [], []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        kind, *words = line.split() or [""]
        if kind == "vt":
            uv.append([float(word) for word in words[:2]])
        elif kind == "f":
            corners = [[int(number) - 1 for number in word.split("/")[:2]] for word in words]
            for second in range(1, len(corners) - 1):
                triangles.append([corners[0], corners[second], corners[second + 1]])
    return np.array(triangles), np.array(uv)


def _fitted(path: Path, base: np.ndarray) -> np.ndarray:
    """(N, 3) metres: where a .mhclo puts its vertices on the base mesh (N_base, 3)."""
    scale = np.ones(3)
    rows = []
    reading = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            axis = "xyz".index(words[0][0])
            ends = base[[int(words[1]), int(words[2])], axis]
            scale[axis] = abs(ends[0] - ends[1]) / float(words[3])
        elif words[0] == "verts":
            reading = True
        elif reading and words[0].lstrip("-").isdigit():
            rows.append([float(word) for word in words])
        elif words[0] == "delete_verts":
            break
    placed = np.empty((len(rows), 3))
    for number, row in enumerate(rows):
        if len(row) == 1:
            placed[number] = base[int(row[0])]
            continue
        corners = base[[int(corner) for corner in row[:3]]]
        placed[number] = np.array(row[3:6]) @ corners
        if len(row) >= 9:
            placed[number] += np.array(row[6:9]) * scale
    return placed


def _brightness_and_cover(path: Path) -> np.ndarray:
    """(S, S, 2) uint8; brightness relative to the covered mean, 128 being as bright."""
    picture = (
        Image.open(path).convert("RGBA").resize((TEXTURE_SIDE, TEXTURE_SIDE), Image.Resampling.BOX)
    )
    colour = np.asarray(picture, np.float32) / 255
    linear, cover = colour[..., :3].mean(2) ** 2.2, colour[..., 3]
    mean = (linear * cover).sum() / max(cover.sum(), 1e-6)
    shade = np.clip(np.sqrt(linear / max(mean, 1e-6)) * 128, 0, 255)
    return np.stack([shade, cover * 255], -1).astype(np.uint8)


def read_iris(path: Path) -> np.ndarray:
    """(IRIS_SIDE, IRIS_SIDE, 3) uint8 about the iris of MakeHuman's eye texture, display colours;
    its radius is `1 / _IRIS_REACH` of half the side."""
    picture = Image.open(path).convert("RGB")
    side = picture.size[0]
    centre = np.array([0.293, 0.703]) * side
    reach = 0.1145 * side * _IRIS_REACH
    box = (*(centre - reach), *(centre + reach))
    return np.asarray(picture.resize((IRIS_SIDE, IRIS_SIDE), Image.Resampling.BOX, box=box))
