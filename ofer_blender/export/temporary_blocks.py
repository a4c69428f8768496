"""Datablocks that are there for an export only, and names that they need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import bpy

_ASIDE: Final = "\N{FULLWIDTH TILDE}"
"""Behind the name of what steps aside for a copy that needs its name."""


@dataclass(eq=False)
class TemporaryBlocks:
    """blocks : those made so far; aside : what stepped aside for their names, and its own name."""

    blocks: list[bpy.types.ID] = field(default_factory=list)
    aside: list[tuple[bpy.types.ID, str]] = field(default_factory=list)

    def name(self, block: bpy.types.ID, name: str) -> None:
        """Give one of them a name, whoever has it."""
        other = next(
            (each for each in _kind(block) if each.name == name and not each.library), None
        )
        if other is not None and other != block:
            self.aside.append((other, name))
            short = name.encode()[:40].decode("utf-8", "ignore")
            other.name = f"{short}{_ASIDE}{len(self.aside)}"
        block.name = name

    def name_object(self, made: bpy.types.Object, name: str) -> None:
        """Give an object and its data a name, as `name`."""
        self.name(made, name)
        self.name(made.data, name)

    def remove(self) -> None:
        """All of it, objects before what they use; what stepped aside gets its name back."""
        objects = [each for each in self.blocks if isinstance(each, bpy.types.Object)]
        others = [each for each in self.blocks if not isinstance(each, bpy.types.Object)]
        for each in objects:
            others.insert(0, each.data)
            if each.type == "MESH" and each.data.shape_keys:
                each.shape_key_clear()  # a mesh leaves them behind, which crash who reads them
            bpy.data.objects.remove(each)
        for each in dict.fromkeys(others):
            _kind(each).remove(each)
        for block, name in reversed(self.aside):
            block.name = name


def _kind(block: bpy.types.ID) -> bpy.types.bpy_prop_collection:
    """The collection of bpy.data that a datablock is in."""
    kinds = {
        bpy.types.Object: bpy.data.objects,
        bpy.types.Mesh: bpy.data.meshes,
        bpy.types.Armature: bpy.data.armatures,
        bpy.types.Material: bpy.data.materials,
        bpy.types.NodeTree: bpy.data.node_groups,
        bpy.types.Image: bpy.data.images,
        bpy.types.Action: bpy.data.actions,
    }
    return next(found for kind, found in kinds.items() if isinstance(block, kind))
