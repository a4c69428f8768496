"""Exporting the active head for another program, checking it, and the fixes of what is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.names import plain_name
from ...ofer_engine.contract.sentence import Sentence, joined
from ..export import (
    check_file,
    check_head,
    check_pictures,
    check_vrm,
    influences,
    key_range,
    real_size,
    write,
)
from ..export.finding import Level
from ..export.plan import Frames, Keys, Plan, identifier, target_of
from ..export.presets import Target
from ..head import helper_keys, hypotheses
from ..head.linked import check_own
from ..rig import body, rig
from ..translations import translate
from ..undo.atomic_output import has_name, nameless
from .refusal import place, ready_head

_WRITTEN: Final[dict[tuple[int, Target], Path]] = {}
"""The files that this session wrote or looked at, by head and target: the scene keeps no path."""


class _HeadOperator:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return ready_head(cls, context) is not None


class OFER_OT_export_head(_HeadOperator, bpy.types.Operator):
    """Write the head for another program, from a copy: the scene stays as it is"""

    bl_idname = "ofer.export_head"
    bl_label = "Export Head…"
    bl_options = {"REGISTER"}  # nothing of the scene changes

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    target: bpy.props.EnumProperty(
        name="For", items=write.TARGETS, default="GLB", options={"SKIP_SAVE"}
    )
    overwrite: bpy.props.BoolProperty(
        name="Overwrite",
        description="Write over a file of this name, even if no export of this name made it",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        head = hypotheses.active_head(context)
        self.target = head.ofer_export.target
        self.overwrite = True  # the file browser asks
        suffix = plan_of(head, Path("x"), Target(self.target)).file.suffix
        folder = bpy.path.abspath("//") if bpy.data.filepath else str(Path.home())
        self.filepath = str(Path(folder) / f"{plain_name(identifier(head.name))}{suffix}")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        if not has_name(self.filepath):
            return False
        head = hypotheses.active_head(context)
        wanted = str(plan_of(head, Path(self.filepath), Target(self.target)).file)
        changed = wanted != self.filepath
        self.filepath = wanted
        return changed

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not has_name(self.filepath):
            raise nameless()
        head = hypotheses.active_head(context)
        wanted = place(self.filepath)
        chosen = self.properties.is_property_set("target")
        plan = plan_of(head, wanted, Target(self.target) if chosen else target_of(wanted))
        plan = replace(plan, overwrite=self.overwrite)
        path = write.export(head, plan)
        _WRITTEN[head.session_uid, plan.target] = path
        faults = [each for each in check_file.after(head, plan) if each.level is Level.FAULT]
        if faults:
            self.report(
                {"WARNING"},
                translate(
                    Sentence("{name} was written, but: {text}", name=path.name, text=faults[0].text)
                ),
            )
        else:
            message = Sentence("{name} was written.", name=path.name)
            left = [each.text for each in check_pictures.before(head, plan)]
            self.report({"INFO"}, translate(joined(message, *left, plan.note)))
        return {"FINISHED"}


class OFER_OT_check_export(_HeadOperator, bpy.types.Operator):
    """Check whether the head suits its target, and read back the file that was exported"""

    bl_idname = "ofer.check_export"
    bl_label = "Check Export"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(
        name="File", description="An exported file to read back", subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )  # fmt: skip

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        settings = head.ofer_export
        target = Target(settings.target)
        if self.filepath:
            _WRITTEN[head.session_uid, target] = Path(bpy.path.abspath(self.filepath))
        written = _WRITTEN.get((head.session_uid, target))
        plan = plan_of(head, written or Path(), target)
        found = check_head.before(head, plan)
        if written:
            found += check_file.after(head, plan)
        settings.findings.clear()
        for each in found:
            line = settings.findings.add()
            line.level, line.text, line.fix = each.level, each.text, each.fix
        faults = sum(each.level is Level.FAULT for each in found)
        self.report(
            {"INFO"},
            translate(
                Sentence("{faults} faults found.", faults=faults) if faults else "No faults found."
            ),
        )
        return {"FINISHED"}


class OFER_OT_unmute_keys(_HeadOperator, bpy.types.Operator):
    """Unmute every shape key of the head"""

    bl_idname = "ofer.unmute_keys"
    bl_label = "Unmute Keys"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        for key in hypotheses.active_head(context).data.shape_keys.key_blocks:
            key.mute = False
        return {"FINISHED"}


class OFER_OT_reset_ranges(_HeadOperator, bpy.types.Operator):
    """Let every shape key of the head go from 0 to 1, and as far as it is on or animated"""

    bl_idname = "ofer.reset_ranges"
    bl_label = "Reset Ranges"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        jaw = helper_keys.names(head, helper_keys.JAW)
        wide = []
        for key in head.data.shape_keys.key_blocks[1:]:
            if key.name in jaw:  # a jaw may turn the other way, too
                continue
            low, high = key_range.reached(key)
            key.slider_min, key.slider_max = min(low, 0.0), max(high, 1.0)
            if low < 0 or high > 1:
                wide.append(key.name)
        if wide:
            said = "{names} are on or animated beyond 0 and 1: their ranges stay as wide."
            self.report({"INFO"}, translate(Sentence(said, names=", ".join(wide))))
        return {"FINISHED"}


class OFER_OT_limit_influences(_HeadOperator, bpy.types.Operator):
    """Let every vertex follow its four strongest bones only"""

    bl_idname = "ofer.limit_influences"
    bl_label = "Limit to Four Bones"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        armature = body.carrier_of(head)
        influences.limit(head, armature.data.bones.keys() if armature else rig.BONES)
        return {"FINISHED"}


class OFER_OT_real_size(_HeadOperator, bpy.types.Operator):
    """Give the head, or the rig that it hangs on, its real size again"""

    bl_idname = "ofer.real_size"
    bl_label = "Real Size"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        for each in filter(None, (head, rig.rig_of(head))):
            check_own(each)
        real_size.give(head)
        return {"FINISHED"}


class OFER_OT_bake_shown(_HeadOperator, bpy.types.Operator):
    """The shape that the keys make now becomes the neutral one of the file"""

    bl_idname = "ofer.bake_shown"
    bl_label = "Bake What Is Shown"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        hypotheses.active_head(context).ofer_export.bake = True
        return {"FINISHED"}


class OFER_OT_export_animation(_HeadOperator, bpy.types.Operator):
    """What moves the head goes into the file"""

    bl_idname = "ofer.export_animation"
    bl_label = "Export the Animation"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        hypotheses.active_head(context).ofer_export.animation = True
        return {"FINISHED"}


def plan_of(head: bpy.types.Object, path: Path, target: Target) -> Plan:
    """What the panel of this head asks for."""
    settings = head.ofer_export
    return Plan(
        target, path, Keys(settings.keys), settings.bake, settings.lods,
        close_neck=settings.close_neck, body=settings.body, modifiers=settings.apply_modifiers,
        record=settings.record, animation=settings.animation,
        frames=Frames(settings.frames), rate=settings.rate,
        humanoid=target is Target.VRM and check_vrm.lacking(head) is None, author=settings.author,
    )  # fmt: skip


CLASSES = (
    OFER_OT_export_head,
    OFER_OT_check_export,
    OFER_OT_unmute_keys,
    OFER_OT_reset_ranges,
    OFER_OT_limit_influences,
    OFER_OT_real_size,
    OFER_OT_bake_shown,
    OFER_OT_export_animation,
)
