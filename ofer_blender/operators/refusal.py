"""How an operator says no: greyed with a reason, or one sentence and the next step."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import OferError
from .. import hypotheses, jobs
from ..preferences import EngineSettings


def refuse(operator: bpy.types.Operator, error: OferError) -> set[str]:
    """Report an error; nothing was changed."""
    operator.report({"ERROR"}, str(error))
    return {"CANCELLED"}


def busy(operator: type[bpy.types.Operator]) -> bool:
    """A job is in hand; greys the button with its name."""
    if jobs.desk.job is None:
        return False
    operator.poll_message_set(f"{jobs.desk.job.title}: wait, or press Esc to cancel")
    return True


def engine_missing(operator: type[bpy.types.Operator], engine: EngineSettings) -> bool:
    """The engine was never set up; greys the button with what to press."""
    if engine.installed:
        return False
    operator.poll_message_set("The engine is not set up yet: press Set Up Engine")
    return True


def no_head(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """There is no head to change here; greys the button with the reason."""
    head = hypotheses.active_head(context)
    if head is None:
        operator.poll_message_set("Select a head made by OFER Faces")
    elif not (head.is_editable and head.data.is_editable):
        operator.poll_message_set("This head is linked from another file: make it local first")
    elif context.mode != "OBJECT":
        operator.poll_message_set("Switch to Object Mode first")
    else:
        return False
    return True
