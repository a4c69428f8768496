"""What hangs on a head's skin as part of its mesh: hair, brows and the tear line, and how they
follow its shapes.

Each of their vertices has a number in an attribute that is called after its style; the style says
which of the head's own vertices carry it. So whoever gives a key of the head another shape does not
have to know of hair.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from . import tear_line

FOLDER: Final = Path(__file__).parents[1] / "hair" / "styles"
ATTRIBUTE: Final = "OFER worn "
"""Before the style's name: 1 for its first vertex, 0 for what is not of it."""


@dataclass(frozen=True, eq=False)
class Style:
    """head : digest of the polygons of the head it was made for; offset : (N, 3) float32 metres,
    engine frame, from where the anchors carry a vertex to where it is; anchors : (N, A) int, the
    head's vertices, and shares : (N, A) float32, of them, that sum to 1; triangles : (T, 3) int;
    uv : (N, 2) float32."""

    head: str
    offset: np.ndarray
    anchors: np.ndarray
    shares: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray

    def carry(self, own: np.ndarray) -> np.ndarray:
        """(N, C) of values (V, C) of the head's own vertices."""
        return np.einsum("na,nac->nc", self.shares, own[self.anchors])


@lru_cache(maxsize=4)
def style(name: str) -> Style:
    """One of those that ship. Raises OSError where there is none of this name."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as stored:
        return Style(
            str(stored["head"]),
            stored["offset"],
            stored["anchors"].astype(np.int32),
            stored["steps"].astype(np.float32) / 255,
            stored["triangles"].astype(np.int32),
            stored["uv"],
        )


def worn(mesh: bpy.types.Mesh) -> tuple[str, ...]:
    """Names of the styles that a head wears, the tear line among them; what names a file elsewhere
    is none of ours."""
    found = (each.name for each in mesh.attributes if each.name.startswith(ATTRIBUTE))
    names = (name.removeprefix(ATTRIBUTE) for name in found)
    return tuple(name for name in names if re.fullmatch(r"[a-z_]+", name))


def number(mesh: bpy.types.Mesh, name: str, first: int) -> None:
    """Note that all vertices from the first one on are a style's, in its order."""
    values = np.clip(np.arange(1 - first, len(mesh.vertices) + 1 - first), 0, None)
    attribute = mesh.attributes.new(ATTRIBUTE + name, "INT", "POINT")
    attribute.data.foreach_set("value", values.astype(np.int32))


def numbers(mesh: bpy.types.Mesh, name: str) -> np.ndarray:
    """(N,) int32: which vertex of a style each vertex of the mesh is, from 1; 0: none."""
    values = np.zeros(len(mesh.vertices), np.int32)
    attribute = mesh.attributes.get(ATTRIBUTE + name)
    if attribute and attribute.domain == "POINT" and attribute.data_type == "INT":
        attribute.data.foreach_get("value", values)
    return values


def along(mesh: bpy.types.Mesh, shape: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """A shape of a head's mesh, its hair brought along with its skin.

    shape, basis : (N, 3) metres, object frame; what hangs is taken from the basis.
    """
    names = worn(mesh)
    if not names:
        return shape
    brought = np.array(shape, np.float32)
    for name in names:
        moves = _moves(name, shape, basis)
        number = numbers(mesh, name)
        rows = np.flatnonzero((number > 0) & (number <= len(moves)))
        brought[rows] = basis[rows] + moves[number[rows] - 1]
    return brought


def _moves(name: str, shape: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """(N, 3) of a style's vertices from a basis (V, 3) to a shape; none where it is not known, as
    one of a version that has others: it stays where it is."""
    if name == tear_line.NAME and len(shape) >= tear_line.LEAST:
        return tear_line.places(shape) - tear_line.places(basis)
    with suppress(OSError):
        made = style(name)
        if made.anchors.max() < len(shape):
            return made.carry(shape - basis)
    return np.zeros((0, 3), np.float32)
