"""Panel Made From: what the active head was reconstructed from, with what."""

from __future__ import annotations

import bpy

from ..head import hypotheses, provenance
from ..translations import tr
from .tab import HeadTab, say


class OFER_PT_provenance(HeadTab, bpy.types.Panel):
    bl_label = "Made From"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 45

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        record = provenance.read(hypotheses.active_head(context))
        if not record:
            say(layout, "This head's record was deleted.", "INFO")
        else:
            _draw_record(layout, record)
        column = layout.column(align=True)
        column.operator("ofer.save_as_asset", icon="ASSET_MANAGER")
        column.operator("ofer.copy_provenance", icon="COPYDOWN")


def _draw_record(layout: bpy.types.UILayout, record: dict) -> None:
    pack, settings = record["pack"], record["settings"]
    column = layout.column(align=True)
    for view in provenance.views(record):
        photo = view["photo"]
        _line(column, "Photo: {name}", "FILE_IMAGE", name=photo["name"])
        _line(column, "SHA-256: {hash}…", hash=photo["sha256"][:16])
    _line(column, "Pack: {title} {version}", "PACKAGE", **pack)
    _line(column, "Licence: {licence}", **pack)
    sold = "Heads may be sold" if pack["commercial"] else "Not for commercial use"
    column.label(text=sold, icon="BLANK1")
    _line(column, "Seed: {seed}, mode: {mode}", "SETTINGS", **settings)
    _line(column, "{identities} drawn, {keep} kept, on {device}", **settings)
    say(layout, pack["claim"], "INFO")
    for note in provenance.notes(record):
        say(layout, note, "INFO")


def _line(layout: bpy.types.UILayout, text: str, icon: str = "BLANK1", **values: object) -> None:
    layout.label(text=tr(text).format(**values), icon=icon, translate=False)


CLASSES = (OFER_PT_provenance,)
