"""Panel Made From: what the active head was reconstructed from, with what."""

from __future__ import annotations

import bpy

from .. import hypotheses, provenance
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


CLASSES = (OFER_PT_provenance,)
