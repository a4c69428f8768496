"""What every panel of the tab shares."""

from __future__ import annotations

import textwrap
from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode
from .. import hypotheses, jobs
from ..desk import Job

_LINE: Final = 44  # letters that fit a sidebar of default width

FIXES: Final = {
    ErrorCode.ENGINE_MISSING: "ofer.set_up_engine",
    ErrorCode.PROTOCOL_MISMATCH: "ofer.set_up_engine",
    ErrorCode.ENGINE_DIED: "ofer.open_log",
    ErrorCode.ENGINE_HUNG: "ofer.open_log",
    ErrorCode.INTERNAL: "ofer.open_log",
    ErrorCode.NO_FACE: "ofer.place_face",
    ErrorCode.PHOTO_MISSING: "ofer.choose_photo",
    ErrorCode.PHOTO_TOO_LARGE: "ofer.choose_photo",
    ErrorCode.PHOTO_UNREADABLE: "ofer.choose_photo",
}
"""The operator that helps, by error code."""


class Tab:
    """Place of a panel in the sidebar of the 3D view."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "OFER"


class HeadTab(Tab):
    """As `Tab`, there while a head of ours is active."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return hypotheses.active_head(context) is not None


def say(layout: bpy.types.UILayout, text: str, icon: str = "NONE") -> None:
    """A sentence, wrapped: labels do not."""
    column = layout.column(align=True)
    for number, line in enumerate(textwrap.wrap(text, _LINE)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")


def draw_job(layout: bpy.types.UILayout) -> None:
    """Progress and Cancel while a job runs; then what went wrong and its fix, or notes."""
    desk = jobs.desk
    if desk.job:
        _draw_progress(layout, desk.job)
    elif desk.failure:
        box = layout.box()
        box.alert = True
        say(box, desk.failure.message, "ERROR")
        box.alert = False
        if desk.failure.hint:
            say(box, desk.failure.hint, "BLANK1")
        if fix := FIXES.get(desk.failure.code):
            box.operator(fix)
    else:
        for note in desk.notes:
            say(layout, note, "INFO")


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    column = layout.column(align=True)
    left = "" if job.eta is None else f" · {_duration(job.eta)} left"
    column.progress(factor=job.fraction, text=f"{job.stage}{left}")
    column.operator("ofer.cancel", text="Cancel (Esc)", icon="X")


def _duration(seconds: float) -> str:
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
