"""A word on keys that do not show the motion they were given."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from ...ofer_engine.contract.sentence import Sentence
from ..motion import cleaning, retarget
from ..translations import translate


def warn_of_motion(operator: bpy.types.Operator, head: bpy.types.Object) -> None:
    """Say how many keys of a head do not show what its action does with them."""
    warn(operator, head, retarget.held_units(cleaning.of_head(head), head))


def warn(operator: bpy.types.Operator, mesh: bpy.types.Object, held: Collection[str]) -> None:
    """Say how many keys of a mesh these are, if any."""
    if held:
        message = Sentence(
            "{held} keys of {name} do not show it: they are muted, driven or limited.",
            held=len(held),
            name=mesh.name,
        )
        operator.report({"WARNING"}, translate(message))
