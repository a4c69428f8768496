"""Which bones of a body's armature carry its neck, head, jaw and eyes: by their names, and by where
they are.

Names are those of Rigify's human metarig and the rig that it generates, of MPFB2's default rig, of
Mixamo, Unreal Engine's mannequin, VRoid Studio, MikuMikuDance, and of VRM's and Unity's humanoid.
What precedes a colon, and case, do not matter, nor does the colon that web programs take out of
Mixamo's names. Of any other body, the bones are known by the words in their names (`CC_Base_Head`
on `CC_Base_NeckTwist02`, `Bip01 Head`, `lEye`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import bpy
from mathutils import Matrix, Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .rest_bones import BONES


@dataclass(frozen=True)
class _Kind:
    """label; head; necks : the lowest first; jaw, eyes : left, right; "" where it has none;
    prefix : what is before each of its names."""

    label: str
    head: str
    necks: tuple[str, ...]
    jaw: str = ""
    eyes: tuple[str, str] = ("", "")
    prefix: str = ""


_KINDS: Final = (
    _Kind("Rigify", "DEF-spine.006", ("DEF-spine.004", "DEF-spine.005"), "DEF-jaw"),
    _Kind("Rigify metarig", "spine.006", ("spine.004", "spine.005"), "jaw", ("eye.L", "eye.R")),
    _Kind("MPFB", "head", ("neck01", "neck02", "neck03"), "jaw", ("eye.L", "eye.R")),
    _Kind("Mixamo", "Head", ("Neck", "Neck1"), "", ("LeftEye", "RightEye"), "mixamorig"),
    _Kind("Unreal Engine", "head", ("neck_01", "neck_02")),
    _Kind("VRoid", "J_Bip_C_Head", ("J_Bip_C_Neck",), "",
          ("J_Adj_L_FaceEye", "J_Adj_R_FaceEye")),
    _Kind("MMD", "頭", ("首",), "", ("左目", "右目")),
    _Kind("VRM", "head", ("neck",), "jaw", ("eye.L", "eye.R")),
    _Kind("Humanoid", "Head", ("Neck",), "Jaw", ("LeftEye", "RightEye")),
)  # fmt: skip
_MIXAMO: Final = re.compile(r"^mixamorig\d*_?")
_WORD: Final = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LEFT: Final = frozenset(("l", "left"))
_RIGHT: Final = frozenset(("r", "right"))
_BESIDE: Final = frozenset(("upper", "lid", "lids", "eyelid", "brow", "eyebrow", "lash", "target"))
"""Words of bones beside a jaw or an eye."""
_SIDES: Final = ((".l", ".r"), ("_l", "_r"), ("left", "right"))


@dataclass(frozen=True)
class BodyBones:
    """label : whose names they are, "" of no program known; head; necks : the lowest first; chest :
    what the lowest neck hangs on, or that neck; jaw, eyes : "" where it has none."""

    label: str
    head: str
    necks: tuple[str, ...]
    chest: str
    jaw: str
    eyes: tuple[str, str]

    @property
    def all(self) -> tuple[str, ...]:
        """Every bone that a head may follow."""
        found = (self.chest, *self.necks, self.head, self.jaw, *self.eyes)
        return tuple(dict.fromkeys(filter(None, found)))


def into_frame(armature: bpy.types.Object) -> Matrix:
    """What brings the world's points into an armature's frame.

    Raises OferError(BAD_REQUEST) for one that is scaled to nothing, and so has none.
    """
    place = armature.matrix_world
    if not abs(place.determinant()) > 0:  # also catches what is no number
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is scaled to nothing.",
            "Give it a scale other than 0 along X, Y and Z.",
            name=armature.name,
        )
    return place.inverted_safe()


def recognise(armature: bpy.types.Object) -> BodyBones | None:
    """The bones of a body; None where it is none, or the rig of a head."""
    bones = armature.data.bones
    if set(bones.keys()) <= set(BONES):
        return None
    there = {plain(bone.name): bone.name for bone in reversed(bones.values()) if bone.use_deform}
    found = [each for kind in _KINDS if (each := _as(kind, there, bones))]
    return max(found, key=lambda each: len(each.all), default=None) or _by_words(bones)


def _as(
    kind: _Kind, there: dict[str, str], bones: bpy.types.bpy_prop_collection
) -> BodyBones | None:
    """The bones by the names of one program."""
    head = there.get(plain(kind.head), "")
    necks = [there[plain(name)] for name in kind.necks if plain(name) in there]
    if not (head and kind.prefix in head.lower() and necks and _is_on(bones, head, necks)):
        return None
    chest = bones[necks[0]].parent
    return BodyBones(
        kind.label,
        head,
        tuple(necks),
        chest.name if chest and chest.use_deform else necks[0],
        there.get(plain(kind.jaw), ""),
        tuple(there.get(plain(name), "") for name in kind.eyes),
    )


def _by_words(bones: bpy.types.bpy_prop_collection) -> BodyBones | None:
    """The bones by the words in their names: the highest head that hangs on a neck, and what hangs
    on that head."""

    def first(among: list[bpy.types.Bone], word: str, side: frozenset[str] = frozenset()) -> str:
        found = [
            each
            for each in among
            if each.use_deform and word in words[each.name] and not words[each.name] & _BESIDE
            if not side or words[each.name] & side
        ]
        return min(found, key=lambda each: len(each.parent_recursive)).name if found else ""

    words = {each.name: {*map(str.lower, _WORD.findall(each.name))} for each in bones}
    on_necks = [
        each
        for each in bones
        if any("neck" in words[above.name] and above.use_deform for above in each.parent_recursive)
    ]
    if not (head := first(on_necks, "head")):
        return None
    necks = [
        each
        for each in reversed(bones[head].parent_recursive)
        if each.use_deform and "neck" in words[each.name]
    ]
    chest, below = necks[0].parent, bones[head].children_recursive
    jaws = [each for each in below if not words[each.name] & (_LEFT | _RIGHT)]
    return BodyBones(
        "",
        head,
        tuple(each.name for each in necks),
        chest.name if chest and chest.use_deform else necks[0].name,
        first(jaws, "jaw"),
        (first(below, "eye", _LEFT), first(below, "eye", _RIGHT)),
    )


def axes(armature: bpy.types.Object, bones: BodyBones) -> tuple[Vector, Vector]:
    """Where a body's left and up are in the world, however it lies or leans: up is the axis of the
    armature that its spine follows, left leads from its farthest right bone to the left one; of a
    mirrored body to where that would be, so that ahead stays ahead."""
    place, rest = armature.matrix_world, armature.data.bones
    own = [each.xyz.normalized() for each in place.col[:3]]
    spine = place.to_3x3() @ (rest[bones.head].head_local - rest[bones.chest].head_local)
    up = max((sign * each for each in own for sign in (1, -1)), key=spine.dot)
    names = {plain(bone.name): bone for bone in rest}
    found = Vector((0, 0, 0))
    for name, bone in names.items():
        for here, there in _SIDES:
            other = names.get(name.replace(here, there)) if here in name else None
            if other and other != bone:
                apart = place @ bone.head_local - place @ other.head_local
                found = max(found, apart, key=lambda each: each.length)
    if found.cross(up).length < 1e-6:
        found = next(each for each in own if each.cross(up).length > 1e-6)
    mirrored = -1 if place.determinant() < 0 else 1
    return (found - found.dot(up) * up).normalized() * mirrored, up


def _is_on(bones: bpy.types.bpy_prop_collection, head: str, necks: list[str]) -> bool:
    """The head hangs on each neck, each on the one before; bones of other things are called so,
    too."""
    above = [each.name for each in bones[head].parent_recursive]
    places = [above.index(name) for name in necks if name in above]
    return len(places) == len(necks) and places == sorted(places, reverse=True)


def plain(name: str) -> str:
    """A bone's name without what precedes a colon, in small letters."""
    return _MIXAMO.sub("", name.rpartition(":")[2].lower())
