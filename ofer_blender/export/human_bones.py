"""Which bones of a body are the humanoid bones of VRM 1.0, by the names that `body_bones` knows.

What VRM asks: fifteen bones, no bone twice, and each hung on the nearest of those that its place
in a body hangs on, with other bones between them or not (specification of VRMC_vrm 1.0, humanoid).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import bpy

from ..rig import body, body_bones
from . import skeleton

_FINGERS: Final = ("Index", "Middle", "Ring", "Little")
_JOINTS: Final = ("Proximal", "Intermediate", "Distal")
_THUMB: Final = ("Metacarpal", "Proximal", "Distal")


def _hung() -> Iterator[tuple[str, str]]:
    yield from (("hips", ""), ("spine", "hips"), ("chest", "spine"), ("upperChest", "chest"),
                ("neck", "upperChest"), ("head", "neck"), ("leftEye", "head"),
                ("rightEye", "head"), ("jaw", "head"))  # fmt: skip
    for side in ("left", "right"):
        chains = [
            ("upperChest", ("Shoulder", "UpperArm", "LowerArm", "Hand")),
            ("hips", ("UpperLeg", "LowerLeg", "Foot", "Toes")),
            (f"{side}Hand", tuple(f"Thumb{each}" for each in _THUMB)),
            *((f"{side}Hand", tuple(f"{f}{each}" for each in _JOINTS)) for f in _FINGERS),
        ]
        for above, names in chains:
            for name in names:
                yield f"{side}{name}", above
                above = f"{side}{name}"


ABOVE: Final[Mapping[str, str]] = MappingProxyType(dict(_hung()))
"""Humanoid bone → the one that it hangs on, or where there is none of that, on what that hangs."""
REQUIRED: Final = (
    "hips", "spine", "head",
    *(f"{side}{name}" for side in ("left", "right")
      for name in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")),
)  # fmt: skip
_NEEDS_ABOVE: Final = frozenset(
    {"upperChest"} | {n for n in ABOVE if n.endswith(("Intermediate", "Distal", "ThumbProximal"))}
)
"""Optional ones that may only be there where what they hang on is."""


@dataclass(frozen=True)
class HumanBones:
    """bones : humanoid bone → its name in the file; missing : required ones that are not there, or
    hang elsewhere."""

    bones: Mapping[str, str]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Names:
    """trunk : of hips, spine, chest, upper chest, neck, head, "" where the program has none; eyes :
    with {s} for the side; jaw; arm : shoulder to hand; leg : upper leg to toes; thumb and finger :
    a joint's name, {f} for the finger and {n} for the joint; fingers : index to little; joints :
    of them, and thumbs : of the thumb; sides : left, right."""

    trunk: tuple[str, ...]
    arm: tuple[str, ...]
    leg: tuple[str, ...]
    finger: str
    fingers: tuple[str, ...]
    joints: tuple[str, ...]
    sides: tuple[str, str]
    thumb: str = ""
    thumbs: tuple[str, ...] = ()
    eyes: str = ""
    jaw: str = ""

    def table(self) -> dict[str, str]:
        """Humanoid bone → what the program calls it."""
        found = dict(
            zip(("hips", "spine", "chest", "upperChest", "neck", "head"), self.trunk, strict=True)
        )
        found["jaw"] = self.jaw
        for side, mark in zip(("left", "right"), self.sides, strict=True):
            limbs = {
                f"{side}Eye": self.eyes,
                **_named(side, ("Shoulder", "UpperArm", "LowerArm", "Hand"), self.arm),
                **_named(side, ("UpperLeg", "LowerLeg", "Foot", "Toes"), self.leg),
            }
            thumb = self.thumb or self.finger
            for joint, called in zip(_THUMB, self.thumbs or self.joints, strict=True):
                limbs[f"{side}Thumb{joint}"] = thumb.replace("{n}", called)
            for finger, name in zip(_FINGERS, self.fingers, strict=True):
                for joint, called in zip(_JOINTS, self.joints, strict=True):
                    one = self.finger.replace("{f}", name).replace("{n}", called)
                    limbs[f"{side}{finger}{joint}"] = one
            found |= {human: name.replace("{s}", mark) for human, name in limbs.items()}
        return {human: name for human, name in found.items() if name}


def _named(side: str, human: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
    return {f"{side}{each}": name for each, name in zip(human, names, strict=True)}


def _rigify(prefix: str, eyes: str) -> _Names:
    numbers = ("", ".001", ".002", ".003", ".004", ".006")
    return _Names(
        tuple(f"{prefix}spine{each}" for each in numbers),
        tuple(f"{prefix}{each}.{{s}}" for each in ("shoulder", "upper_arm", "forearm", "hand")),
        tuple(f"{prefix}{each}.{{s}}" for each in ("thigh", "shin", "foot", "toe")),
        f"{prefix}f_{{f}}.{{n}}.{{s}}", ("index", "middle", "ring", "pinky"), ("01", "02", "03"),
        ("L", "R"), f"{prefix}thumb.{{n}}.{{s}}", eyes=eyes, jaw=f"{prefix}jaw",
    )  # fmt: skip


_TABLES: Final[Mapping[str, _Names]] = MappingProxyType({
    "Rigify": _rigify("DEF-", ""),
    "Rigify metarig": _rigify("", "eye.{s}"),
    "MPFB": _Names(
        ("root", "spine05", "spine03", "spine01", "neck01", "head"),
        ("clavicle.{s}", "upperarm01.{s}", "lowerarm01.{s}", "wrist.{s}"),
        ("upperleg01.{s}", "lowerleg01.{s}", "foot.{s}", ""),
        "finger{f}-{n}.{s}", ("2", "3", "4", "5"), ("1", "2", "3"), ("L", "R"),
        "finger1-{n}.{s}", eyes="eye.{s}", jaw="jaw",
    ),
    "Mixamo": _Names(
        ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"),
        ("{s}Shoulder", "{s}Arm", "{s}ForeArm", "{s}Hand"),
        ("{s}UpLeg", "{s}Leg", "{s}Foot", "{s}ToeBase"),
        "{s}Hand{f}{n}", ("Index", "Middle", "Ring", "Pinky"), ("1", "2", "3"), ("Left", "Right"),
        "{s}HandThumb{n}", eyes="{s}Eye",
    ),
    "Unreal Engine": _Names(
        ("pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head"),
        ("clavicle_{s}", "upperarm_{s}", "lowerarm_{s}", "hand_{s}"),
        ("thigh_{s}", "calf_{s}", "foot_{s}", "ball_{s}"),
        "{f}_{n}_{s}", ("index", "middle", "ring", "pinky"), ("01", "02", "03"), ("l", "r"),
        "thumb_{n}_{s}",
    ),
    "VRoid": _Names(
        ("J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest", "J_Bip_C_Neck",
         "J_Bip_C_Head"),
        tuple(f"J_Bip_{{s}}_{each}" for each in ("Shoulder", "UpperArm", "LowerArm", "Hand")),
        tuple(f"J_Bip_{{s}}_{each}" for each in ("UpperLeg", "LowerLeg", "Foot", "ToeBase")),
        "J_Bip_{s}_{f}{n}", _FINGERS, ("1", "2", "3"), ("L", "R"), "J_Bip_{s}_Thumb{n}",
        eyes="J_Adj_{s}_FaceEye",
    ),
    "VRM": _Names(
        ("hips", "spine", "chest", "upper_chest", "neck", "head"),
        tuple(f"{each}.{{s}}" for each in ("shoulder", "upper_arm", "lower_arm", "hand")),
        tuple(f"{each}.{{s}}" for each in ("upper_leg", "lower_leg", "foot", "toes")),
        "{f}.{n}.{s}", tuple(map(str.lower, _FINGERS)), tuple(map(str.lower, _JOINTS)),
        ("L", "R"), "thumb.{n}.{s}", tuple(map(str.lower, _THUMB)), "eye.{s}", "jaw",
    ),
    "Humanoid": _Names(
        ("Hips", "Spine", "Chest", "UpperChest", "Neck", "Head"),
        ("{s}Shoulder", "{s}UpperArm", "{s}LowerArm", "{s}Hand"),
        ("{s}UpperLeg", "{s}LowerLeg", "{s}Foot", "{s}Toes"),
        "{s}{f}{n}", _FINGERS, _JOINTS, ("Left", "Right"), "{s}Thumb{n}",
        ("Proximal", "Intermediate", "Distal"), "{s}Eye", "Jaw",
    ),
})  # fmt: skip


def of(head: bpy.types.Object) -> HumanBones | None:
    """Those of the body that the head is on; None where it is on none."""
    armature = body.body_of(head)
    kind = body_bones.recognise(armature) if armature else None
    if armature is None or kind is None:
        return None
    names = _TABLES.get(kind.label)
    table = names.table() if names else {"neck": kind.necks[0], "head": kind.head}
    if kind.label == "Humanoid" and any("thumbmetacarpal" in n.lower() for n in _names(armature)):
        table |= {human: human for human in ABOVE if "Thumb" in human}
    there = {body_bones.plain(name): name for name in reversed(_names(armature))}
    named = {
        human: there[body_bones.plain(name)]
        for human, name in table.items()
        if body_bones.plain(name) in there
    }
    return in_hierarchy(named, skeleton.parents(armature))


def in_hierarchy(named: Mapping[str, str], parents: Mapping[str, str]) -> HumanBones:
    """Of humanoid bones by their names those that hang as VRM asks. parents : bone in the file →
    what it hangs on there."""
    bones = {human: named[human] for human in ABOVE if named.get(human) in parents}
    while wrong := [human for human in bones if not _is_below(human, bones, parents)]:
        del bones[next((each for each in wrong if each not in REQUIRED), wrong[-1])]
    return HumanBones(
        MappingProxyType(bones), tuple(each for each in REQUIRED if each not in bones)
    )


def _is_below(human: str, bones: Mapping[str, str], parents: Mapping[str, str]) -> bool:
    wanted = ABOVE[human]
    if human in _NEEDS_ABOVE and wanted not in bones:
        return False
    while wanted and wanted not in bones:
        wanted = ABOVE[wanted]
    called = {name: each for each, name in bones.items()}
    above = parents[bones[human]]
    while above and above not in called:
        above = parents[above]
    return called.get(above, "") == wanted


def _names(armature: bpy.types.Object) -> list[str]:
    return armature.data.bones.keys()
