"""Whether the pictures of a head and of what goes beside it look in the file as they do here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

from ...ofer_engine.contract.sentence import Sentence
from ..skin import skin_nodes
from . import companions
from .finding import Finding, Level, listed
from .pictures import missing, tiled, too_large
from .plan import Plan

_SHOWN: Final = ("Base Color", "Metallic", "Roughness", "Alpha", "Normal")
"""What files have of a Principled BSDF: a value, or a picture as it is."""
_PASSED_ON: Final = {
    "REROUTE": 0, "NORMAL_MAP": "Color", "SEPARATE_COLOR": 0, "MAPPING": "Vector",
    "TEX_IMAGE": "Vector",
}  # fmt: skip
"""Nodes that exporters understand, and the input that they pass on."""
_SOURCES: Final = ("RGB", "VALUE", "UVMAP")


def before(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """What of its pictures will not be in the file."""
    shown = [head, *companions.sources(head, plan)]
    for refused in filter(None, map(too_large, shown)):
        yield Finding(Level.FAULT, refused.sentence)
    lost = missing(head)
    if lost:
        yield Finding(
            Level.NOTE,
            Sentence("Pictures that are missing are not in the file: {lost}.", lost=listed(lost)),
        )
    if parted := tiled(head):
        what = Sentence(
            "Of pictures with several tiles (UDIM) the first is in the file: {names}.",
            names=listed(parted),
        )
        yield Finding(Level.NOTE, what)
    materials = dict.fromkeys(slot.material for each in shown for slot in each.material_slots)
    if mixed := [each.name for each in materials if each and not _is_plain(each)]:
        what = Sentence(
            "No file holds what nodes make of colours and pictures: bake {names} into a picture "
            "first.",
            names=listed(mixed),
        )
        yield Finding(Level.NOTE, what)


def _is_plain(material: bpy.types.Material) -> bool:
    """What it shows are values and pictures as they are."""
    tree = material.node_tree
    shader = skin_nodes.shader(tree) if tree else None
    if shader is None:
        return True
    return all(_passes(shader.inputs[name]) for name in _SHOWN)


def _passes(socket: bpy.types.NodeSocket, depth: int = 32) -> bool:
    """A socket gets a value, or a picture that nothing changes."""
    if not socket.links:
        return True
    link = socket.links[0]
    node = link.from_node
    if node.type in _SOURCES or not depth:
        return bool(depth)
    if node.type == "GROUP" and node.node_tree:
        ends = [each for each in node.node_tree.nodes if each.type == "GROUP_OUTPUT"]
        inner = [each for end in ends for each in end.inputs
                 if each.identifier == link.from_socket.identifier]  # fmt: skip
        return bool(inner) and _passes(inner[0], depth - 1)
    if node.type == "GROUP_INPUT":
        return True
    if node.type == "TEX_COORD":
        return link.from_socket.name == "UV"
    if node.type == "MATH" and node.operation == "ROUND":  # cut out
        return _passes(node.inputs[0], depth - 1)
    place = _PASSED_ON.get(node.type)
    return place is not None and _passes(node.inputs[place], depth - 1)
