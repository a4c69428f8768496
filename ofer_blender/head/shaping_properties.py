"""What the add-on keeps of an artist's hand on a head: hints, parts of other heads, pins."""

from __future__ import annotations

from typing import Final

import bpy

from ..translations import CONTEXT
from . import own_mesh, shaping


def _follow(self: OFER_PG_hints, context: bpy.types.Context) -> None:
    own_mesh.ensure_shown(self.id_data)
    shaping.follow(self.id_data)


class OFER_PG_hints(bpy.types.PropertyGroup):
    """What the artist tells of the person of a head; the head follows at once."""

    tell_age: bpy.props.BoolProperty(
        name="Tell the Age", description="Say how old the person is", update=_follow
    )
    age: bpy.props.FloatProperty(
        name="Age",
        description="Years",
        default=40.0,
        min=0.0,
        max=100.0,
        precision=0,
        update=_follow,
        translation_context=CONTEXT,
    )
    tell_sex: bpy.props.BoolProperty(
        name="Tell the Sex", description="Say how female or male the face is", update=_follow
    )
    sex: bpy.props.FloatProperty(
        name="Sex",
        description="0 is female, 1 is male",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_follow,
    )
    tell_build: bpy.props.BoolProperty(
        name="Tell the Build", description="Say how slight or heavy the person is", update=_follow
    )
    build: bpy.props.FloatProperty(
        name="Build",
        description="0 is slight, 1 is heavy",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_follow,
        translation_context=CONTEXT,
    )


class OFER_PG_taken_part(bpy.types.PropertyGroup):
    """A part of the head taken from another one of the gallery; its name is the part's."""

    identity: bpy.props.StringProperty(name="Head", translation_context=CONTEXT)
    follows: bpy.props.BoolProperty(
        name="The Rest Follows",
        description="Move the rest, too, as it varies with this part in the heads drawn",
    )


class OFER_PG_pin(bpy.types.PropertyGroup):
    """A point of the head set to a place in a photo."""

    point: bpy.props.IntProperty(name="Point", description="Vertex of the head")
    view: bpy.props.IntProperty(name="Photo", description="Which of the head's photos, from 0")
    place: bpy.props.FloatVectorProperty(
        name="Place", description="Pixels of the photo, from its top left corner", size=2
    )
    deviations: bpy.props.FloatProperty(
        name="Deviations",
        description="How improbable its place is among the heads drawn, in standard deviations; "
        "beyond 4 the head bends around it",
    )


CLASSES: Final = (OFER_PG_hints, OFER_PG_taken_part, OFER_PG_pin)
