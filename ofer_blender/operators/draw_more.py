"""Drawing more heads: like the one shown, or again, from what the photo told."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client import reconstruction_reader
from ...ofer_engine.contract import protocol, reconstruction
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sampling import MOST_SEED
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import blend, gallery, head_frame, hints, hypotheses, lookup, pins
from ..skin import skin
from ..translations import CONTEXT
from . import pictures
from .refusal import engine_missing, existing, gone, no_head, setting_up
from .waiting import WAIT


class DrawingOperator:
    """Asks the engine; the result arrives later, as an undo step of its own."""

    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context) or setting_up(cls):
            return False
        return not engine_missing(cls, engine_settings())


class OFER_OT_more_like_this(DrawingOperator, bpy.types.Operator):
    """Draw new heads near the one shown, or near the blend while it is shown"""

    bl_idname = "ofer.more_like_this"
    bl_label = "More Like This"

    strength: bpy.props.FloatProperty(
        name="Difference",
        description="0 is the same head again, 1 drawn afresh. Below 0: as the panel says",
        default=-1.0,
        max=1.0,
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    wait: bpy.props.BoolProperty(**WAIT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        strength = head.ofer.likeness if self.strength < 0 else self.strength
        _ask_for_more(head, "More like this", strength)
        return jobs.follow(self, self.wait)


class OFER_OT_again(DrawingOperator, bpy.types.Operator):
    """Draw more heads from what was read from the photo, with a new seed; the gallery keeps the \
old ones"""

    bl_idname = "ofer.again"
    bl_label = "Draw Again"

    wait: bpy.props.BoolProperty(**WAIT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        _ask_for_more(hypotheses.active_head(context), "Drawing again", 1.0)
        return jobs.follow(self, self.wait)


class OFER_OT_add_heads(bpy.types.Operator):
    """Add the heads that were drawn last in a reconstruction folder to the gallery of a head"""

    bl_idname = "ofer.add_heads"
    bl_label = "Add Heads"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    head: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = existing(self.head)
        frame = head_frame.of(head)
        delivered = reconstruction_reader.take(Path(self.directory))
        if delivered.arrays.identity_vertices.shape[1] != frame.vertices:
            raise OferError(
                ErrorCode.RECONSTRUCTION_DAMAGED,
                "{name} is of another head model than {name_2}.",
                "Open the reconstruction again to see them.",
                name=delivered.record.folder.name,
                name_2=head.name,
            )
        gallery.add_draw(head, delivered, frame)
        return {"FINISHED"}


def shown(head: bpy.types.Object) -> dict[int, float]:
    """What the viewport shows, as weights of candidates."""
    if blend.is_shown(head):
        parts = blend.shares(head)
    else:
        parts = {hypotheses.chosen_identity(head): 1.0}
    rows: dict[int, float] = {}
    for name, share in parts.items():
        for row, weight in hypotheses.rows_of(head, name).items():
            rows[row] = rows.get(row, 0.0) + share * weight
    return rows


def next_seed(seed: int, draws: int) -> int:
    """Another seed for each draw that follows the first; after the largest comes 0."""
    return (seed + draws + 1) % (MOST_SEED + 1)


def _ask_for_more(head: bpy.types.Object, title: str, strength: float) -> None:
    """Ask for new heads and add them to the gallery when they come. Raises OferError."""
    record = head_frame.of(head).record  # a head that they would not fit is refused before the work
    folder, name, uid = record.folder, head.name, head.session_uid
    rows = shown(head)
    asked = protocol.MoreLikeThis(
        id=0,  # the queue numbers its requests
        folder=str(folder),
        out=str(folder.parent),
        name=folder.name.removesuffix(reconstruction.SUFFIX),
        rows=tuple(rows),
        weights=tuple(rows.values()),
        strength=strength,
        identities=head.ofer.drawn,
        keep=min(head.ofer.keep, head.ofer.drawn),
        seed=next_seed(record.settings.seed, len(record.additions)),
        pins=pins.Pinning.of(head).recorded(head) if head.ofer.pins else (),
        hints=hints.of_head(head),
    )

    def deliver(result: Path) -> None:
        head = lookup.of_uid(uid)
        if head is None:
            raise gone(name)
        jobs.insert(bpy.ops.ofer.add_heads, directory=str(result), head=head.name)
        if skin.picture(head):
            pictures.ask(head, "heads")

    jobs.queue.ask(engine_settings(), title, asked, deliver, subject=name, in_line=True)


CLASSES: Final = (
    OFER_OT_more_like_this,
    OFER_OT_again,
    OFER_OT_add_heads,
)
