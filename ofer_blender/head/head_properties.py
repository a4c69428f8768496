"""What the add-on keeps on a head: its gallery, the artist's choices, and what to draw next."""

from __future__ import annotations

from typing import Final

import bpy

from .. import enum_items
from ..translations import CONTEXT, tr
from . import (
    blend,
    hypotheses,
    hypothesis_properties,
    own_mesh,
    previews,
    shaping,
    shaping_properties,
)
from .hypothesis_properties import OFER_PG_hypothesis, OFER_PG_part_of_blend
from .shaping_properties import OFER_PG_hints, OFER_PG_pin, OFER_PG_taken_part

_REGIONS: Final = (
    ("eyes", "Eyes", "Both eyes and their brows: glasses, hair, a hand"),
    ("mouth", "Mouth", "Lips and what surrounds them"),
    ("left", "Left", "The person's left half of the face"),
    ("right", "Right", "The person's right half of the face"),
    ("below_nose", "Below the Nose", "Everything under the nose: a mask, a scarf"),
)
"""The regions of `HiddenRegion` that the panel offers; a painted mask covers the rest."""

_PARTS: Final = (
    ("nose", "Nose", ""),
    ("mouth", "Mouth", ""),
    ("eyes", "Eyes", ""),
    ("brows", "Brows", ""),
    ("jaw", "Jaw and Chin", ""),
    ("cheeks", "Cheeks", ""),
    ("forehead", "Forehead", ""),
    ("ears", "Ears", ""),
    ("skull", "Skull and Neck", ""),
)
"""FACE_PARTS."""


def _show_identity(self: OFER_PG_head, context: bpy.types.Context) -> None:
    if not hypotheses.is_still(self.id_data):
        own_mesh.ensure_shown(self.id_data)
        hypotheses.show_identity(self.id_data)
        shaping.follow(self.id_data)


def _exaggerate(self: OFER_PG_head, context: bpy.types.Context) -> None:
    own_mesh.ensure_shown(self.id_data)
    blend.exaggerate(self.id_data)


def _show_expression(self: OFER_PG_head, context: bpy.types.Context) -> None:
    if not hypotheses.is_still(self.id_data):
        own_mesh.ensure_shown(self.id_data)
        hypotheses.show_expression(self.id_data)
        shaping.follow_expression(self.id_data)


_PHOTO: Final = 1 << 20
"""Number of the photo in such an enumeration: no gallery has so many."""


def _choices_of(self: OFER_PG_head, kept: str, chosen: int) -> list:
    """The hypotheses that are not hidden, and the chosen one, as an enumeration with pictures;
    before them the photo, for the eye alone."""
    photo = previews.photo()
    choices = [("photo", tr("Photo"), "", photo, _PHOTO)] if photo else []
    choices += [
        (item.name, hypotheses.caption(item), "", previews.icon(item), place)
        for place, item in enumerate(getattr(self, kept))
        if not item.hidden or place == chosen
    ]
    return enum_items.kept(choices)


def _identity_choices(self: OFER_PG_head, context: bpy.types.Context | None) -> list:
    return _choices_of(self, "identities", self.identity_index)


def _expression_choices(self: OFER_PG_head, context: bpy.types.Context | None) -> list:
    return _choices_of(self, "expressions", self.expression_index)


def _chosen_identity(self: OFER_PG_head) -> int:
    return self.identity_index


def _chosen_expression(self: OFER_PG_head) -> int:
    return self.expression_index


def _choose_identity(self: OFER_PG_head, place: int) -> None:
    if place != _PHOTO:
        self.identity_index = place


def _choose_expression(self: OFER_PG_head, place: int) -> None:
    if place != _PHOTO:
        self.expression_index = place


class OFER_PG_selected(bpy.types.PropertyGroup):
    """An object that was selected, by its name."""


class OFER_PG_part_certainty(bpy.types.PropertyGroup):
    """How much the photos decide of a part of the head; its name is the part's, of FACE_PARTS."""

    told: bpy.props.FloatProperty(name="Decided", description="0: a guess, 1: the photo decides it")
    spread: bpy.props.FloatProperty(
        name="Spread", description="Metres by which the heads drawn differ there"
    )


class OFER_PG_certainty(bpy.types.PropertyGroup):
    """How much the photos decide of a head."""

    shown: bpy.props.FloatProperty(name="Shown", description="Share of the face that is seen")
    spread: bpy.props.FloatProperty(
        name="Spread", description="Metres by which the heads drawn differ in the face"
    )
    people: bpy.props.FloatProperty(
        name="People", description="Metres by which people differ there; 0 where it is not known"
    )
    parts: bpy.props.CollectionProperty(type=OFER_PG_part_certainty)


class OFER_PG_head(bpy.types.PropertyGroup):
    """What makes a mesh object one of our heads."""

    is_head: bpy.props.BoolProperty(name="Is an OFER head")
    folder: bpy.props.StringProperty(
        name="Reconstruction", subtype="DIR_PATH", translation_context=CONTEXT
    )
    basis: bpy.props.StringProperty(name="Basis", description="The identity that is the Basis")
    expressions_of: bpy.props.StringProperty(
        name="Expressions Of", description="The identity that the expressions were computed for"
    )
    units_of: bpy.props.StringProperty(
        name="Units Of", description="The identity that the ARKit keys were computed for"
    )
    candidates: bpy.props.IntProperty(
        name="Candidates", description="How many heads were drawn and ranked in all"
    )
    identities: bpy.props.CollectionProperty(type=OFER_PG_hypothesis)
    expressions: bpy.props.CollectionProperty(type=OFER_PG_hypothesis)
    identity_index: bpy.props.IntProperty(
        name="Identity", description="Identity shown in the viewport", update=_show_identity
    )
    expression_index: bpy.props.IntProperty(
        name="Expression",
        description="Expression shown in the viewport",
        update=_show_expression,
        translation_context=CONTEXT,
    )
    identity_choice: bpy.props.EnumProperty(
        name="Identity",
        description="Click to choose from the gallery",
        items=_identity_choices,
        get=_chosen_identity,
        set=_choose_identity,
        options={"SKIP_SAVE"},
    )
    expression_choice: bpy.props.EnumProperty(
        name="Expression",
        description="Click to choose from the gallery",
        items=_expression_choices,
        get=_chosen_expression,
        set=_choose_expression,
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    exaggeration: bpy.props.FloatProperty(
        name="Exaggerate",
        description="Show so many times the difference of each head from the Basis, to see what "
        "differs",
        default=1.0,
        min=1.0,
        max=3.0,
        update=_exaggerate,
    )
    exaggerated: bpy.props.FloatProperty(
        name="Exaggerated", description="How many times the keys show it now", default=1.0
    )
    favourites_only: bpy.props.BoolProperty(
        name="Only Favourites", description="List starred hypotheses only"
    )
    show_hidden: bpy.props.BoolProperty(
        name="Hidden Too", description="List hidden hypotheses as well"
    )
    blend: bpy.props.CollectionProperty(type=OFER_PG_part_of_blend)
    certainty: bpy.props.PointerProperty(type=OFER_PG_certainty)
    hints: bpy.props.PointerProperty(type=OFER_PG_hints)
    takes_hints: bpy.props.BoolProperty(
        name="Takes Hints", description="Its reconstruction knows what a hint moves"
    )
    guessed_most: bpy.props.FloatProperty(
        name="Most Guessed",
        description="Metres by which the heads drawn differ where the millimetres are reddest",
    )
    likeness: bpy.props.FloatProperty(
        name="Difference",
        description="How far the new heads may go from this one: 0 is the same head again, "
        "1 forgets it and draws from the photo alone",
        default=0.4,
        min=0.05,
        max=1.0,
        subtype="FACTOR",
        translation_context=CONTEXT,
    )
    drawn: bpy.props.IntProperty(
        name="Drawn", description="New heads drawn and ranked", default=40, min=1, max=1000
    )
    keep: bpy.props.IntProperty(
        name="Kept", description="Best of them added to the gallery", default=10, min=1, max=100
    )
    hidden_here: bpy.props.EnumProperty(
        name="Hidden Here",
        description="What the photo does not show of the face; Shift-click for several",
        items=_REGIONS,
        options={"ENUM_FLAG"},
    )
    mask: bpy.props.PointerProperty(
        name="Mask",
        description="The photo, painted over where it does not show the face",
        type=bpy.types.Image,
        translation_context=CONTEXT,
    )
    camera: bpy.props.PointerProperty(
        name="Photo Camera", description="The camera of the photo", type=bpy.types.Object
    )
    photo_beside: bpy.props.PointerProperty(
        name="Photo Beside", description="The photo beside the head", type=bpy.types.Object
    )
    seam: bpy.props.PointerProperty(
        name="Seam", description="The strip from its neck to the body", type=bpy.types.Object
    )
    video_camera: bpy.props.PointerProperty(
        name="Video Camera", description="The camera of the video", type=bpy.types.Object
    )
    through_photo: bpy.props.BoolProperty(
        name="Through the Photo", description="The scene shows this head through its photo"
    )
    scene_camera: bpy.props.PointerProperty(
        name="Scene Camera",
        description="The scene's camera before Through the Photo",
        type=bpy.types.Object,
    )
    resolution: bpy.props.IntVectorProperty(
        name="Resolution", description="The render size before Through the Photo", size=2
    )
    parts: bpy.props.CollectionProperty(type=OFER_PG_taken_part)
    part: bpy.props.EnumProperty(
        name="Part",
        description="What to take from the head shown",
        items=_PARTS,
        translation_context=CONTEXT,
    )
    rest_follows: bpy.props.BoolProperty(
        name="The Rest Follows",
        description="Move the rest, too, as it varies with this part in the heads drawn",
        default=True,
    )
    pins: bpy.props.CollectionProperty(type=OFER_PG_pin)
    in_clay: bpy.props.BoolProperty(
        name="Clay",
        description="Show the pictures without skin, in clay, where shapes differ more clearly",
    )
    landmarks: bpy.props.BoolProperty(
        name="Landmarks",
        description="While pins are dragged, show the points of the face that OFER found in the "
        "photo: click one and its point of the head comes there; a point of the head that is "
        "brought near its own snaps to it",
        default=True,
    )
    pinned_camera: bpy.props.FloatVectorProperty(
        name="Pinned Camera",
        description="Turn and shift of the photo's camera as the pins corrected it, engine frame",
        size=12,
    )
    comparing: bpy.props.IntProperty(
        name="Comparing", description="How many heads Compare shows side by side; 0: none"
    )
    active_before: bpy.props.StringProperty(
        name="Active Before", description="The active object before Compare"
    )
    selected_before: bpy.props.CollectionProperty(type=OFER_PG_selected)
    hidden_before: bpy.props.BoolProperty(
        name="Hidden Before", description="The head was hidden before Compare"
    )
    layer_before: bpy.props.StringProperty(
        name="Layer Before", description="Scene and view layer in which Compare began, a line each"
    )
    compare_page: bpy.props.IntProperty(
        name="Page", description="Which of the gallery's pages Compare shows"
    )
    compared_as: bpy.props.StringProperty(
        name="Compared As", description="For a head shown by Compare: its hypothesis"
    )
    compared_made: bpy.props.StringProperty(
        name="Compared Made", description="For a head shown by Compare: its name and points"
    )
    compared_with: bpy.props.PointerProperty(
        name="Compared Head",
        description="For a head shown by Compare: the head that it is a copy of",
        type=bpy.types.Object,
    )


CLASSES: Final = (
    *hypothesis_properties.CLASSES,
    *shaping_properties.CLASSES,
    OFER_PG_selected,
    OFER_PG_part_certainty,
    OFER_PG_certainty,
    OFER_PG_head,
)
