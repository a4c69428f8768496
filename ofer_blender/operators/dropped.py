"""What the operators share that take files, chosen or dropped on the viewport."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.photo_files import PHOTO_SUFFIXES

PHOTO_FILES: Final = ";".join(PHOTO_SUFFIXES)
PHOTO_GLOB: Final = ";".join(f"*{suffix}" for suffix in PHOTO_SUFFIXES)
"""Beside `filter_image`, which shows only what Blender itself can read."""


class OnViewport:
    """A file handler whose files are dropped on the 3D viewport."""

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Blender asks this while the files are over an area."""
        return context.area is not None and context.area.type == "VIEW_3D"


def given_paths(operator: bpy.types.Operator) -> list[str]:
    """The files chosen or dropped: `directory` with `files`, or the lone `filepath`."""
    names = [each.name for each in operator.files if each.name]
    if operator.directory and names:
        return [str(Path(operator.directory) / name) for name in names]
    return [operator.filepath] if operator.filepath else []
