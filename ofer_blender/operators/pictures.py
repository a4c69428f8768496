"""The gallery's pictures, made anew with the skin and the eyes that the viewport shows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client import handover
from ...ofer_engine.contract import protocol
from ...ofer_engine.contract import skin as contract
from ...ofer_engine.contract.errors import OferError
from .. import compat
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import gallery, hypotheses, iris_colour, lookup, packed_reconstruction
from ..head.linked import is_linked
from ..skin import handed_skin, skin

STEPS: Final = {
    "insert": "Insert Head",
    "skin": "Wear Skin",
    "heads": "Add Heads",
    "remove": "Remove Skin",
}
"""What the pictures change after, and the labels of those operators: names of undo steps."""
_SKIP: Final = {"SKIP_SAVE"}


class _RenewPictures:
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options=_SKIP)
    head: bpy.props.StringProperty(options=_SKIP)
    changes_head = False

    def execute(self, context: bpy.types.Context) -> set[str]:
        compat.make_undo_ready()
        head = lookup.named(self.head)
        if head is None or not hypotheses.is_head(head) or is_linked(head):
            return {"CANCELLED"}
        painted = skin.picture(head) is not None
        if not gallery.picture_anew(head, Path(self.directory), painted):
            return {"CANCELLED"}
        return {"FINISHED"}


def _renew_after(step: str) -> type[bpy.types.Operator]:
    """Part of the step that changed the skin or the gallery, while that is the latest."""
    own = {
        "__doc__": "Give the heads of a gallery the pictures that the engine made",
        "bl_idname": f"ofer.renew_pictures_after_{step}",
        "bl_label": "Renew Pictures",
        "bl_options": {"UNDO_GROUPED", "INTERNAL"},
        "bl_undo_group": STEPS[step],
    }
    return type(f"OFER_OT_renew_pictures_after_{step}", (_RenewPictures, bpy.types.Operator), own)


def ask(head: bpy.types.Object, step: str, painted: Path | None = None) -> None:
    """Have the engine picture the gallery of a head as it is dressed now; nothing happens where
    the head's reconstruction, its mesh or a folder for the pictures is lost.

    painted : folder of the skin that it was just given, which is taken; None: what it wears is read
    off the head.
    """
    uid, worn = head.session_uid, skin.picture(head)
    place = handover.folder()
    try:
        folder = packed_reconstruction.ensure(head)
        albedo, uv = _move_skin(painted, place) if painted else handed_skin.write(head, place)
    except (OSError, OferError):
        handover.drop(place)
        return
    out = str(place / "pictures")
    asked = protocol.Picture(0, str(folder), out, albedo, uv, iris_colour.of(head))

    def deliver(result: Path) -> None:
        head = lookup.of_uid(uid)
        if head and head.type == "MESH" and head.ofer.is_head and skin.picture(head) == worn:
            renew = getattr(bpy.ops.ofer, f"renew_pictures_after_{step}")
            jobs.insert(renew, directory=str(result), head=head.name)

    jobs.queue.ask(
        engine_settings(),
        "Rendering the pictures",
        asked,
        deliver,
        subject=head.name,
        in_line=True,
        scratch=place,
        follows=True,
    )


def _move_skin(painted: Path, place: Path) -> tuple[str, str]:
    """Paths of the picture and the UVs of a skin, moved to another folder. Raises OSError."""
    moved = painted.rename(place / contract.FOLDER)
    return str(moved / contract.ALBEDO), str(moved / contract.UV)


def ask_if_awake(head: bpy.types.Object, step: str) -> None:
    """As `ask`, but starts no engine for it."""
    client = jobs.queue.client
    if client and client.usable:
        ask(head, step)
        if not bpy.app.background:
            jobs.watch()


CLASSES: Final = tuple(_renew_after(step) for step in STEPS)
