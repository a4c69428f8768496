"""Chapters about keeping: what the head was made from, save, reopen."""

from __future__ import annotations

import time

import bpy
from hand import Moves
from stage import Stage


def keep(stage: Stage) -> Moves:
    """Save the file, open it again, and go on browsing."""
    target = stage.play.out / "head.blend"
    yield from stage.over_view()
    yield from stage.hand.key("S", ctrl=True)
    yield from stage.choose_file(target)
    yield from stage.until(target.is_file, 60)
    yield 1.0
    stage.measured("blend_file_mb", round(target.stat().st_size / 1e6, 1))
    started = time.perf_counter()
    with bpy.context.temp_override(window=stage.hand.window):
        bpy.ops.wm.open_mainfile(filepath=str(target))
    stage.measured("reopening_ms", round((time.perf_counter() - started) * 1e3))
    yield 1.5
    yield from stage.open_sidebar()
    yield from stage.over_view()
    yield from stage.hand.key("RIGHT_ARROW")
    yield from stage.picture("reopened")


def made_from(stage: Stage) -> Moves:
    """What the head was made from."""
    yield from stage.open_panel("OFER_PT_provenance")
    yield from stage.hand.show("ofer.copy_provenance(", 100)
    yield from stage.picture("made_from")
