"""All or nothing: what a file was like before an operator, and bringing that back after a failure.

New datablocks go, changed ones become what they were; so do frame, mode, selection, active object,
visibility and the scene's settings that operators of ours change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np

from ...ofer_engine.client import faults
from .likeness import group, is_there, match_group
from .objects_before import ObjectsBefore

_OURS: Final = (
    "objects", "meshes", "curves", "cameras", "lights", "armatures", "materials", "node_groups",
    "images", "movieclips", "textures", "collections", "actions", "fonts", "texts", "worlds",
)  # fmt: skip
"""Kinds of datablocks that we make; Blender makes others on the way, such as brushes."""
_SCENE: Final = ("camera", "frame_current", "frame_subframe")
_RENDER: Final = ("resolution_x", "resolution_y")
_open: Final[list[Transaction]] = []


def mark_failed(cause: Exception) -> bool:
    """Something failed that Blender called on the way, and it raises nothing: let the innermost
    operator at work fail of it. False where none is at work."""
    if _open:
        _open[-1].cause = _open[-1].cause or cause
    return bool(_open)


def once_done(action: Callable[[], object]) -> None:
    """Do what nothing can take back once the outermost operator at work went well; now where none
    is at work."""
    if _open:
        _open[-1].last.append(action)
    else:
        action()


def is_at_work() -> bool:
    """Some operator is between its beginning and its end."""
    return bool(_open)


@contextmanager
def whole(context: bpy.types.Context, objects: list[bpy.types.Object]) -> Iterator[None]:
    """All of a block or nothing of it, where no operator's `execute` is around it."""
    change = Transaction(context, objects)
    try:
        yield
        change.check()
    except BaseException:
        change.roll_back()
        raise
    change.commit()


class Transaction:
    """Begins at once; `commit` or `roll_back` ends it.

    objects : those that the operator may change, beyond the scene's own state; they are kept as
    copies, which takes a few milliseconds for a head; surface : so are meshes and materials, beyond
    the values of shape keys.
    """

    def __init__(
        self, context: bpy.types.Context, objects: list[bpy.types.Object], surface: bool = True
    ) -> None:
        self.cause: Exception | None = None
        self.last: list[Callable[[], object]] = []
        self._known = _Known()
        self._state = _State(context, objects)
        try:
            self._kept = ObjectsBefore.of(objects, surface)
        except BaseException:
            self._remove_new()
            raise
        _open.append(self)

    def check(self) -> None:
        """Raise what failed on the way; else do what was left for the end, or leave that to the
        operator around this one. To be called before `commit`."""
        if self.cause:
            raise self.cause
        place = _open.index(self)
        if place:
            _open[place - 1].last += self.last
            return
        for action in self.last:
            action()

    def commit(self) -> None:
        """All went well; what was made stays, also should a surrounding operator fail."""
        self._end()
        self._kept.forget()
        for outer in _open:
            outer._known.add_all()

    def roll_back(self) -> None:
        """Make the file what it was at the beginning."""
        self._end()
        steps: tuple[Callable[[], object], ...] = (
            _to_object_mode, self._restore, self._remove_new, self._state.restore,
        )  # fmt: skip
        for step in steps:
            try:
                step()
            except Exception as cause:  # noqa: BLE001 the border: take back what can be
                faults.log(cause)

    def _end(self) -> None:
        _open.remove(self)

    def _restore(self) -> None:
        replaced = self._kept.restore()
        for each in (self, *_open):
            each._known.add(replaced.values())
            each._state.rename(replaced)

    def _remove_new(self) -> None:
        known = self._known.all()
        bpy.data.batch_remove([block for block in _blocks() if block.session_uid not in known])


class _State:
    """What no datablock of a head holds: the scene's and the view layer's."""

    def __init__(self, context: bpy.types.Context, objects: list[bpy.types.Object]) -> None:
        self._scene, self._layer = context.scene, context.view_layer
        self._settings = group(context.scene.ofer)
        self._values = [(context.scene, name, getattr(context.scene, name)) for name in _SCENE]
        render = context.scene.render
        self._values += [(render, name, getattr(render, name)) for name in _RENDER]
        active = context.view_layer.objects.active
        self._active = active.session_uid if active else 0
        self._mode = active.mode if active else "OBJECT"
        self._selected = {each.session_uid for each in context.selected_objects}
        self._own = {each.session_uid for each in objects}
        self._hidden = {each.session_uid: each.hide_get() for each in objects if _is_in(each)}
        self._members = [
            _Members(each, each.name, _uids(each.objects),
                     [child.name for child in each.children])
            for each in (context.scene.collection, *bpy.data.collections)
        ]  # fmt: skip

    def rename(self, replaced: dict[int, int]) -> None:
        """Some objects were replaced by others: their session uids."""
        self._active = replaced.get(self._active, self._active)
        self._selected = {replaced.get(uid, uid) for uid in self._selected}
        self._own = {replaced.get(uid, uid) for uid in self._own}
        self._hidden = {replaced.get(uid, uid): hid for uid, hid in self._hidden.items()}
        for each in self._members:
            each.uids = [replaced.get(uid, uid) for uid in each.uids]

    def restore(self) -> None:
        """Make the scene what it was."""
        if not is_there(self._scene):
            return  # another file was opened
        self._restore_members()
        match_group(self._scene.ofer, self._settings)
        for owner, name, value in self._values:
            if is_there(value) and getattr(owner, name) != value:
                setattr(owner, name, value)
        self._layer.update()  # or its objects would still be those before
        present = list(self._layer.objects)  # which hiding and selecting may renew
        for each in present:
            if each.session_uid in self._hidden:
                _set(each.hide_get, each.hide_set, self._hidden[each.session_uid])
            _set(each.select_get, each.select_set, each.session_uid in self._selected)
        active = [each for each in present if each.session_uid == self._active]
        self._layer.objects.active = active[0] if active else None
        if active and active[0].mode != self._mode:
            bpy.ops.object.mode_set(mode=self._mode)

    def _restore_members(self) -> None:
        by_uid = {each.session_uid: each for each in bpy.data.objects}
        for each in self._members:
            if not is_there(each.collection):
                each.collection = bpy.data.collections.new(each.name)
        for each in self._members:
            if each.collection.is_editable:
                each.restore(by_uid, self._own)


@dataclass
class _Members:
    """A collection, what it is called, the session uids of its objects, and names of its
    children."""

    collection: bpy.types.Collection
    name: str
    uids: list[int]
    children: list[str]

    def restore(self, by_uid: dict[int, bpy.types.Object], own: set[int]) -> None:
        """Put in and take out what it takes; by_uid : all objects; own : session uids of those that
        the operator may change, which get their places back, too."""
        objects, children = self.collection.objects, self.collection.children
        for member in [each for each in objects if each.session_uid not in self.uids]:
            objects.unlink(member)
        present = {each.session_uid for each in objects}
        for uid in self.uids:
            if uid in by_uid and uid not in present:
                objects.link(by_uid[uid])
        wanted = [uid for uid in self.uids if uid in by_uid]
        places = zip(wanted, _uids(objects), strict=False)
        misplaced = next((n for n, (uid, now) in enumerate(places) if uid != now), len(wanted))
        if own.issuperset(wanted[misplaced:]):
            for uid in wanted[misplaced:]:
                objects.unlink(by_uid[uid])
                objects.link(by_uid[uid])
        for name in self.children:
            if name in bpy.data.collections and name not in children:
                children.link(bpy.data.collections[name])


def _to_object_mode() -> None:
    active = bpy.context.view_layer.objects.active
    if active and active.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def _blocks() -> list[bpy.types.ID]:
    return [block for kind in _OURS for block in getattr(bpy.data, kind)]


def _uids(blocks: Any) -> list[int]:
    """Session uids of a collection of datablocks, read in one go."""
    values = np.empty(len(blocks), np.int32)
    blocks.foreach_get("session_uid", values)
    return values.tolist()


class _Known:
    """Session uids of what was there; read at once, as every operator pays for it."""

    def __init__(self) -> None:
        self._uids: list[int] = []
        self.add_all()

    def add_all(self) -> None:
        """What is there now."""
        for kind in _OURS:
            self._uids += _uids(getattr(bpy.data, kind))

    def add(self, uids: Iterable[int]) -> None:
        """These, too."""
        self._uids += uids

    def all(self) -> set[int]:
        """Of all that is known."""
        return set(self._uids)


def _is_in(thing: bpy.types.Object) -> bool:
    return thing.name in bpy.context.view_layer.objects


def _set(get: Callable[[], bool], change: Callable[[bool], None], wanted: bool) -> None:
    if get() != wanted:
        change(wanted)
