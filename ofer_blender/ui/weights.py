"""Weight files just looked at: whose they are, before anything is installed."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.protocol import WeightFile
from ..engine import jobs
from ..translations import tr
from .tab import say


def draw_weights(layout: bpy.types.UILayout) -> None:
    """Title, licence and what it allows, then Accept and Decline; nothing where none wait."""
    files = jobs.queue.weights
    if not files:
        return
    box = layout.box()
    for file in files:
        _draw_file(box, file)
    if any(not file.refusal for file in files):
        say(box, "Install only what you obtained yourself and whose licence you accept.", "INFO")
        row = box.row(align=True)
        row.operator("ofer.install_weights", icon="CHECKMARK")
        row.operator("ofer.decline_weights", icon="X")
    else:
        box.operator("ofer.decline_weights", text="Close", icon="X")


def _draw_file(box: bpy.types.UILayout, file: WeightFile) -> None:
    column = box.column(align=True)
    if file.refusal:
        say(column, file.refusal, "ERROR")
        return
    column.label(text=file.title, icon="PACKAGE", translate=False)
    say(column, tr("Licence: {licence}.").format(licence=file.licence))
    sold = "Heads made with it may be sold." if file.commercial else "Heads may not be sold."
    say(column, sold, "CHECKMARK" if file.commercial else "ERROR")
