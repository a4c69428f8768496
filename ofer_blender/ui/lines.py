"""Breaking a sentence into the lines that fit a region, by their width as Blender draws them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import blf
import bpy

_BESIDE: Final = 4.6
"""Widths of an icon that a panel's frame, the tabs and the line's own icon take from the region."""
_ICON: Final = 20  # pixels at a resolution scale of 1
_LETTERS: Final = 38  # a line's length where no region tells its width
_UNSPACED: Final = r"\u3000-\u9fff\uff00-\uffef"  # Japanese and Chinese
_PIECES: Final = re.compile(rf"[{_UNSPACED}][、。」）]*|[^\s{_UNSPACED}]+\s*|\s+")
"""What a line may end after: a word, or a letter of those who write without spaces."""


def fitting(text: str) -> tuple[str, ...]:
    """The lines of a sentence in the region that is drawn just now."""
    region, scale = bpy.context.region, bpy.context.preferences.system.ui_scale
    if region is None or region.width <= 1:
        return tuple(textwrap.wrap(text, _LETTERS))
    points = bpy.context.preferences.ui_styles[0].widget.points * scale
    return _fitting(text, region.width - int(_BESIDE * _ICON * scale), points)


@lru_cache(maxsize=256)  # panels are drawn again and again
def _fitting(text: str, width: int, points: float) -> tuple[str, ...]:
    font = 0  # the interface's
    blf.size(font, points)
    return broken(text, width, lambda piece: blf.dimensions(font, piece)[0])


def broken(text: str, width: float, measure: Callable[[str], float]) -> tuple[str, ...]:
    """Lines of at most `width` by `measure`; a word longer than that has a line of its own."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and measure((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return tuple(line.strip() for line in lines if line.strip())
