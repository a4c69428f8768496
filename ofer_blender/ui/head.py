"""Panels of the active head: its identities, its expressions, and where it comes from."""

from __future__ import annotations

import bpy

from .. import hypotheses, previews, provenance
from .tab import Tab, say


class OFER_UL_hypotheses(bpy.types.UIList):
    """One line per hypothesis: thumbnail, name, rank, and the ranker's share of certainty."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: bpy.types.AnyType,
        item: bpy.types.PropertyGroup,
        icon: int,
        active_data: bpy.types.AnyType,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        head = data.id_data
        row = layout.row(align=True)
        picture = head.ofer.basis if item.name == hypotheses.NEUTRAL else item.name
        row.template_icon(icon_value=previews.icon(head, picture), scale=2.5)
        column = row.column(align=True)
        mark = "  (Basis)" if item.name == head.ofer.basis else ""
        missing = not hypotheses.key_exists(head, item.name)
        column.label(text=f"{item.name}{mark}", icon="ERROR" if missing else "NONE")
        if item.name != hypotheses.NEUTRAL:
            share = f" · share {item.score:.2%}" if item.score else ""
            column.label(text=f"rank {item.rank}{share}")


class _HeadPanel(Tab):
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return hypotheses.active_head(context) is not None


class OFER_PT_hypotheses(_HeadPanel, bpy.types.Panel):
    bl_label = "Hypotheses"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        row = layout.row()
        row.template_list(
            "OFER_UL_hypotheses", "identities", head.ofer, "identities", head.ofer, "identity_index"
        )
        name = hypotheses.chosen_identity(head)
        row.operator("ofer.remove_hypothesis", text="", icon="REMOVE").name = name
        if hypotheses.is_basis(head, name):
            layout.label(text="This one is the Basis", icon="CHECKMARK")
        else:
            layout.operator("ofer.use_identity", icon="CHECKMARK").name = name


class OFER_PT_expressions(_HeadPanel, bpy.types.Panel):
    bl_label = "Expressions"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        row = layout.row()
        row.template_list(
            "OFER_UL_hypotheses",
            "expressions",
            head.ofer,
            "expressions",
            head.ofer,
            "expression_index",
        )
        name = hypotheses.chosen_expression(head)
        row.operator("ofer.remove_hypothesis", text="", icon="REMOVE").name = name
        if key := head.data.shape_keys.key_blocks.get(name):
            layout.prop(key, "value", text="Strength", slider=True)


class OFER_PT_provenance(_HeadPanel, bpy.types.Panel):
    bl_label = "Made From"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        record = provenance.read(hypotheses.active_head(context))
        if not record:
            say(layout, "This head's record was deleted.", "INFO")
            return
        photo, pack, settings = record["photo"], record["pack"], record["settings"]
        column = layout.column(align=True)
        column.label(text=f"Photo: {photo['name']}", icon="FILE_IMAGE")
        column.label(text=f"SHA-256: {photo['sha256'][:16]}…", icon="BLANK1")
        column.label(text=f"Pack: {pack['title']} {pack['version']}", icon="PACKAGE")
        sold = "may be sold" if pack["commercial"] else "not for commercial use"
        column.label(text=f"Licence: {pack['licence']}, {sold}", icon="BLANK1")
        column.label(text=f"Seed: {settings['seed']}, device: {settings['device']}", icon="BLANK1")
        say(layout, pack["claim"], "INFO")
        for note in filter(None, record["notes"].split("\n")):
            say(layout, note, "INFO")


CLASSES = (OFER_UL_hypotheses, OFER_PT_hypotheses, OFER_PT_expressions, OFER_PT_provenance)
