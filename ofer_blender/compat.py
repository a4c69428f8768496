"""Every difference between the Blender versions that we serve (4.2 to 5.2), and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

EEVEE = "BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE"


def enable_nodes(owner: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The node tree of a material or world; from 5.0 on there always is one."""
    if bpy.app.version < (5, 0, 0):
        owner.use_nodes = True
    return owner.node_tree


def save_copy(image: bpy.types.Image, path: str, file_format: str) -> None:
    """Write the pixels as they are, leaving the image as it was. Raises RuntimeError."""
    if bpy.app.version < (4, 5, 0):  # saving would make the file the image's own
        save_pixels(image, path, file_format, alpha=False)
        return
    usual = image.file_format
    try:
        image.file_format = file_format
        image.save(filepath=path, save_copy=True)  # pyright: ignore[reportCallIssue]
    finally:
        image.file_format = usual


def save_pixels(
    image: bpy.types.Image, path: str, file_format: str = "PNG", alpha: bool = True
) -> None:
    """Write an image's pixels and nothing else; it may be on no disk. alpha : with its own, where
    it has one that counts. Raises RuntimeError."""
    width, height = image.size
    values = np.empty((width * height, image.channels), dtype=np.float32)
    image.pixels.foreach_get(values.ravel())
    rgba = np.ones((width * height, 4), dtype=np.float32)
    rgba[:, :3] = values[:, :3] if image.channels >= 3 else values[:, :1]
    if alpha and image.channels == 4 and image.alpha_mode != "NONE":
        rgba[:, 3] = values[:, 3]
    twin = bpy.data.images.new(
        image.name, width, height, alpha=True, float_buffer=image.is_float,
        is_data=image.colorspace_settings.is_data,
    )  # fmt: skip
    try:
        twin.alpha_mode = image.alpha_mode
        twin.pixels.foreach_set(rgba.ravel())
        twin.file_format = file_format
        twin.save(filepath=path)
    finally:
        bpy.data.images.remove(twin)


def mend_edge_selection(mesh: bpy.types.Mesh) -> None:
    """5.0 keeps the selection of edges that it calculates as pairs of whole numbers, and crashes
    where a script then selects one. Without it, none is selected."""
    kept = mesh.attributes.get(".select_edge")
    if kept and kept.data_type != "BOOLEAN":
        mesh.attributes.remove(kept)


def remove_unused(images: Iterable[bpy.types.Image]) -> None:
    """Remove those images that nothing shows or keeps, all at once. Up to 4.4 the count of their
    users cannot be trusted: copying a material in 4.2 counts what its nodes show once too often."""
    asked = list(images)
    if bpy.app.version < (4, 5, 0):
        users = bpy.data.user_map(subset=asked)  # pyright: ignore[reportCallIssue]
        unused = [each for each in asked if not (each.use_fake_user or users[each])]
    else:
        unused = [each for each in asked if not each.users]
    bpy.data.batch_remove(unused)


def make_undo_ready() -> None:
    """Before a change that is grouped into one undo step: without a window Blender keeps none until
    it is told to, and up to 5.1 it crashes when a script then asks for a grouped one."""
    if bpy.app.background and not bpy.ops.ed.undo.poll():  # pyright: ignore[reportCallIssue]
        bpy.ops.ed.undo_push(message="Start")


def leave(status: int) -> None:
    """End a script's process. The bpy module 4.2 crashes at exit after any glTF export."""
    is_module = not bpy.app.binary_path
    if is_module and bpy.app.version < (4, 5, 0):
        sys.stderr.flush()
        os._exit(status)
    if status:
        sys.exit(status)


def usd_settings() -> dict[str, object]:
    """Settings of the USD exporter that point to the pictures where they lie, and write no world's
    light into the file."""
    worldless = {"convert_world_material": False}
    if bpy.app.version < (4, 5, 0):
        return {"export_textures": False} | worldless
    return {"export_textures_mode": "KEEP"} | worldless


def supported_usd_settings(settings: dict[str, object]) -> dict[str, object]:
    """Those settings of the USD exporter that this Blender has."""
    known = bpy.ops.wm.usd_export.get_rna_type().properties.keys()  # pyright: ignore[reportCallIssue]
    return {name: value for name, value in settings.items() if name in known}


def new_action(owner: bpy.types.ID, name: str) -> tuple[bpy.types.Action, Any]:
    """A new action that animates a datablock from now on, and the collection of its curves; since
    4.4 an action holds the curves of several datablocks, each in a slot."""
    action = bpy.data.actions.new(name)
    animation = owner.animation_data_create()
    animation.action = action
    if bpy.app.version < (4, 4, 0):
        return action, action.fcurves
    slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    animation.action_slot = slot
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return action, strip.channelbag(slot, ensure=True).fcurves


def copied_action(owner: bpy.types.ID, name: str) -> tuple[bpy.types.Action, Any]:
    """A copy of the action that animates a datablock, which animates it from now on, and the
    collection of its curves."""
    animation = owner.animation_data
    action = animation.action.copy()
    action.name = name
    if bpy.app.version < (4, 4, 0):
        animation.action = action
        return action, action.fcurves
    identifier = animation.action_slot.identifier if animation.action_slot else ""
    animation.action = action
    slot = action.slots.get(identifier) or action.slots.new(id_type=owner.id_type, name=owner.name)
    animation.action_slot = slot
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return action, strip.channelbag(slot, ensure=True).fcurves


def share_action(owner: bpy.types.ID, other: bpy.types.ID) -> None:
    """Let another datablock of its kind be animated by the action of one, just as that is."""
    source, target = owner.animation_data, other.animation_data_create()
    target.action = source.action
    if bpy.app.version >= (4, 4, 0):
        target.action_slot = source.action_slot
    for name in ("action_blend_type", "action_extrapolation", "action_influence"):
        setattr(target, name, getattr(source, name))


def players_of_action(owner: bpy.types.ID) -> list[bpy.types.ID]:
    """What the curves that animate a datablock animate, itself and tracks of the NLA included."""
    animation = owner.animation_data
    if bpy.app.version >= (4, 4, 0):
        slot = animation.action_slot
        return list(slot.users()) if slot else []
    users = bpy.data.user_map(subset=[animation.action])  # pyright: ignore[reportCallIssue]
    return list(users[animation.action])


def curves_of(owner: bpy.types.ID) -> list[bpy.types.FCurve]:
    """The curves with which its action animates a datablock; none without an action."""
    animation = owner.animation_data
    return _curves(animation.action, animation) if animation and animation.action else []


def all_curves_of(owner: bpy.types.ID) -> list[bpy.types.FCurve]:
    """The curves of a datablock's action, and of all strips on its tracks of the NLA."""
    animation = owner.animation_data
    tracks = animation.nla_tracks if animation else ()
    strips = [strip for track in tracks for strip in track.strips]
    return [*curves_of(owner), *(curve for each in strips for curve in curves_of_strip(each))]


def curves_of_strip(strip: bpy.types.NlaStrip) -> list[bpy.types.FCurve]:
    """The curves of a strip of the NLA, or of the strips that were grouped as one."""
    inner = [curve for each in strip.strips for curve in curves_of_strip(each)]
    return inner + (_curves(strip.action, strip) if strip.action else [])


def _curves(
    action: bpy.types.Action, player: bpy.types.AnimData | bpy.types.NlaStrip
) -> list[bpy.types.FCurve]:
    """Those of an action that are its player's."""
    if bpy.app.version < (4, 4, 0):
        return list(action.fcurves)
    slot = player.action_slot
    strips = [strip for layer in action.layers for strip in layer.strips] if slot else []
    bags = [strip.channelbag(slot) for strip in strips]
    return [curve for bag in bags if bag for curve in bag.fcurves]
