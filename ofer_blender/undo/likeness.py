"""Making one Blender struct like another in place, so that whoever refers to it still does."""

from __future__ import annotations

from typing import Any, Final

import bpy

_PLAIN: Final = ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM")
_DERIVED: Final = frozenset({
    "name", "matrix_world", "matrix_local", "matrix_basis", "dimensions", "active_material",
    "active_material_index", "mode", "is_active", "pose_position",
    "use_fake_user", "use_extra_user", "tag", "is_runtime_data",
})  # fmt: skip
"""Of objects: what follows from the rest, and what has a place of its own."""


def match(live: Any, was: Any) -> None:
    """Give a struct the plain values and datablocks of another of its type, where they differ. A
    copy that points at itself stands for one that did."""
    for item in live.bl_rna.properties:
        name = item.identifier
        if item.is_readonly or name in _DERIVED:
            continue
        if item.type in _PLAIN or (item.type == "POINTER" and _is_block(item)):
            wanted = getattr(was, name)
            if isinstance(wanted, bpy.types.ID) and wanted == was.id_data:
                wanted = live.id_data
            if plain(getattr(live, name)) != plain(wanted):
                setattr(live, name, wanted)


def match_stack(live: Any, was: Any) -> None:
    """Modifiers or constraints: their order, and what each is set to."""
    wanted = [(each.name, each.type) for each in was]
    for each in [each for each in live if (each.name, each.type) not in wanted]:
        live.remove(each)
    for place, (name, kind) in enumerate(wanted):
        if name not in live:
            made = live.new(name, kind) if "name" in _parameters(live) else live.new(kind)
            made.name = name
        if live.find(name) != place:
            live.move(live.find(name), place)
        match(live[name], was[name])


def match_group(live: Any, values: dict[str, Any]) -> None:
    """Give a property group what `group` took from one; what did not change is not touched."""
    for name, value in values.items():
        if isinstance(value, list):
            items = getattr(live, name)
            if [group(each) for each in items] != value:
                items.clear()
                for each in value:
                    match_group(items.add(), each)
        elif isinstance(value, dict):
            match_group(getattr(live, name), value)
        elif plain(getattr(live, name)) != value and is_there(value):
            setattr(live, name, value)


def group(struct: bpy.types.PropertyGroup) -> dict[str, Any]:
    """The values of a group's properties, nested as they are, in the order of their definition."""
    values: dict[str, Any] = {}
    for item in struct.bl_rna.properties:
        name = item.identifier
        if item.type == "COLLECTION":
            values[name] = [group(each) for each in getattr(struct, name)]
        elif item.type == "POINTER" and item.is_readonly and name != "rna_type":
            values[name] = group(getattr(struct, name))
        elif not (item.is_readonly or item.is_skip_save):  # those show what a sibling keeps
            values[name] = plain(getattr(struct, name))
    return values


def match_custom(live: bpy.types.ID, was: bpy.types.ID) -> None:
    """Give a datablock the custom properties of another. As in `match`, a copy that points at
    itself stands for one that did."""
    wanted = {name: live if value == was else value for name, value in custom(was).items()}
    present = custom(live)
    for name in present.keys() - wanted.keys():
        del live[name]
    for name, value in wanted.items():
        if present.get(name) != value:
            keep(live, name, value)


def custom(block: bpy.types.ID) -> dict[str, Any]:
    """The custom properties of a datablock; before 5.0 the registered ones lie among them."""
    return {k: plain(block[k]) for k in block.keys() if k not in block.bl_rna.properties}


def keep(owner: bpy.types.ID, name: str, value: Any) -> None:
    """Set a custom property. Bytes assigned over earlier ones would be cut at their first zero."""
    if name in owner.keys():
        del owner[name]
    owner[name] = value


def plain(value: Any) -> Any:
    """A value that can be compared and given back: no array or group of Blender's own."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "to_list"):
        return value.to_list()
    if isinstance(value, str | bytes | set | bpy.types.bpy_struct):
        return value
    return tuple(map(plain, value)) if hasattr(value, "__len__") else value


def is_there(block: Any) -> bool:
    """It is no datablock that was deleted meanwhile."""
    try:
        return not isinstance(block, bpy.types.ID) or bool(block.session_uid)
    except ReferenceError:
        return False


def _is_block(item: bpy.types.Property) -> bool:
    kind = getattr(bpy.types, item.fixed_type.identifier, None)
    return isinstance(kind, type) and issubclass(kind, bpy.types.ID)


def _parameters(stack: Any) -> list[str]:
    return stack.bl_rna.functions["new"].parameters.keys()
