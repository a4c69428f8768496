"""Showing, choosing and removing the hypotheses of a head.

Each hypothesis is a shape key of its name, relative to the Basis; the identity in `ofer.basis` has
no key of its own because it is the Basis, and the expression `neutral` is the absence of one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.errors import ErrorCode, OferError
from . import shape_keys

NEUTRAL: Final = "neutral"
_standing_still: Final[set[int]] = set()
"""Heads, by uid, whose lists change while what is shown stays."""


def active_head(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active object, the head on the active rig, the head that the active photo stands beside,
    or the one that Compare made the active copy of; if it is one of our heads and still has its
    shape keys."""
    active = context.object
    if active is None:  # the artist deleted a copy: the way back must stay open
        active = next((each for each in context.scene.objects if each.ofer.comparing), None)
    elif active.ofer.compared_with not in (None, active):
        active = active.ofer.compared_with
    elif active.type == "EMPTY" and active.parent and active.parent.ofer.photo_beside == active:
        active = active.parent
    elif active.type == "ARMATURE":
        active = next((child for child in active.children if is_head(child)), None)
    return active if active and is_head(active) else None


def is_head(thing: bpy.types.Object) -> bool:
    """It is one of our heads and has its shape keys."""
    return bool(thing.type == "MESH" and thing.ofer.is_head and thing.data.shape_keys)


def was_joined(thing: bpy.types.Object | None) -> bool:
    """It has the keys of a head, and nothing else of one: of two meshes that are joined, Blender
    keeps what is noted on the active one alone."""
    if thing is None or thing.type != "MESH" or thing.ofer.is_head or not thing.data.shape_keys:
        return False
    names = thing.data.shape_keys.key_blocks
    return any(f"identity_{number:02d}" in names for number in (1, 2)) and "expression_01" in names


def keys_fit(head: bpy.types.Object) -> bool:
    """Its shape keys have a point for each vertex of its mesh, which a script may replace alone;
    outside Edit Mode."""
    return len(head.data.shape_keys.reference_key.points) == len(head.data.vertices)


def check_basis(head: bpy.types.Object) -> None:
    """Raise OferError(BAD_REQUEST) where the Basis was deleted: Blender lets the next key take its
    place, and the movements of all others count from there."""
    first, settings = head.data.shape_keys.reference_key.name, head.ofer
    if first != settings.basis and (first in settings.identities or first in settings.expressions):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The Basis of {name} was deleted: its other shape keys do not fit what is left.",
            "Undo that, or open the reconstruction again.",
            name=head.name,
        )


def is_basis(head: bpy.types.Object, name: str) -> bool:
    """This hypothesis is what the head is when no key is on."""
    return name in (head.ofer.basis, NEUTRAL)


def key_exists(head: bpy.types.Object, name: str) -> bool:
    """It can be shown: nobody renamed or deleted its shape key."""
    return is_basis(head, name) or name in head.data.shape_keys.key_blocks


def caption(item: bpy.types.PropertyGroup) -> str:
    """Rank of an identity; else its name."""
    return str(item.rank) if item.rank else item.name


def rows_of(head: bpy.types.Object, name: str) -> dict[int, float]:
    """A head of the gallery as weights of its reconstruction's candidates; empty where the gallery
    has it no more."""
    item = head.ofer.identities.get(name)
    if item is None:
        return {}
    if item.candidate >= 0:
        return {item.candidate: 1.0}
    return {share.row: share.weight for share in item.shares}


def chosen_identity(head: bpy.types.Object) -> str:
    """Name of the identity that the list stands on."""
    return _chosen(head.ofer.identities, head.ofer.identity_index)


def chosen_expression(head: bpy.types.Object) -> str:
    """Name of the expression that the list stands on."""
    return _chosen(head.ofer.expressions, head.ofer.expression_index)


def is_listed(head: bpy.types.Object, item: bpy.types.PropertyGroup) -> bool:
    """The gallery's filters let it through."""
    if item.hidden and not head.ofer.show_hidden:
        return False
    return item.favourite or not head.ofer.favourites_only


def listed_expressions(head: bpy.types.Object) -> list[int]:
    """Places of the expressions that are not hidden, and of the chosen one."""
    settings = head.ofer
    return [
        place
        for place, item in enumerate(settings.expressions)
        if not item.hidden or settings.show_hidden or place == settings.expression_index
    ]


def neighbour(
    head: bpy.types.Object, items: bpy.types.bpy_prop_collection, chosen: int, steps: int
) -> int:
    """Place in the list of the hypothesis some steps on from the chosen one, past those that are
    not listed; the ends of the list are joined. The chosen one where there is no other."""
    places = [place for place, item in enumerate(items) if is_listed(head, item)]
    if not places:
        return chosen
    before = sum(place < chosen for place in places)
    standing = chosen in places
    start = before if standing or steps < 0 else before - 1
    return places[(start + steps) % len(places)]


@contextmanager
def still(head: bpy.types.Object) -> Iterator[None]:
    """What is shown stays as it is, to the bit, while the lists change or stand on another place,
    which else shows it."""
    _standing_still.add(head.session_uid)
    try:
        yield
    finally:
        _standing_still.discard(head.session_uid)


def is_still(head: bpy.types.Object) -> bool:
    """Within `still`."""
    return head.session_uid in _standing_still


def show_identity(head: bpy.types.Object) -> None:
    """Show the identity that the list stands on; expressions stay as they are."""
    name = chosen_identity(head)
    exaggerate(head, {name: 1.0})
    _activate(head, name)


def exaggerate(head: bpy.types.Object, weights: dict[str, float]) -> None:
    """Show these weights of identities, all as many times as the artist says. Raises
    OferError(BAD_REQUEST) where that is no number, as a script or a driver may leave it."""
    times = head.ofer.exaggeration
    if not math.isfinite(times):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "Exaggerate of {name} is no number.",
            "Set it to 1.",
            name=head.name,
        )
    head.ofer.exaggerated = times
    set_identities(head, {name: weight * times for name, weight in weights.items()})


def identity_values(head: bpy.types.Object) -> dict[str, float]:
    """What `set_identities` takes to bring this state back."""
    keys = head.data.shape_keys.key_blocks
    return {i.name: keys[i.name].value for i in head.ofer.identities if i.name in keys}


def set_identities(head: bpy.types.Object, weights: dict[str, float]) -> None:
    """Set the keys of all identities: those named to their weights, the others to 0."""
    for item in head.ofer.identities:
        _set_value(head, item.name, weights.get(item.name, 0.0))


def show_expression(head: bpy.types.Object) -> None:
    """Show the expression that the list stands on, beside those that are pinned; the identity
    stays as it is."""
    name = chosen_expression(head)
    for item in head.ofer.expressions:
        if not item.pinned:
            _set_value(head, item.name, float(item.name == name))
    _activate(head, name)


def use_identity(head: bpy.types.Object, name: str) -> None:
    """Make an identity the Basis; the former Basis becomes a key in its place. An artist's key
    that is relative to that identity is relative to the Basis from then on, and as it was.

    Raises OferError(BAD_REQUEST) where the Basis was deleted, or the identity is animated: its
    curves and drivers would then play the former Basis.
    """
    check_basis(head)
    key = head.data.shape_keys.key_blocks[name]
    if shape_keys.is_animated(key):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is animated or driven, and would play the other way round as the Basis.",
            "Delete its keyframes or its driver first.",
            name=repr(name),
        )
    free_name(head, head.ofer.basis)
    key.name, shape = head.ofer.basis, shape_keys.points(key)
    relative = shape_keys.relative_to(key)
    shape_keys.write(key, shape_keys.points(head.data.shape_keys.reference_key))
    set_basis(head, name, shape)
    for each in relative:
        each.relative_key = head.data.shape_keys.reference_key


def free_name(head: bpy.types.Object, name: str) -> None:
    """Let an artist's key that has a name of ours have the next one; what drives it, or reads it,
    follows."""
    if key := head.data.shape_keys.key_blocks.get(name):
        key.name = f"{name}.001"


def set_basis(head: bpy.types.Object, name: str, shape: np.ndarray) -> None:
    """Give the Basis another shape, and the name of its hypothesis.

    shape : (V, 3) float32, metres, object frame. Keys of identities keep their shape, and so do
    those relative to one; all other keys keep their movement: each becomes new basis + (key - old
    basis). The caller has kept the old Basis as a key.
    """
    keys = head.data.shape_keys
    old = shape_keys.points(keys.reference_key)
    kept = [key for item in head.ofer.identities if (key := keys.key_blocks.get(item.name))]
    for key in [each for each in kept if each != keys.reference_key]:
        kept += shape_keys.resting_on(key)
    for key in keys.key_blocks:
        if key != keys.reference_key and key not in kept:
            shape_keys.write(key, shape + (shape_keys.points(key) - old))
    shape_keys.write(keys.reference_key, shape)
    head.data.vertices.foreach_set("co", shape.ravel())
    head.ofer.basis = name
    head.ofer.identity_index = head.ofer.identities.find(name)  # which shows it
    head.data.update()


def remove(head: bpy.types.Object, name: str) -> None:
    """Delete a hypothesis and its key; the list moves on to its neighbour, and what is shown stays
    where it was no part of that."""
    key = head.data.shape_keys.key_blocks.get(name)
    was_mixed = bool(key and key.value and name in head.ofer.identities)
    if key:
        shape_keys.remove(head, key)
    for items, index in (
        (head.ofer.identities, "identity_index"),
        (head.ofer.expressions, "expression_index"),
        (head.ofer.blend, ""),
    ):
        place = items.find(name)
        if place >= 0:
            items.remove(place)
            if index:
                chosen = getattr(head.ofer, index)
                stays = place != chosen and not was_mixed
                with still(head) if stays else nullcontext():
                    setattr(head.ofer, index, min(chosen - (place < chosen), len(items) - 1))


def shape_of(head: bpy.types.Object, name: str) -> np.ndarray | None:
    """(V, 3) float32, metres, object frame: an identity or expression as its key has it; None
    where someone deleted the key."""
    keys = head.data.shape_keys
    key = keys.reference_key if is_basis(head, name) else keys.key_blocks.get(name)
    return shape_keys.points(key) if key else None


def _chosen(items: bpy.types.bpy_prop_collection, index: int) -> str:
    return items[index].name if 0 <= index < len(items) else ""


def _set_value(head: bpy.types.Object, name: str, value: float) -> None:
    keys = head.data.shape_keys
    key = keys.key_blocks.get(name) if keys else None
    if key and key.value != value:  # an untouched key needs no new evaluation or undo data
        if value > key.slider_max:
            key.slider_max = value
        key.value = value


def _activate(head: bpy.types.Object, name: str) -> None:
    """Make its key the active one of the Shape Keys panel, where artists sculpt it."""
    if head.data.shape_keys:
        head.active_shape_key_index = max(head.data.shape_keys.key_blocks.find(name), 0)
