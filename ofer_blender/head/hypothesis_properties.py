"""What the add-on keeps of a hypothesis, and of the blend that is made of some."""

from __future__ import annotations

from typing import Final

import bpy

from ...ofer_engine.contract import expression_words
from ..translations import CONTEXT
from . import blend, hypotheses, own_mesh, shaping


def _pin(self: OFER_PG_hypothesis, context: bpy.types.Context) -> None:
    own_mesh.ensure_shown(self.id_data)
    hypotheses.show_expression(self.id_data)
    shaping.follow_expression(self.id_data)


def _mix(self: OFER_PG_part_of_blend, context: bpy.types.Context) -> None:
    own_mesh.ensure_shown(self.id_data)
    blend.show(self.id_data)


class OFER_PG_share(bpy.types.PropertyGroup):
    """A candidate of the reconstruction's folder, and its part in a blend."""

    row: bpy.props.IntProperty(name="Candidate")
    weight: bpy.props.FloatProperty(name="Weight", translation_context=CONTEXT)


class OFER_PG_part_of_blend(bpy.types.PropertyGroup):
    """A hypothesis in the blend being made; its name is the hypothesis's."""

    weight: bpy.props.FloatProperty(
        name="Weight",
        description="How much of this hypothesis is in the blend, against the others",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_mix,
        translation_context=CONTEXT,
    )


class OFER_PG_hypothesis(bpy.types.PropertyGroup):
    """One guess; its shape key has the same name unless it is the Basis."""

    rank: bpy.props.IntProperty(name="Rank", description="Place in the gallery; 0 for a blend")
    score: bpy.props.FloatProperty(
        name="Share",
        description="What the ranking network gives it among all heads drawn, which sum to 1",
        precision=3,
    )
    ranking: bpy.props.FloatProperty(
        name="Ranking Score", description="What the ranking network gave it; higher is better"
    )
    candidate: bpy.props.IntProperty(
        name="Candidate", description="Row of the reconstruction's coefficients; -1 for a blend"
    )
    draw: bpy.props.IntProperty(
        name="Draw",
        description="0: the first draw; n: the n-th time more were drawn",
        translation_context=CONTEXT,
    )
    shares: bpy.props.CollectionProperty(type=OFER_PG_share)
    favourite: bpy.props.BoolProperty(name="Favourite", description="Star it to find it again")
    hidden: bpy.props.BoolProperty(
        name="Hidden", description="Leave it out of the gallery", translation_context=CONTEXT
    )
    feature: bpy.props.EnumProperty(
        name="Expression",
        description="What moves most in this expression",
        items=expression_words.FEATURES,
        translation_context=CONTEXT,
    )
    second: bpy.props.EnumProperty(
        name="And",
        description="What moves most beside it; Calm for nothing",
        items=expression_words.FEATURES,
        translation_context=CONTEXT,
    )
    side: bpy.props.EnumProperty(
        name="Side",
        description="On which side of the person",
        items=expression_words.SIDES,
        translation_context=CONTEXT,
    )
    pinned: bpy.props.BoolProperty(
        name="Pinned",
        description="Keep this expression on while others are tried",
        update=_pin,
        translation_context=CONTEXT,
    )
    picture: bpy.props.StringProperty(
        name="Picture", description="Its thumbnail, a PNG file", subtype="BYTE_STRING"
    )
    picture_key: bpy.props.StringProperty(name="Picture Key")
    clay: bpy.props.StringProperty(
        name="Clay Picture",
        description="Its thumbnail without skin, a PNG file; empty where the other has none either",
        subtype="BYTE_STRING",
    )
    clay_key: bpy.props.StringProperty(name="Clay Picture Key")


CLASSES: Final = (OFER_PG_share, OFER_PG_part_of_blend, OFER_PG_hypothesis)
