"""Panel Rig: bones, gaze and jaw, the 52 ARKit keys, and what the photo's expression becomes."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.contract import performance
from ...ofer_engine.contract.files.pieces import is_plain
from ..head import hypotheses
from ..rig import arkit_keys, body, rig
from ..translations import tr
from .tab import HeadTab, say


class OFER_PT_rig(HeadTab, bpy.types.Panel):
    bl_label = "Rig"
    bl_order = 30
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        if armature := rig.rig_of(head):
            _draw_bones(layout, armature)
        elif on := body.body_of(head):
            layout.label(text=on.name, icon="OUTLINER_OB_ARMATURE", translate=False)
            layout.operator("ofer.bridge_neck", icon="MOD_SKIN")
        else:
            layout.operator("ofer.add_rig", icon="ARMATURE_DATA")
        if not body.body_of(head):
            layout.operator("ofer.attach_to_armature", icon="CONSTRAINT_BONE")
        _draw_units(layout, head)


def _draw_bones(layout: bpy.types.UILayout, armature: bpy.types.Object) -> None:
    column = layout.column(align=True)
    jaw = armature.pose.bones["jaw"]
    column.prop(jaw, "rotation_euler", index=0, text=tr("Open Jaw"))
    target = rig.aim_target(armature)
    if target is None:
        eye = armature.pose.bones["eye_L"]
        column.prop(eye, "rotation_euler", index=0, text=tr("Look Down"))
        column.prop(eye, "rotation_euler", index=2, text=tr("Look Right"))
        layout.operator("ofer.aim_eyes", text="Aim at a Target", icon="CON_TRACKTO").by = "TARGET"
    else:
        row = layout.row(align=True)
        row.label(text=target.name, icon="EMPTY_DATA")
        row.operator("ofer.aim_eyes", text="Aim by Angles").by = "ANGLES"


def _draw_units(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    if not arkit_keys.complete(head):
        layout.operator("ofer.add_arkit", icon="SHAPEKEY_DATA")
    else:
        layout.label(text="The 52 ARKit keys are there", icon="CHECKMARK")
    if arkit_keys.carried_over(head):
        text = tr("Computed for {former} and carried over to {basis}.")
        text = text.format(former=head.ofer.units_of, basis=head.ofer.basis)
        say(layout, text, "INFO")
        layout.operator("ofer.express", icon="FILE_REFRESH")
    units = arkit_keys.weights_of(head, hypotheses.chosen_expression(head))
    column = layout.column(align=True)
    column.operator("ofer.show_as_arkit", icon="HIDE_OFF")
    column.operator("ofer.keep_expression", icon="ACTION")
    layout.operator_menu_enum("ofer.add_visemes", "kind", icon="SHAPEKEY_DATA")
    row = layout.row(align=True)
    row.operator("ofer.import_take", icon="IMPORT")
    row.operator("ofer.export_take", icon="EXPORT")
    if is_plain(Path(head.ofer.folder) / performance.FOLDER / performance.RECORD):
        layout.operator("ofer.play_performance", icon="PLAY")
    row = layout.row(align=True)
    row.operator("ofer.clean_motion", icon="SMOOTHCURVE")
    row.operator("ofer.retarget_motion", icon="ARMATURE_DATA")
    if units:
        left = tr("The 52 keys miss {millimetres} mm of this expression")
        say(layout, left.format(millimetres=f"{units[1] * 1000:.1f}"), "INFO")


CLASSES = (OFER_PT_rig,)
