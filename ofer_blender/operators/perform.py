"""A performance from a video: read by the engine, played by a head, cleaned and retargeted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract import performance, protocol, reconstruction
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.names import plain_name
from ...ofer_engine.contract.numbered_pictures import numbered_pictures
from ...ofer_engine.contract.photo_files import PHOTO_SUFFIXES
from ...ofer_engine.contract.sentence import Sentence
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import hypotheses, tweak_mode
from ..motion import backdrop, cleaning, retarget, take
from ..motion.performance import Movers, frames_of, play
from ..photo import head_photos, photo_source
from ..rig import arkit_keys, body
from ..translations import CONTEXT, tr, translate
from ..ui import view
from . import held_keys
from .dropped import OnViewport
from .refusal import OnHead, engine_missing, ready_head, setting_up
from .waiting import WAIT

VIDEO_SUFFIXES: Final = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".mpg", ".ogv")
_LONGEST_NAME: Final = 59
_MOVERS: Final = {
    "name": "Eyes and Jaw",
    "description": "What moves eyes and jaw",
    "items": (
        (str(Movers.KEYS), "Keys", "Eyes and jaw move by the keys eyeLook… and jawOpen"),
        (str(Movers.BONES), "Bones", "Eyes and jaw turn by the bones eye_L, eye_R and jaw"),
    ),
    "translation_context": CONTEXT,
}
_BACKDROP: Final = {
    "name": "Video Behind the Head",
    "description": "Add a camera that sees the head as the video does, with the video behind it, "
    "in sync",
    "default": True,
}


class OFER_OT_perform(bpy.types.Operator):
    """Read a video of a face, in the background: a head of the person that moves as it does"""

    bl_idname = "ofer.perform"
    bl_label = "Performance from Video…"
    bl_options = {"REGISTER"}  # inserting the result is the undo step

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    rate: bpy.props.FloatProperty(
        name="Frame Rate",
        description="Frames a second, where numbered pictures are chosen; 0: 25",
        default=0.0,
        min=0.0,
        max=480.0,
    )
    movers: bpy.props.EnumProperty(**_MOVERS)
    backdrop: bpy.props.BoolProperty(**_BACKDROP)
    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not setting_up(cls) and not engine_missing(cls, engine_settings())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        video = chosen_video(self.filepath)
        if video is None:
            raise OferError(
                ErrorCode.BAD_REQUEST, "There is no such video. Choose a video of a face."
            )
        _ask(context, video, self.rate, Movers(self.movers), self.backdrop)
        return jobs.follow(self, self.wait)


class OFER_FH_video(OnViewport, bpy.types.FileHandler):
    """Videos dropped on the viewport"""

    bl_idname = "OFER_FH_video"
    bl_label = "OFER Faces: Performance from Video"
    bl_import_operator = "ofer.perform"
    bl_file_extensions = ";".join(VIDEO_SUFFIXES)


class OFER_OT_play_performance(OnHead, bpy.types.Operator):
    """Let the head play the performance that was read with it: actions on its keys and bones"""

    bl_idname = "ofer.play_performance"
    bl_label = "Play Performance"
    bl_options = {"REGISTER", "UNDO"}

    directory: bpy.props.StringProperty(
        name="Reconstruction",
        description="The NAME.ofer that holds the performance; the head's own unless chosen",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    video: bpy.props.StringProperty(
        name="Video", description="To be shown behind the head", subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )  # fmt: skip
    start: bpy.props.IntProperty(
        name="Start", description="Frame of the scene at which the performance begins", default=1
    )
    movers: bpy.props.EnumProperty(**_MOVERS)
    backdrop: bpy.props.BoolProperty(**_BACKDROP)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head, scene = hypotheses.active_head(context), context.scene
        ofer = bpy.path.abspath(self.directory) if self.directory else head.ofer.folder
        recorded = performance.read(Path(ofer) / performance.FOLDER)
        take.check_left(head)
        first, last = frames_of(recorded, self.start)
        if not arkit_keys.complete(head):
            bpy.ops.ofer.add_arkit()
        if body.carrier_of(head) is None:
            bpy.ops.ofer.add_rig()
        backdrop.keep_step(scene, recorded.rate)
        play(head, recorded, self.start, Movers(self.movers))
        scene.frame_start, scene.frame_end = first, last
        video = chosen_video(self.video)
        if self.backdrop and video is not None:
            try:
                backdrop.set_up(scene, head, recorded, video, self.start)
            except RuntimeError:
                self.report(
                    {"WARNING"}, translate("Blender cannot show this video: it is left out.")
                )
        bridged = int(recorded.array("bridged").sum())
        message = Sentence(
            "{frames} frames are played; {bridged} of them did not show the face.",
            frames=recorded.frames,
            bridged=bridged,
        )
        self.report({"INFO"}, translate(message))
        held_keys.warn_of_motion(self, head)
        return {"FINISHED"}


class _OnMotion:
    """An operator on what moves the keys of the active head."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = ready_head(cls, context)
        if head and not cleaning.of_head(head):
            cls.poll_message_set(tr("Nothing moves this head's 52 keys: play a take first"))
            return False
        return head is not None


class OFER_OT_clean_motion(_OnMotion, bpy.types.Operator):
    """Smooth or exaggerate the motion of the 52 keys, or subtract the resting face"""

    bl_idname = "ofer.clean_motion"
    bl_label = "Clean Motion"
    bl_options = {"REGISTER", "UNDO"}

    smooth: bpy.props.FloatProperty(
        name="Smooth",
        description="Frames that are averaged; lids and gaze are smoothed less",
        default=1.0,
        min=0.0,
        max=30.0,
    )
    exaggerate: bpy.props.FloatProperty(
        name="Exaggerate", description="Factor of all weights", default=1.0, min=0.0, max=4.0
    )
    offset: bpy.props.FloatProperty(
        name="Remove Neutral",
        description="How much of the face at the current frame is subtracted from all frames: go "
        "to a frame where the face rests",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        if shared := cleaning.make_own(head):
            message = Sentence(
                "{action} is linked or animates others, too: {name} got a copy of its own.",
                action=shared,
                name=head.name,
            )
            self.report({"INFO"}, translate(message))
        made = cleaning.of_head(head)
        frame = context.scene.frame_current_final
        cleaning.clean(made, self.smooth, self.exaggerate, self.offset, frame)
        return {"FINISHED"}


class OFER_OT_retarget_motion(_OnMotion, bpy.types.Operator):
    """Give the motion of the active head's keys to the other selected meshes with ARKit's keys"""

    bl_idname = "ofer.retarget_motion"
    bl_label = "Retarget to Selected"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not _targets(context):
            cls.poll_message_set(tr("Select another mesh with ARKit's keys, the head last"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        made = cleaning.of_head(head)
        source = head.data.shape_keys.animation_data.action.name
        targets = _targets(context)
        for mesh in targets:
            tweak_mode.check_left(mesh.name, mesh.data.shape_keys)
        for mesh in targets:
            _, units = retarget.retarget(made, mesh, f"{mesh.name} {source}")
            message = Sentence("{name} plays {units} of 52 units.", name=mesh.name, units=units)
            self.report({"INFO"}, translate(message))
            held_keys.warn(self, mesh, retarget.held_units(made, mesh))
        return {"FINISHED"}


def chosen_video(path: str) -> Path | None:
    """The file, or the folder of the numbered picture that was chosen, unless it is of another shot
    than most of them; None where nothing is."""
    if not path:
        return None
    found = Path(bpy.path.abspath(path))
    if found.is_file() and found.suffix.lower() not in VIDEO_SUFFIXES:
        numbered = found.suffix.lower() in PHOTO_SUFFIXES and any(map(str.isdigit, found.stem))
        return found.parent if numbered and _of_the_folder(found) else found
    return found if found.exists() else None


def _of_the_folder(picture: Path) -> bool:
    """It is of the shot that its folder stands for."""
    try:
        return any(file == picture for _, file in numbered_pictures(picture.parent))
    except OferError:
        return False


def _targets(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Meshes with keys of their own, each once, whose keys this file can change."""
    head = hypotheses.active_head(context)
    found = {
        each.data.shape_keys: each
        for each in context.selected_objects
        if each != head and retarget.units_of(each) and each.data.shape_keys.is_editable
    }
    found.pop(head.data.shape_keys, None)
    return list(found.values())


def _ask(
    context: bpy.types.Context, video: Path, rate: float, movers: Movers, behind: bool
) -> None:
    """Ask the engine for head and performance, and put both into the scene when they come."""
    engine, settings = engine_settings(), context.scene.ofer
    seen_from = view.place(context)
    asked = protocol.Perform(
        0,
        str(video),
        str(engine.reconstructions),
        plain_name(video.stem, _LONGEST_NAME),
        pack=settings.pack_id,
        identities=settings.identities,
        keep=min(settings.keep, settings.identities),
        seed=settings.seed,
        guidance=settings.guidance,
        rate=rate,
    )

    def deliver(folder: Path) -> None:
        record = reconstruction.read(folder)
        frames = folder.parent / f"{record.name}{reconstruction.FRAMES}"
        for photographed in record.views:
            picture = frames / photographed.photo.name
            if picture.is_file():
                source = photo_source.from_file(str(picture))
                head_photos.remember(photographed.photo.sha256, source)
        jobs.insert(
            bpy.ops.ofer.insert_head, directory=str(folder), present=False, seen_from=seen_from
        )
        jobs.insert(
            bpy.ops.ofer.play_performance,
            directory=str(folder),
            video=str(video),
            movers=str(movers),
            backdrop=behind,
            start=1,
        )

    jobs.queue.ask(engine, "Reading the video", asked, deliver, subject=video.name, in_line=True)


CLASSES = (
    OFER_OT_perform,
    OFER_FH_video,
    OFER_OT_play_performance,
    OFER_OT_clean_motion,
    OFER_OT_retarget_motion,
)
