"""Armatures of bodies with the bones' names of several programs, 1.7 m tall."""

from __future__ import annotations

import addon_utils
import bpy
from mathutils import Matrix, Vector

# name of hip, chest, necks, head, jaw, eyes, hands
NAMES = {
    "MPFB": ("root", "spine01", ("neck01", "neck02", "neck03"), "head", "jaw",
             ("eye.L", "eye.R"), ("wrist.L", "wrist.R")),
    "Mixamo": ("mixamorig:Hips", "mixamorig:Spine2", ("mixamorig:Neck",), "mixamorig:Head", "",
               ("mixamorig:LeftEye", "mixamorig:RightEye"),
               ("mixamorig:LeftHand", "mixamorig:RightHand")),
    "Unreal Engine": ("root", "spine_05", ("neck_01", "neck_02"), "head", "", ("", ""),
                      ("hand_l", "hand_r")),
    "VRoid": ("J_Bip_C_Hips", "J_Bip_C_UpperChest", ("J_Bip_C_Neck",), "J_Bip_C_Head", "",
              ("J_Adj_L_FaceEye", "J_Adj_R_FaceEye"), ("J_Bip_L_Hand", "J_Bip_R_Hand")),
    "VRM": ("hips", "chest", ("neck",), "head", "jaw", ("eye.L", "eye.R"), ("hand.L", "hand.R")),
    "Humanoid": ("Hips", "Chest", ("Neck",), "Head", "Jaw", ("LeftEye", "RightEye"),
                 ("LeftHand", "RightHand")),
}  # fmt: skip


# spine, upper arms, lower arms, hands, upper legs, lower legs, feet; {s} for the side
LIMBS = {
    "MPFB": ("spine05", "upperarm01.{s}", "lowerarm01.{s}", "wrist.{s}", "upperleg01.{s}",
             "lowerleg01.{s}", "foot.{s}", ("L", "R")),
    "Mixamo": ("mixamorig:Spine", "mixamorig:{s}Arm", "mixamorig:{s}ForeArm", "mixamorig:{s}Hand",
               "mixamorig:{s}UpLeg", "mixamorig:{s}Leg", "mixamorig:{s}Foot", ("Left", "Right")),
    "Unreal Engine": ("spine_01", "upperarm_{s}", "lowerarm_{s}", "hand_{s}", "thigh_{s}",
                      "calf_{s}", "foot_{s}", ("l", "r")),
    "VRoid": ("J_Bip_C_Spine", "J_Bip_{s}_UpperArm", "J_Bip_{s}_LowerArm", "J_Bip_{s}_Hand",
              "J_Bip_{s}_UpperLeg", "J_Bip_{s}_LowerLeg", "J_Bip_{s}_Foot", ("L", "R")),
    "VRM": ("spine", "upper_arm.{s}", "lower_arm.{s}", "hand.{s}", "upper_leg.{s}",
            "lower_leg.{s}", "foot.{s}", ("L", "R")),
    "Humanoid": ("Spine", "{s}UpperArm", "{s}LowerArm", "{s}Hand", "{s}UpperLeg", "{s}LowerLeg",
                 "{s}Foot", ("Left", "Right")),
}  # fmt: skip


def whole(kind: str, place: Matrix | None = None, unit: float = 1.0) -> bpy.types.Object:
    """A body of `make` with spine, arms that hang half down, and legs. The active object stays."""
    armature = make(kind, place, unit)
    hip, chest = NAMES[kind][:2]
    spine, *limbs, sides = LIMBS[kind]
    view = bpy.context.view_layer
    before, view.objects.active = view.objects.active, armature
    bpy.ops.object.mode_set(mode="EDIT")
    made = armature.data.edit_bones
    if kind == "Unreal Engine":
        made[hip].name = hip = "pelvis"
    for side, mark in zip((1, -1), sides, strict=True):
        names = [each.replace("{s}", mark) for each in limbs]
        if hand := made.get(names[2]):
            made.remove(hand)
        arm = [(0.15, 0, 1.4), (0.35, 0.02, 1.2), (0.52, 0, 1.02), (0.6, 0, 0.95)]
        leg = [(0.1, 0, 0.9), (0.1, 0, 0.5), (0.1, 0, 0.1), (0.1, -0.12, 0.02)]
        for above, joints, part in ((chest, arm, names[:3]), (hip, leg, names[3:])):
            for name, start, end in zip(part, joints[:-1], joints[1:], strict=True):
                new = made.new(name)
                new.head, new.tail = (Vector((x * side, y, z)) / unit for x, y, z in (start, end))
                new.parent = made[above]
                above = name
    between = made.new(spine)
    between.head, between.tail = Vector((0, 0, 1.0)) / unit, Vector((0, 0, 1.1)) / unit
    between.parent, made[chest].parent = made[hip], between
    bpy.ops.object.mode_set(mode="OBJECT")
    view.objects.active = before
    return armature


def make(kind: str, place: Matrix | None = None, unit: float = 1.0) -> bpy.types.Object:
    """A body by names of a program, its numbers in this many metres. The active object stays."""
    hip, chest, necks, head, jaw, eyes, hands = NAMES[kind]
    armature = bpy.data.objects.new(kind, bpy.data.armatures.new(kind))
    bpy.context.scene.collection.objects.link(armature)
    if place:
        armature.matrix_world = place @ Matrix.Scale(unit, 4)
    view = bpy.context.view_layer
    before, view.objects.active = view.objects.active, armature
    bpy.ops.object.mode_set(mode="EDIT")

    def bone(name: str, start: tuple, end: tuple, above: str = "") -> None:
        if name:
            new = armature.data.edit_bones.new(name)
            new.head, new.tail = Vector(start) / unit, Vector(end) / unit
            new.parent = armature.data.edit_bones[above] if above else None

    bone(hip, (0, 0, 0.9), (0, 0, 1.1))
    bone(chest, (0, 0, 1.1), (0, 0, 1.42), hip)
    above, rise = chest, 0.12 / len(necks)
    for number, name in enumerate(necks):
        low = 1.42 + number * rise
        bone(name, (0, 0, low), (0, 0, low + rise), above)
        above = name
    bone(head, (0, 0, 1.54), (0, 0, 1.72), above)
    bone(jaw, (0, -0.02, 1.55), (0, -0.1, 1.5), head)
    for side, eye, hand in ((1, eyes[0], hands[0]), (-1, eyes[1], hands[1])):
        bone(eye, (0.03 * side, -0.08, 1.6), (0.03 * side, -0.11, 1.6), head)
        bone(hand, (0.6 * side, 0, 1.3), (0.7 * side, 0, 1.3), chest)
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.select_set(False)
    view.objects.active = before
    return armature


def rigify(*, generated: bool) -> bpy.types.Object:
    """The human metarig of Blender's own Rigify, or the rig that it generates of it."""
    if "rigify" not in bpy.context.preferences.addons:
        bpy.context.preferences.addons.new().module = "rigify"
    addon_utils.enable("rigify")
    view = bpy.context.view_layer
    before = view.objects.active
    bpy.ops.object.armature_human_metarig_add()
    found = view.objects.active
    if generated:
        there = set(bpy.data.objects)
        bpy.ops.pose.rigify_generate()
        (found,) = (o for o in set(bpy.data.objects) - there if o.type == "ARMATURE")
    found.select_set(False)
    view.objects.active = before
    if before:
        before.select_set(True)
    return found
