"""Seen or guessed, as colours of a head and in words: how much the photos decide at each point, and
how far apart the heads drawn are."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from . import carried, tear_line


class Colouring(StrEnum):
    """What the colours say."""

    GUESSED = "GUESSED"
    MILLIMETRES = "MILLIMETRES"


LAYERS: Final = {Colouring.GUESSED: "ofer_guessed", Colouring.MILLIMETRES: "ofer_spread"}
"""The colour attribute of each."""
_SEEN: Final = np.array((0.01, 0.20, 0.55))
_BETWEEN: Final = np.array((0.86, 0.76, 0.42))
_GUESSED: Final = np.array((0.80, 0.07, 0.03))
"""Linear RGB: calm, neutral, warm; told apart with any kind of colour blindness by lightness."""
_BLUE: Final = 2 / 3
"""How far a point is decided that is as blue as can be."""
_FULL: Final = 85.0
"""Percentile of the spread that is fully red: the neck and the back of the head, which no photo
shows, would otherwise leave the whole face blue."""


def keep(head: bpy.types.Object, arrays: HeadArrays) -> None:
    """Write the colours and words of what the photos decide; the guessed become the mesh's active
    colours.

    Vertices that were joined to the head come after its own and keep their colour; the tear line
    has its lid's.
    """
    head.ofer.guessed_most = most = float(np.percentile(arrays.spread, _FULL))
    _write(head, LAYERS[Colouring.MILLIMETRES], colours(arrays.spread / max(most, 1e-9)))
    guessed = _write(head, LAYERS[Colouring.GUESSED], colours(1.0 - arrays.decided / _BLUE))
    head.data.color_attributes.active_color = guessed
    found, words = arrays.certainty, head.ofer.certainty
    words.shown, words.spread, words.people = found.shown, found.spread, found.without_photo
    words.parts.clear()
    for each in found.parts:
        part = words.parts.add()
        part.name, part.told, part.spread = each.part, each.decided, each.spread


def is_coloured(head: bpy.types.Object, mode: Colouring) -> bool:
    """Nobody deleted these colours, and the head was made by a release that knew them."""
    return LAYERS[mode] in head.data.color_attributes


def mode_of(head: bpy.types.Object) -> Colouring | None:
    """What the mesh's active colours say; None where they are none of ours."""
    active = head.data.color_attributes.active_color_name
    return next((mode for mode, layer in LAYERS.items() if layer == active), None)


def _write(head: bpy.types.Object, name: str, found: np.ndarray) -> bpy.types.Attribute:
    """found : (V, 4) float32."""
    attributes = head.data.color_attributes
    layer = attributes.get(name)
    if layer and layer.domain != "POINT":  # an artist converted it
        attributes.remove(layer)
        layer = None
    layer = layer or attributes.new(name, "FLOAT_COLOR", "POINT")
    values = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", values.ravel())
    values[: len(found)] = found
    wet = carried.numbers(head.data, tear_line.NAME)
    values[wet > 0] = found[tear_line.anchors()[wet[wet > 0] - 1]]
    layer.data.foreach_set("color", values.ravel())
    return layer


def colours(share: np.ndarray) -> np.ndarray:
    """(V, 4) float32 linear RGBA of a share (V,): blue at 0 and below, red at 1 and above."""
    share = np.clip(share, 0.0, 1.0)[:, None]
    low, high = np.clip(share * 2, 0, 1) ** 2, np.clip(share * 2 - 1, 0, 1)
    rgb = (_SEEN + low * (_BETWEEN - _SEEN)) * (1 - high) + high * _GUESSED
    return np.hstack((rgb, np.ones_like(share))).astype(np.float32)
