"""Objects, their data and their materials as they were, as copies that can take their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import bpy

from .likeness import group, is_there, match, match_custom, match_group, match_stack, plain
from .mesh_before import MeshBefore, copied, drop

_GROUPS: Final = ("ofer", "ofer_skin", "ofer_export")


@dataclass
class BlockBefore:
    """A datablock and its copy, which takes its place where it must.

    held : what the copy pointed at, (owner in the copy, property, value): it points at nothing
    meanwhile, as whoever asks whether something is used must not find us; asset : it was one.
    """

    block: bpy.types.ID
    copy: bpy.types.ID
    name: str
    uid: int
    asset: bool
    held: list[tuple[Any, str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, block: bpy.types.ID) -> BlockBefore:
        """Keep a datablock as it is now."""
        copy = copied(block)
        before = cls(block, copy, block.name, block.session_uid, bool(block.asset_data))
        for owner, name in _pointers(copy):
            before.held.append((owner, name, getattr(owner, name)))
            setattr(owner, name, None)
        if isinstance(copy, bpy.types.Object) and copy.ofer.is_head:
            before.held.append((copy.ofer, "is_head", True))
            copy.ofer.is_head = False
        return before

    def reattach(self) -> None:
        """Let the copy point again at what the block pointed at, as far as it is still there."""
        for owner, name, value in self.held:
            if is_there(value):
                setattr(owner, name, value)

    def restore(self, collection: Any) -> int:
        """Make the block what it was, or put the copy where it was deleted; gives the session uid
        of what stands there now. collection : of bpy.data."""
        live = next((each for each in collection if each.session_uid == self.uid), None)
        if live and isinstance(live, bpy.types.Object):
            _match_object(live, self.copy)
            if live.asset_data and not self.asset:
                live.asset_clear()
        elif live and _signature(live) != _signature(self.copy):
            live.user_remap(self.copy)
            collection.remove(live)
            live = None
        if live:
            live.name = self.name
            self.forget(collection)
            return self.uid
        self.copy.name = self.name
        return self.copy.session_uid

    def forget(self, collection: Any) -> None:
        """The copy is needed no more."""
        drop(collection, self.copy)


@dataclass
class ObjectsBefore:
    """objects : those that an operator may change; meshes : of those with shape keys; data : other
    data of theirs; materials : on them; values : of shape keys, where nothing else of a mesh is
    kept. Each with its place in `bpy.data`."""

    objects: list[BlockBefore] = field(default_factory=list)
    meshes: list[tuple[BlockBefore, MeshBefore]] = field(default_factory=list)
    data: list[tuple[BlockBefore, str]] = field(default_factory=list)
    materials: list[BlockBefore] = field(default_factory=list)
    values: list[tuple[bpy.types.ShapeKey, float]] = field(default_factory=list)

    @classmethod
    def of(cls, objects: list[bpy.types.Object], surface: bool) -> ObjectsBefore:
        """Keep objects as they are now; those that are linked from other files cannot change."""
        before, seen = cls(), set()
        for each in (one for one in objects if one.is_editable):
            kept = BlockBefore.of(each)
            before.objects.append(kept)
            data = each.data
            if data is None or not data.is_editable or data.session_uid in seen:
                continue
            seen.add(data.session_uid)
            if not surface:
                before.values += _key_values(each)
            elif isinstance(data, bpy.types.Mesh):
                before.meshes.append((kept, MeshBefore.of(data, each)))
                before._keep_materials(data, seen)
            elif isinstance(data, bpy.types.Camera):
                before.data.append((BlockBefore.of(data), "cameras"))
        return before

    def copies(self) -> set[int]:
        """Session uids of all copies."""
        return {block.session_uid for block in self._blocks()}

    def restore(self) -> dict[int, int]:
        """Make everything what it was; gives the new session uid of each that a copy replaced."""
        for owner, mesh in self.meshes:
            if is_there(mesh.mesh) and is_there(owner.block):
                owner.block.data = mesh.mesh
                mesh.restore(owner.block)
        placed = [
            *((each, bpy.data.materials) for each in self.materials),
            *((each, getattr(bpy.data, place)) for each, place in self.data),
            *((each, bpy.data.objects) for each in self.objects),
        ]
        for each, _ in placed:
            each.reattach()
        now = {each.uid: each.restore(collection) for each, collection in placed}
        for _, mesh in self.meshes:
            mesh.restore_values()
            mesh.forget()
        for key, value in self.values:
            if key.value != value:
                key.value = value
        return now

    def forget(self) -> None:
        """All went well: the copies are needed no more, nor what nobody but they still used."""
        for each in self.objects:
            data = each.copy.data
            each.forget(bpy.data.objects)
            if data and not data.users:
                bpy.data.batch_remove([data])
        for font in [f for f in bpy.data.fonts if not f.users and f.filepath == "<builtin>"]:
            bpy.data.fonts.remove(font)
        for _, mesh in self.meshes:
            mesh.forget()
        for each, place in self.data:
            each.forget(getattr(bpy.data, place))
        for each in self.materials:
            each.forget(bpy.data.materials)

    def _keep_materials(self, mesh: bpy.types.Mesh, seen: set[int]) -> None:
        for material in filter(None, mesh.materials):
            if material.is_editable and material.session_uid not in seen:
                seen.add(material.session_uid)
                self.materials.append(BlockBefore.of(material))

    def _blocks(self) -> Iterator[bpy.types.ID]:
        for each in (*self.objects, *self.materials, *(each for each, _ in self.data)):
            yield each.copy
        yield from (mesh.copy for _, mesh in self.meshes)


def _key_values(head: bpy.types.Object) -> list[tuple[bpy.types.ShapeKey, float]]:
    keys = getattr(head.data, "shape_keys", None)
    return [(key, key.value) for key in keys.key_blocks] if keys else []


def _pointers(copy: bpy.types.ID) -> list[tuple[Any, str]]:
    """Where a copy points at datablocks that count their users."""
    if isinstance(copy, bpy.types.Material):
        nodes = copy.node_tree.nodes if copy.node_tree else ()
        return [(node, "image") for node in nodes if getattr(node, "image", None)]
    if isinstance(copy, bpy.types.Camera):
        shown = [(each, kind) for each in copy.background_images for kind in ("image", "clip")]
        return [(each, kind) for each, kind in shown if getattr(each, kind)]
    if not isinstance(copy, bpy.types.Object):
        return []
    return [
        (struct, item.identifier)
        for struct in filter(None, (getattr(copy, name, None) for name in _GROUPS))
        for item in struct.bl_rna.properties
        if item.type == "POINTER" and isinstance(getattr(struct, item.identifier), bpy.types.ID)
    ]


def _match_object(live: bpy.types.Object, was: bpy.types.Object) -> None:
    """In place: scripts hold on to the objects that they made."""
    for name in _GROUPS:
        if values := getattr(was, name, None):
            match_group(getattr(live, name), group(values))
    match(live, was)  # what the groups' callbacks chose, too
    live.matrix_parent_inverse = was.matrix_parent_inverse
    match_custom(live, was)
    match_stack(live.modifiers, was.modifiers)
    match_stack(live.constraints, was.constraints)
    for bone in was.pose.bones if was.pose else ():
        if bone.name in live.pose.bones:
            match(live.pose.bones[bone.name], bone)
            match_stack(live.pose.bones[bone.name].constraints, bone.constraints)


def _signature(block: bpy.types.ID) -> Any:
    """What our operators may change in a material or a camera."""
    if isinstance(block, bpy.types.Camera):
        pictures = [_values(each) for each in block.background_images]
        return block.show_background_images, pictures
    tree = block.node_tree
    nodes = [
        (
            _values(node),
            [plain(i.default_value) for i in node.inputs if hasattr(i, "default_value")],
        )
        for node in (tree.nodes if tree else ())
    ]
    links = [
        (link.from_node.name, link.from_socket.identifier, link.to_node.name,
         link.to_socket.identifier)
        for link in (tree.links if tree else ())
    ]  # fmt: skip
    return plain(block.diffuse_color), nodes, links


def _values(struct: Any) -> list[Any]:
    names = [item.identifier for item in struct.bl_rna.properties if not item.is_readonly]
    return [plain(getattr(struct, name)) for name in names]
