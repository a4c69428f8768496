"""How irises look, in Blender's eyes and in the thumbnails alike."""

from __future__ import annotations

from typing import Final

IRIS_RADIUS: Final = 0.0060
PUPIL_RADIUS: Final = 0.0021
"""Metres from the line of sight, as the open head's eyeballs have their rings."""
INNER_SHARE: Final = 1.28
OUTER_SHARE: Final = 0.82
"""Of the iris's colour: next to the pupil, and next to the dark ring around the iris."""
