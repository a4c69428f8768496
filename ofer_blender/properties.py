"""What the add-on keeps in scenes and objects."""

from __future__ import annotations

import bpy

from . import head_properties


def _another_photo(self: OFER_PG_photo, context: bpy.types.Context) -> None:
    self.face, self.use_box, self.box = 0, False, (0, 0, 0, 0)


class OFER_PG_photo(bpy.types.PropertyGroup):
    """Which photo to reconstruct, and how."""

    source: bpy.props.EnumProperty(
        name="Photo from",
        items=(
            ("FILE", "File", "A picture on disk"),
            ("IMAGE", "Image", "A picture that is already in this .blend"),
        ),
        update=_another_photo,
    )
    photo: bpy.props.StringProperty(name="Photo", subtype="FILE_PATH", update=_another_photo)
    image: bpy.props.PointerProperty(name="Image", type=bpy.types.Image, update=_another_photo)
    face: bpy.props.IntProperty(name="Face", description="Which of the faces found", min=0)
    use_box: bpy.props.BoolProperty(
        name="Place by Hand", description="Say where the face is instead of searching for it"
    )
    box: bpy.props.IntVectorProperty(
        name="Face Box",
        description="Left, top, width and height of the face in photo pixels",
        size=4,
        min=0,
    )
    pack: bpy.props.StringProperty(
        name="Pack", description="Networks and head to reconstruct with", default="open"
    )
    identities: bpy.props.IntProperty(
        name="Drawn", description="Identities drawn and ranked", default=100, min=1, max=1000
    )
    keep: bpy.props.IntProperty(
        name="Kept", description="Best identities kept to choose from", default=10, min=1, max=100
    )
    expressions: bpy.props.IntProperty(
        name="Expressions", description="Expression variants drawn", default=15, min=0, max=100
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="The same seed gives the same heads on the same device", min=0
    )


CLASSES = (*head_properties.CLASSES, OFER_PG_photo)


def register() -> None:
    bpy.types.Scene.ofer = bpy.props.PointerProperty(type=OFER_PG_photo)
    bpy.types.Object.ofer = bpy.props.PointerProperty(type=head_properties.OFER_PG_head)


def unregister() -> None:
    del bpy.types.Object.ofer
    del bpy.types.Scene.ofer
