"""Attaching the active head to a body in the scene."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import OferError
from ...ofer_engine.contract.sentence import Sentence
from ..head import hypotheses, joint_anchors
from ..rig import body
from ..translations import tell, tr
from .refusal import ready_head, refuse


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
        elif not body.candidates(head):
            cls.poll_message_set(tr("There is no armature of a body in the scene"))
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        armature = context.scene.objects.get(self.armature) if self.armature else None
        found = [armature] if armature else body.candidates(head)
        several = len(found) > 1 and not found[0].select_get()
        if several or not found or (armature is not None and armature.type != "ARMATURE"):
            said = tr("Select the armature that the head is to go on, too.")
            self.report({"ERROR"}, said)
            return {"CANCELLED"}
        try:
            bones = body.attach(head, found[0], self.size)
        except OferError as error:
            return refuse(self, error)
        said = Sentence(
            "On {name} ({label}): {bones}.",
            name=found[0].name,
            label=bones.label,
            bones=", ".join(bones.all),
        )
        self.report({"INFO"}, tell(said))
        return {"FINISHED"}


CLASSES = (OFER_OT_attach_to_armature,)
