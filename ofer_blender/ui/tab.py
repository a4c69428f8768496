"""What every panel of the tab shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from ...ofer_engine.client.job import Job
from ...ofer_engine.contract.errors import ErrorCode
from ...ofer_engine.contract.protocol import Failure
from ..engine import jobs
from ..head import hypotheses
from ..translations import CONTEXT, tr, translate
from . import lines
from .reveal import NAME

_LONGEST_LINE: Final = 4  # of those who wait, how many are named

_REPORT: Final = ("ofer.copy_report", "ofer.open_log")
FIXES: Final = {
    ErrorCode.DISK_FULL: ("ofer.show_preferences",),
    ErrorCode.ENGINE_DIED: _REPORT,
    ErrorCode.ENGINE_HUNG: _REPORT,
    ErrorCode.ENGINE_MISSING: ("ofer.set_up_engine",),
    ErrorCode.FACE_TOO_SMALL: ("ofer.choose_photo",),
    ErrorCode.INTERNAL: _REPORT,
    ErrorCode.NO_FACE: ("ofer.pick_face", "ofer.choose_photo"),
    ErrorCode.OUT_OF_MEMORY: ("ofer.show_preferences", "ofer.copy_report"),
    ErrorCode.PHOTO_MISSING: ("ofer.choose_photo",),
    ErrorCode.PHOTO_TOO_LARGE: ("ofer.choose_photo",),
    ErrorCode.PHOTO_UNREADABLE: ("ofer.choose_photo",),
    ErrorCode.PROTOCOL_MISMATCH: ("ofer.set_up_engine",),
    ErrorCode.READ_ONLY: ("ofer.show_preferences",),
    ErrorCode.RECONSTRUCTION_DAMAGED: ("ofer.open_reconstruction",),
    ErrorCode.WEIGHTS_DAMAGED: ("ofer.use_open_pack", "ofer.import_weights"),
    ErrorCode.WEIGHTS_MISSING: ("ofer.use_open_pack", "ofer.import_weights"),
    ErrorCode.WEIGHTS_UNSAFE: ("ofer.import_weights",),
    ErrorCode.WEIGHTS_WRONG: ("ofer.import_weights",),
}
"""The operators that help, by error code."""


class Tab:
    """Place of a panel in the sidebar of the 3D view."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = NAME
    bl_translation_context = CONTEXT


class HeadTab(Tab):
    """As `Tab`, there while a head of ours is active."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return hypotheses.active_head(context) is not None


def say(layout: bpy.types.UILayout, text: str, icon: str = "NONE") -> None:
    """A sentence in the user's language, wrapped: labels do not."""
    column = layout.column(align=True)
    for number, line in enumerate(lines.fitting(translate(text))):
        beside = icon if number == 0 or icon == "NONE" else "BLANK1"
        column.label(text=line, icon=beside, translate=False)


def draw_hints(
    layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, names: Sequence[str]
) -> None:
    """A tick and a slider for each thing that may be told of a person."""
    column = layout.column()
    for name in names:
        row = column.row(align=True)
        row.prop(settings, f"tell_{name}", text="")
        value = row.row()
        value.active = getattr(settings, f"tell_{name}")
        value.prop(settings, name, slider=True)


def draw_job(layout: bpy.types.UILayout) -> None:
    """Progress and Cancel while a job runs; then what went wrong and its fixes, or notes."""
    queue = jobs.queue
    if queue.job:
        _draw_progress(layout, queue.job)
    if queue.line:
        _draw_line(layout, queue.line)
    if queue.failure and not queue.job:
        _draw_failure(layout, queue.failure)
    for note in queue.notes:
        say(layout, note, "INFO")


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    column = layout.column(align=True)
    text = translate(job.stage)
    if job.eta is not None:
        left = tr("{duration} left").format(duration=_duration(job.eta))
        text = f"{text} · {left}"
    column.progress(factor=job.fraction, text=text)
    row = column.row(align=True)
    if jobs.queue.line:
        row.operator("ofer.skip", icon="FF")
    row.operator("ofer.cancel", text="Cancel (Esc)", icon="X")


def _draw_line(layout: bpy.types.UILayout, line: list[Job]) -> None:
    column = layout.column(align=True)
    waiting = tr("{count} waiting in line").format(count=len(line))
    column.label(text=waiting, icon="TIME", translate=False)
    for job in line[:_LONGEST_LINE]:
        column.label(text=job.subject or tr(job.title), icon="BLANK1", translate=False)


def _draw_failure(layout: bpy.types.UILayout, failure: Failure) -> None:
    box = layout.box()
    box.alert = True
    say(box, failure.message, "ERROR")
    box.alert = False
    if failure.hint:
        say(box, failure.hint, "BLANK1")
    fixes = FIXES.get(failure.code, ())  # pyright: ignore[reportCallIssue]
    for fix in fixes:
        box.operator(fix)
    if "ofer.copy_report" not in fixes:
        box.operator("ofer.copy_report", icon="COPYDOWN")


def _duration(seconds: float) -> str:
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
