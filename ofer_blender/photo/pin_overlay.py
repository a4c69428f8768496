"""The pins drawn over the photo, each in the colour of how improbable it is."""

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


def _disc(at: tuple[float, float], radius: float, filled: tuple[float, ...]) -> None:
    turns = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    rim = np.stack((np.cos(turns), np.sin(turns)), 1) * radius + at
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, "TRI_FAN", {"pos": rim.astype(np.float32).tolist()})
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
