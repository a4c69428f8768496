"""The material of hair: its strands' brightness times one colour, cut out by their cover."""

from __future__ import annotations

from typing import Final

import bpy

from .. import compat
from ..head import carried, strands
from ..head.head_object import UV_LAYER
from ..undo import transaction

_NAME: Final = "OFER "
_ROUGHNESS: Final = 0.55
_SPECULAR: Final = 0.25


def make(name: str, colour: tuple[float, ...]) -> bpy.types.Material:
    """A new material of a style. colour : (3,) linear."""
    made = bpy.data.materials.new(_NAME + name.replace("_", " "))
    made.diffuse_color = (*colour, 1.0)
    made.roughness = _ROUGHNESS
    tree = compat.enable_nodes(made)
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = _ROUGHNESS
    shader.inputs["Specular IOR Level"].default_value = _SPECULAR
    image = strands.picture(carried.FOLDER / f"{name}.webp", colour)
    tree.nodes.active = strands.show(tree, image, UV_LAYER)
    strands.cut_out(tree)
    return made


def remove(mesh: bpy.types.Mesh, name: str) -> None:
    """Take the material of a style out of a mesh, and out of the file where nothing else has it."""
    for slot in reversed(range(len(mesh.materials))):
        material = mesh.materials[slot]
        if not material or not material.name.startswith(_NAME + name.replace("_", " ")):
            continue
        mesh.materials.pop(index=slot)
        transaction.once_done(lambda material=material: _remove_unused(material))


def _remove_unused(material: bpy.types.Material) -> None:
    """The material and the pictures that it alone shows, at once: nothing brings them back."""
    if material.users:
        return
    images = {node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"} - {None}
    users = bpy.data.user_map(subset=images)  # pyright: ignore[reportCallIssue]
    alone = [each for each in images if users[each] <= {material} and not each.use_fake_user]
    bpy.data.batch_remove([material, *alone])
