"""The material of hair: its strands' brightness times one colour, cut out by their cover."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from .. import compat
from ..head import carried
from ..head.head_object import UV_LAYER

_NAME: Final = "OFER "
_ROUGHNESS: Final = 0.55
_SPECULAR: Final = 0.25
_COVER: Final = 1.5
"""Covers of 1 / 3 and more are hair: what is cut out at half would be thin."""
_MIDDLE: Final = 128 / 255
_LIGHT: Final = 0.3
"""Linear: hair as light as this shows its strands half as much as black hair."""


def make(name: str, colour: tuple[float, ...]) -> bpy.types.Material:
    """A new material of a style. colour : (3,) linear."""
    made = bpy.data.materials.new(_NAME + name.replace("_", " "))
    made.diffuse_color = (*colour, 1.0)
    made.roughness = _ROUGHNESS
    tree = compat.enable_nodes(made)
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = _ROUGHNESS
    shader.inputs["Specular IOR Level"].default_value = _SPECULAR
    layer = tree.nodes.new("ShaderNodeUVMap")
    layer.uv_map = UV_LAYER
    layer.location = (-800, 200)
    picture = tree.nodes.new("ShaderNodeTexImage")
    picture.image = _picture(name, colour)
    picture.location = (-600, 200)
    whole = tree.nodes.new("ShaderNodeMath")  # glTF: cut out at half, not laid over each other
    whole.operation = "ROUND"
    whole.location = (-300, 0)
    tree.links.new(layer.outputs["UV"], picture.inputs["Vector"])
    tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(picture.outputs["Alpha"], whole.inputs[0])
    tree.links.new(whole.outputs["Value"], shader.inputs["Alpha"])
    tree.nodes.active = picture
    return made


def remove(mesh: bpy.types.Mesh, name: str) -> None:
    """Take the material of a style out of a mesh, and out of the file where nothing else has it."""
    for slot in reversed(range(len(mesh.materials))):
        material = mesh.materials[slot]
        if not material or not material.name.startswith(_NAME + name.replace("_", " ")):
            continue
        mesh.materials.pop(index=slot)
        if material.users:
            continue
        images = [node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"]
        bpy.data.materials.remove(material)
        for image in images:
            if image and not image.users:
                bpy.data.images.remove(image)


def _picture(name: str, colour: tuple[float, ...]) -> bpy.types.Image:
    """The packed picture of a style's strands in a colour."""
    source = bpy.data.images.load(str(carried.FOLDER / f"{name}.webp"), check_existing=False)
    try:
        width, height = source.size
        values = np.empty((width * height, 4), np.float32)
        source.pixels.foreach_get(values.ravel())
    finally:
        bpy.data.images.remove(source)
    lightness = float(np.mean(colour)) / _LIGHT
    bright = (values[:, :1] / _MIDDLE) ** (2 - min(lightness, 1.0))
    values[:, :3] = np.clip(bright * np.asarray(colour, np.float32), 0, 1) ** (1 / 2.2)
    values[:, 3] = np.clip(values[:, 3] * _COVER, 0, 1)
    made = bpy.data.images.new(_NAME + name, width, height, alpha=True)
    made.alpha_mode = "CHANNEL_PACKED"
    made.pixels.foreach_set(values.ravel())
    made.pack()
    return made
