"""Hair and brows on a head: cards joined to its mesh, so that every key, bone and file has them."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import Final

import bmesh
import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.files.digest import polygons_digest
from .. import compat
from ..head import carried, head_frame, shape_keys
from ..head.head_object import UV_LAYER
from ..head.linked import link_beside
from . import hair_material

NONE: Final = "NONE"
_LEAST: Final = 1 / 1024


class Kind(StrEnum):
    """What a style is of; the first word of its name."""

    HAIR = "hair"
    BROWS = "brows"


STYLES: Final = {
    Kind.HAIR: {
        "CROP": "Crop",
        "SHORT": "Short",
        "COMBED_BACK": "Combed Back",
        "BOB": "Bob",
        "LONG": "Long",
        "PONYTAIL": "Ponytail",
    },
    Kind.BROWS: {
        "NATURAL": "Natural",
        "THICK": "Thick",
        "FINE": "Fine",
        "BUSHY": "Bushy",
    },
}


def worn(head: bpy.types.Object, kind: Kind) -> str:
    """The style of a kind that a head wears, NONE without one."""
    for name in carried.worn(head.data):
        found, _, style = name.partition("_")
        if found == kind:
            return style.upper()
    return NONE


def is_all(head: bpy.types.Object) -> bool:
    """Nothing else is left in the mesh, as in a hairdo that was separated from its head."""
    mesh = head.data
    covered = np.zeros(len(mesh.vertices), bool)
    for name in carried.worn(mesh):
        covered |= carried.numbers(mesh, name).astype(bool)
    return bool(covered.all())


def wear(head: bpy.types.Object, kind: Kind, style: str, colour: tuple[float, ...]) -> None:
    """Put a style on a head in place of the one of its kind; NONE takes it off.

    colour : (3,) linear. Raises OferError as `head_frame.of`, and OferError(BAD_REQUEST) for heads
    with another mesh than the bundled pack's; then nothing was changed.
    """
    if style == NONE:
        take_off(head, kind)
        return
    name = f"{kind}_{style.lower()}"
    frame, made = head_frame.of(head), carried.style(name)
    polygons = frame.record.numbers("polygons", (None, 4))
    if polygons_digest(polygons) != made.head:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has another mesh than the heads of the bundled pack, and hair does not fit it.",
            "Reconstruct the photo again with the bundled pack.",
            name=head.name,
        )
    cards = _cards(head, frame, made, name)
    cards.data.materials.append(hair_material.make(name, colour))
    take_off(head, kind)
    left, active = cards.data, head.active_shape_key_index
    with bpy.context.temp_override(
        active_object=head, object=head, selected_objects=[head, cards],
        selected_editable_objects=[head, cards],
    ):  # fmt: skip
        bpy.ops.object.join()
    head.active_shape_key_index = active
    _forget(left)


def succeed(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Give a new head, linked to the scene, what an old one wears, where it fits."""
    styles = {kind: worn(old, kind) for kind in Kind}
    styles = {kind: style for kind, style in styles.items() if style in STYLES[kind]}
    if styles:
        bpy.context.view_layer.update()  # which knows only then of the new one
    for kind, style in styles.items():
        if new.name in bpy.context.view_layer.objects:
            with suppress(OferError):
                wear(new, kind, style, tuple(old.ofer_hair.colour))


def take_off(head: bpy.types.Object, kind: Kind) -> None:
    """Take hair or brows off a head again; nothing else of its mesh changes."""
    mesh = head.data
    for name in carried.worn(mesh):
        if name.partition("_")[0] != kind:
            continue
        gone = np.flatnonzero(carried.numbers(mesh, name))
        _delete(mesh, gone)
        mesh.attributes.remove(mesh.attributes[carried.ATTRIBUTE + name])
        hair_material.remove(mesh, name)
        mesh.update()


def _cards(
    head: bpy.types.Object, frame: head_frame.HeadFrame, made: carried.Style, name: str
) -> bpy.types.Object:
    """An object like the head, in its place, with the same keys, groups and UV layers."""
    own = slice(frame.vertices)
    basis = frame.basis[own]
    rest = made.carry(basis) + frame.placed.moves(to_blender(made.offset))
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(rest.tolist(), [], made.triangles.tolist())
    compat.mend_edge_selection(mesh)
    corners = made.triangles.ravel()
    mesh.uv_layers.new(name=UV_LAYER).uv.foreach_set("vector", made.uv[corners].ravel())
    carried.number(mesh, name, 0)
    mesh.shade_smooth()
    cards = bpy.data.objects.new(name, mesh)
    link_beside(cards, head)
    cards.matrix_world = head.matrix_world
    keys = head.data.shape_keys
    for key in keys.key_blocks:
        shape = rest
        if key != keys.reference_key:
            shape = rest + made.carry(shape_keys.points(key)[own] - basis)
        added = cards.shape_key_add(name=key.name, from_mix=False)
        added.points.foreach_set("co", np.ascontiguousarray(shape, np.float32).ravel())
    _share(head, cards, made)
    return cards


def _share(head: bpy.types.Object, cards: bpy.types.Object, made: carried.Style) -> None:
    """Let what moves the skin move what hangs on it as much."""
    weights = np.zeros((made.anchors.max() + 1, max(len(head.vertex_groups), 1)), np.float32)
    for row, vertex in zip(weights, head.data.vertices, strict=False):
        for entry in vertex.groups:
            row[entry.group] = entry.weight
    steps = np.round(made.carry(weights) / _LEAST).astype(int)
    for group, column in zip(head.vertex_groups, steps.T, strict=False):
        values = np.unique(column[column > 0])
        mine = cards.vertex_groups.new(name=group.name) if len(values) else None
        for value in values.tolist():
            members = np.flatnonzero(column == value).tolist()
            mine.add(members, min(value * _LEAST, 1.0), "REPLACE")


def _forget(mesh: bpy.types.Mesh) -> None:
    """Remove a mesh that nothing shows any more. An object has to see to its keys, which it would
    leave behind."""
    last = bpy.data.objects.new(mesh.name, mesh)
    last.shape_key_clear()
    bpy.data.objects.remove(last)
    bpy.data.meshes.remove(mesh)


def _delete(mesh: bpy.types.Mesh, rows: np.ndarray) -> None:
    """What stays keeps its selection, which BMesh would spread from vertices."""
    compat.mend_edge_selection(mesh)
    stays = np.ones(len(mesh.vertices), bool)
    stays[rows] = False
    kept = [("vertices", stays, _selected(mesh.vertices))]
    for name in ("edges", "polygons"):
        elements = getattr(mesh, name)
        whole = np.array([stays[list(each.vertices)].all() for each in elements], bool)
        kept.append((name, whole, _selected(elements)))
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        work.verts.ensure_lookup_table()
        bmesh.ops.delete(work, geom=[work.verts[row] for row in rows.tolist()], context="VERTS")
        work.to_mesh(mesh)
    finally:
        work.free()
    compat.mend_edge_selection(mesh)
    for name, whole, selected in kept:
        getattr(mesh, name).foreach_set("select", selected[whole])


def _selected(elements: bpy.types.bpy_prop_collection) -> np.ndarray:
    values = np.empty(len(elements), bool)
    elements.foreach_get("select", values)
    return values
