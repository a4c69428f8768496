"""What the Export panel keeps with a head."""

from __future__ import annotations

import bpy

from ..translations import CONTEXT
from .plan import LOD_RATIOS
from .write import TARGETS


class OFER_PG_finding(bpy.types.PropertyGroup):
    """One line of the last check."""

    level: bpy.props.StringProperty(name="Level")
    text: bpy.props.StringProperty(name="Finding")
    fix: bpy.props.StringProperty(name="Fix")


class OFER_PG_export(bpy.types.PropertyGroup):
    """Where the head goes, and with what."""

    target: bpy.props.EnumProperty(
        name="For", description="The program that the head goes to", items=TARGETS, default="GLB"
    )
    keys: bpy.props.EnumProperty(
        name="Keys",
        description="Shape keys in the file",
        items=(
            ("ARKIT", "ARKit 52", "The 52 ARKit units, and visemes where they were added"),
            (
                "ALL", "Everything",
                "The 52, further identities, the photo's expressions and keys of your own",
            ),
            ("HYPOTHESES", "Hypotheses", "Further identities and the photo's expressions"),
            ("NONE", "None", "The shape alone"),
        ),
        translation_context=CONTEXT,
    )  # fmt: skip
    bake: bpy.props.BoolProperty(
        name="Bake What Is Shown",
        description="The shape that the keys make now becomes the neutral one of the file",
    )
    apply_modifiers: bpy.props.BoolProperty(
        name="Apply Modifiers",
        description="Apply the head's modifiers, key by key: every key stays",
    )
    animation: bpy.props.BoolProperty(
        name="Animation",
        description="What moves the keys and bones in the scene goes into the file, frame by frame",
        default=True,
    )
    frames: bpy.props.EnumProperty(
        name="Frames",
        description="Which frames of the animation go into the file",
        items=(
            ("ANIMATED", "As Animated", "From the first key frame to the last"),
            ("SCENE", "Scene Range", "From the scene's first frame to its last"),
        ),
        translation_context=CONTEXT,
    )
    rate: bpy.props.IntProperty(
        name="Frame Rate",
        description="Frames a second in the file; 0: as many as the scene has",
        default=0,
        min=0,
        max=240,
    )
    record: bpy.props.BoolProperty(
        name="Name the Photo",
        description="Write the photo's name and hash, the face in it and the settings into "
        "FILE.json",
    )
    lods: bpy.props.IntProperty(
        name="Levels of Detail",
        description="Meshes in the file, each about half as fine as the one before",
        default=1,
        min=1,
        max=len(LOD_RATIOS),
    )
    close_neck: bpy.props.BoolProperty(
        name="Close the Neck",
        description="One flat face closes the open edge of the neck, for a head that stands alone",
    )
    body: bpy.props.BoolProperty(
        name="Body",
        description="Export what the bones of the head's body move, too: its meshes and the seam",
        default=True,
    )
    author: bpy.props.StringProperty(
        name="Author", description="Whom a VRM names as its author: others see it with the avatar"
    )
    findings: bpy.props.CollectionProperty(type=OFER_PG_finding)


CLASSES = (OFER_PG_finding, OFER_PG_export)


def register() -> None:
    bpy.types.Object.ofer_export = bpy.props.PointerProperty(type=OFER_PG_export)


def unregister() -> None:
    del bpy.types.Object.ofer_export
