"""Weight files that the user has obtained: shown with their licence, then installed."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.protocol import InstallWeights
from ..engine import jobs, packs
from ..engine.engine_settings import engine_settings
from ..translations import tr
from ..ui.reveal import reveal
from .dropped import OnViewport, given_paths
from .refusal import busy, engine_missing
from .waiting import WAIT

_FORMATS = ".safetensors;.pt;.pth;.ckpt;.pkl;.tar;.npy;.onnx"


class OFER_OT_import_weights(bpy.types.Operator):
    """Look at published weight files; each is shown with its licence before it is installed"""

    bl_idname = "ofer.import_weights"
    bl_label = "Import Weights"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"}
    )
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{kind}" for kind in _FORMATS.split(";")),
        options={"HIDDEN", "SKIP_SAVE"},
    )
    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not busy(cls) and not engine_missing(cls, engine_settings())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if given_paths(self):
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        paths = [bpy.path.abspath(path) for path in given_paths(self)]
        if not paths:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "No weight file is chosen.",
                "Choose the files of the weights.",
            )
        jobs.queue.inspect_weights(engine_settings(), paths)
        reveal(context)
        return jobs.follow(self, self.wait)


class OFER_FH_weights(OnViewport, bpy.types.FileHandler):
    """Weight files dropped on the viewport"""

    bl_idname = "OFER_FH_weights"
    bl_label = "OFER Faces: Install Weights"
    bl_import_operator = "ofer.import_weights"
    bl_file_extensions = _FORMATS


class OFER_OT_install_weights(bpy.types.Operator):
    """Accept the licences shown and install the weight files; the files themselves stay"""

    bl_idname = "ofer.install_weights"
    bl_label = "Accept and Install"
    bl_options = {"REGISTER"}

    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if busy(cls) or engine_missing(cls, engine_settings()):
            return False
        if any(not file.refusal for file in jobs.queue.weights):
            return True
        cls.poll_message_set(tr("Choose weight files with Import Weights first"))
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        paths = tuple(file.path for file in jobs.queue.weights if not file.refusal)
        jobs.queue.ask(
            engine_settings(), "Installing weights", InstallWeights(0, paths), _installed
        )
        jobs.queue.weights = ()
        return jobs.follow(self, self.wait)


class OFER_OT_decline_weights(bpy.types.Operator):
    """Install nothing"""

    bl_idname = "ofer.decline_weights"
    bl_label = "Do Not Install"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.queue.weights = ()
        return {"FINISHED"}


class OFER_OT_use_open_pack(bpy.types.Operator):
    """Reconstruct with the pack that is part of OFER Faces"""

    bl_idname = "ofer.use_open_pack"
    bl_label = "Use the Open Pack"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False

    def execute(self, context: bpy.types.Context) -> set[str]:
        if context.scene.ofer.pack_id == packs.OPEN:
            self.report({"INFO"}, tr("The open pack is chosen already."))
            return {"CANCELLED"}
        context.scene.ofer.pack_id = packs.OPEN
        return {"FINISHED"}


def _installed(folder: Path) -> None:
    packs.forget()


CLASSES = (
    OFER_OT_import_weights,
    OFER_FH_weights,
    OFER_OT_install_weights,
    OFER_OT_decline_weights,
    OFER_OT_use_open_pack,
)
