"""Which page of the manual F1 and "Online Manual" open.

The manual is part of the extension, so it fits the version and needs no network.
"""

from __future__ import annotations

from typing import Final

import bpy

from ...ofer_engine.client.engine_settings import ROOT

START: Final = "manual"
LIKENESS: Final = "choosing"
"""The page that says what the bundled pack can do."""
_PAGES: Final = {
    "scripting": ("reconstruct_each",),
    "weights": ("import_weights", "install_weights", "decline_weights", "use_open_pack"),
    "choosing": (
        "add_heads", "again", "blend_*", "browse", "clear_pins", "compare", "drag_pins",
        "end_compare", "express", "forget_paint", "give_part_back", "hidden_here", "hide_others",
        "more_like_this", "open_likeness", "paint_hidden", "photo_beside", "pick_compared", "pin",
        "release_pin", "remove_abandoned", "remove_hypothesis", "renew_*", "replace_head",
        "seen_guessed", "show", "show_blend", "sort_gallery", "step", "take_part",
        "through_photo", "unhide_all", "use_blend", "use_identity",
    ),
    "rig": (
        "add_arkit", "add_rig", "add_visemes", "aim_eyes", "attach_to_armature", "bridge_neck",
        "export_take", "import_take", "keep_expression", "show_as_arkit",
    ),
    "perform": ("clean_motion", "perform", "play_performance", "retarget_motion"),
    "export": (
        "bake_shown", "check_export", "export_animation", "export_head", "limit_influences",
        "real_size", "reset_ranges", "unmute_keys",
    ),
    "skin": (
        "add_hair", "export_web_page", "make_skin", "remove_hair", "remove_skin",
        "wear_first_skin", "wear_skin",
    ),
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
