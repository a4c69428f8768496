"""Takes of Live Link Face and of web trackers on the active head: read as animation, written from
it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.contract.files.live_link import write_live_link
from ...ofer_engine.contract.files.take import SUFFIXES, read_take
from ...ofer_engine.contract.names import plain_name
from ...ofer_engine.contract.sentence import Sentence
from ..head import hypotheses
from ..motion import take
from ..rig import arkit_keys, body
from ..translations import tr, translate
from ..undo.atomic_output import atomic_output, has_name, nameless
from . import held_keys
from .refusal import place, ready_head

_SUFFIX = ".csv"


class _OnUnits:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head and not arkit_keys.complete(head):
            cls.poll_message_set(tr("Add the 52 ARKit keys first"))
            return False
        return head is not None


class OFER_OT_import_take(_OnUnits, bpy.types.Operator):
    """Let the head play a take: a CSV file of Live Link Face, or the JSON of a web tracker"""

    bl_idname = "ofer.import_take"
    bl_label = "Import Take…"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{each}" for each in SUFFIXES), options={"HIDDEN"}
    )
    rate: bpy.props.IntProperty(
        name="Frame Rate",
        description="Frames a second of the take; 0: as the file suggests",
        default=0,
        min=0,
        max=240,
    )
    start: bpy.props.IntProperty(
        name="Start", description="Frame of the scene at which the take begins", default=1
    )
    turn: bpy.props.BoolProperty(
        name="Turn the Head", description="The bone head of the rig turns, too", default=True
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.start = context.scene.frame_current
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        path = Path(bpy.path.abspath(self.filepath))
        motion = read_take(path, self.rate or None)
        take.play(head, motion, path.stem, self.start, self.turn)
        message = Sentence(
            "{frames} frames, {seconds} s, from frame {start} on.",
            frames=len(motion.times),
            seconds=f"{motion.times[-1]:.1f}",
            start=self.start,
        )
        self.report({"INFO"}, translate(message))
        held_keys.warn_of_motion(self, head)
        if self.turn and motion.head.any() and body.carrier_of(head) is None:
            message = "The take turns the head: press Rig and import it again for that."
            self.report({"INFO"}, translate(message))
        return {"FINISHED"}


class OFER_OT_export_take(_OnUnits, bpy.types.Operator):
    """Write what the head does, from the scene's first frame to its last, as a take of Live Link \
Face"""

    bl_idname = "ofer.export_take"
    bl_label = "Export Take…"
    bl_options = {"REGISTER"}  # nothing of the scene changes

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.csv", options={"HIDDEN"})
    overwrite: bpy.props.BoolProperty(
        name="Overwrite",
        description="Write over a file of this name",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.overwrite = True  # the file browser asks
        folder = bpy.path.abspath("//") if bpy.data.filepath else str(Path.home())
        head = hypotheses.active_head(context)
        self.filepath = str(Path(folder) / f"{plain_name(head.name)}{_SUFFIX}")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        if not has_name(self.filepath):
            return False
        wanted = bpy.path.ensure_ext(self.filepath, _SUFFIX)
        changed, self.filepath = wanted != self.filepath, wanted
        return changed

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not has_name(self.filepath):
            raise nameless()
        head, scene = hypotheses.active_head(context), context.scene
        path = Path(bpy.path.ensure_ext(str(place(self.filepath)), _SUFFIX))
        motion = take.record(head, scene.frame_start, scene.frame_end)
        with atomic_output(path, overwrite=self.overwrite) as output:
            write_live_link(output.folder / path.name, motion)
            output.publish([path.name])
        self.report({"INFO"}, translate(Sentence("{name} was written.", name=path.name)))
        return {"FINISHED"}


CLASSES = (OFER_OT_import_take, OFER_OT_export_take)
