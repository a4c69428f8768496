"""How a head is shown when it was just reconstructed: what the preferences keep, and the part of
it that is done to the head itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy

from ..engine.engine_settings import ADDON

SMOOTH: Final = "OFER smooth"
"""The modifier that rounds the head in the viewport; no file gets it."""
_LEVELS: Final = 1


@dataclass(frozen=True)
class Presentation:
    """skin : painted from the photo, and the thumbnails with it; expression : the photo's, with the
    gaze; smooth : subdivided in the viewport; photo : beside the head; front : the view looks from
    there."""

    skin: bool = True
    expression: bool = True
    smooth: bool = True
    photo: bool = True
    front: bool = True


FULL: Final = Presentation()
PREFIX: Final = "show_"
"""Of the preferences' names of its parts."""


def preferred() -> Presentation:
    """What the preferences say; all of it while the add-on is not enabled."""
    addon = bpy.context.preferences.addons.get(ADDON)
    if addon is None or addon.preferences is None:
        return FULL
    names = Presentation.__dataclass_fields__
    return Presentation(**{name: getattr(addon.preferences, PREFIX + name) for name in names})


def dress(head: bpy.types.Object, wish: Presentation) -> None:
    """Round a new head, and show its photo's expression; the Basis stays what is sculpted."""
    if wish.smooth:
        smooth(head)
    if wish.expression and len(head.ofer.expressions) > 1:
        head.ofer.expression_index = 1  # which shows the most typical one; the first is neutral
        head.active_shape_key_index = 0


def smooth(head: bpy.types.Object) -> bpy.types.Modifier:
    """Subdivide the head in the viewport."""
    modifier = head.modifiers.new(SMOOTH, "SUBSURF")
    modifier.levels, modifier.render_levels = _LEVELS, 0
    return modifier
