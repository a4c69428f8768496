"""The add-on: panels, operators and what they share. Blender's side of the process boundary."""

from __future__ import annotations

from typing import Final

import bpy

from . import operators, properties, translations, ui
from .engine import jobs
from .export import export_properties
from .hair import hair_properties
from .head import comparison, helper_keys, previews
from .headless import command_line
from .photo import face_pictures, painting, pin_overlay, through_photo
from .skin import skin_properties
from .ui import manual_map, preferences, reveal, shortcuts, view
from .undo import guard

CLASSES: Final = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *export_properties.CLASSES,
    *skin_properties.CLASSES,
    *hair_properties.CLASSES,
    *view.CLASSES,
    *operators.CLASSES,
    *ui.CLASSES,
)
_WITH_STATE: Final = (
    translations,
    properties,
    export_properties,
    skin_properties,
    hair_properties,
    view,
    comparison,
    through_photo,
    helper_keys,
    previews,
    face_pictures,
    painting,
    pin_overlay,
    jobs,
    reveal,
    shortcuts,
    manual_map,
    command_line,
)


def register() -> None:
    """Add every class, property, handler and shortcut."""
    guard.start()
    for each in CLASSES:
        guard.register(each)
    for module in _WITH_STATE:
        module.register()


def unregister() -> None:
    """Take everything out again, ending the job and the engine."""
    for module in reversed(_WITH_STATE):
        module.unregister()
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
