"""Shape keys that the add-on makes on a head for a purpose of its own, each under a fixed name.

They are computed again and again, so their shapes are locked: no sculpting there is lost.
An artist's own key may have such a name. So which keys are ours is noted beside them, in a custom
property of the shape keys, which every copy of the mesh takes along.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import bpy

from ...ofer_engine.client import faults
from ...ofer_engine.contract.hint_places import HINTS as HINT_NAMES
from . import hypotheses, shape_keys

HINTS: Final = "hints"
PARTS: Final = "parts"
PINS: Final = "pins"
PINS_EXPRESSION: Final = "pins_expression"
NECK_FIT: Final = "neck_fit"
JAW: Final = ("corrective_jaw_sin", "corrective_jaw_cos")
CARRIED: Final = (*JAW, NECK_FIT)
"""Those that a rig or a body needs."""
NAMES: Final = (HINTS, PARTS, PINS, PINS_EXPRESSION, *CARRIED)
PROPERTY: Final = "ofer_helper_keys"


def names(head: bpy.types.Object, among: Collection[str] = NAMES) -> tuple[str, ...]:
    """Names of the keys of ours that a head has, in the order of NAMES."""
    keys = head.data.shape_keys
    kept = keys.get(PROPERTY)
    noted = kept.split() if isinstance(kept, str) else _used(head)
    there = keys.key_blocks
    return tuple(name for name in NAMES if name in noted and name in among and name in there)


def get(head: bpy.types.Object, name: str) -> bpy.types.ShapeKey | None:
    """Our key of this name; None where the head has none, or an artist's."""
    return head.data.shape_keys.key_blocks[name] if names(head, (name,)) else None


def ensure(head: bpy.types.Object, name: str, value: float = 1.0) -> bpy.types.ShapeKey:
    """Our key of this name, made at a value where it is missing; an artist's key of that name gets
    the next one."""
    if key := get(head, name):
        return key
    had = names(head)
    hypotheses.free_name(head, name)
    key = head.shape_key_add(name=name, from_mix=False)
    key.value, key.lock_shape = value, True
    _note(head, (*had, name))
    return key


def remove(head: bpy.types.Object, name: str) -> None:
    """Delete our key of this name, if there is one."""
    if key := get(head, name):
        had = names(head)
        shape_keys.remove(head, key)
        _note(head, [each for each in had if each != name])


def note(head: bpy.types.Object) -> None:
    """Note which keys of a new head, or of one that an older version saved, are ours, and lock
    them."""
    ours = names(head)
    if not isinstance(head.data.shape_keys.get(PROPERTY), str):
        _note(head, ours)
    for name in ours:
        head.data.shape_keys.key_blocks[name].lock_shape = True


def _note(head: bpy.types.Object, ours: Collection[str]) -> None:
    head.data.shape_keys[PROPERTY] = " ".join(ours)


def _used(head: bpy.types.Object) -> set[str]:
    """Names of those that a head needs, as it says itself: nothing was noted in older versions."""
    ofer, hints = head.ofer, head.ofer.hints
    return {
        *((HINTS,) if any(getattr(hints, f"tell_{each}") for each in HINT_NAMES) else ()),
        *((PARTS,) if ofer.parts else ()),
        *((PINS, PINS_EXPRESSION) if ofer.pins else ()),
        *(CARRIED if head.find_armature() else ()),
    }


@bpy.app.handlers.persistent
@faults.guarded(reported=False)
def _note_all(*_: object) -> None:
    """After a file was opened, before anything asks for a key that an artist made before."""
    for each in bpy.data.objects:
        if hypotheses.is_head(each) and each.data.shape_keys.is_editable:
            note(each)


def register() -> None:
    """Look at each file that is opened."""
    bpy.app.handlers.load_post.append(_note_all)


def unregister() -> None:
    """Look at no file any more."""
    bpy.app.handlers.load_post.remove(_note_all)
