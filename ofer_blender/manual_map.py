"""Which page of the manual F1 and "Online Manual" open.

The manual is part of the extension, so it fits the version and needs no network.
"""

from __future__ import annotations

from typing import Final

import bpy

from .preferences import ROOT

START: Final = "manual"
_PAGES: Final = {
    "scripting": ("reconstruct_each",),
    "faults": ("copy_report", "open_log"),
    "weights": ("import_weights", "install_weights", "decline_weights", "use_open_pack"),
    "choosing": (
        "again", "blend*", "browse", "compare*", "draw_expressions*", "express*", "hidden*",
        "insert_draw*", "more_like_this", "remove_hypothesis", "seen_guessed", "show",
        "show_blend", "star*", "step", "through_photo*", "use_blend", "use_identity",
    ),
    "rig": ("rig*", "arkit*", "add_rig*"),
    "export": ("export*",),
    "texture": ("skin*", "texture*", "bake*"),
}  # fmt: skip
"""Page of the manual → operators after `bpy.ops.ofer.`; the start page explains the others."""


def page(name: str) -> str:
    """Address of a page: of the extension's own manual, or of the project's docs."""
    built = ROOT / "manual" / f"{name}.html"
    return (built if built.is_file() else ROOT / "docs" / f"{name}.md").as_uri()


def mapping() -> tuple[str, tuple[tuple[str, str], ...]]:
    """What Blender asks for: the start of every address, and (pattern, rest) in order."""
    prefix, _, start = page(START).rpartition("/")
    suffix = start.removeprefix(START)
    pages = [
        (f"bpy.ops.ofer.{operator}", name + suffix)
        for name, operators in _PAGES.items()
        for operator in operators
    ]
    pages += [("bpy.ops.ofer.*", start), ("bpy.types.ofer_*", start)]
    return f"{prefix}/", tuple(pages)


def register() -> None:
    bpy.utils.register_manual_map(mapping)


def unregister() -> None:
    bpy.utils.unregister_manual_map(mapping)
