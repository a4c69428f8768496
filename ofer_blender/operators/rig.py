"""Rigging the active head, its gaze, its 52 ARKit keys, and what its expressions become."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.sentence import Sentence
from ...ofer_engine.contract.visemes import VisemeSet
from ..head import hypotheses, joint_anchors, shape_keys
from ..motion import retarget
from ..rig import arkit_keys, expression_pose, rig, visemes
from ..translations import CONTEXT, tr, translate
from . import express, held_keys
from .refusal import ready_head


class OFER_OT_add_rig(bpy.types.Operator):
    """Give the head an armature: root, neck, head, jaw and both eyes"""

    bl_idname = "ofer.add_rig"
    bl_label = "Rig"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head and rig.rig_of(head):
            cls.poll_message_set(tr("This head is rigged already"))
            return False
        if head and not joint_anchors.known(head):
            cls.poll_message_set(tr("This head does not say where its joints are: open it again"))
            return False
        return head is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        rig.build(hypotheses.active_head(context))
        return {"FINISHED"}


class OFER_OT_add_arkit(bpy.types.Operator):
    """Add the 52 ARKit units as shape keys, named and ordered as Apple has them"""

    bl_idname = "ofer.add_arkit"
    bl_label = "Add ARKit 52"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head and arkit_keys.complete(head):
            cls.poll_message_set(tr("This head has the 52 keys already"))
            return False
        return head is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        frame = arkit_keys.add(head)
        if arkit_keys.carried_over(head):
            express.ask_if_awake(head, "add_arkit", frame)
        keys = head.data.shape_keys
        tongue = shape_keys.points(keys.key_blocks[arkit_keys.TONGUE])
        if (tongue == shape_keys.points(keys.reference_key)).all():
            message = "This head has no tongue: its key tongueOut is there, and empty."
            self.report({"INFO"}, translate(message))
        return {"FINISHED"}


class OFER_OT_add_visemes(bpy.types.Operator):
    """Add the mouth shapes of speech as shape keys, made of the 52 ARKit keys"""

    bl_idname = "ofer.add_visemes"
    bl_label = "Add Visemes"
    bl_options = {"REGISTER", "UNDO"}

    kind: bpy.props.EnumProperty(
        name="Visemes",
        items=(
            (
                VisemeSet.META, "Meta, VRChat",
                "The fifteen of Oculus Lipsync and OpenXR, which VRChat uses, too",
            ),
            (VisemeSet.MICROSOFT, "Microsoft", "The 22 of its speech service, by number"),
        ),
        translation_context=CONTEXT,
    )  # fmt: skip

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head is None:
            return False
        if not arkit_keys.complete(head):
            cls.poll_message_set(tr("Add the 52 ARKit keys first"))
        elif all(visemes.complete(head, kind) for kind in VisemeSet):
            cls.poll_message_set(tr("This head has all visemes already"))
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        visemes.add(hypotheses.active_head(context), VisemeSet(self.kind))
        return {"FINISHED"}


class OFER_OT_aim_eyes(bpy.types.Operator):
    """Let the eyes look at a target, or turn them by angles"""

    bl_idname = "ofer.aim_eyes"
    bl_label = "Aim Eyes"
    bl_options = {"REGISTER", "UNDO"}

    by: bpy.props.EnumProperty(
        name="By",
        items=(
            ("TARGET", "Target", "The eyes look at an empty that you move"),
            ("ANGLES", "Angles", "The eyes look where eye_L is turned"),
        ),
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _rigged_head(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature = rig.rig_of(hypotheses.active_head(context))
        if self.by == "ANGLES":
            rig.aim_by_angles(armature)
        elif rig.aim_target(armature) is None:
            rig.aim_at(armature, rig.new_target(armature))
        return {"FINISHED"}


class OFER_OT_show_as_arkit(bpy.types.Operator):
    """Show the chosen expression with the 52 ARKit keys instead of its own key"""

    bl_idname = "ofer.show_as_arkit"
    bl_label = "Show with ARKit Keys"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head is None:
            return False
        if not arkit_keys.complete(head):
            cls.poll_message_set(tr("Add the 52 ARKit keys first"))
        elif arkit_keys.weights_of(head, hypotheses.chosen_expression(head)) is None:
            cls.poll_message_set(tr("Choose an expression of the photo first"))
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        weights, residual = arkit_keys.weights_of(head, hypotheses.chosen_expression(head))
        expression_pose.relax(head)
        arkit_keys.show(head, weights)
        message = Sentence(
            "The 52 keys miss {residual:.1f} mm of it (root mean square).", residual=residual * 1000
        )
        self.report({"INFO"}, translate(message))
        return {"FINISHED"}


class OFER_OT_keep_expression(bpy.types.Operator):
    """Keep what the face does now as an action in the asset browser, and go back to neutral"""

    bl_idname = "ofer.keep_expression"
    bl_label = "Keep as Action, Go Neutral"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return ready_head(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        keys = head.data.shape_keys.key_blocks
        held = [unit for unit in retarget.held_units({}, head) if keys[unit].value]
        action = expression_pose.keep(head)
        self.report({"INFO"}, translate(Sentence("Kept as the action {name}.", name=action.name)))
        held_keys.warn(self, head, held)
        return {"FINISHED"}


def _rigged_head(
    operator: type[bpy.types.Operator], context: bpy.types.Context
) -> bpy.types.Object | None:
    head = ready_head(operator, context)
    if head and not rig.rig_of(head):
        operator.poll_message_set(tr("Rig this head first"))
        return None
    return head


CLASSES = (
    OFER_OT_add_rig,
    OFER_OT_add_arkit,
    OFER_OT_add_visemes,
    OFER_OT_aim_eyes,
    OFER_OT_show_as_arkit,
    OFER_OT_keep_expression,
)
