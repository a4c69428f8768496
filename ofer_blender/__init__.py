"""The add-on: panels, operators and what they share. Blender's side of the process boundary."""

from __future__ import annotations

from typing import Final

import bpy

from . import jobs, operators, preferences, previews, properties, shortcuts, ui

CLASSES: Final = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *operators.CLASSES,
    *ui.CLASSES,
)
_WITH_STATE: Final = (properties, previews, jobs, shortcuts)


def register() -> None:
    """Add every class, property, handler and shortcut."""
    for each in CLASSES:
        bpy.utils.register_class(each)
    for module in _WITH_STATE:
        module.register()


def unregister() -> None:
    """Take everything out again, ending the job and the engine."""
    for module in reversed(_WITH_STATE):
        module.unregister()
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
