"""Values that the artist set by hand where an animation has others: Blender forgets them as soon as
it evaluates the animation anew, as it does whenever a window shows another scene."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import bpy

from .. import compat

_GONE: Final = (ValueError, KeyError, TypeError, ReferenceError)
"""What Blender raises for the path of a property that is not there."""


@dataclass(frozen=True, eq=False)
class _Value:
    """path : of an animated property of the owner; value : a number, a name, or a tuple of them."""

    owner: bpy.types.ID
    path: str
    value: Any


@contextmanager
def kept() -> Iterator[None]:
    """Every animated property of the file has the value afterwards that it has now."""
    before = list(_values())
    try:
        yield
    finally:
        _update()
        changed = [each for each in before if _was_changed(each)]
        for each in changed:
            _set(each)
        if changed:
            _update()


def _values() -> Iterator[_Value]:
    for owner in _animated():
        for path in dict.fromkeys(curve.data_path for curve in compat.all_curves_of(owner)):
            with suppress(*_GONE):  # there is no such property, or no longer
                yield _Value(owner, path, _read(owner, path))


def _animated() -> Iterator[bpy.types.ID]:
    """Datablocks that something animates, the node trees within others included."""
    kinds = [kind.identifier for kind in bpy.data.bl_rna.properties if kind.type == "COLLECTION"]
    for block in (block for kind in kinds for block in getattr(bpy.data, kind)):
        inner = getattr(block, "node_tree", None)
        for each in (block, inner if inner and inner.is_embedded_data else None):
            if getattr(each, "animation_data", None):
                yield each


def _update() -> None:
    """Evaluate what the windows show, as their next drawing would."""
    for window in bpy.context.window_manager.windows:
        window.view_layer.update()


def _was_changed(kept: _Value) -> bool:
    with suppress(*_GONE):  # handlers of others were called meanwhile
        return _read(kept.owner, kept.path) != kept.value
    return False


def _read(owner: bpy.types.ID, path: str) -> Any:
    """A copy of what a property holds, which no evaluation changes. Raises one of _GONE."""
    above, name, is_custom = _parts(path)
    value = _struct(owner, above)[name] if is_custom else owner.path_resolve(path)
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _set(kept: _Value) -> None:
    above, name, is_custom = _parts(kept.path)
    if isinstance(kept.value, tuple):
        seen = kept.owner.path_resolve(kept.path)
        for place, value in enumerate(kept.value):
            seen[place] = value
    elif is_custom:
        _struct(kept.owner, above)[name] = kept.value
    else:
        with suppress(AttributeError, TypeError):  # Blender writes it, scripts may not
            setattr(_struct(kept.owner, above), name, kept.value)


def _parts(path: str) -> tuple[str, str, bool]:
    """The path of the struct that has a property, the property's name, and whether it is a custom
    one."""
    if path.endswith('"]'):
        above, _, name = path.rpartition('["')
        return above, bpy.utils.unescape_identifier(name[:-2]), True
    above, _, name = path.rpartition(".")
    return above, name, False


def _struct(owner: bpy.types.ID, path: str) -> Any:
    return owner.path_resolve(path) if path else owner
