"""Esc cancels the job in hand; with no job, the key means what it always means."""

from __future__ import annotations

import bpy

_made: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    addon_keys = bpy.context.window_manager.keyconfigs.addon
    if addon_keys is None:  # background mode has no keys
        return
    keymap = addon_keys.keymaps.new("Window", space_type="EMPTY")
    _made.append((keymap, keymap.keymap_items.new("ofer.cancel", "ESC", "PRESS")))


def unregister() -> None:
    while _made:
        keymap, item = _made.pop()
        keymap.keymap_items.remove(item)
