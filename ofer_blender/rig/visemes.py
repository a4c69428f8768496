"""The mouth shapes of speech as shape keys: sums of the 52 ARKit keys that the head has."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.visemes import VISEMES, VisemeSet, Weights
from ..head import shape_keys
from . import arkit_keys

PROPERTY: Final = "ofer_visemes"
"""Of the shape keys: names of those that were made here. An artist's own may be called so, too."""


def present(head: bpy.types.Object) -> tuple[str, ...]:
    """Names of the visemes that the head has as keys, in the sets' order."""
    there = head.data.shape_keys.key_blocks
    return tuple(name for each in VISEMES.values() for name in each if name in there)


def complete(head: bpy.types.Object, kind: VisemeSet) -> bool:
    """All of a set are there."""
    return set(VISEMES[kind]) <= set(present(head))


def add(head: bpy.types.Object, kind: VisemeSet) -> None:
    """Add those of a set that are missing, all at 0.

    Raises OferError(BAD_REQUEST) for a head without the 52 keys.
    """
    if not arkit_keys.complete(head):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no keys that visemes could be made of.",
            "Press Add ARKit 52 first.",
            name=head.name,
        )
    rest = shape_keys.points(head.data.shape_keys.reference_key)
    active, had, ours = head.active_shape_key_index, present(head), _ours(head)
    for name, weights in VISEMES[kind].items():
        if name in had:
            continue
        key = head.shape_key_add(name=name, from_mix=False)
        shape_keys.set_points(key, (rest + _move(head, weights)).astype(np.float32))
        key.value = 0.0
    made = [name for name in VISEMES[kind] if name not in had]
    head.data.shape_keys[PROPERTY] = " ".join((*ours, *made))
    head.active_shape_key_index = active
    head.data.update()


def moves(head: bpy.types.Object) -> dict[str, np.ndarray]:
    """(V, 3) metres of each viseme that was made here, as the head's units make it now."""
    table = {name: weights for each in VISEMES.values() for name, weights in each.items()}
    return {name: _move(head, table[name]) for name in _ours(head)}


def follow(head: bpy.types.Object, before: dict[str, np.ndarray]) -> None:
    """Let visemes go along with units that were renewed; what was sculpted on them stays. before :
    `moves` before that."""
    keys = head.data.shape_keys.key_blocks
    for name, move in moves(head).items():
        key = keys[name]
        shape_keys.set_points(key, shape_keys.points(key) + (move - before[name]))


def _ours(head: bpy.types.Object) -> tuple[str, ...]:
    """Those that were made here. Older versions noted nothing: theirs are whole sets."""
    there, kept = present(head), head.data.shape_keys.get(PROPERTY)
    if isinstance(kept, str):
        noted = set(kept.split())
    else:
        noted = {name for kind in VISEMES if complete(head, kind) for name in VISEMES[kind]}
    return tuple(name for name in there if name in noted)


def _move(head: bpy.types.Object, weights: Weights) -> np.ndarray:
    """(V, 3) float32 metres; units that the head lost move nothing."""
    keys = head.data.shape_keys.key_blocks
    found = np.zeros_like(shape_keys.points(head.data.shape_keys.reference_key))
    for name, weight in weights.items():
        if name in keys:
            found += np.float32(weight) * shape_keys.movement(head, keys[name])
    return found
