"""Writing the active head as a web page."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sentence import Sentence
from ..export.plan import identifier
from ..head import hypotheses
from ..translations import translate
from ..web_page import page
from .refusal import place, ready_head


class OFER_OT_export_web_page(bpy.types.Operator):
    """Write a folder with this head and a small viewer: index.html opens in any browser, from \
disk, and shows the head with sliders for the gallery's other heads, expressions and ARKit units"""

    bl_idname = "ofer.export_web_page"
    bl_label = "Export as Web Page…"
    bl_options = {"REGISTER"}  # nothing of the scene changes

    directory: bpy.props.StringProperty(
        name="Folder", description="Where the page's own folder is made", subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )  # fmt: skip
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return ready_head(cls, context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        folder = place(self.directory)
        if not self.directory or not folder.is_dir():
            raise OferError(ErrorCode.BAD_REQUEST, "Choose a folder to put the page in.")
        written = page.export(head, folder / f"{identifier(head.name)}_page")
        self.report(
            {"INFO"},
            translate(
                Sentence("Open {written} in a browser; send the whole folder.", written=written)
            ),
        )
        return {"FINISHED"}


CLASSES = (OFER_OT_export_web_page,)
