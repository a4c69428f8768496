"""How large a picture of the .blend is, without opening what is no file."""

from __future__ import annotations

from pathlib import Path

import bpy


def image_size(image: bpy.types.Image) -> tuple[int, int]:
    """Width and height, pixels; (0, 0) where there are none.

    Blender opens what a picture names as it is asked for its size, and waits for a pipe for ever.
    """
    if image.source == "FILE" and not (image.has_data or image.packed_file):
        if not Path(bpy.path.abspath(image.filepath, library=image.library)).is_file():
            return 0, 0
    width, height = image.size
    return width, height
