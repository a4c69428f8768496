"""What is linked from another file: Blender lets scripts change it, and keeps nothing of that."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError


def is_linked(head: bpy.types.Object) -> bool:
    """It is another file's, in part or, as with a library override, in what we may change: an
    override of a mesh keeps the values of keys, not their shapes."""
    data = head.data
    return bool(
        not (head.is_editable and data.is_editable)
        or head.override_library
        or data.override_library
    )


def check_own(thing: bpy.types.ID) -> None:
    """Raise OferError(BAD_REQUEST) for what another file has, and no library override has here."""
    if not thing.is_editable:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is linked from another file: what is changed here would be lost.",
            "Make it local, or a library override, first.",
            name=thing.name,
        )


def link_beside(made: bpy.types.Object, neighbour: bpy.types.Object) -> None:
    """Link an object into the collections of another; into the scene's own where none of them takes
    it, since it is another file's or a library override."""
    taking = [each for each in neighbour.users_collection if _takes(each)]
    for collection in taking or [bpy.context.scene.collection]:
        collection.objects.link(made)


def _takes(collection: bpy.types.Collection) -> bool:
    return collection.is_editable and not collection.override_library
