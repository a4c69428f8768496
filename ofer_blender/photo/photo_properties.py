"""What the add-on keeps in a scene: the photos of a person, and how to reconstruct them."""

from __future__ import annotations

from typing import Final

import bpy

from ..engine import packs
from ..translations import CONTEXT

FOUND: Final = "FOUND"
BOX: Final = "BOX"
POINTS: Final = "POINTS"


def _another_photo(self: OFER_PG_photo, context: bpy.types.Context) -> None:
    self.face, self.placement = 0, FOUND
    self.box, self.points = (0,) * 4, (0.0,) * 6


class OFER_PG_photo(bpy.types.PropertyGroup):
    """One photo of a person, and where the face is in it."""

    source: bpy.props.EnumProperty(
        name="Photo from",
        description="Where the picture is",
        items=(
            ("FILE", "File", "A picture on disk"),
            ("IMAGE", "Image", "A picture that is already in this .blend"),
        ),
        update=_another_photo,
    )
    filepath: bpy.props.StringProperty(
        name="Photo", description="A picture on disk", subtype="FILE_PATH", update=_another_photo
    )
    image: bpy.props.PointerProperty(
        name="Image",
        description="A picture that is already in this .blend",
        type=bpy.types.Image,
        update=_another_photo,
    )
    placement: bpy.props.EnumProperty(
        name="Face by",
        description="How the face is found in the photo",
        items=(
            (FOUND, "Search", "One of the faces that were found"),
            (BOX, "Box", "A box that you drew around it"),
            (POINTS, "Eyes and Chin", "Three points that you clicked"),
        ),
        translation_context=CONTEXT,
    )
    face: bpy.props.IntProperty(
        name="Face", description="Which of the faces found", min=0, translation_context=CONTEXT
    )
    box: bpy.props.IntVectorProperty(
        name="Face Box",
        description="Left, top, width and height of the face in photo pixels",
        size=4,
        min=0,
    )
    points: bpy.props.FloatVectorProperty(
        name="Eyes and Chin",
        description="Across and down in photo pixels: one eye, the other eye, the tip of the chin",
        size=6,
    )


class OFER_PG_photo_view(bpy.types.PropertyGroup):
    """What a scene had before it showed a head through its photo."""

    photo_camera: bpy.props.PointerProperty(
        name="Photo Camera", description="The camera of the photo", type=bpy.types.Object
    )
    photo_size: bpy.props.IntVectorProperty(
        name="Photo Size", description="The photo's size, which is rendered", size=2
    )
    camera: bpy.props.PointerProperty(
        name="Scene Camera",
        description="The scene's camera before Through the Photo",
        type=bpy.types.Object,
    )
    resolution: bpy.props.IntVectorProperty(
        name="Resolution", description="The render size before Through the Photo", size=2
    )


class OFER_PG_settings(bpy.types.PropertyGroup):
    """Which person to reconstruct, and how."""

    photo_view: bpy.props.PointerProperty(type=OFER_PG_photo_view)
    photos: bpy.props.CollectionProperty(type=OFER_PG_photo)
    photo_index: bpy.props.IntProperty(
        name="Photo", description="The photo whose faces are shown", min=0
    )
    pack_id: bpy.props.StringProperty(
        name="Pack",
        description="Networks and head to reconstruct with",
        default=packs.OPEN,
        translation_context=CONTEXT,
    )
    pack: bpy.props.EnumProperty(
        name="Pack",
        description="Networks and head to reconstruct with",
        items=packs.items,
        get=packs.chosen,
        set=packs.choose,
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    identities: bpy.props.IntProperty(
        name="Drawn", description="Heads drawn and ranked", default=100, min=1, max=1000
    )
    keep: bpy.props.IntProperty(
        name="Kept", description="Heads kept to choose from", default=10, min=1, max=100
    )
    show: bpy.props.EnumProperty(
        name="Which",
        description="Which heads are kept to choose from",
        items=(
            ("DIVERSE", "Most Different", "The likeliest, then those that differ most"),
            ("LIKELY", "Likeliest", "Those that the ranking network puts first"),
        ),
        translation_context=CONTEXT,
    )
    expressions: bpy.props.IntProperty(
        name="Expressions",
        description="Expressions drawn for each photo",
        default=15,
        min=0,
        max=100,
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="The same seed gives the same heads on the same device", min=0
    )
    guidance: bpy.props.FloatProperty(
        name="Follow the Photo",
        description="Pull the heads towards the points seen in the photo; 0 leaves them as the "
        "pack draws them",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    tell_age: bpy.props.BoolProperty(
        name="Tell the Age", description="Tell the pack how old the person is"
    )
    age: bpy.props.FloatProperty(
        name="Age",
        description="Years",
        default=40.0,
        min=0.0,
        max=100.0,
        precision=0,
        translation_context=CONTEXT,
    )
    tell_sex: bpy.props.BoolProperty(
        name="Tell the Sex", description="Tell the pack how female or male the face is"
    )
    sex: bpy.props.FloatProperty(
        name="Sex",
        description="0 is female, 1 is male",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    tell_build: bpy.props.BoolProperty(
        name="Tell the Build", description="Tell the pack how slight or heavy the person is"
    )
    build: bpy.props.FloatProperty(
        name="Build",
        description="0 is slight, 1 is heavy",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        translation_context=CONTEXT,
    )


CLASSES = (OFER_PG_photo, OFER_PG_photo_view, OFER_PG_settings)
