"""Whether a head is fit to leave, and whether it arrived: findings in plain words, with a fix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52
from .. import arkit_keys, jaw_correctives, provenance, rig
from .content import FileContent, FileMesh
from .fbx import FbxReader
from .glb import GlbReader
from .plan import Keys, Plan
from .presets import INFLUENCES, Format
from .shapes import chosen
from .sidecar import sidecar_of

_OUR_MODIFIERS: Final = (rig.MODIFIER,)
_HEAD_SIZE: Final = (0.15, 0.6)
"""Metres from the lowest to the highest point of a head with its neck."""
_LARGE: Final = 60_000_000
_READERS: Final = {Format.GLB: GlbReader, Format.FBX: FbxReader}
_AGAIN: Final = "ofer.export_head"


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """text : one sentence; fix : the operator that helps, or ""."""

    level: Level
    text: str
    fix: str = ""


def before(head: bpy.types.Object, plan: Plan) -> tuple[Finding, ...]:
    """What will be in the file, and what will not."""
    found = [*_keys(head, plan), *_bones(head, plan), *_object(head), *_licence(head)]
    return tuple(found)


def _keys(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    if not plan.preset.keys or plan.keys is Keys.NONE:
        yield Finding(Level.NOTE, f"{plan.preset.label} gets a shape without keys.")
        return
    there = arkit_keys.present(head)
    if plan.keys is not Keys.HYPOTHESES:
        if len(there) < len(ARKIT_52):
            missing = len(ARKIT_52) - len(there)
            yield Finding(Level.FAULT, f"{missing} of the 52 ARKit keys are missing.",
                          "ofer.add_arkit")  # fmt: skip
        else:
            yield Finding(Level.GOOD, "All 52 ARKit keys are there.")
    blocks = head.data.shape_keys.key_blocks
    own = [key for key in blocks[1:] if key.name not in jaw_correctives.NAMES]  # the bone's stay
    muted = [key.name for key in own if key.mute]
    if muted:
        yield Finding(Level.NOTE, f"{len(muted)} muted keys are shipped all the same.",
                      "ofer.unmute_keys")  # fmt: skip
    if any(key.value for key in own) and not plan.bake:
        yield Finding(Level.NOTE, "Keys that are on now are shipped at 0; Bake keeps what you see.",
                      "ofer.bake_shown")  # fmt: skip
    odd = [name for name in there if blocks[name].slider_max != 1 or blocks[name].slider_min != 0]
    if odd:
        yield Finding(Level.NOTE, f"{len(odd)} keys do not go from 0 to 1; in the file they do.",
                      "ofer.reset_ranges")  # fmt: skip


def _bones(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    if not plan.preset.rig:
        yield Finding(Level.NOTE, f"{plan.preset.label} gets a shape without bones.")
        return
    if rig.rig_of(head) is None:
        yield Finding(Level.FAULT, "The head has no rig: no bones would be in the file.",
                      "ofer.add_rig")  # fmt: skip
        return
    bones = {group.index for group in head.vertex_groups if group.name in rig.BONES}
    most = max(
        sum(entry.weight > 0 and entry.group in bones for entry in vertex.groups)
        for vertex in head.data.vertices
    )
    if most > INFLUENCES:
        yield Finding(Level.FAULT, f"A vertex follows {most} bones; programs keep {INFLUENCES}.",
                      "ofer.limit_influences")  # fmt: skip
    else:
        yield Finding(Level.GOOD, f"Six bones, at most {most} for a vertex.")


def _object(head: bpy.types.Object) -> Iterator[Finding]:
    ours = [each for each in head.modifiers if each.name not in _OUR_MODIFIERS]
    if ours:
        named = ", ".join(each.name for each in ours)
        yield Finding(Level.NOTE, f"Modifiers are left out, they would cost all keys: {named}.")
    scale = head.matrix_world.to_scale()
    if max(abs(each - 1) for each in scale) > 1e-4:
        yield Finding(Level.NOTE, "The head is scaled in the scene; the file has its real size.",
                      "ofer.real_size")  # fmt: skip


def _licence(head: bpy.types.Object) -> Iterator[Finding]:
    pack = provenance.read(head).get("pack")
    if not pack:
        yield Finding(Level.NOTE, "The record of where this head comes from was deleted.")
    elif pack["commercial"]:
        yield Finding(Level.GOOD, f"May be sold ({pack['licence']}).")
    else:
        yield Finding(Level.NOTE, f"{pack['title']}: not for sale ({pack['licence']}).")


def after(head: bpy.types.Object, plan: Plan) -> tuple[Finding, ...]:
    """What the file itself says."""
    path = plan.file
    if not path.is_file():
        return (Finding(Level.FAULT, f"{path.name} is not there: export it first.", _AGAIN),)
    found = [*_size(path), *_sidecar(path)]
    reader = _READERS.get(plan.preset.format)
    if reader is None:
        found.append(Finding(Level.NOTE, f"What is in a {path.suffix} is not read back here."))
        return tuple(found)
    try:
        found += _content(reader(path).summary(), head, plan)
    except (ValueError, KeyError, IndexError, TypeError) as cause:
        what = f"{path.name} cannot be read back: {cause}."
        found.append(Finding(Level.FAULT, what, _AGAIN))
    return tuple(found)


def expected_keys(head: bpy.types.Object, plan: Plan) -> tuple[str, ...]:
    """Names that the file has to have, in order."""
    return tuple(name for _, name in chosen(head, plan))


def _size(path: Path) -> Iterator[Finding]:
    size = path.stat().st_size
    if size > _LARGE:
        yield Finding(Level.NOTE, f"{size / 1e6:.0f} MB is much: ship fewer keys or textures.")
    else:
        yield Finding(Level.GOOD, f"{path.name}, {size / 1e6:.1f} MB.")


def _sidecar(path: Path) -> Iterator[Finding]:
    if not sidecar_of(path).is_file():
        yield Finding(Level.NOTE, f"{sidecar_of(path).name} is not beside it.", _AGAIN)


def _content(file: FileContent, head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    if not file.meshes:
        yield Finding(Level.FAULT, "There is no mesh in the file.", _AGAIN)
        return
    wanted = expected_keys(head, plan)
    for mesh in file.meshes:
        yield from _mesh(mesh, wanted)
    if all(mesh.keys == wanted for mesh in file.meshes):
        yield Finding(Level.GOOD, f"{len(wanted)} keys, read back by name and in order.")
    if plan.preset.rig and rig.rig_of(head):
        if set(file.joints) == set(rig.BONES):
            yield Finding(Level.GOOD, "Six bones, read back by name.")
        else:
            lost = ", ".join(file.joints) or "lost"
            yield Finding(Level.FAULT, f"The bones are {lost}.", _AGAIN)
    tall = max(max(mesh.size) for mesh in file.meshes)
    if not _HEAD_SIZE[0] < tall < _HEAD_SIZE[1]:
        yield Finding(Level.FAULT, f"The head is {tall:.2f} m tall in the file.", _AGAIN)
    if file.outside:
        yield Finding(Level.FAULT, f"{file.outside} textures are not inside the file.", _AGAIN)
    elif file.images:
        yield Finding(Level.GOOD, f"{file.images} textures inside.")


def _mesh(mesh: FileMesh, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if mesh.keys != wanted:
        lost = set(wanted) - set(mesh.keys)
        what = f"{len(lost)} keys are lost" if lost else "keys are in another order"
        yield Finding(Level.FAULT, f"In {mesh.name}, {what}.", _AGAIN)
    if any(mesh.weights):
        yield Finding(Level.FAULT, f"In {mesh.name}, keys are not at 0.", _AGAIN)
    if mesh.influences > INFLUENCES:
        many = f"In {mesh.name}, a vertex follows {mesh.influences} bones."
        yield Finding(Level.FAULT, many, _AGAIN)
