"""The modifiers of a head on copies of it that stand elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import bpy

_ELSEWHERE: Final = frozenset(("OBJECT_INFO", "COLLECTION_INFO", "SELF_OBJECT"))
_SOCKETS: Final = frozenset(("NodeSocketObject", "NodeSocketCollection"))


def bound(head: bpy.types.Object) -> int:
    """How many modifiers, from the first on, must be evaluated where the head stands: up to the
    last that looks at another object, such as an armature or a lattice."""
    looking = [place for place, each in enumerate(head.modifiers, 1) if _looks_elsewhere(each)]
    return max(looking, default=0)


@contextmanager
def only_first(head: bpy.types.Object, count: int) -> Iterator[None]:
    """Meanwhile the first modifiers alone are evaluated."""
    later = [each for each in head.modifiers[count:] if each.show_viewport]
    for each in later:
        each.show_viewport = False
    try:
        yield
    finally:
        for each in later:
            each.show_viewport = True


def give(head: bpy.types.Object, copies: list[bpy.types.Object], skipped: int) -> None:
    """The head's modifiers on its copies, all but the first `skipped`."""
    if len(head.modifiers) <= skipped:
        return
    things = [head, *copies]
    with bpy.context.temp_override(
        object=head,
        active_object=head,
        selected_objects=things,
        selected_editable_objects=things,
    ):
        bpy.ops.object.make_links_data(type="MODIFIERS")
    for copy in copies:
        for each in copy.modifiers[:skipped]:
            copy.modifiers.remove(each)


def _looks_elsewhere(modifier: bpy.types.Modifier) -> bool:
    if modifier.type == "NODES":
        return bool(modifier.node_group) and _tree_looks_elsewhere(modifier.node_group)
    return any(
        isinstance(getattr(modifier, each.identifier), bpy.types.Object | bpy.types.Collection)
        for each in modifier.bl_rna.properties
        if each.type == "POINTER"
    )


def _tree_looks_elsewhere(tree: bpy.types.NodeTree) -> bool:
    sockets = [each for each in tree.interface.items_tree if each.item_type == "SOCKET"]
    if any(each.in_out == "INPUT" and each.socket_type in _SOCKETS for each in sockets):
        return True
    return any(
        node.type in _ELSEWHERE
        or (node.type == "GROUP" and node.node_tree and _tree_looks_elsewhere(node.node_tree))
        for node in tree.nodes
    )
