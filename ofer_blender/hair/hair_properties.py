"""What the panel Hair and Brows keeps with a head."""

from __future__ import annotations

import bpy

from ..translations import CONTEXT
from .hair import NONE, STYLES, Kind

_BALD = (NONE, "None", "")
_DARK_BROWN = (0.045, 0.024, 0.014)


def _items(kind: Kind) -> tuple[tuple[str, str, str], ...]:
    return (_BALD, *((name, label, "") for name, label in STYLES[kind].items()))


class OFER_PG_hair(bpy.types.PropertyGroup):
    """Hair and brows to put on."""

    hair: bpy.props.EnumProperty(
        name="Hair",
        description="The hair to put on",
        items=_items(Kind.HAIR),
        default="SHORT",
        translation_context=CONTEXT,
    )
    brows: bpy.props.EnumProperty(
        name="Brows",
        description="The brows to put on; a skin from the photo has the person's own",
        items=_items(Kind.BROWS),
        translation_context=CONTEXT,
    )
    colour: bpy.props.FloatVectorProperty(
        name="Colour",
        description="Of the hair and the brows",
        subtype="COLOR",
        size=3,
        min=0.0,
        max=1.0,
        default=_DARK_BROWN,
    )


CLASSES = (OFER_PG_hair,)


def register() -> None:
    bpy.types.Object.ofer_hair = bpy.props.PointerProperty(type=OFER_PG_hair)


def unregister() -> None:
    del bpy.types.Object.ofer_hair
