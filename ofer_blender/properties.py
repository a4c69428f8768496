"""What the add-on keeps in scenes and objects."""

from __future__ import annotations

import bpy

from .head import head_properties
from .photo import photo_properties

CLASSES = (*head_properties.CLASSES, *photo_properties.CLASSES)


def register() -> None:
    bpy.types.Scene.ofer = bpy.props.PointerProperty(type=photo_properties.OFER_PG_settings)
    bpy.types.Object.ofer = bpy.props.PointerProperty(type=head_properties.OFER_PG_head)


def unregister() -> None:
    del bpy.types.Object.ofer
    del bpy.types.Scene.ofer
