"""The only place where background events meet Blender: the queue, its timer and its redraws."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from typing import Final

import bpy

from ...ofer_engine.client import faults, handover
from ...ofer_engine.client.job_queue import JobQueue
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.protocol import HypothesisReady
from ...ofer_engine.contract.sentence import joined
from ..translations import translate
from .engine_settings import idle_minutes

INTERVAL: Final = 0.1
"""Seconds between looks at the engine."""
IDLE_INTERVAL: Final = 20.0
"""Seconds between looks at an engine that has nothing to do."""
arrived_listeners: Final[list[Callable[[Sequence[HypothesisReady]], None]]] = []
"""Called with the hypotheses that the engine has made so far for the job in hand."""


def follow(operator: bpy.types.Operator, wait: bool) -> set[str]:
    """Follow the job that the operator just began: with a timer, or until it is done.

    Background mode has no timers and always waits. Gives the operator's result; a job that
    failed while waited for is reported.
    """
    if not (wait or bpy.app.background):
        watch()
        return {"FINISHED"}
    queue.wait()
    if queue.failure:
        operator.report({"ERROR"}, translate(joined(queue.failure.message, queue.failure.hint)))
        return {"CANCELLED"}
    return {"FINISHED"}


def insert(operator: Callable[..., set[str]], **arguments: object) -> None:
    """Change the scene from a job's `deliver`: through an operator, which makes the undo step.

    operator : such as `bpy.ops.ofer.insert_head`. Raises OferError where it reports an error.
    """
    windows = bpy.context.window_manager.windows
    try:
        if bpy.context.window or not windows:
            operator("EXEC_DEFAULT", True, **arguments)
        else:  # a timer has no window of its own
            with bpy.context.temp_override(window=windows[0]):
                operator("EXEC_DEFAULT", True, **arguments)
    except RuntimeError as cause:  # the operator reported an error
        message = str(cause).removeprefix("Error: ").strip()
        raise OferError(ErrorCode.RECONSTRUCTION_DAMAGED, message) from cause


def watch() -> None:
    """Let a timer poll the queue until its job is done."""
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=INTERVAL)


@faults.guarded(reported=False)
def stop() -> None:
    """End all work, the engine and the timers; a timer left at exit crashes Blender 4.2."""
    for timer in (_tick, _rest):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    queue.close()
    handover.close()


@bpy.app.handlers.persistent
@faults.guarded()
def forget(*_: object) -> None:
    """Another file was opened: what runs belongs to the old one."""
    queue.abandon()


@faults.guarded()
def _tick() -> float | None:
    running = queue.poll()
    _show_news()  # which may fail without the job
    if running:
        return INTERVAL
    if queue.client and not bpy.app.timers.is_registered(_rest):
        bpy.app.timers.register(_rest, first_interval=IDLE_INTERVAL)
    return None


@faults.guarded()
def _rest() -> float | None:
    """End the engine after the idle minutes of the preferences; 0 keeps it."""
    if minutes := idle_minutes():
        queue.rest(60.0 * minutes)
    return IDLE_INTERVAL if queue.client else None


@faults.guarded()
def _show_news() -> None:
    for listener in arrived_listeners:
        listener(queue.job.arrived if queue.job else ())
    _redraw()


def _obstacle() -> str:
    """Inserting while a tool runs or in Edit Mode would not be one clean undo step."""
    windows = bpy.context.window_manager.windows
    if any(window.modal_operators for window in windows):
        return "Waiting until the tool in use is done"
    shown = [window.view_layer.objects.active for window in windows]
    if bpy.context.mode != "OBJECT" or any(each and each.mode != "OBJECT" for each in shown):
        return "Waiting for Object Mode"
    return ""


def _redraw() -> None:
    """Only our regions: redrawing a whole view costs more than the job's news are worth."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            kind = {"VIEW_3D": "UI", "PREFERENCES": "WINDOW"}.get(area.type)
            for region in area.regions:
                if region.type == kind:
                    region.tag_redraw()


queue: Final = JobQueue(_obstacle)


def register() -> None:
    faults.settings.report = queue.outcome.report
    bpy.app.handlers.load_post.append(forget)
    handover.sweep()
    atexit.register(stop)  # Blender may quit without disabling its add-ons


def unregister() -> None:
    atexit.unregister(stop)
    bpy.app.handlers.load_post.remove(forget)
    stop()
