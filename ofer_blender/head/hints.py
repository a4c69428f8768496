"""What is told of the person of a head, live: one shape key, by the heads that were drawn.

Computed again for each head of the gallery that is shown; all that is needed travels in the .blend.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.hint_places import HINTS, moves
from ...ofer_engine.contract.records import Hints
from . import head_frame, helper_keys, hypotheses, shape_keys
from .helper_keys import HINTS as KEY

_NEEDED: Final = ("hint_values", "hint_gram", "hint_pushes")


def of_head(head: bpy.types.Object) -> Hints:
    """What is ticked."""
    given = head.ofer.hints
    return Hints(**{name: getattr(given, name) for name in HINTS if getattr(given, f"tell_{name}")})


def show(head: bpy.types.Object) -> None:
    """Bring the head shown to what is told of it; without anything told, as it was.

    Raises OferError as `head_frame.of`.
    """
    hints = of_head(head)
    if not hints.given:
        helper_keys.remove(head, KEY)
        return
    frame = head_frame.of(head)
    if not all(map(frame.record.has, _NEEDED)):
        return
    values, gram, pushes = (frame.record.array(name) for name in _NEEDED)
    found = moves(hints, _place(head, values), pushes, gram)
    shape_keys.set_points(helper_keys.ensure(head, KEY), frame.moved(to_blender(found)))
    head.data.update()


def follow(head: bpy.types.Object) -> None:
    """As `show` for another head of the gallery, where it can be."""
    if not of_head(head).given and not helper_keys.get(head, KEY):
        return
    try:
        show(head)
    except OferError as error:
        if error.code not in (ErrorCode.BAD_REQUEST, ErrorCode.RECONSTRUCTION_DAMAGED):
            raise


def _place(head: bpy.types.Object, values: np.ndarray) -> np.ndarray:
    """(3,) where the head shown lies on the axes: what its identity keys weigh, the Basis the rest.

    A head that the record does not know lies in the middle of those it does.
    """
    shown = {name: w for name, w in hypotheses.identity_values(head).items() if w}
    shown[head.ofer.basis] = shown.get(head.ofer.basis, 0.0) + 1.0 - sum(shown.values())
    place = np.zeros(values.shape[1])
    for name, weight in shown.items():
        rows = hypotheses.rows_of(head, name)
        known = {row: share for row, share in rows.items() if 0 <= row < len(values)}
        total = sum(known.values())
        own = sum(share * values[row] for row, share in known.items()) / total if total else None
        place += weight * (values.mean(axis=0) if own is None else own)
    return place
