"""How an operator says no: greyed with a reason, or by an `OferError`, which the guard reports."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.client.engine_settings import EngineSettings
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..engine import jobs
from ..head import hypotheses, lookup
from ..head.linked import is_linked
from ..photo import photo_source
from ..translations import tr, translate


def busy(operator: type[bpy.types.Operator], with_what_follows: bool = False) -> bool:
    """A job is in hand; greys the button with its name.

    with_what_follows : also a job that goes on with what another began.
    """
    job = jobs.queue.job
    if job is None or (job.follows and not with_what_follows):
        return False
    message = tr("{title}: wait, or press Esc to cancel").format(title=tr(job.title))
    operator.poll_message_set(message)
    return True


def setting_up(operator: type[bpy.types.Operator]) -> bool:
    """The engine is being set up, and nothing can wait in line for that."""
    return busy(operator, True) if jobs.queue.setup else False


def engine_missing(operator: type[bpy.types.Operator], engine: EngineSettings) -> bool:
    """The engine was never set up; greys the button with what to press."""
    if engine.installed:
        return False
    if engine.refusal:
        operator.poll_message_set(translate(engine.refusal))
        return True
    operator.poll_message_set(tr("The engine is not set up yet: press Set Up Engine"))
    return True


def no_photo(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """No photo is chosen; greys the button with what to do."""
    if any(photo_source.key(photo) for photo in context.scene.ofer.photos):
        return False
    operator.poll_message_set(tr("Choose a photo first"))
    return True


def no_place(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """There is no place to put a new head; greys the button with the reason."""
    if context.mode != "OBJECT":
        operator.poll_message_set(tr("Switch to Object Mode first"))
    elif context.collection is None or not context.collection.is_editable:
        operator.poll_message_set(tr("The active collection is linked: choose another one"))
    else:
        return False
    return True


def no_head(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """There is no head to change here; greys the button with the reason."""
    return ready_head(operator, context) is None


def ready_head(
    operator: type[bpy.types.Operator], context: bpy.types.Context
) -> bpy.types.Object | None:
    """The head to change; None greys the button with the reason."""
    head = hypotheses.active_head(context)
    if head is None and hypotheses.was_joined(context.object):
        operator.poll_message_set(tr("This mesh has a head's keys, but not its gallery"))
    elif head is None:
        operator.poll_message_set(tr("Select a head made by OFER Faces"))
    elif is_linked(head):
        operator.poll_message_set(tr("This head is linked from another file: make it local first"))
    elif context.mode != "OBJECT":
        operator.poll_message_set(tr("Switch to Object Mode first"))
    elif not hypotheses.keys_fit(head):
        operator.poll_message_set(tr("The shape keys of this head are not of its mesh: undo that"))
    else:
        return head
    return None


def existing(name: str) -> bpy.types.Object:
    """The head that something was drawn for, ready to take it. Raises OferError(BAD_REQUEST)."""
    head = lookup.named(name)
    if head is None or not hypotheses.is_head(head):
        raise gone(name)
    check_ready(head)
    return head


def check_identity(head: bpy.types.Object, name: str) -> None:
    """Raise OferError(BAD_REQUEST) where the gallery has no such identity that can be shown."""
    if name not in head.ofer.identities or not hypotheses.key_exists(head, name):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no shape key {name_2} of an identity.",
            name=head.name,
            name_2=repr(name),
        )


def check_ready(head: bpy.types.Object) -> None:
    """Raise OferError(BAD_REQUEST) where nothing can be added to a head just now."""
    if is_linked(head):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is linked from another file, where nothing can be added to it.",
            "Make it local first, and open its reconstruction again.",
            name=head.name,
        )
    if head.mode != "OBJECT":
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is being edited: its shapes cannot change meanwhile.",
            "Switch to Object Mode first.",
            name=head.name,
        )


def gone(name: str) -> OferError:
    """That a head which something was drawn for is there no more."""
    return OferError(
        ErrorCode.BAD_REQUEST,
        "The head {head} is gone.",
        "Open the reconstruction again to see the new heads.",
        head=repr(name),
    )


def place(filepath: str) -> Path:
    """Where a path of an operator leads that something is written to. Raises OferError."""
    if filepath.startswith("//") and not bpy.data.filepath:
        raise OferError(
            ErrorCode.READ_ONLY,
            "This .blend has not been saved: there is no folder for {path}.",
            "Save it first, or choose another folder.",
            path=filepath,
        )
    return Path(bpy.path.abspath(filepath))


class OnHead:
    """An operator on the active head: greyed with the reason where there is none to change."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender asks this before it offers the operator."""
        return not no_head(cls, context)
