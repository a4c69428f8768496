"""The story in chapters: what an artist does, from an empty Blender to a kept head.

Each chapter is a generator of waits (`hand.py`) and leaves Blender as the next one wants it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Final

import bpy
from hand import BEAT, Moves
from stopwatch import resident_megabytes

if TYPE_CHECKING:
    from stage import Stage

_WALK: Final = 100


def first_head(stage: Stage) -> Moves:
    """From Blender's start to a head in the viewport, counting clicks."""
    yield from stage.picture("start")
    yield from stage.open_sidebar()
    yield from stage.picture("tab")
    yield from stage.hand.press("ofer.choose_photo(")
    yield 1.0
    yield from _choose_in_browser(stage)
    yield from stage.picture("looking_at_the_photo")
    yield from stage.job_done()
    yield from stage.picture("face_found")
    yield from stage.hand.press("ofer.reconstruct(")
    yield from stage.until(lambda: stage.desk.job and stage.desk.job.fraction > 0.4, 300)
    yield from stage.picture("reconstructing")
    yield from stage.job_done()
    yield from stage.picture("first_head")
    stage.measured("clicks_to_the_first_head", stage.hand.clicks)


def walk(stage: Stage) -> Moves:
    """The arrow key through the heads a hundred times, twice; the second time tells of leaks."""
    yield from stage.over_view()
    yield from _walk(stage, "warm_up", 10)
    before = resident_megabytes()
    yield from _walk(stage, "arrow_keys", _WALK)
    between = resident_megabytes()
    yield from _walk(stage, "arrow_keys_again", _WALK)
    after = resident_megabytes()
    growth = {"first_100_mb": round(between - before, 1), "next_100_mb": round(after - between, 1)}
    stage.measured("memory_growth", growth)
    yield from stage.picture("after_walking")


def _choose_in_browser(stage: Stage) -> Moves:
    """In Blender's file browser: the folder and the photo, then Enter."""
    window = stage.hand.window
    area = next(area for area in window.screen.areas if area.type == "FILE_BROWSER")
    space = area.spaces.active
    space.params.directory = str(stage.play.photo.parent).encode()
    yield 1.0
    space.params.filename = stage.play.photo.name
    yield from stage.picture("file_browser")
    stage.hand.clicks += 1  # an artist's double click on the picture
    yield from stage.hand.move(area.x + area.width * 0.5, area.y + area.height * 0.5)
    yield from stage.hand.key("RET")
    yield 1.0


def _walk(stage: Stage, name: str, steps: int) -> Moves:
    """Press the right arrow; measure from the press to the end of the redraw that shows it."""
    drawn: list[float] = []
    evaluated: list[float] = []
    space = bpy.types.SpaceView3D

    def note_drawn() -> None:
        drawn.append(time.perf_counter())

    handler = space.draw_handler_add(note_drawn, (), "WINDOW", "POST_PIXEL")

    def note_evaluated(*_: object) -> None:
        evaluated.append(time.perf_counter())

    bpy.app.handlers.depsgraph_update_post.append(note_evaluated)
    felt, until_evaluated = [], []
    try:
        for _ in range(steps):
            drawn.clear(), evaluated.clear()
            pressed = time.perf_counter()
            yield from stage.hand.key("RIGHT_ARROW")
            yield from stage.until(lambda: drawn and evaluated and drawn[-1] > evaluated[-1], 20)
            felt.append(drawn[-1] - pressed)
            until_evaluated.append(evaluated[0] - pressed)
            yield BEAT
    finally:
        space.draw_handler_remove(handler, "WINDOW")
        bpy.app.handlers.depsgraph_update_post.remove(note_evaluated)
    stage.measured(
        name,
        {
            "steps": steps,
            "key_to_shape_ms": _spread(until_evaluated),
            "key_to_picture_ms": _spread(felt),
        },
    )


def _spread(seconds: list[float]) -> dict[str, float]:
    """Median and worst, in milliseconds."""
    return {"median": round(median(seconds) * 1e3, 1), "worst": round(max(seconds) * 1e3, 1)}


CHAPTERS: Final[dict[str, Callable[[Stage], Moves]]] = {
    "first_head": first_head,
    "walk": walk,
}
