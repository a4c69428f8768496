"""The photo drawn over a viewport, with the faces found in numbered boxes, to pick one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import blf
import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ...ofer_engine.client import faults
from ...ofer_engine.client.opened_photos import OpenedPhoto
from ..translations import tr
from .face_order import number
from .face_picker import FacePicker, PhotoFrame, Point
from .face_pictures import COLOUR, DOUBTFUL

_VEIL: Final = (0.0, 0.0, 0.0, 0.65)
_WHITE: Final = (1.0, 1.0, 1.0, 1.0)
_BLACK: Final = (0.0, 0.0, 0.0, 1.0)
_HELP: Final = "P: eyes and chin, or boxes · Backspace: take back · Esc: leave"
_BARS: Final = ("HEADER", "TOOL_HEADER")
_FONT: Final = 0
_TEXT_SIZE: Final = 14.0
_FOOT_LINES: Final = 3.5


class PictureOverlay:
    """Drawn over one region from now on until `remove`."""

    def __init__(self, opened: OpenedPhoto, picker: FacePicker, region: bpy.types.Region) -> None:
        self._opened, self._picker = opened, picker
        self._region = region.as_pointer()
        self._texture: gpu.types.GPUTexture | None = None
        self._handle = bpy.types.SpaceView3D.draw_handler_add(
            self._draw, (), "WINDOW", "POST_PIXEL"
        )

    @staticmethod
    def frame(opened: OpenedPhoto, area: bpy.types.Area) -> PhotoFrame:
        """Where the photo lies in the viewport of an area, clear of sidebar and headers."""
        photo = opened.event.width, opened.event.height
        sizes = {region.type: (region.width, region.height) for region in area.regions}
        width, height = sizes["WINDOW"]
        if bpy.context.preferences.system.use_region_overlap:
            width -= sizes["UI"][0]
            height -= sum(sizes[bar][1] for bar in _BARS if bar in sizes)
        return PhotoFrame.fitted(photo, (max(width, 1), max(height, 1)), _FOOT_LINES * _line())

    def remove(self) -> None:
        """Stop drawing; may be called again."""
        if self._handle:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None

    @faults.guarded(reported=False)
    def _draw(self) -> None:
        region = bpy.context.region
        if region.as_pointer() != self._region:
            return
        gpu.state.blend_set("ALPHA")
        _fill(((0.0, 0.0), (float(region.width), float(region.height))), _VEIL)
        self._draw_photo()
        if not self._picker.placing:
            for index in range(len(self._picker.faces)):
                self._draw_face(index)
        if drawn := self._picker.drawn:
            _outline(self._picker.frame.corners(drawn), (*COLOUR, 1.0), 2.0)
        for point in self._picker.points:
            _cross(self._picker.frame.to_screen(point))
        self._draw_words()
        gpu.state.blend_set("NONE")

    def _draw_photo(self) -> None:
        if self._texture is None:  # only where something is drawn is there a GPU
            self._texture = _texture(self._opened.picture)
        frame = self._picker.frame
        (left, bottom), (right, top) = frame.corners((0, 0, frame.width, frame.height))
        shader = gpu.shader.from_builtin("IMAGE")
        batch = batch_for_shader(
            shader,
            "TRI_FAN",
            {
                "pos": ((left, bottom), (right, bottom), (right, top), (left, top)),
                "texCoord": ((0, 0), (1, 0), (1, 1), (0, 1)),
            },
        )
        shader.bind()
        shader.uniform_sampler("image", self._texture)
        batch.draw(shader)

    def _draw_face(self, index: int) -> None:
        face = self._opened.event.faces[index]
        colour = (*(DOUBTFUL if face.low_confidence else COLOUR), 1.0)
        corners = self._picker.frame.corners(self._picker.faces[index])
        hovered = self._picker.hovered == index
        if hovered:
            _fill(corners, (*colour[:3], 0.2))
        _outline(corners, colour, 4.0 if hovered else 2.0)
        left, top = corners[0][0], corners[1][1]
        size = 1.6 * _line()
        _fill(((left, top - size), (left + size, top)), colour)
        shown = number(self._opened.event.faces, index)
        _write(str(shown), (left + 0.5 * size, top - 0.72 * size), _BLACK, 1.2)

    def _draw_words(self) -> None:
        frame = self._picker.frame
        middle = frame.left + frame.width * frame.scale / 2
        _write(tr(self._picker.wanted), (middle, 2.0 * _line()), _WHITE, 1.3)
        _write(tr(_HELP), (middle, 0.7 * _line()), (1.0, 1.0, 1.0, 0.7), 1.0)


def _texture(picture: np.ndarray) -> gpu.types.GPUTexture:
    height, width = picture.shape[:2]
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture[::-1].astype(np.float32) / 255
    buffer = gpu.types.Buffer("FLOAT", width * height * 4, pixels.ravel())  # pyright: ignore[reportCallIssue]
    return gpu.types.GPUTexture((width, height), format="RGBA8", data=buffer)  # pyright: ignore[reportCallIssue]


def _line() -> float:
    """Height of a line of text, screen pixels."""
    return _TEXT_SIZE * 1.4 * bpy.context.preferences.system.ui_scale


def _fill(corners: tuple[Point, Point], colour: Sequence[float]) -> None:
    (left, bottom), (right, top) = corners
    _shape("TRI_FAN", ((left, bottom), (right, bottom), (right, top), (left, top)), colour)


def _outline(corners: tuple[Point, Point], colour: Sequence[float], thickness: float) -> None:
    """Four bars: wide lines are not drawn by every GPU."""
    (left, bottom), (right, top) = corners
    t = thickness / 2
    for bar in (
        ((left - t, bottom - t), (right + t, bottom + t)),
        ((left - t, top - t), (right + t, top + t)),
        ((left - t, bottom - t), (left + t, top + t)),
        ((right - t, bottom - t), (right + t, top + t)),
    ):
        _fill(bar, colour)


def _cross(at: Point) -> None:
    reach, half = 9.0, 1.5
    x, y = at
    for colour, more in ((_BLACK, 1.5), ((*COLOUR, 1.0), 0.0)):
        _fill(((x - reach - more, y - half - more), (x + reach + more, y + half + more)), colour)
        _fill(((x - half - more, y - reach - more), (x + half + more, y + reach + more)), colour)


def _shape(kind: str, points: Sequence[Point], colour: Sequence[float]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, kind, {"pos": points})
    shader.bind()
    shader.uniform_float("color", colour)
    batch.draw(shader)


def _write(text: str, middle: Point, colour: Sequence[float], size: float) -> None:
    blf.size(_FONT, _TEXT_SIZE * size * bpy.context.preferences.system.ui_scale)
    blf.color(_FONT, *colour)
    blf.position(_FONT, middle[0] - blf.dimensions(_FONT, text)[0] / 2, middle[1], 0)
    blf.draw(_FONT, text)
