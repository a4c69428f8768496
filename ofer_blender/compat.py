"""Every difference between the Blender versions that we serve (4.2 to 5.2), and nothing else."""

from __future__ import annotations

import os
import sys

import bpy

EEVEE = "BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE"


def enable_nodes(owner: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The node tree of a material or world; from 5.0 on there always is one."""
    if bpy.app.version < (5, 0, 0):
        owner.use_nodes = True
    return owner.node_tree


def leave(status: int) -> None:
    """End a script's process. The bpy module 4.2 crashes at exit after any glTF export."""
    is_module = not bpy.app.binary_path
    if is_module and bpy.app.version < (4, 5, 0):
        sys.stderr.flush()
        os._exit(status)
    if status:
        sys.exit(status)
