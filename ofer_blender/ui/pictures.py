"""Galleries of thumbnails: the chosen one large, and a page of small ones to click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from ..head import previews
from ..translations import tr

LARGE, SMALL = 7.0, 2.8
"""Sides of thumbnails, in heights of a button, at least."""
COLUMNS, PAGE = 4, 10
"""Pictures side by side, and in all."""
_POPUP: Final = 6.0
_AROUND: Final = 1.6
"""Heights of a button that the tabs and a panel's frame take from the sidebar's width."""
_BUTTON: Final = 20  # pixels at a resolution scale of 1


def across(count: int, least: float, taken: float = 0.0) -> float:
    """Side of each of `count` pictures that fill the sidebar side by side, in heights of a button;
    `least` where no sidebar tells its width. taken : of the same, for what stands beside them."""
    region, scale = bpy.context.region, bpy.context.preferences.system.ui_scale
    if region is None or region.width <= 1:
        return least
    return max((region.width / (_BUTTON * scale) - _AROUND - taken) / count, 1.0)


def draw_large(
    layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, choice: str, kind: str
) -> None:
    """The chosen one between arrows, and the face in the photo beside it; a click on it opens the
    whole gallery.

    choice : name of the property that the gallery sets; kind : as `ofer.step` has it.
    """
    photo = previews.photo()
    side = across(2 if photo else 1, LARGE, taken=3.0)
    side = side if photo else min(side, LARGE)
    row = layout.row(align=True)
    _draw_arrow(row, kind, -1, "TRIA_LEFT", side)
    row.template_icon_view(settings, choice, show_labels=True, scale=side, scale_popup=_POPUP)
    if photo:
        row.template_icon(icon_value=photo, scale=side)
    _draw_arrow(row, kind, 1, "TRIA_RIGHT", side)


def first_of_page(places: Sequence[int], chosen: int) -> int:
    """Where in `places`, those listed, the page with the chosen one begins."""
    before = sum(place < chosen for place in places) // PAGE * PAGE
    return min(before, max(len(places) - 1, 0) // PAGE * PAGE)


def grid(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    """Where the small pictures go, row by row."""
    return layout.grid_flow(
        row_major=True, columns=COLUMNS, even_columns=True, even_rows=True, align=True
    )


def draw_small(
    cell: bpy.types.UILayout, item: bpy.types.PropertyGroup, text: str, icon: str, chosen: bool
) -> None:
    """A picture, and under it the button that shows it."""
    cell.template_icon(icon_value=previews.icon(item), scale=across(COLUMNS, SMALL))
    button = cell.operator("ofer.show", text=text, icon=icon, depress=chosen, translate=False)
    button.name = item.name


def draw_pages(layout: bpy.types.UILayout, kind: str, first: int, count: int) -> None:
    """Which part of the gallery is shown, and arrows to the others; nothing for one page."""
    if count <= PAGE:
        return
    draw_step(layout, kind, -PAGE, "TRIA_LEFT")
    text = tr("{first} to {last} of {count}")
    shown = text.format(first=first + 1, last=min(first + PAGE, count), count=count)
    layout.label(text=shown, translate=False)
    draw_step(layout, kind, PAGE, "TRIA_RIGHT")


def draw_step(layout: bpy.types.UILayout, kind: str, steps: int, icon: str) -> None:
    """A button that walks the gallery."""
    button = layout.operator("ofer.step", text="", icon=icon)
    button.kind, button.steps = kind, steps


def _draw_arrow(row: bpy.types.UILayout, kind: str, steps: int, icon: str, height: float) -> None:
    column = row.column(align=True)
    column.scale_y = height
    draw_step(column, kind, steps, icon)
