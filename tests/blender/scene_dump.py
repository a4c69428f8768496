"""Everything that a .blend holds as one comparable value, to prove that undo restores it."""

from __future__ import annotations

from hashlib import sha256
from itertools import zip_longest
from typing import Any

import bpy
import numpy as np

# Derived or housekeeping values, which undo need not and does not bring back bit by bit.
_SKIPPED = {
    "rna_type", "session_uid", "original", "preview", "users", "is_evaluated", "is_missing",
    "pixels", "depsgraph", "view_layers_evaluated", "data",
    "bound_box", "dimensions",  # of what is dumped; 4.2 empties those of armatures meanwhile
    "particle_edit",  # Blender's own pointer to the active object, not restored for any add-on
    "resolution",  # dots per metre of images: 4.2 rounds them
    "vertex_selection", "edge_selection", "pin",  # of UV layers: made by being read on 4.5
    "uv_sculpt",  # crashes 4.2 when read
    "storage_type",  # of attributes: 5.2 writes equal values out one by one when they are read
    "tag",  # for tools: its value is undefined
    "wireframe_color_type",  # unset in a scene: warns when read
}  # fmt: skip
_NOT_CONTENT = {"window_managers", "screens", "workspaces", "all_ids"}
_DEPTH = 4
_ELEMENTS = {
    "MeshVertex", "MeshEdge", "MeshLoop", "MeshLoopTriangle", "MeshNormalValue",
    "MeshUVLoop", "ShapeKeyPoint",
    "FloatAttributeValue", "IntAttributeValue", "BoolAttributeValue", "FloatVectorAttributeValue",
    "Float2AttributeValue", "Int2AttributeValue",
}  # fmt: skip
"""Types of which there are thousands, all alike: read at once, each property of all of them."""


def dump() -> dict[str, Any]:
    """Datablocks by kind and name, with every property, custom property and shape key point."""
    _known.clear()
    content: dict[str, Any] = {}
    for kind in bpy.data.bl_rna.properties:
        if kind.type == "COLLECTION" and kind.identifier not in _NOT_CONTENT:
            blocks = getattr(bpy.data, kind.identifier)
            content[kind.identifier] = {block.name_full: _block(block) for block in blocks}
    content["active"] = getattr(bpy.context.view_layer.objects.active, "name_full", None)
    content["selected"] = sorted(each.name_full for each in bpy.context.selected_objects)
    return content


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Paths at which two dumps differ, each with both values."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(f"{path}/{k}", before.get(k), after.get(k)) for k in before.keys() | after.keys()]
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        pairs = [
            (f"{path}/{number}", *pair) for number, pair in enumerate(zip_longest(before, after))
        ]
    else:
        same = before != before and after != after  # NaN
        return [] if same else [f"{path}: {before!r:.80} is now {after!r:.80}"]
    return [line for where, old, new in pairs for line in differences(old, new, where)]


def _block(block: bpy.types.ID) -> dict[str, Any]:
    found = _struct(block, _DEPTH)
    if isinstance(block, bpy.types.Object):
        found["data"] = getattr(block.data, "name_full", None)
    if isinstance(block, bpy.types.Key):
        found["points"] = {key.name: _numbers(key.points, "co", 3) for key in block.key_blocks}
    if isinstance(block, bpy.types.Image):
        pixels = np.empty(len(block.pixels), np.float32)
        block.pixels.foreach_get(pixels)
        found["pixels"] = sha256(pixels).hexdigest()
    return found


def _struct(struct: Any, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"custom": {name: _plain(struct[name]) for name in _custom(struct)}}
    for name, kind, fixed in _members(struct.bl_rna):
        found[name] = _value(_read(struct, name), kind, fixed, depth)
    return found


def _members(struct: Any) -> list[tuple[str, str, Any]]:
    """Of each property of a type that counts: name, kind, and the type that it points at."""
    address = struct.as_pointer()
    if address not in _known:
        _known[address] = [
            (each.identifier, each.type, getattr(each, "fixed_type", None))
            for each in struct.properties
            if each.identifier not in _SKIPPED
        ]
    return _known[address]


_known: dict[int, list[tuple[str, str, Any]]] = {}
"""By the address of the type, for one dump: types come and go with the add-on."""


def _read(struct: Any, name: str) -> Any:
    try:
        return getattr(struct, name, None)
    except UnicodeDecodeError:  # 4.5 has texts that nobody initialised
        return None


def _custom(struct: Any) -> list[str]:
    if not isinstance(struct, bpy.types.ID):
        return []
    # Before 5.0 these hold registered properties too, of Cycles for one, made by mere reading.
    return [name for name in struct.keys() if name not in struct.bl_rna.properties]


def _value(value: Any, kind: str, fixed: Any, depth: int) -> Any:
    if value is None or depth == 0:
        return None
    if kind == "COLLECTION":
        if depth > 1 and fixed.identifier in _ELEMENTS:
            return _elements(value, fixed, depth - 1)
        return [_pointer(each, depth - 1) for each in value]
    if kind == "POINTER":
        return _pointer(value, depth - 1)
    return _plain(value)


def _elements(elements: Any, fixed: Any, depth: int) -> dict[str, Any]:
    """By property, the values of all elements."""
    found = {}
    for item in fixed.properties:
        name = item.identifier
        if name in _SKIPPED:
            continue
        if item.type in ("BOOLEAN", "INT", "FLOAT"):
            found[name] = _numbers(elements, name, item.array_length or 1)
        else:
            target = getattr(item, "fixed_type", None)
            values = [_read(each, name) for each in elements]
            found[name] = [_value(value, item.type, target, depth) for value in values]
    return found


def _numbers(elements: Any, name: str, each: int) -> list[float]:
    values = np.empty(len(elements) * each)
    elements.foreach_get(name, values)
    return values.tolist()


def _pointer(value: Any, depth: int) -> Any:
    if value is None:  # an empty material slot
        return None
    if isinstance(value, bpy.types.ID) and not value.is_embedded_data:
        return value.name_full
    return _struct(value, depth) if depth else None


def _flat(values: Any) -> Any:
    for value in values:
        if hasattr(value, "__getitem__"):
            yield from _flat(value)
        else:
            yield value


def _plain(value: Any) -> Any:
    """A copy in plain Python: a live bpy value would crash when looked at after undo."""
    if isinstance(value, bool | int | float | str | bytes):
        return value
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "to_list"):
        return value.to_list()
    if isinstance(value, set):
        return sorted(value)
    if hasattr(value, "__getitem__"):
        return tuple(_flat(value))
    assert value is None, repr(value)
    return None
