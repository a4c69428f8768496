"""What the add-on keeps in scenes and objects."""

from __future__ import annotations

import bpy

from . import hypotheses


def _show_identity(self: OFER_PG_head, context: bpy.types.Context) -> None:
    hypotheses.show_identity(self.id_data)


def _show_expression(self: OFER_PG_head, context: bpy.types.Context) -> None:
    hypotheses.show_expression(self.id_data)


def _another_photo(self: OFER_PG_photo, context: bpy.types.Context) -> None:
    self.face, self.use_box, self.box = 0, False, (0, 0, 0, 0)


class OFER_PG_hypothesis(bpy.types.PropertyGroup):
    """One ranked guess; its shape key has the same name unless it is the Basis."""

    rank: bpy.props.IntProperty(name="Rank")
    score: bpy.props.FloatProperty(name="Score", precision=3)
    candidate: bpy.props.IntProperty(name="Candidate")


class OFER_PG_head(bpy.types.PropertyGroup):
    """What makes a mesh object one of our heads."""

    is_head: bpy.props.BoolProperty(name="Is an OFER head")
    folder: bpy.props.StringProperty(name="Reconstruction", subtype="DIR_PATH")
    basis: bpy.props.StringProperty(name="Basis", description="The identity that is the Basis")
    identities: bpy.props.CollectionProperty(type=OFER_PG_hypothesis)
    expressions: bpy.props.CollectionProperty(type=OFER_PG_hypothesis)
    identity_index: bpy.props.IntProperty(
        name="Identity", description="Identity shown in the viewport", update=_show_identity
    )
    expression_index: bpy.props.IntProperty(
        name="Expression", description="Expression shown in the viewport", update=_show_expression
    )


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


CLASSES = (OFER_PG_hypothesis, OFER_PG_head, OFER_PG_photo)


def register() -> None:
    bpy.types.Scene.ofer = bpy.props.PointerProperty(type=OFER_PG_photo)
    bpy.types.Object.ofer = bpy.props.PointerProperty(type=OFER_PG_head)


def unregister() -> None:
    del bpy.types.Object.ofer
    del bpy.types.Scene.ofer
