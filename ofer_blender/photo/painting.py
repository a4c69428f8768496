"""The window in which a photo is painted over: on the face at once, with what comes next said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from ...ofer_engine.client import faults
from ..translations import tr

_SOON: Final = 0.2
"""Seconds: a window just opened has no size until it was drawn."""
_MARGIN: Final = 0.35
"""Of the face's longer side, shown around it."""
_wanted: Final[dict[str, tuple[float, ...]]] = {}
"""Name of an image to zoom → its face."""


def open_window(context: bpy.types.Context, image: bpy.types.Image, box: Sequence[float]) -> None:
    """Open it. box : (x, y, w, h) of the face, pixels of the image."""
    bpy.ops.wm.window_new()
    area = context.window_manager.windows[-1].screen.areas[0]
    area.type = "IMAGE_EDITOR"
    space = area.spaces.active
    space.image, space.ui_mode = image, "PAINT"
    space.overlay.show_overlays = False  # the UVs of the active object would lie over the photo
    area.header_text_set(tr("Paint what hides the face, close this window, press Draw Without It"))
    _wanted[image.name] = tuple(box)
    if not bpy.app.timers.is_registered(_zoom):
        bpy.app.timers.register(_zoom, first_interval=_SOON)


@faults.guarded(reported=False)
def _zoom() -> None:
    """Fill the windows of images that were just opened with their faces."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            space = area.spaces.active
            if area.type == "IMAGE_EDITOR" and space.image and space.image.name in _wanted:
                region = next(each for each in area.regions if each.type == "WINDOW")
                box = _wanted.pop(space.image.name)
                low, high = _corners(region, space.image.size, box)
                with bpy.context.temp_override(window=window, area=area, region=region):
                    bpy.ops.image.view_zoom_border(
                        xmin=low[0], ymin=low[1], xmax=high[0], ymax=high[1], zoom_out=False
                    )
    _wanted.clear()


def _corners(
    region: bpy.types.Region, size: Sequence[int], box: tuple[float, ...]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Lower left and upper right corner of the face with a margin, pixels of the region."""
    x, y, w, h = box
    around = _MARGIN * max(w, h)
    left, right = (x - around) / size[0], (x + w + around) / size[0]
    bottom, top = 1 - (y + h + around) / size[1], 1 - (y - around) / size[1]
    view = region.view2d
    return (
        view.view_to_region(left, bottom, clip=False),
        view.view_to_region(right, top, clip=False),
    )


def register() -> None:
    """Nothing is needed until somebody paints."""


def unregister() -> None:
    if bpy.app.timers.is_registered(_zoom):
        bpy.app.timers.unregister(_zoom)
