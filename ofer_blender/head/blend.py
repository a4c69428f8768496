"""A blend of two or three identities, live on the head by its shape keys, and as a new Basis."""

from __future__ import annotations

import itertools
from typing import Final

import bpy
import numpy as np

from . import hypotheses, previews, shape_keys, shaping

MOST: Final = 3
"""Sliders that a blend has at most: more than three faces are a crowd."""
_NAME: Final = "blend"


def shares(head: bpy.types.Object) -> dict[str, float]:
    """Part of each hypothesis in the blend; they sum to 1. All sliders at 0 mean equal parts."""
    weights = {part.name: part.weight for part in head.ofer.blend}
    total = sum(weights.values())
    return {name: w / total if total else 1 / len(weights) for name, w in weights.items()}


def show(head: bpy.types.Object) -> None:
    """Show the blend: what its shares miss to 1 is the Basis, which has no key."""
    hypotheses.exaggerate(head, shares(head))
    shaping.follow(head)


def is_shown(head: bpy.types.Object) -> bool:
    """The head's identity keys stand where the blend puts them."""
    if not head.ofer.blend or not head.data.shape_keys:
        return False
    parts, times = shares(head), head.ofer.exaggerated
    return all(
        abs(value - parts.get(name, 0.0) * times) < 1e-6
        for name, value in hypotheses.identity_values(head).items()
    )


def exaggerate(head: bpy.types.Object) -> None:
    """Show what is shown, one head or a mixture, so many times as far from the Basis as the artist
    says now."""
    shown = {name: value for name, value in hypotheses.identity_values(head).items() if value}
    if is_shown(head):
        show(head)
        return
    if shown.keys() <= {hypotheses.chosen_identity(head)}:
        hypotheses.show_identity(head)
    else:  # mixed by hand
        before = head.ofer.exaggerated
        hypotheses.exaggerate(head, {name: value / before for name, value in shown.items()})
    shaping.follow(head)


def add(head: bpy.types.Object, name: str) -> None:
    """Put a hypothesis into the blend, as much of it as of the strongest other."""
    weight = max((part.weight for part in head.ofer.blend), default=1.0)
    part = head.ofer.blend.add()
    part.name = name
    part.weight = weight  # which shows the blend


def drop(head: bpy.types.Object, name: str) -> None:
    """Take a hypothesis out of the blend; an empty blend gives way to the chosen identity."""
    head.ofer.blend.remove(head.ofer.blend.find(name))
    if head.ofer.blend:
        show(head)
    else:
        hypotheses.show_identity(head)
        shaping.follow(head)


def use(head: bpy.types.Object) -> str:
    """Make the blend the Basis, as a hypothesis of its own; gives its name.

    The former Basis becomes a key, as when another identity is used. Raises OferError(BAD_REQUEST)
    where that was deleted.
    """
    hypotheses.check_basis(head)
    parts = shares(head)
    shape = np.zeros_like(shape_keys.points(head.data.shape_keys.reference_key))
    for name, share in parts.items():
        shape += share * hypotheses.shape_of(head, name)
    hypotheses.free_name(head, head.ofer.basis)
    former = head.shape_key_add(name=head.ofer.basis, from_mix=False)
    shape_keys.set_points(former, shape_keys.points(head.data.shape_keys.reference_key))
    former.value = 0.0
    name = _list(head, parts)
    hypotheses.set_basis(head, name, shape)
    head.ofer.blend.clear()
    return name


def _list(head: bpy.types.Object, parts: dict[str, float]) -> str:
    """Put the blend at the head of the gallery."""
    mixed = [(head.ofer.identities[name], share) for name, share in parts.items()]
    rows: dict[int, float] = {}
    for item, share in mixed:
        for row, weight in hypotheses.rows_of(head, item.name).items():
            rows[row] = rows.get(row, 0.0) + share * weight
    picture = previews.mixed([(item.picture, share) for item, share in mixed])
    clay = previews.mixed([(item.clay, share) for item, share in mixed])
    new = head.ofer.identities.add()  # invalidates `mixed`
    new.name, new.candidate = _free_name(head), -1
    previews.keep(new, picture, clay)
    for row, weight in rows.items():
        share = new.shares.add()
        share.row, share.weight = row, weight
    name = new.name
    head.ofer.identities.move(len(head.ofer.identities) - 1, 0)
    return name


def _free_name(head: bpy.types.Object) -> str:
    taken = {*head.ofer.identities.keys(), *head.data.shape_keys.key_blocks.keys()}
    numbers = itertools.count(1)
    return next(name for n in numbers if (name := f"{_NAME}_{n:02d}") not in taken)
