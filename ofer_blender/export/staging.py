"""A copy of the head to export from, in a scene of its own; the artist's is as it was afterwards.

In a scene of its own nothing of the artist's settings reaches the file (units, frame, what is
hidden or simplified), and an exporter that stops midway leaves frame, selection and mode alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..head import carried, certainty
from ..rig import body_bones, rig
from ..rig.at_rest import copy_at_rest
from ..undo.landing import Landing
from . import companions, influences, neck, playing, skeleton
from .animation import Animation, sample
from .applied import applied, is_applied, rig_in_file, shape_shown
from .lods import reduced, without_keys
from .pictures import Pictures
from .plan import LOD_RATIOS, Plan, file_name
from .presets import INFLUENCES, Format, Space
from .shapes import Shapes, chosen, gather, put_on

_NOT_SHIPPED: Final = tuple(certainty.LAYERS.values())
_ASIDE: Final = "\N{FULLWIDTH TILDE}"
"""Behind the name of what steps aside for a copy that needs its name."""


@dataclass(frozen=True, eq=False)
class StagedHead:
    """meshes : copies of the head, the finest first; others : of what goes along; armature : copy
    of its rig, or None; pictures : names of their files, in the landing's folder; animation : what
    all of them do."""

    meshes: tuple[bpy.types.Object, ...]
    others: tuple[bpy.types.Object, ...]
    armature: bpy.types.Object | None
    pictures: tuple[str, ...]
    animation: Animation | None

    @property
    def objects(self) -> tuple[bpy.types.Object, ...]:
        """Everything that goes into the file."""
        bones = (self.armature,) if self.armature else ()
        return (*self.meshes, *self.others, *bones)


@dataclass(eq=False)
class _Made:
    """Datablocks made so far, and what stepped aside for their names."""

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


@contextmanager
def staged(head: bpy.types.Object, plan: Plan, landing: Landing) -> Iterator[StagedHead]:
    """Make the copies, alone in the scene of the window, selected and active; take them away again
    whatever happens. Raises OferError(BAD_REQUEST) where a modifier cannot be applied, OSError."""
    made = _Made()
    animation, along = sample(head, plan), companions.named(head, plan)
    shown = shape_shown(head, plan)
    if shown is not None:
        made.blocks.append(shown)
    try:
        with _scene(head):
            stage = _make(head, plan, landing, made, shown, animation, along)
            for each in stage.objects:
                each.select_set(True)
            bpy.context.view_layer.objects.active = stage.meshes[0]
            yield stage
    finally:
        made.remove()


@contextmanager
def _scene(head: bpy.types.Object) -> Iterator[None]:
    """An empty scene as Blender comes, in the window, at the artist's frame."""
    windows = bpy.context.window_manager.windows
    with ExitStack() as stack:
        if not bpy.context.window:  # a timer has none of its own
            stack.enter_context(bpy.context.temp_override(window=windows[0]))
        window, theirs = bpy.context.window, bpy.context.scene
        layer = bpy.context.view_layer.name
        scene = bpy.data.scenes.new(head.name)
        try:
            scene.frame_current = theirs.frame_current
            scene.frame_subframe = theirs.frame_subframe
            window.scene = scene
            yield
        finally:
            window.scene = theirs
            window.view_layer = theirs.view_layers[layer]
            bpy.data.scenes.remove(scene)


def _make(
    head: bpy.types.Object,
    plan: Plan,
    landing: Landing,
    made: _Made,
    shown: bpy.types.Mesh | None,
    animation: Animation | None,
    along: dict[str, bpy.types.Object],
) -> StagedHead:
    name, source = file_name(head.name, plan), rig_in_file(head, plan)
    armature = _copy_rig(source, name, made) if source else None
    upright = _upright(source) if source else Matrix.Identity(4)
    if shown is None:
        fine, shapes = _copy_head(head, plan, made, animation)
    else:
        if plan.close_neck:
            neck.close(shown)
        fine, shapes = _copy_shown(head, shown, made)
    pictures = Pictures(head, landing)
    _dress(fine, head, pictures, made)
    meshes = [fine]
    for level in range(1, min(plan.lods, len(LOD_RATIOS))):
        coarse = reduced(fine, shapes, LOD_RATIOS[level], f"{name}_LOD{level}")
        made.blocks.append(coarse)
        _name(coarse, f"{name}_LOD{level}", made)
        meshes.append(coarse)
    _name(fine, f"{name}_LOD0" if len(meshes) > 1 else f"{name}_head", made)
    others = [_copy_along(each, called, source, pictures, made) for called, each in along.items()]
    for each in (*meshes, *others, *([armature] if armature else [])):
        _put_forward(each)
    if armature:
        if source != rig.rig_of(head):
            _onto(dict.fromkeys(meshes, head) | dict(zip(others, along.values(), strict=True)),
                  source, upright)  # fmt: skip
            armature.data.transform(upright)
        skeleton.prune(armature, skeleton.parents(source))
        bones = armature.data.bones.keys()
        for each in (*meshes, *others):
            if influences.most(each, bones) > INFLUENCES:
                influences.limit(each, bones)
            influences.lead(each, bones, next(iter(skeleton.parents(source))))
            each.parent = armature
            each.modifiers.new(rig.MODIFIER, "ARMATURE").object = armature
    if plan.preset.format is Format.FBX:
        _lay([*meshes, *others], armature, plan.preset.space)
    if animation:
        scale = upright.to_scale().x
        _play(meshes, armature, animation, dict(chosen(head, plan)), plan, made, scale)
    return StagedHead(tuple(meshes), tuple(others), armature, tuple(pictures.names), animation)


def _copy_along(
    source: bpy.types.Object,
    name: str,
    armature: bpy.types.Object,
    pictures: Pictures,
    made: _Made,
) -> bpy.types.Object:
    """What goes beside the head, dressed as it is. Raises OSError."""
    copy = copy_at_rest(source, armature)
    made.blocks.append(copy)
    _forget(copy)
    _dress(copy, source, pictures, made)
    _name(copy, name, made)
    return copy


def _play(
    meshes: list[bpy.types.Object],
    armature: bpy.types.Object | None,
    animation: Animation,
    called: dict[str, str],
    plan: Plan,
    made: _Made,
    scale: float,
) -> None:
    """Let the copies move, at rest for now. scale : of the bones in the file's scene."""
    scale /= plan.preset.space.unit if plan.preset.format is Format.FBX else 1.0
    actions = [playing.play_keys(each, animation, called) for each in meshes]
    if armature:
        actions.append(playing.play_bones(armature, animation, scale))
    made.blocks += filter(None, actions)
    playing.set_up(bpy.context.scene, animation)


def _upright(source: bpy.types.Object) -> Matrix:
    """How an armature is turned and scaled in the scene; our own rigs are neither in a file."""
    if body_bones.recognise(source) is None:
        return Matrix.Identity(4)
    return source.matrix_world.to_3x3().to_4x4()


def _onto(
    made_of: dict[bpy.types.Object, bpy.types.Object], source: bpy.types.Object, upright: Matrix
) -> None:
    """Lay copies where what they are made of is on its body, and as the body stands in the scene:
    in metres, the file's origin between its feet."""
    body = upright @ body_bones.into_frame(source)
    for copy, original in made_of.items():
        copy.data.transform(
            body @ original.matrix_world,
            shape_keys=True,  # pyright: ignore[reportCallIssue]
        )
        copy.data.update()


def _copy_rig(source: bpy.types.Object, name: str, made: _Made) -> bpy.types.Object:
    """The rig at rest, without constraints, animation or shapes."""
    copy = source.copy()
    made.blocks.append(copy)
    copy.data = source.data.copy()
    copy.data.pose_position = "POSE"
    copy.animation_data_clear()
    copy.data.animation_data_clear()
    _name(copy, f"{name}_rig", made)
    _forget(copy)
    for bone in copy.data.bones:
        _clear(bone)
    for bone in copy.pose.bones:
        _clear(bone)
        bone.matrix_basis.identity()
        bone.custom_shape = None
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
    return copy


def _copy_head(
    head: bpy.types.Object, plan: Plan, made: _Made, animation: Animation | None
) -> tuple[bpy.types.Object, Shapes]:
    """The head with its shapes, every key at 0, from 0 to 1; modifiers that travel are applied."""
    moving = animation.moving_keys if animation else frozenset()
    copy, shapes = _bare(head, without_keys(head), made), gather(head, plan, moving)
    if plan.close_neck:
        neck.close(copy.data)
    for each in list(copy.modifiers):
        if not is_applied(each, head, plan):
            copy.modifiers.remove(each)
    put_on(copy, shapes)
    bpy.context.scene.collection.objects.link(copy)
    if copy.modifiers:
        shapes = applied(copy, shapes)
    bpy.context.scene.collection.objects.unlink(copy)
    return copy, shapes


def _copy_shown(
    head: bpy.types.Object, shown: bpy.types.Mesh, made: _Made
) -> tuple[bpy.types.Object, Shapes]:
    """The head as it is seen, without keys and modifiers."""
    copy = _bare(head, shown, made)
    copy.modifiers.clear()
    basis = np.empty((len(shown.vertices), 3), np.float32)
    shown.vertices.foreach_get("co", basis.ravel())
    return copy, Shapes(basis, (), np.zeros((0, *basis.shape), np.float32))


def _bare(head: bpy.types.Object, mesh: bpy.types.Mesh, made: _Made) -> bpy.types.Object:
    """A copy of the head with another mesh, where the head is, without parent and animation."""
    place = head.matrix_world.copy()
    copy = head.copy()
    copy.data = mesh
    made.blocks.append(copy)
    copy.animation_data_clear()
    copy.parent = None
    copy.constraints.clear()
    copy.matrix_world = place
    copy.hide_viewport = False  # else its modifiers would do nothing
    _forget(copy)
    for layer in _NOT_SHIPPED:
        if attribute := mesh.color_attributes.get(layer):
            mesh.color_attributes.remove(attribute)
    for name in carried.worn(mesh):
        mesh.attributes.remove(mesh.attributes[carried.ATTRIBUTE + name])
    return copy


def _dress(fine: bpy.types.Object, head: bpy.types.Object, pictures: Pictures, made: _Made) -> None:
    """Give the copy the head's materials with its pictures in files."""
    sources = [slot.material for slot in head.material_slots]
    try:
        copies = [source and pictures.material(source) for source in sources]
    finally:
        made.blocks += pictures.copies
    for number, copy in enumerate(copies):
        fine.material_slots[number].link = "DATA"
        fine.data.materials[number] = copy
    for source, copy in dict(zip(sources, copies, strict=True)).items():
        if source:
            _clear(copy)
            made.name(copy, "".join(each if each.isprintable() else "_" for each in source.name))


def _name(copy: bpy.types.Object, name: str, made: _Made) -> None:
    made.name(copy, name)
    made.name(copy.data, name)


def _forget(copy: bpy.types.Object) -> None:
    """What is noted on the object or its data is the artist's and ours."""
    _clear(copy)
    _clear(copy.data)


def _clear(owner: bpy.types.bpy_struct) -> None:
    for key in list(owner.keys()):
        del owner[key]


def _put_forward(copy: bpy.types.Object) -> None:
    """Alone at the world's origin, and shown: the exporters take what is selected, and what is
    hidden cannot be."""
    bpy.context.scene.collection.objects.link(copy)
    copy.parent = None
    copy.matrix_world.identity()
    copy.hide_viewport = copy.hide_select = copy.hide_render = False


def _lay(meshes: list[bpy.types.Object], armature: bpy.types.Object | None, space: Space) -> None:
    """Turn and scale shapes and bones themselves, so that no object in the file has to."""
    turn = Matrix.Rotation(-math.pi / 2, 4, "X") if space.y_up else Matrix.Identity(4)
    turn = Matrix.Scale(1 / space.unit, 4) @ turn
    for each in meshes:
        each.data.transform(turn, shape_keys=True)  # pyright: ignore[reportCallIssue]
        each.data.update()
    if armature:
        armature.data.transform(turn)


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
