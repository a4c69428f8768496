"""Esc cancels the job in hand; the arrow keys walk the gallery while our tab is open.

Where the operator's poll says no, the key means what it always means.
"""

from __future__ import annotations

from typing import Final

import bpy

_made: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []

_WALKS: Final = (
    ("RIGHT_ARROW", "IDENTITY", 1),
    ("LEFT_ARROW", "IDENTITY", -1),
    ("DOWN_ARROW", "EXPRESSION", 1),
    ("UP_ARROW", "EXPRESSION", -1),
)


def register() -> None:
    addon_keys = bpy.context.window_manager.keyconfigs.addon
    if addon_keys is None:  # background mode has no keys
        return
    keymap = addon_keys.keymaps.new("Window", space_type="EMPTY")
    _made.append((keymap, keymap.keymap_items.new("ofer.cancel", "ESC", "PRESS")))
    # Where Blender steps through frames; a view's own keys would come after those.
    keymap = addon_keys.keymaps.new("Frames", space_type="EMPTY")
    for key, kind, steps in _WALKS:
        item = keymap.keymap_items.new("ofer.step", key, "PRESS", repeat=True)
        item.properties.kind, item.properties.steps = kind, steps
        _made.append((keymap, item))


def unregister() -> None:
    while _made:
        keymap, item = _made.pop()
        keymap.keymap_items.remove(item)
