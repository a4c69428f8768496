"""The guard at the border to Blender: every class of ours passes through it as it is registered.

An operator that fails ends in a sentence with a next step, and the file is what it was before; a
panel, a property's callback or a file handler that fails says so and does no harm.
"""

from __future__ import annotations

import functools
import sys
import typing
from collections.abc import Callable
from typing import Any, Final

import bpy

from ...ofer_engine.client import faults
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import comparison, hypotheses, lookup, own_mesh
from ..rig import rig
from ..translations import translate
from . import transaction
from .transaction import Transaction

_ADDON: Final = __package__.rpartition(".")[0]
_CHANGING: Final = frozenset({"UNDO", "UNDO_GROUPED"})
_MADE: Final = ("camera", "photo_beside", "seam", "video_camera")
"""Properties of a head: what was made for it, and is made anew in place."""


def register(kind: type) -> None:
    """Register a class of ours, guarded."""
    if issubclass(kind, bpy.types.Operator):
        _guard_operator(kind)
    elif issubclass(kind, bpy.types.Panel | bpy.types.AddonPreferences):
        _wrap(kind, "draw", _drawing)
    for name in ("poll", "poll_drop"):
        _wrap(kind, name, _polling)
    _guard_properties(kind)
    bpy.utils.register_class(kind)


def start() -> None:
    """Say where traces go."""
    faults.settings.log = lambda: engine_settings().faults


def _guard_operator(kind: type) -> None:
    _wrap(kind, "execute", _executing)
    for name in ("invoke", "modal"):
        _wrap(kind, name, _interacting)
    _wrap(kind, "draw", _drawing)
    _wrap(kind, "check", _checking)
    _wrap(kind, "cancel", _cancelling)


def _wrap(kind: type, name: str, wrapper: Callable[[Callable], Callable]) -> None:
    """Put a wrapper around a method, also an inherited one, once."""
    found = next((vars(each)[name] for each in kind.__mro__ if name in vars(each)), None)
    ours = (each for each in kind.__mro__ if name in vars(each) and _is_ours(each))
    if found is None or next(ours, None) is None:
        return
    method = found.__func__ if isinstance(found, classmethod) else found
    if getattr(method, "is_guarded", False):
        return
    guarded = functools.wraps(method)(wrapper(method))
    guarded.is_guarded = True
    setattr(kind, name, classmethod(guarded) if isinstance(found, classmethod) else guarded)


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith(_ADDON)


# Blender counts the parameters of what it calls: each wrapper has those of its method.


def _executing(method: Callable) -> Callable:
    def execute(self: bpy.types.Operator, context: bpy.types.Context) -> set[str]:
        change, asked = None, (jobs.queue.job, len(jobs.queue.line))
        head, name = None, ""
        try:
            if head := hypotheses.active_head(context):
                name = head.name
            touched = _touched(self, context)
            shared = [each for each in touched if each.ofer.is_head and own_mesh.is_shared(each)]
            change = Transaction(context, touched, getattr(self, "changes_surface", True))
            for each in shared if getattr(self, "changes_head", True) else ():
                own_mesh.make_single_user(each)
            for each in touched:
                own_mesh.release_photo(each)
            outcome = method(self, context)
            change.check()
        except BaseException as cause:
            lost = isinstance(cause, ReferenceError) or (head and not _is_still(head))
            if change:
                change.roll_back()
            faults.guarded(reported=False)(jobs.queue.roll_back)(*asked)
            if not isinstance(cause, Exception):
                raise
            return _refuse(self, _of_others(cause, name) if lost else cause)
        faults.guarded(reported=False)(change.commit)()  # what was asked for is done
        return outcome

    return execute


def _interacting(method: Callable) -> Callable:
    def interact(
        self: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event
    ) -> set[str]:
        try:
            return method(self, context, event)
        except Exception as cause:  # noqa: BLE001 the border
            for name in ("roll_back", "cancel"):  # what it keeps outside the file, and had begun
                if ending := getattr(self, name, None):
                    faults.guarded(reported=False)(ending)(context)
            return _refuse(self, cause)

    return interact


def _drawing(method: Callable) -> Callable:
    def draw(self: bpy.types.Panel, context: bpy.types.Context) -> None:
        try:
            method(self, context)
        except Exception as cause:  # noqa: BLE001 the border; a panel is drawn again and again
            column = self.layout.column(align=True)
            column.label(
                text=translate(faults.caught(cause).message), icon="ERROR", translate=False
            )
            column.operator("ofer.copy_report", icon="COPYDOWN")

    return draw


def _checking(method: Callable) -> Callable:
    def check(self: bpy.types.Operator, context: bpy.types.Context) -> bool:
        return faults.guarded(False)(method)(self, context)

    return check


def _cancelling(method: Callable) -> Callable:
    def cancel(self: bpy.types.Operator, context: bpy.types.Context) -> None:
        faults.guarded()(method)(self, context)

    return cancel


def _polling(method: Callable) -> Callable:
    def poll(kind: type, context: bpy.types.Context) -> bool:
        try:
            return method(kind, context)
        except Exception as cause:  # noqa: BLE001 the border
            error = faults.caught(cause)
            if issubclass(kind, bpy.types.Operator):
                kind.poll_message_set(translate(error.sentence))
            return False

    return poll


def _is_still(head: bpy.types.Object) -> bool:
    try:
        return hypotheses.is_head(head)
    except ReferenceError:
        return False


def _of_others(cause: Exception, name: str) -> Exception:
    """The error for a head, or what belongs to it, that is gone in the midst of the work: Blender
    calls the handlers of others whenever it shows another frame or something changed."""
    if faults.foreseen(cause):
        return cause
    faults.log(cause)
    return OferError(
        ErrorCode.BAD_REQUEST,
        "{name} was changed by another add-on or a script while OFER Faces was at work on it.",
        "Turn off what changes the file by itself, press Undo, and try again.",
        name=name or "The head",
    )


def _refuse(operator: bpy.types.Operator, cause: Exception) -> set[str]:
    operator.report({"ERROR"}, translate(faults.caught(cause).sentence))
    return {"CANCELLED"}


def _touched(operator: bpy.types.Operator, context: bpy.types.Context) -> list[bpy.types.Object]:
    """The objects that an operator of ours may change: the head, and what belongs to it."""
    if not _CHANGING & set(operator.bl_options):
        return []
    named = lookup.named(getattr(operator, "head", ""))
    found: dict[int, bpy.types.Object] = {}
    for head in filter(None, (hypotheses.active_head(context), named)):
        copies = comparison.copies(head) if head.ofer.comparing else []
        made = (getattr(head.ofer, name) for name in _MADE)
        for each in filter(None, (head, rig.rig_of(head), *made, *copies)):
            found[each.session_uid] = each
    return list(found.values())


def _guard_properties(kind: type) -> None:
    """Put the guard around the callbacks of a class's properties."""
    for each in kind.__mro__:
        own = vars(each).get("__annotations__") if _is_ours(each) else None
        if not own:
            continue
        properties = typing.get_type_hints(each, vars(sys.modules[each.__module__]))
        for name in own:
            keywords = getattr(properties[name], "keywords", None)
            if keywords is not None:
                _guard_callbacks(keywords)
                own[name] = properties[name]  # the very one, since hints are evaluated each time


def _guard_callbacks(keywords: dict[str, Any]) -> None:
    for name in _CALLING:
        callback = keywords.get(name)
        if callable(callback) and not getattr(callback, "is_guarded", False):
            keywords[name] = functools.wraps(callback)(_CALLING[name](callback))
            keywords[name].is_guarded = True


def _called(callback: Callable, otherwise: Any, *given: Any) -> Any:
    """Blender hears of no exception in a callback: the operator that caused it does, if any did."""
    try:
        return callback(*given)
    except Exception as cause:  # noqa: BLE001 the border
        if not transaction.mark_failed(cause):
            faults.settings.report(faults.caught(cause))
        return otherwise


def _updating(callback: Callable) -> Callable:
    def update(self: Any, context: bpy.types.Context) -> None:
        _called(callback, None, self, context)

    return update


def _getting(callback: Callable) -> Callable:
    def get(self: Any) -> Any:
        return _called(callback, 0, self)

    return get


def _setting(callback: Callable) -> Callable:
    def change(self: Any, value: Any) -> None:
        _called(callback, None, self, value)

    return change


def _listing(callback: Callable) -> Callable:
    def items(self: Any, context: bpy.types.Context | None) -> list:
        return _called(callback, [], self, context)

    return items


def _offering(callback: Callable) -> Callable:
    def poll(self: Any, thing: Any) -> bool:
        return _called(callback, False, self, thing)

    return poll


_CALLING: Final[dict[str, Callable[[Callable], Callable]]] = {
    "update": _updating, "get": _getting, "set": _setting, "items": _listing, "poll": _offering,
}  # fmt: skip
