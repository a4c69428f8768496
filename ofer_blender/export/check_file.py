"""Whether a head arrived: what its file itself says, in plain words, with a fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.files.sidecar import sidecar_of
from ...ofer_engine.contract.sentence import Sentence
from . import check_animation, check_body, check_vrm, companions, skeleton
from .applied import rig_in_file
from .content import FileContent, FileMesh
from .fbx import FbxReader
from .finding import AGAIN, Finding, Level, listed
from .glb import GlbReader
from .plan import Plan
from .presets import INFLUENCES, Format
from .shapes import chosen

_HEAD_SIZE: Final = (0.15, 0.6)
"""Metres from the lowest to the highest point of a head with its neck."""
_LARGE: Final = 60_000_000
_READERS: Final = {Format.GLB: GlbReader, Format.FBX: FbxReader}


def after(head: bpy.types.Object, plan: Plan) -> tuple[Finding, ...]:
    """What the file itself says."""
    path = plan.file
    if not path.is_file():
        return (
            Finding(
                Level.FAULT,
                Sentence("{name} is not there: export it first.", name=path.name),
                AGAIN,
            ),
        )
    found = [*_size(path), *_sidecar(path)]
    reader = _READERS.get(plan.preset.format)
    if reader is None:
        found.append(
            Finding(
                Level.NOTE,
                Sentence("The content of a {suffix} file is not read back.", suffix=path.suffix),
            )
        )
        return tuple(found)
    try:
        found += _content(reader(path).summary(), head, plan)
        found += check_vrm.after(path, head, plan)
    except (ValueError, OSError, MemoryError) as cause:
        what = Sentence("{name} cannot be read back: {cause}.", name=path.name, cause=cause)
        found.append(Finding(Level.FAULT, what, AGAIN))
    return tuple(found)


def _size(path: Path) -> Iterator[Finding]:
    size = path.stat().st_size
    if size > _LARGE:
        yield Finding(
            Level.NOTE,
            Sentence(
                "{size:.0f} MB is large: export fewer keys, or make a smaller skin.",
                size=size / 1e6,
            ),
        )
    else:
        yield Finding(
            Level.GOOD, Sentence("{name}, {size:.1f} MB.", name=path.name, size=size / 1e6)
        )


def _sidecar(path: Path) -> Iterator[Finding]:
    if not sidecar_of(path).is_file():
        yield Finding(
            Level.NOTE, Sentence("{name} is not beside it.", name=sidecar_of(path).name), AGAIN
        )


def _content(file: FileContent, head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    along = companions.named(head, plan)
    meshes = [mesh for mesh in file.meshes if mesh.name not in along]
    if not meshes:
        yield Finding(Level.FAULT, "There is no mesh in the file.", AGAIN)
        return
    wanted = tuple(name for _, name in chosen(head, plan))
    for mesh in meshes:
        yield from _mesh(mesh, wanted)
    yield from check_body.after(file, head, plan)
    if all(mesh.keys == wanted for mesh in meshes):
        yield Finding(
            Level.GOOD,
            Sentence("{wanted} keys, read back by name and in order.", wanted=len(wanted)),
        )
    armature = rig_in_file(head, plan)
    if armature:
        wanted_bones = skeleton.parents(armature)
        if sorted(file.joints) == sorted(wanted_bones):
            what = Sentence("{count} bones, read back by name.", count=len(wanted_bones))
            yield Finding(Level.GOOD, what)
        else:
            what = Sentence("There are no bones in the file.")
            if file.joints:
                found = listed(list(file.joints))
                what = Sentence("The file has other bones: {found}.", found=found)
            yield Finding(Level.FAULT, what, AGAIN)
    tall = max(max(mesh.size) for mesh in meshes)
    if not _HEAD_SIZE[0] < tall < _HEAD_SIZE[1]:
        yield Finding(
            Level.FAULT, Sentence("The head is {tall:.2f} m tall in the file.", tall=tall), AGAIN
        )
    if file.outside:
        yield Finding(
            Level.FAULT,
            Sentence("{outside} textures are not inside the file.", outside=file.outside),
            AGAIN,
        )
    elif file.images:
        yield Finding(Level.GOOD, Sentence("{images} textures inside.", images=file.images))
    yield from check_animation.after(file, head, plan)


def _mesh(mesh: FileMesh, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if mesh.keys != wanted:
        lost = set(wanted) - set(mesh.keys)
        what = Sentence("keys are in another order")
        if lost:
            what = Sentence("{lost} keys are lost", lost=len(lost))
        yield Finding(Level.FAULT, Sentence("In {name}, {what}.", name=mesh.name, what=what), AGAIN)
    if any(mesh.weights):
        yield Finding(Level.FAULT, Sentence("In {name}, keys are not at 0.", name=mesh.name), AGAIN)
    if mesh.influences > INFLUENCES:
        many = Sentence(
            "In {name}, a vertex follows {influences} bones.",
            name=mesh.name,
            influences=mesh.influences,
        )
        yield Finding(Level.FAULT, many, AGAIN)
