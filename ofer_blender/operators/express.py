"""Computing the expressions, and the 52 ARKit keys, anew for the head that was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client import handover
from ...ofer_engine.contract import protocol
from ...ofer_engine.contract.errors import OferError
from .. import compat
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import head_frame, hypotheses, lookup
from ..head.head_frame import HeadFrame
from ..rig import arkit_keys, computed
from ..translations import tr
from .refusal import engine_missing, existing, no_head, setting_up
from .waiting import WAIT

STEPS: Final = {
    "use_identity": "Use This One",
    "use_blend": "Use the Blend",
    "browse": "Browse",
    "add_arkit": "Add ARKit 52",
}
"""Operators after which a running engine computes anew, and their labels: names of undo steps."""
_read_ahead: Final[dict[str, tuple[HeadFrame, computed.Computed]]] = {}
"""Read ahead of a head and its answer, for the operator that lays the answer on."""
_SAME: Final = 1e-5
"""Metres of a head of its own size: keys this near to what the engine computed need no change, and
no undo step."""


class OFER_OT_express(bpy.types.Operator):
    """Compute expressions and ARKit keys anew for the head that is the Basis; strengths stay"""

    bl_idname = "ofer.express"
    bl_label = "Compute for This Head"
    bl_options = {"REGISTER"}  # the result is the undo step

    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context) or setting_up(cls):
            return False
        if not _to_compute(hypotheses.active_head(context)):
            cls.poll_message_set(tr("This head has no expressions"))
            return False
        return not engine_missing(cls, engine_settings())

    def execute(self, context: bpy.types.Context) -> set[str]:
        ask(hypotheses.active_head(context))
        return jobs.follow(self, self.wait)


class _RenewExpressions:
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    head: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        compat.make_undo_ready()
        head = existing(self.head)
        frame, found = _frame_and_answer(head, self.filepath)
        computed.renew(head, frame, found)
        return {"FINISHED"}


class OFER_OT_renew_expressions(_RenewExpressions, bpy.types.Operator):
    """Give the expressions of a head the shapes that the engine computed"""

    bl_idname = "ofer.renew_expressions"
    bl_label = "Renew Expressions"
    bl_options = {"UNDO", "INTERNAL"}


def _renew_after(step: str) -> type[bpy.types.Operator]:
    """As `renew_expressions`, but part of the step that the expressions were computed for, while
    that is the latest: Blender then replaces it, since the group has its name."""
    own = {
        "__doc__": OFER_OT_renew_expressions.__doc__,
        "bl_idname": f"ofer.renew_after_{step}",
        "bl_label": OFER_OT_renew_expressions.bl_label,
        "bl_options": {"UNDO_GROUPED", "INTERNAL"},
        "bl_undo_group": STEPS[step],
    }
    return type(f"OFER_OT_renew_after_{step}", (_RenewExpressions, bpy.types.Operator), own)


def _to_compute(head: bpy.types.Object) -> bool:
    """It has expressions, or keys of units."""
    return len(head.ofer.expressions) > 1 or bool(arkit_keys.present(head))


def ask(head: bpy.types.Object, step: str = "", frame: HeadFrame | None = None) -> None:
    """Have the engine compute the expressions on the Basis, and the units that are there.

    step : of `STEPS`, what they are computed for; frame : of the head as it is, where that was
    found already. Raises OferError.
    """
    # A head that they would not fit is refused before the work.
    frame = frame or head_frame.of(head)
    folder, uid, basis = frame.record.folder, head.session_uid, head.ofer.basis
    rows = hypotheses.rows_of(head, basis)
    out = handover.expect("expressions.npz")

    def deliver(result: Path) -> None:
        _deliver(result, uid, basis, step)

    shares, units = tuple(rows.values()), bool(arkit_keys.present(head))
    jobs.queue.ask(
        engine_settings(),
        "Computing expressions",
        protocol.Express(0, str(folder), str(out), tuple(rows), shares, units),
        deliver,
        subject=head.name,
        in_line=True,
        scratch=out.parent,
    )


def ask_if_awake(head: bpy.types.Object, step: str, frame: HeadFrame | None = None) -> None:
    """As `ask`, but starts no engine for it and leaves all as it is where it cannot be done: the
    panel says for which head the expressions were computed."""
    client = jobs.queue.client
    if not (client and client.usable) or not _to_compute(head):
        return
    if not head.ofer.folder or not Path(bpy.path.abspath(head.ofer.folder)).is_dir():
        return
    try:
        ask(head, step, frame)
    except OferError:
        return
    if not bpy.app.background:
        jobs.watch()


def _frame_and_answer(head: bpy.types.Object, path: str) -> tuple[HeadFrame, computed.Computed]:
    """The head's frame and the engine's answer. Raises OferError."""
    if path in _read_ahead:
        return _read_ahead[path]
    frame = head_frame.of(head)
    return frame, computed.read(Path(path), frame.vertices)


def _deliver(result: Path, uid: int, basis: str, step: str) -> None:
    """Change the keys where they differ; what was computed for a head left since is dropped."""
    head = lookup.of_uid(uid)
    if head is None or head.ofer.basis != basis or not head.data.shape_keys:
        return
    frame = head_frame.of(head)
    found = computed.read(result, frame.vertices)
    if computed.differs(head, frame, found, _SAME * frame.placed.scale):
        renewing = f"renew_after_{step}" if step else "renew_expressions"
        _read_ahead[str(result)] = frame, found
        try:
            jobs.insert(getattr(bpy.ops.ofer, renewing), filepath=str(result), head=head.name)
        finally:
            _read_ahead.clear()
    else:
        computed.settle(head, frame, found)


CLASSES: Final = (
    OFER_OT_express,
    OFER_OT_renew_expressions,
    *(_renew_after(step) for step in STEPS),
)
