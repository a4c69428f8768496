"""A copy of the head to export from, in a scene of its own; the artist's is as it was afterwards.

In a scene of its own nothing of the artist's settings reaches the file (units, frame, what is
hidden or simplified), and an exporter that stops midway leaves frame, selection and mode alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import bpy
from mathutils import Matrix

from ..motion import unkeyed
from ..rig import body_bones, rig
from ..undo.atomic_output import AtomicOutput
from . import companions, influences, neck, playing, skeleton
from .animation import Animation, sample
from .applied import rig_in_file, shape_shown
from .avatar import Avatar, stand
from .copies import copy_along, copy_head, copy_rig, copy_shown, dress
from .lods import reduced
from .pictures import Pictures, too_large
from .plan import LOD_RATIOS, Plan, file_name
from .presets import INFLUENCES, Format, Space
from .shapes import Shapes, chosen
from .temporary_blocks import TemporaryBlocks
from .uv_layers import lay_first

_LEAST_IN_USD: Final = 4.7e-4
"""Scale of a bone that shrinks to nothing: with less, USD takes its transform for none (it wants a
determinant of 1e-10), and Blender's exporter leaves all bones out of that frame."""


@dataclass(frozen=True, eq=False)
class StagedHead:
    """meshes : copies of the head, the finest first; others : of what goes along; armature : copy
    of its rig, or None; pictures : names of their files, in the output's folder; animation : what
    all of them do; avatar : what a VRM says of them."""

    meshes: tuple[bpy.types.Object, ...]
    others: tuple[bpy.types.Object, ...]
    armature: bpy.types.Object | None
    pictures: tuple[str, ...]
    animation: Animation | None
    avatar: Avatar | None = None

    @property
    def objects(self) -> tuple[bpy.types.Object, ...]:
        """Everything that goes into the file."""
        bones = (self.armature,) if self.armature else ()
        return (*self.meshes, *self.others, *bones)


@contextmanager
def staged(head: bpy.types.Object, plan: Plan, output: AtomicOutput) -> Iterator[StagedHead]:
    """Make the copies, alone in the scene of the window, selected and active; take them away again
    whatever happens. Raises OferError(BAD_REQUEST) where a modifier cannot be applied or a picture
    is too large, OSError."""
    made, along = TemporaryBlocks(), companions.named(head, plan)
    for each in (head, *along.values()):
        if refused := too_large(each):
            raise refused
    animation = sample(head, plan)
    shown = shape_shown(head, plan)
    if shown is not None:
        made.blocks.append(shown)
    try:
        with _scene(head):
            stage = _make(head, plan, output, made, shown, animation, along)
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
        stack.enter_context(unkeyed.kept())
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
    output: AtomicOutput,
    made: TemporaryBlocks,
    shown: bpy.types.Mesh | None,
    animation: Animation | None,
    along: dict[str, bpy.types.Object],
) -> StagedHead:
    name, source = file_name(head.name, plan), rig_in_file(head, plan)
    armature = copy_rig(source, name, made) if source else None
    upright = _upright(source, plan) if source else Matrix.Identity(4)
    if shown is None:
        fine, shapes = copy_head(head, plan, made, animation)
    else:
        if plan.close_neck:
            neck.close(shown)
        fine, shapes = copy_shown(head, shown, made)
    pictures = Pictures(head, output)
    dress(fine, head, pictures, made)
    others = [copy_along(each, called, source, pictures, made) for called, each in along.items()]
    for each in (fine, *others):
        lay_first(each, of_faces=plan.preset.format in (Format.FBX, Format.OBJ))
    meshes = _levels(fine, shapes, name, plan, made)
    for each in (*meshes, *others, *([armature] if armature else [])):
        _put_forward(each)
    if armature:
        if source != rig.rig_of(head):
            _onto(dict.fromkeys(meshes, head) | dict(zip(others, along.values(), strict=True)),
                  source, upright)  # fmt: skip
            armature.data.transform(upright)
        _bind((*meshes, *others), armature, skeleton.parents(source))
    avatar = None
    if armature and plan.humanoid:
        onto = upright @ body_bones.into_frame(source) @ head.matrix_world
        avatar = stand(head, plan, armature, meshes, others, onto)
    if plan.preset.format is Format.FBX:
        _lay([*meshes, *others], armature, plan.preset.space)
    if animation:
        scale = upright.to_scale().x
        _play(meshes, armature, animation, dict(chosen(head, plan)), plan, made, scale)
    return StagedHead(
        tuple(meshes), tuple(others), armature, tuple(pictures.names), animation, avatar
    )


def _levels(
    fine: bpy.types.Object, shapes: Shapes, name: str, plan: Plan, made: TemporaryBlocks
) -> list[bpy.types.Object]:
    """The head and its coarser levels of detail, each under its name in the file."""
    meshes = [fine]
    for level in range(1, min(plan.lods, len(LOD_RATIOS))):
        coarse = reduced(fine, shapes, LOD_RATIOS[level], f"{name}_LOD{level}")
        made.blocks.append(coarse)
        made.name_object(coarse, f"{name}_LOD{level}")
        meshes.append(coarse)
    made.name_object(fine, f"{name}_LOD0" if len(meshes) > 1 else f"{name}_head")
    return meshes


def _bind(
    meshes: Iterable[bpy.types.Object],
    armature: bpy.types.Object,
    parents: dict[str, str],
) -> None:
    """Let the armature's bones, the named ones alone and the root first, move the meshes."""
    skeleton.prune(armature, parents)
    bones = armature.data.bones.keys()
    for each in meshes:
        if influences.largest_count(each, bones) > INFLUENCES:
            influences.limit(each, bones)
        influences.follow_root(each, bones, next(iter(parents)))
        each.parent = armature
        each.modifiers.new(rig.MODIFIER, "ARMATURE").object = armature


def _play(
    meshes: list[bpy.types.Object],
    armature: bpy.types.Object | None,
    animation: Animation,
    called: dict[str, str],
    plan: Plan,
    made: TemporaryBlocks,
    scale: float,
) -> None:
    """Let the copies move, at rest for now. scale : of the bones in the file's scene."""
    scale /= plan.preset.space.unit if plan.preset.format is Format.FBX else 1.0
    least = _LEAST_IN_USD if plan.preset.format is Format.USD else 0.0
    actions = [playing.play_keys(each, animation, called) for each in meshes]
    if armature:
        actions.append(playing.play_bones(armature, animation, scale, least))
    made.blocks += filter(None, actions)
    playing.set_up(bpy.context.scene, animation)


def _upright(source: bpy.types.Object, plan: Plan) -> Matrix:
    """How an armature is turned and scaled in the scene; our own rigs are neither in a file, and an
    avatar stands and looks ahead."""
    bones = body_bones.recognise(source)
    if bones is None:
        return Matrix.Identity(4)
    turn = Matrix.Identity(4)
    if plan.humanoid:
        left, up = body_bones.axes(source, bones)
        turn = Matrix((left, up.cross(left), up)).to_4x4()
    return turn @ source.matrix_world.to_3x3().to_4x4()


def _onto(
    made_of: dict[bpy.types.Object, bpy.types.Object], source: bpy.types.Object, upright: Matrix
) -> None:
    """Lay copies where what they are made of is on its body, and as the body stands in the scene:
    in metres, the file's origin between its feet; what is mirrored there keeps its outside."""
    body = upright @ body_bones.into_frame(source)
    for copy, original in made_of.items():
        place = body @ original.matrix_world
        copy.data.transform(place, shape_keys=True)  # pyright: ignore[reportCallIssue]
        if place.determinant() < 0:
            copy.data.flip_normals()
        copy.data.update()


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
