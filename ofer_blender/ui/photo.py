"""Panel Photo: choose pictures and faces, reconstruct."""

from __future__ import annotations

from dataclasses import fields

import bpy

from ...ofer_engine.contract.protocol import FaceFound, PhotoOpened
from ..engine import jobs, packs
from ..engine.engine_settings import ADDON, engine_settings
from ..head import hypotheses
from ..head.presentation import PREFIX, Presentation
from ..photo import face_pictures, panel_photo, photo_source
from ..photo.face_order import left_to_right
from ..photo.panel_photo import Shown
from ..photo.photo_properties import BOX, FOUND
from ..translations import tr, translate
from .setup import draw_set_up
from .tab import Tab, draw_hints, draw_job, say
from .weights import draw_weights

_LARGE, _SMALL, _FACE = 9.0, 5.0, 3.5
"""Sides of pictures, in heights of a button; small once there is a head to look at."""
_COLUMNS = 4


class OFER_PT_photo(Tab, bpy.types.Panel):
    bl_label = "Photo"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = context.scene.ofer
        draw_weights(layout)
        shown = panel_photo.shown(context)
        _draw_photos(layout, settings, shown)
        if shown:
            _draw_face(layout, shown, hypotheses.active_head(context) is None)
        if not engine_settings().installed and jobs.queue.job is None:
            say(layout, "One thing first: OFER Faces fetches its engine, once.", "INFO")
            draw_set_up(layout)
        elif settings.photos:
            button = layout.row()
            button.scale_y = 1.5
            button.operator("ofer.reconstruct", icon="USER")
            _draw_claim(layout, settings)
        if engine_settings().installed:
            layout.operator("ofer.perform", icon="FILE_MOVIE")
        draw_job(layout)


class OFER_PT_person(Tab, bpy.types.Panel):
    """What may be told of the person, beside Reconstruct, where the pack can be told anything."""

    bl_label = "About the Person"
    bl_parent_id = "OFER_PT_photo"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        pack = packs.installed().get(context.scene.ofer.pack_id)
        return bool(pack and pack.hints)

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.ofer
        draw_hints(self.layout, settings, packs.installed()[settings.pack_id].hints)
        say(self.layout, "The photo decides what it shows; what it hides follows this.", "INFO")


class OFER_PT_options(Tab, bpy.types.Panel):
    bl_label = "Options"
    bl_parent_id = "OFER_PT_photo"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.ofer
        for name in ("pack", "identities", "keep", "show", "expressions", "seed", "guidance"):
            layout.prop(settings, name)
        if not settings.guidance:
            say(
                layout,
                "Above 0 the heads are more alike; on real photos the first one gets no better.",
            )
        _draw_presentation(layout)
        layout.operator("ofer.open_reconstruction", text="Open Reconstruction…", icon="FILE_FOLDER")


def _draw_photos(
    layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, stands_on: Shown | None
) -> None:
    """The photos of the person, the one shown marked; and how to get others."""
    column = layout.column(align=True)
    for index, photo in enumerate(settings.photos):
        row = column.row(align=True)
        shown = stands_on.index == index and len(settings.photos) > 1
        title = photo_source.title(photo) or tr("No photo is chosen.")
        icon = "IMAGE_DATA" if photo.source == "IMAGE" else "FILE_IMAGE"
        show = row.operator(
            "ofer.show_photo", text=title, icon=icon, depress=shown, translate=False
        )
        show.index = index
        row.operator("ofer.remove_photo", text="", icon="X").index = index
    row = column.row(align=True)
    if settings.photos:
        another = row.operator("ofer.choose_photo", text="Add…", icon="ADD")
        another.add = True
        row.operator("ofer.choose_photo", text="Replace…", icon="FILE_IMAGE")
    else:
        row.scale_y = 1.5
        row.operator("ofer.choose_photo", text="Choose Photo…", icon="FILE_IMAGE")
        say(layout, "Or drop a photo on the viewport.")
    row.operator("ofer.use_image", text="", icon="IMAGE_DATA")


def _draw_face(layout: bpy.types.UILayout, photo: Shown, large: bool) -> None:
    """The photo with numbered faces, and the face that is chosen. large : no head is there to be
    seen; later the face stands beside its heads."""
    key = photo_source.key(photo.entry)
    opened = jobs.queue.opened(key)
    if opened is None:
        layout.operator("ofer.find_faces", icon="VIEWZOOM")
    elif (large or len(opened.faces) > 1) and (icon := face_pictures.whole(key)):
        layout.template_icon(icon_value=icon, scale=_LARGE if large else _SMALL)
    if photo.placement != FOUND:
        box, points = "The face is placed by a box.", "The face is placed by eyes and chin."
        say(layout, box if photo.placement == BOX else points, "CON_FOLLOWTRACK")
    if opened is None:
        return
    if opened.faces:
        _draw_found(layout, photo, key, opened)
    elif photo.placement == FOUND:
        say(layout, "No face was found: show where it is.", "ERROR")
    row = layout.row(align=True)
    text = "Pick Face" if opened.faces else "Draw a Box"
    row.operator("ofer.pick_face", text=text, icon="RESTRICT_SELECT_OFF")
    row.operator("ofer.pick_face", text="Eyes and Chin", icon="CON_FOLLOWTRACK").placing = True


def _draw_found(
    layout: bpy.types.UILayout,
    photo: Shown,
    key: str,
    opened: PhotoOpened,
) -> None:
    """A button for each face; one good face needs no choice."""
    chosen = min(photo.face, len(opened.faces) - 1)
    if len(opened.faces) > 1:
        say(layout, "Several faces: choose one.", "USER")
        grid = layout.grid_flow(columns=_COLUMNS, even_columns=True, align=True)
        for number, index in enumerate(left_to_right(opened.faces), 1):
            is_it = photo.placement == FOUND and index == chosen
            _draw_choice(grid, key, number, index, opened.faces[index], is_it)
    if photo.placement == FOUND and opened.faces[chosen].low_confidence:
        say(layout, "Low confidence: check the result, or place the face by hand.", "ERROR")


def _draw_choice(
    grid: bpy.types.UILayout, key: str, number: int, index: int, face: FaceFound, chosen: bool
) -> None:
    """A face of a group, and under it the button that chooses it. number : as it is shown."""
    cell = grid.column(align=True)
    if icon := face_pictures.face(key, index):
        cell.template_icon(icon_value=icon, scale=_FACE)
    good = "CHECKMARK" if chosen else "NONE"
    mark = "ERROR" if face.low_confidence else good
    text = tr("Face {number}").format(number=number)
    button = cell.operator(
        "ofer.choose_face", text=text, icon=mark, depress=chosen, translate=False
    )
    button.index = index


def _draw_claim(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """What the chosen pack can do, as its card says, and where that is explained."""
    pack = packs.installed().get(settings.pack_id)
    if pack and pack.claim:
        row = layout.row(align=True)
        text = tr("Heads: {claim}").format(claim=translate(pack.claim))
        row.label(text=text, icon="INFO", translate=False)
        row.operator("ofer.open_likeness", text="", icon="URL")


def _draw_presentation(layout: bpy.types.UILayout) -> None:
    """What a new head is shown with; the preferences keep it for other files."""
    addon = bpy.context.preferences.addons.get(ADDON)
    if addon is None or addon.preferences is None:
        return
    column = layout.column(heading="When It Is Done")
    for part in fields(Presentation):
        column.prop(addon.preferences, PREFIX + part.name)


CLASSES = (OFER_PT_photo, OFER_PT_person, OFER_PT_options)
