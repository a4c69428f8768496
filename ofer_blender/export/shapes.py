"""The shapes that a file carries: a neutral one, and named keys that move it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.arkit import ARKIT_52
from ..head import helper_keys, shape_keys
from ..motion.motion_sources import span_of
from ..rig import visemes
from .names import names
from .plan import Keys, Plan, identifier
from .presets import Format, Target

_STIR: Final = 1e-6
"""Metres."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """basis : (V, 3) float32 metres, object frame; names : of the keys in the file;
    moves : (K, V, 3) float32, what each key moves."""

    basis: np.ndarray
    names: tuple[str, ...]
    moves: np.ndarray


def gather(head: bpy.types.Object, plan: Plan, moving: Collection[str] = frozenset()) -> Shapes:
    """Units first and in Apple's order, then visemes in theirs, then identities, then expressions,
    each as it ranks, then the artist's own keys as they stand.

    Where what is shown is baked, its keys move the baked shape as they moved the Basis, identities
    become the whole way to their shape. Keys that the file's animation moves are not baked. A neck
    that was eased to its body always is: the seam was made for it.
    """
    keys = head.data.shape_keys
    fitted, basis = _fitted(head), neutral(head, plan, moving)
    moves = np.zeros((len(found := chosen(head, plan)), *basis.shape), np.float32)
    for move, (source, _) in zip(moves, found, strict=True):
        key = keys.key_blocks[source]
        if source in head.ofer.identities and source not in moving:
            move[:] = shape_keys.points(key) + fitted - basis
        else:
            move[:] = shape_keys.movement(head, key)
    return Shapes(basis, tuple(name for _, name in found), moves)


def neutral(
    head: bpy.types.Object, plan: Plan, moving: Collection[str] = frozenset()
) -> np.ndarray:
    """(V, 3) float32 metres, object frame: the shape that keys move in the file, without what
    modifiers do to it; as `gather`."""
    rest = shape_keys.points(head.data.shape_keys.reference_key)
    return _shown(head, rest, moving) if plan.bake else rest + _fitted(head)


def _fitted(head: bpy.types.Object) -> np.ndarray:
    """(V, 3) metres that the head's neck was eased to its body, or 0."""
    key = helper_keys.get(head, helper_keys.NECK_FIT)
    if key is None or key.mute or not key.value:
        return np.zeros(3, np.float32)
    return key.value * shape_keys.movement(head, key)


def put_on(copy: bpy.types.Object, shapes: Shapes) -> None:
    """Give an object these shapes: every key at 0, from 0 to 1."""
    copy.data.vertices.foreach_set("co", np.ascontiguousarray(shapes.basis).ravel())
    if shapes.names:
        shape_keys.set_points(copy.shape_key_add(name="Basis", from_mix=False), shapes.basis)
    parts = _parts(copy.data)
    for name, move in zip(shapes.names, shapes.moves, strict=True):
        key = copy.shape_key_add(name=name, from_mix=False)
        shape_keys.set_points(key, shapes.basis + _without_still_parts(move, parts))
        key.value, key.slider_min, key.slider_max = 0.0, 0.0, 1.0
    copy.data.update()


def _parts(mesh: bpy.types.Mesh) -> list[np.ndarray]:
    """The vertices of each material's faces."""
    corners, sizes = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
    slots = np.empty(len(mesh.polygons), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.polygons.foreach_get("loop_total", sizes)
    mesh.polygons.foreach_get("material_index", slots)
    of_corner = np.repeat(slots, sizes)
    return [np.unique(corners[of_corner == slot]) for slot in np.unique(slots)]


def _without_still_parts(move: np.ndarray, parts: list[np.ndarray]) -> np.ndarray:
    """What a key moves, and of each part that it leaves alone one vertex, by a thousandth of a
    millimetre: glTF has no data for a part that does not move, and assimp refuses such a file."""
    still = [part for part in parts if not move[part].any()]
    if not still:
        return move
    moved = move.copy()
    for part in still:
        moved[part[0], 2] = _STIR
    return moved


def chosen(head: bpy.types.Object, plan: Plan) -> list[tuple[str, str]]:
    """(key in the scene, name in the file) of what is shipped; no two names are the same."""
    if not plan.preset.keys:
        return []
    there = head.data.shape_keys.key_blocks
    found: list[tuple[str, str]] = []
    if plan.keys in (Keys.ARKIT, Keys.ALL):
        found += zip(ARKIT_52, names(plan.preset.table), strict=True)
        called = plan.preset.visemes
        found += [(name, called.get(name, name)) for name in visemes.present(head)]
    if plan.keys in (Keys.HYPOTHESES, Keys.ALL):
        found += [(name, key_name(name, plan)) for name in _listed(head)]
    if plan.keys is Keys.ALL:
        found += [(name, key_name(name, plan)) for name in own(head)]
    if plan.keys is not Keys.NONE and plan.animates and plan.preset.rig and span_of(head):
        jaw = helper_keys.names(head, helper_keys.JAW)
        found += [(name, name) for name in jaw]  # a jaw that moves needs them
    taken: set[str] = set()
    fold = str.casefold if plan.target is Target.UNREAL else str  # where FName is without case
    return [(source, _free(name, taken, fold)) for source, name in found if source in there]


def own(head: bpy.types.Object) -> list[str]:
    """Names of the keys that the artist made: no unit, no viseme, no hypothesis, none that a bone
    drives, nor the eased neck."""
    carried = helper_keys.names(head, helper_keys.CARRIED)
    ours = {*ARKIT_52, *visemes.present(head), *_listed(head), *carried}
    return [key.name for key in head.data.shape_keys.key_blocks[1:] if key.name not in ours]


def key_name(name: str, plan: Plan) -> str:
    """What a key that is not Apple's is called in the file: as it is, but where the format wants
    identifiers."""
    return identifier(name) if plan.preset.format is Format.USD else name


def _listed(head: bpy.types.Object) -> list[str]:
    return [*head.ofer.identities.keys(), *head.ofer.expressions.keys()]


def _free(name: str, taken: set[str], fold: Callable[[str], str]) -> str:
    free, number = name, 1
    while fold(free) in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(fold(free))
    return free


def _shown(head: bpy.types.Object, rest: np.ndarray, moving: Collection[str]) -> np.ndarray:
    """(V, 3): the Basis with every key that is on and not muted, but those that move, and what an
    open jaw bone adds, since the bones rest. Where keys do not add up, what Blender shows."""
    if head.show_only_shape_key or not head.data.shape_keys.use_relative:
        return _played(head)
    shown = rest.astype(np.float64)
    jaw = helper_keys.names(head, helper_keys.JAW)
    for key in head.data.shape_keys.key_blocks[1:]:
        kept = key.name not in jaw and key.name not in moving
        if key.value and not key.mute and kept:
            shown += key.value * shape_keys.movement(head, key)
    return shown.astype(np.float32)


def _played(head: bpy.types.Object) -> np.ndarray:
    """(V, 3) float32: what the keys alone make of a head whose keys are absolute, or of which one
    is shown alone."""
    theirs = bpy.context.scene
    alone, scene = bpy.data.objects.new(head.name, head.data), bpy.data.scenes.new(theirs.name)
    try:
        alone.show_only_shape_key = head.show_only_shape_key
        alone.active_shape_key_index = head.active_shape_key_index
        scene.frame_current, scene.frame_subframe = theirs.frame_current, theirs.frame_subframe
        scene.collection.objects.link(alone)
        layer = scene.view_layers[0]
        layer.update()
        seen = alone.evaluated_get(layer.depsgraph).data
        shown = np.empty((len(seen.vertices), 3), np.float32)
        seen.vertices.foreach_get("co", shown.ravel())
        return shown
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.objects.remove(alone)
