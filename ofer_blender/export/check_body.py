"""What goes along with a head on a body: whether it is fit to, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

from ...ofer_engine.contract.sentence import Sentence
from ..rig import body, seam
from . import companions, influences, shapes
from .applied import rig_in_file
from .content import FileContent
from .finding import AGAIN, Finding, Level, listed
from .plan import Plan
from .presets import INFLUENCES

_OPEN: Final = 1e-3
"""Metres between an edge and its seam, of which an artist may have smoothed the border."""


def before(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """Which meshes travel, and whether the seam of the neck still meets the head."""
    armature = rig_in_file(head, plan)
    if armature is None or armature != body.body_of(head):
        return
    along = companions.sources(head, plan)
    if along:
        what = Sentence(
            "The body is exported, too: {meshes}.", meshes=listed([m.name for m in along])
        )
        yield Finding(Level.GOOD, what)
    elif not plan.body and body.meshes_of(armature):
        yield Finding(Level.NOTE, "The body's meshes are not exported unless Body is on.")
    strip = seam.of(head)
    gap = seam.gap(head, strip, armature, shapes.neutral(head, plan)) if strip in along else 0.0
    if gap > _OPEN:
        what = Sentence(
            "{seam} was made for another shape of the neck: it is {gap:.1f} mm off this one.",
            seam=strip.name,
            gap=gap * 1000,
        )
        yield Finding(Level.FAULT, what, "ofer.bridge_neck")
    bones = armature.data.bones.keys()
    many = [each.name for each in along if influences.largest_count(each, bones) > INFLUENCES]
    if many:
        what = Sentence(
            "In the file a vertex follows its {influences} strongest bones: {meshes}.",
            influences=INFLUENCES,
            meshes=listed(many),
        )
        yield Finding(Level.NOTE, what)


def after(file: FileContent, head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """Meshes that the file has to have, and with no more bones for a vertex than programs keep."""
    wanted = companions.named(head, plan)
    there = {mesh.name: mesh for mesh in file.meshes if mesh.name in wanted}
    if lost := [name for name in wanted if name not in there]:
        what = Sentence("Of the body, {lost} is not in the file.", lost=listed(lost))
        yield Finding(Level.FAULT, what, AGAIN)
    elif wanted:
        yield Finding(
            Level.GOOD, Sentence("{count} meshes of the body, read back.", count=len(wanted))
        )
    for name, mesh in there.items():
        if mesh.influences > INFLUENCES:
            many = Sentence(
                "In {name}, a vertex follows {influences} bones.",
                name=name,
                influences=mesh.influences,
            )
            yield Finding(Level.FAULT, many, AGAIN)
