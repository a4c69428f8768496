"""Seen or guessed: how much all heads that were drawn disagree at each point, as a colour.

Where they agree, the photo has decided; where they differ, OFER has imagined.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

LAYER: Final = "ofer_guessed"
_SEEN: Final = np.array((0.01, 0.20, 0.55))
_BETWEEN: Final = np.array((0.86, 0.76, 0.42))
_GUESSED: Final = np.array((0.80, 0.07, 0.03))
"""Linear RGB: calm, neutral, warm; told apart with any kind of colour blindness by lightness."""
_FULL: Final = 85.0
"""Percentile of the spread that is fully red: the neck and the back of the head, which no photo
shows, would otherwise leave the whole face blue."""


def colour(head: bpy.types.Object, spread: np.ndarray) -> None:
    """Write the colours of a spread (V,) float32, metres, and make them the mesh's active ones.

    Vertices that were joined to the head come after its own and keep their colour.
    """
    head.ofer.guessed_most = most = float(np.percentile(spread, _FULL))
    attributes = head.data.color_attributes
    layer = attributes.get(LAYER)
    if layer and layer.domain != "POINT":  # an artist converted it
        attributes.remove(layer)
        layer = None
    layer = layer or attributes.new(LAYER, "FLOAT_COLOR", "POINT")
    values = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", values.ravel())
    values[: len(spread)] = colours(spread, most)
    layer.data.foreach_set("color", values.ravel())
    attributes.active_color = layer


def colours(spread: np.ndarray, most: float) -> np.ndarray:
    """(V, 4) float32 linear RGBA of a spread (V,) metres, `most` being fully guessed."""
    share = np.clip(spread / max(most, 1e-9), 0.0, 1.0)[:, None]
    low, high = np.clip(share * 2, 0, 1) ** 2, np.clip(share * 2 - 1, 0, 1)
    rgb = (_SEEN + low * (_BETWEEN - _SEEN)) * (1 - high) + high * _GUESSED
    return np.hstack((rgb, np.ones_like(share))).astype(np.float32)
