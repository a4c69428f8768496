"""A mesh with its shape keys as it was, to bring it back in place after a failure.

In place, since drivers of an artist may point at the shape keys: another mesh in its stead would
leave them behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bmesh
import bpy
import numpy as np

from .. import compat
from . import likeness

NAME: Final = "OFER before"
"""Of the copies that are kept meanwhile."""
_KEY_VALUES: Final = (
    "slider_min", "slider_max", "value", "mute", "vertex_group", "interpolation", "lock_shape",
)  # fmt: skip
ATTRIBUTE_VALUES: Final = {
    "FLOAT": ("value", 1, np.float32),
    "INT": ("value", 1, np.int32),
    "INT8": ("value", 1, np.int32),
    "BOOLEAN": ("value", 1, np.bool_),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32),
    "BYTE_COLOR": ("color", 4, np.float32),
    "QUATERNION": ("value", 4, np.float32),
}
"""Type of an attribute → what its values are called, how many there are, and of which kind."""


@dataclass
class MeshBefore:
    """copy : the mesh as it was; materials : of its slots, which the copy does not hold on to;
    keys : addresses of the key blocks, in order; groups : names of the vertex groups."""

    mesh: bpy.types.Mesh
    copy: bpy.types.Mesh
    materials: list[bpy.types.Material | None]
    keys: list[int]
    groups: list[str]

    @classmethod
    def of(cls, mesh: bpy.types.Mesh, owner: bpy.types.Object) -> MeshBefore:
        """Keep a mesh as it is now; owner : an object that shows it."""
        copy = copied(mesh)
        materials = list(mesh.materials)
        for slot in range(len(materials)):
            copy.materials[slot] = None  # whoever asks whether a material is used must not find us
        keys = [each.as_pointer() for each in mesh.shape_keys.key_blocks] if mesh.shape_keys else []
        return cls(mesh, copy, materials, keys, [group.name for group in owner.vertex_groups])

    def restore(self, owner: bpy.types.Object) -> None:
        """Make the mesh what it was; owner : an object that shows it."""
        if _is_rebuilt(self.mesh, self.copy):
            _restore_elements(self.mesh, self.copy)
        if self.keys and self.mesh.shape_keys:
            _restore_keys(self, owner)
        _restore_groups(owner, self.groups)
        _restore_weights(owner, self.mesh, self.copy)
        _restore_attributes(self.mesh, self.copy)
        slots = self.mesh.materials
        while len(slots) > len(self.materials):
            slots.pop(index=len(slots) - 1)
        for slot, material in enumerate(self.materials):
            if slot < len(slots):
                slots[slot] = material
            else:
                slots.append(material)
        self.mesh.update()

    def restore_values(self) -> None:
        """Set the keys as they were, once more: the gallery shows what it stands on whenever that
        is set."""
        if not (self.keys and likeness.is_there(self.mesh) and self.mesh.shape_keys):
            return
        blocks = self.copy.shape_keys.key_blocks
        for key, was in zip(self.mesh.shape_keys.key_blocks, blocks, strict=False):
            _match_key(key, was)

    def forget(self) -> None:
        """The copy is needed no more."""
        drop(bpy.data.meshes, self.copy)


def copied(block: bpy.types.ID) -> bpy.types.ID:
    """A copy to keep. What points at its own datablock, as rigs' bones do for their panels, points
    at that one in the copy, too: Blender lets it point at the copy."""
    copy = block.copy()
    copy.name = NAME
    if copy.users:
        copy.user_remap(block)
    return copy


def drop(collection: Any, copy: bpy.types.ID) -> None:
    """Remove a copy; collection : of bpy.data. To look for what points at it takes long in a large
    file, and hardly ever anything does."""
    collection.remove(copy, do_unlink=copy.users > 0)


def _is_rebuilt(mesh: bpy.types.Mesh, copy: bpy.types.Mesh) -> bool:
    """It has other elements than its copy; as many of them after hair was changed for as much."""
    kinds = ("vertices", "edges", "loops", "polygons")
    if any(len(getattr(mesh, kind)) != len(getattr(copy, kind)) for kind in kinds):
        return True
    forms = {each.name: (each.data_type, each.domain) for each in copy.attributes}
    return any(
        forms.get(each.name, form) != form
        for each in mesh.attributes
        for form in ((each.data_type, each.domain),)
    )


def _restore_elements(mesh: bpy.types.Mesh, copy: bpy.types.Mesh) -> None:
    """What was joined to it goes, what was deleted comes back; so do the points of all keys. BMesh
    selects an edge between selected vertices."""
    work = bmesh.new()
    try:
        work.from_mesh(copy)
        work.to_mesh(mesh)
    finally:
        work.free()
    for each in (mesh, copy):
        compat.mend_edge_selection(each)
    for kind in ("vertices", "edges", "polygons"):
        _copy_values(getattr(copy, kind), getattr(mesh, kind), "select", 1, bool)


def _restore_keys(before: MeshBefore, owner: bpy.types.Object) -> None:
    keys, wanted = before.mesh.shape_keys, before.copy.shape_keys
    addresses = [key.as_pointer() for key in keys.key_blocks]
    pairs = enumerate(zip(addresses, before.keys, strict=False))
    same = min(len(addresses), len(before.keys))
    same = next((place for place, (now, was) in pairs if now != was), same)
    for key in list(keys.key_blocks)[same:][::-1]:
        owner.shape_key_remove(key)
    for number, key in enumerate(keys.key_blocks):
        if key.name != wanted.key_blocks[number].name:
            key.name = f"{NAME} {number}"  # two may have changed their names
    for key, was in zip(keys.key_blocks, wanted.key_blocks, strict=False):
        if key.name != was.name:
            key.name = was.name
    for was in list(wanted.key_blocks)[len(keys.key_blocks) :]:
        owner.shape_key_add(name=was.name, from_mix=False)
    for key, was in zip(keys.key_blocks, wanted.key_blocks, strict=True):
        _copy_values(was.points, key.points, "co", 3, np.float32)
        key.relative_key = keys.key_blocks[was.relative_key.name]
        _match_key(key, was)
    likeness.match_custom(keys, wanted)
    _restore_drivers(keys, wanted)


def _match_key(key: bpy.types.ShapeKey, was: bpy.types.ShapeKey) -> None:
    for name in _KEY_VALUES:
        if getattr(key, name) != getattr(was, name):
            setattr(key, name, getattr(was, name))


def _restore_drivers(keys: bpy.types.Key, wanted: bpy.types.Key) -> None:
    """Those of keys made new since, or removed with their keys."""
    had = {d.data_path: d for d in wanted.animation_data.drivers} if wanted.animation_data else {}
    now = keys.animation_data.drivers if keys.animation_data else ()
    for curve in [each for each in now if each.data_path not in had]:
        keys.driver_remove(curve.data_path)
    missing = had.keys() - {each.data_path for each in now}
    for path in sorted(missing):
        (keys.animation_data or keys.animation_data_create()).drivers.from_existing(
            src_driver=had[path]
        )
    if not had and keys.animation_data and not keys.animation_data.action:
        keys.animation_data_clear()


def _restore_groups(owner: bpy.types.Object, wanted: list[str]) -> None:
    """Vertex groups of these names in this order, which the weights count by."""
    groups = owner.vertex_groups
    for group in [each for each in groups if each.name not in wanted]:
        groups.remove(group)
    if groups.keys() != wanted:
        groups.clear()
        for name in wanted:
            groups.new(name=name)


def _restore_weights(owner: bpy.types.Object, mesh: bpy.types.Mesh, copy: bpy.types.Mesh) -> None:
    """Weights, where they changed: vertex by vertex, since Blender gives no table of them."""
    if len(mesh.vertices) != len(copy.vertices):
        return
    for vertex, was in zip(mesh.vertices, copy.vertices, strict=True):
        wanted = [(entry.group, entry.weight) for entry in was.groups]
        if [(entry.group, entry.weight) for entry in vertex.groups] == wanted:
            continue
        for group in owner.vertex_groups:
            group.remove([vertex.index])
        for group, weight in wanted:
            owner.vertex_groups[group].add([vertex.index], weight, "REPLACE")


def _restore_attributes(mesh: bpy.types.Mesh, copy: bpy.types.Mesh) -> None:
    """Places, UVs, colours and whatever else lies on a mesh whose elements stayed."""
    had = {each.name: each for each in copy.attributes}
    for name in [each.name for each in mesh.attributes if each.name not in had]:
        mesh.attributes.remove(mesh.attributes[name])
    for name, was in had.items():
        now = mesh.attributes.get(name)
        if now is None:
            now = mesh.attributes.new(name, was.data_type, was.domain)
        if was.data_type in ATTRIBUTE_VALUES and len(now.data) == len(was.data):
            _copy_values(was.data, now.data, *ATTRIBUTE_VALUES[was.data_type])
    for layers in ("uv_layers", "color_attributes"):
        mine, theirs = getattr(mesh, layers), getattr(copy, layers)
        if theirs.active_index >= 0 and mine.active_index != theirs.active_index:
            mine.active_index = theirs.active_index


def _copy_values(source: Any, target: Any, name: str, width: int, kind: type) -> None:
    """Values of all elements, where they differ: untouched ones need no new undo data."""
    values, present = np.empty((2, len(source) * width), kind)
    source.foreach_get(name, values)
    target.foreach_get(name, present)
    if not np.array_equal(values, present):
        target.foreach_set(name, values)
