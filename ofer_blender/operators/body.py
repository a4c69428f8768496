"""Attaching the active head to a body in the scene."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sentence import Sentence
from ..head import hypotheses, joint_anchors
from ..rig import body, seam
from ..translations import tr, translate
from .refusal import ready_head


class OFER_OT_attach_to_armature(bpy.types.Operator):
    """Put the head on a body: the neck, head, jaw and eyes of its armature move it"""

    bl_idname = "ofer.attach_to_armature"
    bl_label = "Attach to Armature"
    bl_options = {"REGISTER", "UNDO"}

    armature: bpy.props.StringProperty(
        name="Armature",
        description="Of the body; empty: the selected one, or the only one in the scene",
    )
    size: bpy.props.FloatProperty(
        name="Size", description="Of the head against its real one", default=1.0, min=0.1, max=10.0
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head is None:
            return False
        if body.body_of(head):
            cls.poll_message_set(tr("This head is on a body already"))
        elif not joint_anchors.known(head):
            cls.poll_message_set(tr("This head does not say where its joints are: open it again"))
        elif not body.candidates():
            cls.poll_message_set(tr("There is no armature of a body in the scene"))
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        armature = context.scene.objects.get(self.armature) if self.armature else None
        if self.armature and armature is None:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The scene has no armature {name}.",
                "Say the name of one that is there, or select it.",
                name=repr(self.armature),
            )
        found = [armature] if armature else body.candidates()
        several = len(found) > 1 and not found[0].select_get()
        if several or not found or (armature is not None and armature.type != "ARMATURE"):
            message = tr("Select the armature that the head is to go on, too.")
            self.report({"ERROR"}, message)
            return {"CANCELLED"}
        bones = body.attach(head, found[0], self.size)
        message = Sentence(
            "On {name} ({label}): {bones}.",
            name=found[0].name,
            label=bones.label or Sentence("names of its own"),
            bones=", ".join(bones.all),
        )
        self.report({"INFO"}, translate(message))
        return {"FINISHED"}


class OFER_OT_bridge_neck(bpy.types.Operator):
    """Close the gap between the head's neck and the body's with a strip that their bones move"""

    bl_idname = "ofer.bridge_neck"
    bl_label = "Bridge the Neck"
    bl_options = {"REGISTER", "UNDO"}

    fit: bpy.props.BoolProperty(
        name="Fit the Neck",
        description="Ease the head's lower neck to the edge of the body, in a shape key of its own",
        default=True,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head and not body.body_of(head):
            cls.poll_message_set(tr("Attach this head to the armature of a body first"))
            return False
        return head is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        made = seam.bridge(hypotheses.active_head(context), fit=self.fit)
        self.report({"INFO"}, translate(Sentence("{name} was made.", name=made.name)))
        return {"FINISHED"}


CLASSES = (OFER_OT_attach_to_armature, OFER_OT_bridge_neck)
