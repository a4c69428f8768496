"""Whether a head is fit to leave: what will be in its file, in plain words, with a fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy
from mathutils import Matrix

from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.sentence import Sentence
from ..head import helper_keys, presentation, provenance
from ..rig import arkit_keys, body, rig, visemes
from . import (
    animation,
    check_animation,
    check_body,
    check_pictures,
    check_vrm,
    companions,
    influences,
    skeleton,
)
from .applied import is_applied, rig_in_file
from .finding import Finding, Level, listed
from .plan import Keys, Plan
from .presets import INFLUENCES
from .shapes import chosen, own

_OUR_MODIFIERS: Final = (rig.MODIFIER, body.MODIFIER, presentation.SMOOTH)
_SOLID: Final = ("MESH", "CURVE", "CURVES", "SURFACE", "META", "FONT", "POINTCLOUD", "VOLUME")
_POSED: Final = 1e-4


def before(head: bpy.types.Object, plan: Plan) -> tuple[Finding, ...]:
    """What will be in the file, and what will not."""
    found = [*_keys(head, plan), *_bones(head, plan), *_object(head, plan), *_left(head, plan)]
    return (*found, *check_pictures.before(head, plan), *_licence(head))


def _keys(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    if not plan.preset.keys or plan.keys is Keys.NONE:
        yield Finding(
            Level.NOTE, Sentence("{label} gets a shape without keys.", label=plan.preset.label)
        )
        return
    there = arkit_keys.present(head)
    if plan.keys is not Keys.HYPOTHESES:
        if len(there) < len(ARKIT_52):
            missing = len(ARKIT_52) - len(there)
            yield Finding(
                Level.FAULT,
                Sentence("{missing} of the 52 ARKit keys are missing.", missing=missing),
                "ofer.add_arkit",
            )
        else:
            yield Finding(Level.GOOD, "All 52 ARKit keys are there.")
    spoken = visemes.present(head)
    if spoken and plan.keys is not Keys.HYPOTHESES:
        yield Finding(Level.GOOD, Sentence("{count} visemes are exported.", count=len(spoken)))
    yield from _own_keys(head, plan)
    blocks = head.data.shape_keys.key_blocks
    stay = helper_keys.names(head, helper_keys.CARRIED)  # as bones and body have them
    shown = [key for key in blocks[1:] if key.name not in stay]
    muted = [key.name for key in shown if key.mute]
    if muted:
        yield Finding(
            Level.NOTE,
            Sentence("{muted} muted keys are exported all the same.", muted=len(muted)),
            "ofer.unmute_keys",
        )
    if any(key.value for key in shown) and not plan.bake:
        yield Finding(
            Level.NOTE,
            "Keys that are on now are at 0 in the file. Bake What Is Shown keeps what you see.",
            "ofer.bake_shown",
        )
    odd = [name for name in there if blocks[name].slider_max != 1 or blocks[name].slider_min != 0]
    if odd:
        yield Finding(
            Level.NOTE,
            Sentence("{odd} keys do not go from 0 to 1; in the file they do.", odd=len(odd)),
            "ofer.reset_ranges",
        )


def _own_keys(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    mine = own(head)
    if not mine:
        return
    if plan.keys is not Keys.ALL:
        yield Finding(
            Level.NOTE,
            Sentence(
                "Keys of your own are not exported unless Keys is Everything: {mine}.",
                mine=listed(mine),
            ),
        )
        return
    yield Finding(Level.GOOD, Sentence("Keys of your own are exported: {mine}.", mine=listed(mine)))
    new = [name for source, name in chosen(head, plan) if source in mine and source != name]
    if new:
        yield Finding(
            Level.NOTE,
            Sentence("Keys of your own have other names in the file: {new}.", new=listed(new)),
        )


def _bones(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    if not plan.preset.rig:
        yield Finding(
            Level.NOTE, Sentence("{label} gets a shape without bones.", label=plan.preset.label)
        )
        return
    armature = rig_in_file(head, plan)
    if armature is None:
        yield _rigless(head)
        return
    most = influences.largest_count(head, armature.data.bones.keys())
    if most > INFLUENCES:
        yield Finding(
            Level.FAULT,
            Sentence(
                "A vertex follows {most} bones; programs keep {influences}.",
                most=most,
                influences=INFLUENCES,
            ),
            "ofer.limit_influences",
        )
    else:
        count = len(skeleton.parents(armature))
        what = Sentence("{count} bones, at most {most} for a vertex.", count=count, most=most)
        yield Finding(Level.GOOD, what)
    if boneless := influences.without_bone(head, armature.data.bones.keys()):
        what = Sentence(
            "{boneless} vertices follow no bone: in the file they follow {bones}.",
            boneless=len(boneless),
            bones=next(iter(skeleton.parents(armature))),
        )
        yield Finding(Level.NOTE, what)
    mine = [bone.name for bone in armature.data.bones if bone.name not in rig.BONES]
    if mine and armature == rig.rig_of(head):
        yield Finding(
            Level.GOOD, Sentence("Bones of your own are exported, too: {mine}.", mine=listed(mine))
        )
    if plan.bake and any(_is_posed(bone) for bone in armature.pose.bones):
        yield Finding(Level.NOTE, "The pose of the bones is not exported: in the file they rest.")


def _rigless(head: bpy.types.Object) -> Finding:
    others = [
        each.object.name for each in head.modifiers if each.type == "ARMATURE" and each.object
    ]
    if others:
        what = Sentence(
            "The head follows {others}, no rig of ours: the file would have no bones.",
            others=listed(others),
        )
        return Finding(Level.FAULT, what)
    what = "The head has no rig: no bones would be in the file."
    return Finding(Level.FAULT, what, "ofer.add_rig")


def _is_posed(bone: bpy.types.PoseBone) -> bool:
    rest = Matrix.Identity(4)
    return any((row - wanted).length > _POSED
               for row, wanted in zip(bone.matrix_basis, rest, strict=True))  # fmt: skip


def _object(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    mine = [each.name for each in head.modifiers if each.name not in _OUR_MODIFIERS]
    kept = [
        each.name for each in head.modifiers if each.name in mine and is_applied(each, head, plan)
    ]
    left = [name for name in mine if name not in kept]
    if kept:
        yield Finding(
            Level.GOOD, Sentence("Modifiers are applied, key by key: {kept}.", kept=listed(kept))
        )
    if left and plan.modifiers:
        yield Finding(
            Level.NOTE,
            Sentence("Modifiers that are off are not exported: {left}.", left=listed(left)),
        )
    elif left:
        what = Sentence(
            "Modifiers are not exported unless Apply Modifiers is on: {left}.", left=listed(left)
        )
        yield Finding(Level.NOTE, what)
    scale = head.matrix_world.to_scale()
    if head.matrix_world.determinant() < 0:
        what = "The head is mirrored in the scene; in the file left and right are the photo's."
        yield Finding(Level.NOTE, what, "ofer.real_size")
    elif max(abs(each - 1) for each in scale) > 1e-4:
        yield Finding(Level.NOTE, "The head is scaled in the scene; the file has its real size.",
                      "ofer.real_size")  # fmt: skip


def _left(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """What belongs to the head for its artist, and to nothing in the file."""
    armature = body.carrier_of(head)
    yield from check_body.before(head, plan)
    yield from check_vrm.before(head, plan)
    yield from check_animation.before(head, plan)
    owners = (head,) if animation.times(head, plan) else (head.data.shape_keys, head)
    driven = [each.data_path for owner in owners for each in _drivers(owner)]
    jaw = helper_keys.names(head, helper_keys.JAW)
    theirs = [path for path in driven if not any(f'"{name}"' in path for name in jaw)]
    if theirs:
        yield Finding(
            Level.NOTE, Sentence("{theirs} drivers are not exported.", theirs=len(theirs))
        )
    along, carriers = companions.sources(head, plan), {head, armature}
    hung = [
        each.name
        for each in bpy.context.scene.objects
        if each not in along and _hangs_on(each, carriers)
    ]
    if hung:
        what = Sentence(
            "What hangs on the head or its bones is not exported: {hung}.", hung=listed(hung)
        )
        yield Finding(Level.NOTE, what)


def _hangs_on(other: bpy.types.Object, carriers: set[bpy.types.Object | None]) -> bool:
    """Something to see that goes where the head or its rig goes."""
    if other in carriers or other.type not in _SOLID:
        return False
    above = other.parent
    while above and above not in carriers:
        above = above.parent
    moved_by = [getattr(each, "object", None) for each in other.modifiers]
    moved_by += [getattr(each, "target", None) for each in (*other.modifiers, *other.constraints)]
    moved_by += [above, getattr(other.data, "surface", None)]
    return any(each in carriers for each in moved_by if each)


def _drivers(owner: bpy.types.ID | None) -> list[bpy.types.FCurve]:
    return list(owner.animation_data.drivers) if owner and owner.animation_data else []


def _licence(head: bpy.types.Object) -> Iterator[Finding]:
    pack = provenance.read(head).get("pack")
    if not pack:
        yield Finding(Level.NOTE, "The record of where this head comes from was deleted.")
    elif pack["commercial"]:
        yield Finding(Level.GOOD, Sentence("May be sold ({licence}).", licence=pack["licence"]))
    else:
        yield Finding(
            Level.NOTE,
            Sentence(
                "{title}: not for sale ({licence}).", title=pack["title"], licence=pack["licence"]
            ),
        )
