"""Strands of hair on a mesh: a picture of their brightness in a colour, cut out by their cover."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.strands import coloured

_NAME: Final = "OFER "


def show(tree: bpy.types.NodeTree, image: bpy.types.Image, layer: str) -> bpy.types.Node:
    """Lay a picture of strands on by a UV layer, as opaque as its alpha; returns its node."""
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    uv = tree.nodes.new("ShaderNodeUVMap")
    uv.uv_map = layer
    uv.location = (-800, 200)
    picture = tree.nodes.new("ShaderNodeTexImage")
    picture.image = image
    picture.location = (-600, 200)
    tree.links.new(uv.outputs["UV"], picture.inputs["Vector"])
    tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(picture.outputs["Alpha"], shader.inputs["Alpha"])
    return picture


def cut_out(tree: bpy.types.NodeTree) -> None:
    """Draw strands that lie over each other in full or not at all, from half of their alpha on, in
    every format. Strands thinner than a pixel would fall into dots: those of lashes stay soft."""
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    alpha = shader.inputs["Alpha"]
    whole = tree.nodes.new("ShaderNodeMath")
    whole.operation = "ROUND"
    whole.location = (-300, 0)
    tree.links.new(alpha.links[0].from_socket, whole.inputs[0])
    tree.links.new(whole.outputs["Value"], alpha)


def picture(file: Path, colour: tuple[float, ...]) -> bpy.types.Image:
    """A new packed picture of a style's strands, from one of our files. colour : (3,) linear."""
    source = bpy.data.images.load(str(file), check_existing=False)
    try:
        width, height = source.size
        values = np.empty((width * height, 4), np.float32)
        source.pixels.foreach_get(values.ravel())
    finally:
        bpy.data.images.remove(source)
    made = bpy.data.images.new(_NAME + file.stem, width, height, alpha=True)
    made.alpha_mode = "CHANNEL_PACKED"
    made.pixels.foreach_set(coloured(values, colour).ravel())
    made.pack()
    return made
