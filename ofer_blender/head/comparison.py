"""Several heads of the gallery side by side, as copies that come and go together."""

from __future__ import annotations

import contextlib
import functools
import math
import zlib
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ...ofer_engine.client import faults
from ...ofer_engine.contract.errors import OferError
from ...ofer_engine.geometry.affine_map import Affine
from . import deleted_heads, head_frame, hypotheses, lookup, modifiers, shape_keys, shaping
from .free_space import Box, obstacles, way_out, world_points

COLLECTION: Final = "OFER compare"
_APART: Final = 1.12
"""Distance between copies, in heads."""
_LETTERS: Final = 0.13
"""Height of the captions, in heads."""
_LIFT: Final = 0.18
"""Heads by which the lowest row is raised above what the head stands on: its caption must be seen,
and necks may be longer than the head's own."""
_DESCENT: Final = 0.3
"""Height of their letters by which some reach below the line."""
_BOLD: Final = 0.004
"""Heads by which their strokes are thickened."""
_CLEAR: Final = 0.01
"""Heads between the copies and whatever else stands there."""

_watched: Final[set[int]] = set()
"""Session uids of copies and captions whose head was seen in the file."""


@dataclass(frozen=True, eq=False)
class Stand:
    """axes : (3, 3), columns in the world: to the left, back and up of the heads that are compared;
    box : what they and their captions fill, along these axes, metres."""

    axes: np.ndarray
    box: Box


def copies(head: bpy.types.Object) -> list[bpy.types.Object]:
    """The copies and captions that stand for a head now."""
    return [
        each
        for each in bpy.data.objects
        if each != head and each.ofer.compared_with == head
        if each.ofer.compared_made in ("", _made(each))
    ]


def begin(scene: bpy.types.Scene, head: bpy.types.Object, count: int, turned: int) -> Stand:
    """Put copies of the next `count` heads of the gallery where the head is, each as it looks when
    it is shown (with the expression, hints, parts and pins) and with the head's modifiers, and hide
    the head; where other objects stand there, the copies make room. The first becomes active.

    turned : pages turned from the best ones. Gives where the copies stand. Raises
    OferError(BAD_REQUEST) where the Basis was deleted.
    """
    hypotheses.check_basis(head)
    names = page(head, count, turned)
    head.ofer.comparing, head.ofer.compare_page = count, turned
    _remember(head)
    layer = bpy.context.view_layer
    _hide(head, False, layer)  # what is hidden is not evaluated
    layer.update()
    bound = modifiers.bound(head)
    meshes = _meshes(head, names, bound)
    holder = bpy.data.collections.new(COLLECTION)
    scene.collection.children.link(holder)
    made = []
    for name, mesh in zip(names, meshes, strict=True):
        mesh.name = f"{COLLECTION} {name}"
        copy = bpy.data.objects.new(mesh.name, mesh)
        for each in (copy, _caption(head, name)):
            holder.objects.link(each)
            each.ofer.compared_with, each.ofer.compared_as = head, name
        copy.matrix_world = head.matrix_world
        made.append(copy)
    modifiers.give(head, made, bound)
    for each in copies(head):
        each.ofer.compared_made = _made(each)
    stand = _spread(head, made)
    _hide(head, True, layer)
    _activate(made[0], [made[0]], layer)
    return stand


def end(head: bpy.types.Object) -> None:
    """Remove the copies, and show and select what was shown and selected before, in the view layer
    where comparing began. What an artist duplicated, renamed, sculpted or dressed of them stays."""
    head.ofer.comparing = head.ofer.compare_page = 0
    is_here = bool(copies(head))  # or it was appended from another file, and names are of that one
    compared = [each for each in bpy.data.objects if each.ofer.compared_with == head]
    _remove([each for each in compared if each != head])
    before, current = head.ofer, bpy.context.view_layer
    layer = (_layer_before(head) if is_here else None) or current
    _hide(head, False, layer)
    there = layer.objects
    selected = [there.get(each.name) for each in before.selected_before if is_here]
    active = there.get(before.active_before) if is_here else None
    _activate(active or head, selected, layer)
    _hide(head, before.hidden_before, layer)
    if current != layer and current.objects.active is None:
        _activate(head, [], current)
    before.selected_before.clear()
    before.active_before, before.layer_before, before.hidden_before = "", "", False


def remove_abandoned() -> None:
    """Remove the copies of heads that were deleted while they were compared, and what Blender keeps
    of such a head because copies point at it."""
    left = [each for each in bpy.data.objects if _is_abandoned(each)]
    heads = {each.ofer.compared_with for each in left} - {None}
    _remove(left)
    for head in heads:
        if not head.users:
            bpy.data.objects.remove(head)


@bpy.app.handlers.persistent
@faults.guarded(reported=False)
def watch(*_: object) -> None:
    """After any change: see whether a head was deleted while it was compared."""
    compared = [
        each
        for holder in bpy.data.collections
        if holder.name.startswith(COLLECTION)
        for each in holder.objects
    ]
    if not compared:
        return
    _watched.update(e.session_uid for e in compared if _is_in_a_scene(e.ofer.compared_with))
    if any(map(_is_abandoned, compared)):
        deleted_heads.clean_up_soon()


@bpy.app.handlers.persistent
@faults.guarded(reported=False)
def forget(*_: object) -> None:
    """After undo and redo: what is there then was there before, and stays."""
    _watched.clear()


def selected(context: bpy.types.Context) -> str:
    """Name of the identity whose copy is the active object; "" where none is."""
    return context.object.ofer.compared_as if context.object else ""


def page(head: bpy.types.Object, count: int, turned: int) -> list[str]:
    """Names of `count` listed identities, so many pages on from the best; after the last page
    comes the first."""
    names = [
        item.name
        for item in head.ofer.identities
        if hypotheses.is_listed(head, item) and hypotheses.key_exists(head, item.name)
    ]
    if not names:
        return []
    first = (turned * count) % (math.ceil(len(names) / count) * count)
    return names[first : first + count]


def _is_abandoned(copy: bpy.types.Object) -> bool:
    """It stood for a head that is in no scene any more."""
    return copy.session_uid in _watched and not _is_in_a_scene(copy.ofer.compared_with)


def _is_in_a_scene(head: bpy.types.Object | None) -> bool:
    return head is not None and lookup.in_a_scene(head)


def _remove(compared: list[bpy.types.Object]) -> None:
    """Those that are as they were made go; the others stand for no head any more."""
    for each in compared:
        if each.mode == "OBJECT" and each.ofer.compared_made in ("", _made(each)):
            data = each.data
            bpy.data.objects.remove(each)
            if not data.users:
                bpy.data.batch_remove([data])
        else:
            each.ofer.compared_with, each.ofer.compared_as, each.ofer.compared_made = None, "", ""
            _watched.discard(each.session_uid)
    for collection in [c for c in bpy.data.collections if c.name.startswith(COLLECTION)]:
        if not collection.all_objects:
            bpy.data.collections.remove(collection)
    for font in [f for f in bpy.data.fonts if not f.users and f.filepath == "<builtin>"]:
        bpy.data.fonts.remove(font)


def _made(copy: bpy.types.Object) -> str:
    """What a copy or caption is called, where its points are, what it wears and what hangs on it:
    as it was made, or not."""
    points = np.empty(3 * len(copy.data.vertices) if copy.type == "MESH" else 0, np.float32)
    if copy.type == "MESH":
        copy.data.vertices.foreach_get("co", points)
    worn: list[object] = [slot.material and slot.material.name for slot in copy.material_slots]
    worn += [(each.name, each.type) for each in (*copy.modifiers, *copy.constraints)]
    worn += [bool(copy.animation_data), len(copy.children)]
    return f"{zlib.crc32(points.tobytes() + repr(worn).encode()):08x} {copy.name}"


def _grid(count: int) -> tuple[int, int]:
    """(columns, rows), as square as can be."""
    columns = math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def _meshes(head: bpy.types.Object, names: list[str], bound: int) -> list[bpy.types.Mesh]:
    """The heads as each would be shown, without modifiers but the first `bound`."""
    meshes, alone = [], head.show_only_shape_key
    try:
        head.show_only_shape_key = False
        with shaping.kept(head):
            for name in names:
                hypotheses.exaggerate(head, {name: 1.0})
                shaping.follow(head)
                meshes.append(_evaluated(head, bound) if bound else _plain(head))
    finally:
        head.show_only_shape_key = alone
    return meshes


def _plain(head: bpy.types.Object) -> bpy.types.Mesh:
    """The head without any modifier, as its keys shape it now."""
    first, *others = head.data.shape_keys.key_blocks
    shape = shape_keys.points(first)
    for key in others:
        if key.value and not key.mute:
            shape += key.value * shape_keys.movement(head, key)
    mesh = bpy.data.meshes.new_from_object(head)
    mesh.vertices.foreach_set("co", np.ascontiguousarray(shape, np.float32).ravel())
    mesh.update()
    return mesh


def _evaluated(head: bpy.types.Object, bound: int) -> bpy.types.Mesh:
    """The head as its first modifiers make it, where it stands: an armature would turn a copy that
    stands aside about joints that are not its own."""
    with modifiers.only_first(head, bound):
        graph = bpy.context.evaluated_depsgraph_get()
        return bpy.data.meshes.new_from_object(
            head.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
        )


def _spread(head: bpy.types.Object, made: list[bpy.types.Object]) -> Stand:
    """Stand the copies and their captions side by side, where nothing is in their way."""
    bpy.context.view_layer.update()
    axes = _facing(head)
    own = Box.around(world_points(head) @ axes)
    boxes = [Box.around(world_points(copy) @ axes) for copy in made]
    cell = functools.reduce(Box.joined, boxes)
    columns, rows = _grid(len(made))
    width, _, height = cell.high - cell.low
    tall = own.high[2] - own.low[2]
    ways = []
    for number in range(len(made)):
        row, column = divmod(number, columns)
        across = (column - (columns - 1) / 2) * _APART * width
        up = (rows - 1 - row) * (_APART * height + _LETTERS * tall) + _LIFT * tall
        ways.append(np.array((across, 0.0, up)))
    whole = functools.reduce(Box.joined, (cell.moved(way) for way in ways))
    whole = Box(whole.low - (0.0, 0.0, (1 + _DESCENT) * _LETTERS * tall), whole.high)
    spared = {head, *copies(head)}
    aside = way_out(whole, *obstacles(axes, spared, own, whole), gap=_CLEAR * tall)
    captions = {each.ofer.compared_as: each for each in copies(head) if each.type == "FONT"}
    for copy, way in zip(made, ways, strict=True):
        there = Matrix.Translation(axes @ (way + aside))
        copy.matrix_world = there @ head.matrix_world
        caption = captions[copy.ofer.compared_as]
        caption.data.size = _LETTERS * tall
        caption.data.offset = _BOLD * tall
        low = np.append((cell.low + cell.high)[:2] / 2, cell.low[2] - _LETTERS * tall)
        turn = Matrix(axes).to_4x4() @ Matrix.Rotation(math.pi / 2, 4, "X")
        caption.matrix_world = there @ Matrix.Translation(axes @ low) @ turn
    return Stand(axes, whole.moved(aside))


def _facing(head: bpy.types.Object) -> np.ndarray:
    """(3, 3), columns in the world: to the left, back and up of the face, as the mesh stands."""
    linear = head_frame.in_world(head)
    with contextlib.suppress(OferError):  # a head of which nothing is known stands as it was drawn
        linear = linear @ head_frame.placement(head, unpack=False).linear
    axes = Affine(linear, np.zeros(3)).rotation
    return axes if np.linalg.det(axes) > 0 else axes * (-1.0, 1.0, 1.0)


def _caption(head: bpy.types.Object, name: str) -> bpy.types.Object:
    text = bpy.data.curves.new(f"{COLLECTION} {name} caption", "FONT")
    text.body = hypotheses.caption(head.ofer.identities[name])
    text.align_x = "CENTER"
    return bpy.data.objects.new(text.name, text)


def _remember(head: bpy.types.Object) -> None:
    before, layer = head.ofer, bpy.context.view_layer
    there = layer.objects
    before.layer_before = f"{layer.id_data.name}\n{layer.name}"
    before.hidden_before = head.hide_get() if head.name in there else False
    before.active_before = there.active.name if there.active else ""
    before.selected_before.clear()
    for each in bpy.context.selected_objects:
        before.selected_before.add().name = each.name


def _layer_before(head: bpy.types.Object) -> bpy.types.ViewLayer | None:
    """Where comparing began; None where that is gone, or has another name."""
    scene, _, layer = head.ofer.layer_before.partition("\n")
    found = bpy.data.scenes.get(scene)
    return found.view_layers.get(layer) if found else None


def _hide(head: bpy.types.Object, hidden: bool, layer: bpy.types.ViewLayer) -> None:
    if head.name in layer.objects:
        head.hide_set(hidden, view_layer=layer)


def _activate(
    active: bpy.types.Object,
    selected: list[bpy.types.Object | None],
    layer: bpy.types.ViewLayer,
) -> None:
    there = layer.objects
    for other in filter(None, list(there.selected)):  # None: what left a scene that none shows
        other.select_set(False, view_layer=layer)
    for each in selected:
        if each and each.name in there:
            each.select_set(True, view_layer=layer)
    if active.name in there:
        there.active = active


def register() -> None:
    bpy.app.handlers.depsgraph_update_post.append(watch)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(forget)


def unregister() -> None:
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.remove(forget)
    bpy.app.handlers.depsgraph_update_post.remove(watch)
    deleted_heads.ask_no_more()
    _watched.clear()
