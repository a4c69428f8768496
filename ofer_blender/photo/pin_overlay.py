"""The pins drawn over the photo, each in the colour of how improbable it is, and what can be
grabbed."""

from __future__ import annotations

from typing import Final

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ...ofer_engine.client import faults
from ...ofer_engine.geometry.pins import IMPROBABLE
from . import pin_drag

_RADIUS: Final = 6.0
_CORNERS: Final = 24
_PROBABLE: Final = np.array((0.15, 0.55, 1.0))
_LIMIT: Final = np.array((1.0, 0.35, 0.05))
_BENT: Final = (1.0, 0.0, 0.75)
_DARK: Final = (0.0, 0.0, 0.0, 0.8)
_LANDMARK: Final = (0.35, 1.0, 0.55, 0.8)
_FINEST: Final = 2.0
_handles: Final[list[object]] = []


def colour(deviations: float) -> tuple[float, float, float]:
    """Blue where the heads drawn agree, towards orange, and magenta where the head is bent."""
    if deviations > IMPROBABLE:
        return _BENT
    mixed = _PROBABLE + (_LIMIT - _PROBABLE) * min(deviations / IMPROBABLE, 1.0)
    return tuple(mixed.tolist())


@faults.guarded(reported=False)
def _draw() -> None:
    context = bpy.context
    head = pin_drag.shown_head(context)
    if head is None or not head.ofer.pins:
        return
    frame = pin_drag.frame(context, context.region)
    if frame is None:
        return
    scale = context.preferences.system.ui_scale
    gpu.state.blend_set("ALPHA")
    for pin in head.ofer.pins:
        if pin.view == 0:
            at = frame.to_screen((pin.place[0], pin.place[1]))
            _disc(at, (_RADIUS + 1.5) * scale, _DARK)
            _disc(at, _RADIUS * scale, (*colour(pin.deviations), 1.0))
    gpu.state.blend_set("NONE")


def show_landmarks(drag: pin_drag.PinDrag) -> object:
    """Draw rings around what OFER found in the photo, as wide as it is unsure; while a point is
    dragged, around its own. Returns what `hide_landmarks` takes."""
    return bpy.types.SpaceView3D.draw_handler_add(_draw_landmarks, (drag,), "WINDOW", "POST_PIXEL")


def hide_landmarks(shown: object) -> None:
    """Draw them no longer. shown : of `show_landmarks`."""
    bpy.types.SpaceView3D.draw_handler_remove(shown, "WINDOW")


@faults.guarded(reported=False)
def _draw_landmarks(drag: pin_drag.PinDrag) -> None:
    context, found = bpy.context, drag.landmarks
    frame = pin_drag.frame(context, context.region) if found else None
    if frame is None or pin_drag.shown_head(context) != drag.head:
        return
    scale = context.preferences.system.ui_scale
    gpu.state.blend_set("ALPHA")
    each = zip(found.vertices, found.places.tolist(), found.deviations.tolist(), strict=True)
    for vertex, (x, y), deviation in each:
        if drag.grabbed in (-1, vertex):
            radius = float(np.clip(deviation * frame.scale, _FINEST, _RADIUS)) * scale
            _shape("LINE_LOOP", _rim(frame.to_screen((x, y)), radius), _LANDMARK)
    gpu.state.blend_set("NONE")


def _disc(at: tuple[float, float], radius: float, filled: tuple[float, ...]) -> None:
    _shape("TRI_FAN", _rim(at, radius), filled)


def _rim(at: tuple[float, float], radius: float) -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    return np.stack((np.cos(turns), np.sin(turns)), 1) * radius + at


def _shape(kind: str, rim: np.ndarray, filled: tuple[float, ...]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, kind, {"pos": rim.astype(np.float32).tolist()})
    shader.bind()
    shader.uniform_float("color", filled)
    batch.draw(shader)


def register() -> None:
    space = bpy.types.SpaceView3D
    _handles.append(space.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL"))


def unregister() -> None:
    for handle in _handles:
        bpy.types.SpaceView3D.draw_handler_remove(handle, "WINDOW")
    _handles.clear()
