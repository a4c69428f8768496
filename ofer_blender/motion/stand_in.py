"""A scene in no window in which a head is played: the artist's stays at its frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import bpy

from .motion_sources import readers_of, targets_of


@contextmanager
def stand_in(
    head: bpy.types.Object, armature: bpy.types.Object | None
) -> Iterator[tuple[bpy.types.Scene, bpy.types.ViewLayer]]:
    """A copy of the scene that is shown, its time and properties included, with the head and its
    bones alone. What it evaluates stays there: the artist's frame, values and poses are left alone,
    keyed or not."""
    theirs, shown = bpy.context.scene, [each for each in (head, armature) if each]
    layer = bpy.context.view_layer.name
    hidden = [each for each in shown if each.hide_viewport]  # what is hidden is not evaluated
    with ExitStack() as stack:
        scene = theirs.copy()
        stack.callback(bpy.data.scenes.remove, scene)
        _empty(scene)
        own = scene.animation_data
        for each in targets_of(own.drivers if own else (), theirs):
            each.id = scene
        for each in readers_of(theirs, head):
            stack.callback(_put_back, each, "id", theirs)
            each.id = scene
        for each in hidden:
            stack.callback(_put_back, each, "hide_viewport", True)
            each.hide_viewport = False
        for each in shown:
            scene.collection.objects.link(each)
            each.hide_set(False, view_layer=scene.view_layers[layer])
        yield scene, scene.view_layers[layer]


def _empty(scene: bpy.types.Scene) -> None:
    """Take out what would be evaluated at each frame and moves no head."""
    for each in list(scene.collection.children):
        scene.collection.children.unlink(each)
    for each in list(scene.collection.objects):
        scene.collection.objects.unlink(each)
    scene.sequence_editor_clear()
    if scene.rigidbody_world:
        scene.rigidbody_world.enabled = False
    scene.render.use_simplify, scene.render.simplify_subdivision = True, 0  # nobody looks at it


def _put_back(owner: bpy.types.bpy_struct, name: str, value: Any) -> None:
    """Set what is still there: handlers of others were called meanwhile."""
    with suppress(ReferenceError):
        setattr(owner, name, value)
