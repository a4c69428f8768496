"""The nodes of a material that show a painted skin: colours, fine detail, roughness."""

from __future__ import annotations

from typing import Final

import bpy

from ..head.head_object import UV_LAYER

COLOUR: Final = "OFER skin"
NORMAL: Final = "OFER skin normal"
ROUGHNESS: Final = "OFER skin roughness"
_RELIEF: Final = "OFER skin relief"
_LAYER: Final = "OFER skin UV"
SUFFIXES: Final = {COLOUR: "", NORMAL: "_normal", ROUGHNESS: "_roughness"}
"""What the picture's name has after the skin's."""
_AWAY: Final = {COLOUR: (-420, 0), ROUGHNESS: (-420, -280), NORMAL: (-640, -560)}


def shader(tree: bpy.types.NodeTree) -> bpy.types.Node | None:
    """The material's Principled BSDF."""
    return next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)


def pictures(material: bpy.types.Material) -> dict[str, bpy.types.Image]:
    """Node → picture of a painted skin; empty where the material shows none."""
    tree = material.node_tree
    nodes = {name: tree.nodes.get(name) for name in SUFFIXES} if tree else {}
    return {name: node.image for name, node in nodes.items() if node and node.image}


def show(tree: bpy.types.NodeTree, images: dict[str, bpy.types.Image]) -> None:
    """Put pictures into the material, in place of earlier ones. images : by node, COLOUR among
    them."""
    target = shader(tree)
    layer = next((node for node in tree.nodes if node.type == "UVMAP"), None)
    if layer is None:
        layer = tree.nodes.new("ShaderNodeUVMap")
        layer.name = _LAYER
    layer.uv_map = UV_LAYER
    layer.location = (target.location.x - 900, target.location.y)
    for name in SUFFIXES:
        if name not in images:
            _remove(tree, name)
            continue
        texture = tree.nodes.get(name) or tree.nodes.new("ShaderNodeTexImage")
        texture.name = texture.label = name
        texture.image = images[name]
        right, up = _AWAY[name]
        texture.location = (target.location.x + right, target.location.y + up)
        _link(tree, layer.outputs["UV"], texture.inputs["Vector"])
    _link(tree, tree.nodes[COLOUR].outputs["Color"], target.inputs["Base Color"])
    if ROUGHNESS in images:
        _link(tree, tree.nodes[ROUGHNESS].outputs["Color"], target.inputs["Roughness"])
    if NORMAL in images:
        relief = tree.nodes.get(_RELIEF) or tree.nodes.new("ShaderNodeNormalMap")
        relief.name = relief.label = _RELIEF
        relief.uv_map = UV_LAYER
        relief.location = (target.location.x - 260, target.location.y - 560)
        _link(tree, tree.nodes[NORMAL].outputs["Color"], relief.inputs["Color"])
        _link(tree, relief.outputs["Normal"], target.inputs["Normal"])
    else:
        _remove(tree, _RELIEF)


def clear(tree: bpy.types.NodeTree) -> None:
    """Take all of it out again; the shader shows its own values."""
    for name in (*SUFFIXES, _RELIEF):
        _remove(tree, name)


def _link(
    tree: bpy.types.NodeTree, output: bpy.types.NodeSocket, target: bpy.types.NodeSocket
) -> None:
    """Link two sockets, unless the output already leads there, also by way of an artist's nodes."""
    passed, ahead = set(), [link.to_socket for link in output.links]
    while ahead:
        socket = ahead.pop()
        if socket == target:
            return
        if socket.node.name not in passed:
            passed.add(socket.node.name)
            ahead += [link.to_socket for each in socket.node.outputs for link in each.links]
    tree.links.new(output, target)


def _remove(tree: bpy.types.NodeTree, name: str) -> None:
    node = tree.nodes.get(name)
    if node:
        tree.nodes.remove(node)
