"""Parts of a head taken from others of its gallery, in one shape key: the nose of one, the mouth of
another. Computed again for each head that is shown; all that is needed travels in the .blend."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER, to_blender
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.face_parts import FACE_PARTS
from ...ofer_engine.geometry import chosen_parts
from . import helper_keys, hypotheses, pins, shape_keys
from .helper_keys import PARTS as KEY
from .pins import Pinning

_OURS: Final = (KEY, *pins.KEYS)


def take(head: bpy.types.Object, part: str, identity: str, follows: bool) -> None:
    """Take a part from a head of the gallery; the head is not moved yet."""
    taken = head.ofer.parts.get(part) or head.ofer.parts.add()
    taken.name, taken.identity, taken.follows = part, identity, follows


def taken_from(head: bpy.types.Object, identity: str) -> bool:
    """Whether a part is of this head of the gallery, so that it would be lost with it."""
    return any(each.identity == identity for each in head.ofer.parts)


def show(head: bpy.types.Object, pinning: Pinning | None = None) -> None:
    """Put the head together from its parts, then bring it to its pins.

    Raises OferError as `head_frame.of`, and OferError(BAD_REQUEST) where nothing is known of the
    parts of this head.
    """
    if head.ofer.parts or (head.ofer.pins and helper_keys.get(head, KEY)):
        pinning = pinning or Pinning.of(head)
    if head.ofer.parts:
        moves = _moves(head, pinning)
        shape_keys.set_points(helper_keys.ensure(head, KEY), pinning.frame.moved(to_blender(moves)))
        head.data.update()
    else:
        helper_keys.remove(head, KEY)
    if head.ofer.pins:
        pins.show(head, pinning)


def follow(head: bpy.types.Object) -> None:
    """As `show` for another head of the gallery, where it can be."""
    if not (head.ofer.parts or head.ofer.pins):
        return
    try:
        show(head)
    except OferError as error:
        if error.code not in (ErrorCode.BAD_REQUEST, ErrorCode.RECONSTRUCTION_DAMAGED):
            raise


def _moves(head: bpy.types.Object, pinning: Pinning) -> np.ndarray:
    """(V, 3) metres, engine frame, that bring the head shown to its parts."""
    record = pinning.frame.record
    if not record.has("part_masks"):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The reconstruction of {name} does not say where its parts are.",
            "Reconstruct the photo again with the bundled pack.",
            name=head.name,
        )
    masks = record.array("part_masks").astype(np.float64)
    neutral, _ = pinning.shown(head, _OURS)
    frame = pinning.frame
    back = np.linalg.inv(frame.placed.linear).T @ ENGINE_TO_BLENDER
    rows, targets, follows = [], [], []
    for taken in {each.name: each for each in head.ofer.parts}.values():  # a file may repeat them
        shape = hypotheses.shape_of(head, taken.identity) if taken.identity else None
        if shape is not None and taken.name in FACE_PARTS:
            rows.append(masks[FACE_PARTS.index(taken.name)])
            targets.append((shape[: frame.vertices] - frame.placed.offset) @ back)
            follows.append(taken.follows)
    if not rows:
        return np.zeros_like(neutral)
    return chosen_parts.moves(
        neutral, pinning.modes, np.array(rows), np.array(targets), np.array(follows)
    )
