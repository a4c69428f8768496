"""Whether a head can leave as an avatar, what it lacks if it cannot, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...ofer_engine.contract.sentence import Sentence
from . import human_bones, vrm
from .finding import AGAIN, Finding, Level, listed
from .glb import GlbReader
from .plan import Plan
from .presets import Target


def lacking(head: bpy.types.Object) -> Sentence | None:
    """What keeps a head from being an avatar; None for one on a whole body."""
    found = human_bones.of(head)
    if found is None:
        return Sentence("A glTF is written, not a VRM: the head is on no body.")
    if found.missing:
        return Sentence(
            "A glTF is written, not a VRM: the body lacks {bones}.", bones=listed(found.missing)
        )
    return None


def before(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """Whether the file is an avatar."""
    if plan.target is not Target.VRM:
        return
    lacks, found = lacking(head), human_bones.of(head)
    if lacks or found is None:
        yield Finding(Level.NOTE, str(lacks))
        return
    count = len(found.bones)
    yield Finding(Level.GOOD, Sentence("A VRM 1.0 avatar with {count} bones.", count=count))
    if not plan.author.strip():
        what = Sentence("No author is named: the VRM says {nobody}.", nobody=vrm.NOBODY)
        yield Finding(Level.NOTE, what)


def after(path: Path, head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """Bones and expressions as the file's extension has them. Raises ValueError."""
    found = human_bones.of(head)
    if not plan.humanoid or found is None:
        return
    document = GlbReader(path).document
    try:
        bones = _bones(document)
        expressions = document["extensions"][vrm.NAME].get("expressions", {})
        count = len(expressions.get("preset", {})) + len(expressions.get("custom", {}))
    except (AttributeError, IndexError, KeyError, TypeError):
        bones, count = {}, 0
    if bones != dict(found.bones):
        lost = [each for each in found.bones if bones.get(each) != found.bones[each]]
        what = Sentence("Of the avatar's bones, {lost} are lost.", lost=listed(lost))
        yield Finding(Level.FAULT, what, AGAIN)
        return
    what = Sentence(
        "{bones} bones of an avatar and {count} expressions, read back.",
        bones=len(bones),
        count=count,
    )
    yield Finding(Level.GOOD, what)


def _bones(document: dict[str, Any]) -> dict[str, str]:
    human = document["extensions"][vrm.NAME]["humanoid"]["humanBones"]
    return {name: str(document["nodes"][each["node"]]["name"]) for name, each in human.items()}
