"""What the Skin panel keeps with a head."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.skin import RESOLUTIONS
from ..translations import CONTEXT


class OFER_PG_skin(bpy.types.PropertyGroup):
    """How the skin is painted."""

    resolution: bpy.props.EnumProperty(
        name="Resolution",
        description="Pixels along each side of the picture",
        items=tuple((str(side), str(side), f"{side} x {side} pixels") for side in RESOLUTIONS),
        default="2048",
    )
    layout: bpy.props.EnumProperty(
        name="UVs",
        description="How the head is laid out in the picture",
        items=(
            (
                "face",
                "For the Face",
                "The face takes the middle of the picture: 2.5 times as sharp or more",
            ),
            ("head", "The Head's Own", "The UVs that the head came with, for skins made for them"),
        ),
    )
    clean_shave: bpy.props.BoolProperty(
        name="Clean Shave",
        description="Leave a beard, and its shadow, out of the skin",
    )
    paint_brows: bpy.props.BoolProperty(
        name="Paint Brows",
        description="Leave this off where brows of cards or of curves lie over the skin",
        default=True,
    )
    keep: bpy.props.EnumProperty(
        name="Keep",
        description="Where the picture goes. It shows a person: think of who gets the file",
        items=(
            ("PACK", "In the .blend", "The picture is packed into this file"),
            ("BESIDE", "Beside It", "A PNG in the folder textures beside this file"),
        ),
        translation_context=CONTEXT,
    )


CLASSES = (OFER_PG_skin,)


def register() -> None:
    bpy.types.Object.ofer_skin = bpy.props.PointerProperty(type=OFER_PG_skin)


def unregister() -> None:
    del bpy.types.Object.ofer_skin
