"""Chapters about looking: the arrow keys, side by side, through the photo, seen and guessed."""

from __future__ import annotations

import time
from statistics import median
from typing import Final

import bpy
from hand import Moves, sidebar, view
from stage import Stage
from stopwatch import resident_megabytes

_WALK: Final = 100
_Moment = tuple[float, float]
"""Seconds by the clock, and of the processor for Blender's main thread."""


def gallery(stage: Stage) -> Moves:
    """A few arrow keys, the page of pictures, the whole gallery, and browsing."""
    yield from stage.over_view()
    for _ in range(3):
        yield from stage.hand.key("RIGHT_ARROW")
        yield 0.3
    yield from stage.picture("three_arrow_keys")
    yield from stage.hand.scroll_to_top()
    _, region = sidebar(stage.hand.window)
    large = region.x + region.width * 0.3, region.y + region.height * 0.58
    yield from stage.hand.click(*large)  # no operator tells where it is
    yield from stage.picture("whole_gallery")
    yield from stage.hand.key("ESC")
    if not stage.hand.quick:
        star = yield from stage.hand.find("].favourite", 0.78)
        yield from stage.hand.click(*star)
    yield from stage.hand.press("ofer.browse")
    yield from stage.over_view()
    yield from stage.hand.key("RIGHT_ARROW")
    yield from stage.hand.key("S")
    yield from stage.picture("browsing")
    yield from stage.hand.key("RET")


def hundred(stage: Stage) -> Moves:
    """Keep all hundred heads: the longest gallery to walk, the largest result to take in."""
    bpy.context.window_manager.windows[0].scene.ofer.keep = 100
    yield from stage.hand.press("ofer.reconstruct")
    yield from stage.job_done()
    yield from stage.picture("hundred_heads")


def walk(stage: Stage) -> Moves:
    """The arrow key through a hundred heads, three times: the first time every picture of the
    gallery is read, the others tell of leaks."""
    # Without a graphics card a redraw takes long, and smooth edges take several.
    bpy.context.preferences.system.viewport_aa = "OFF"
    yield from stage.over_view()
    memory = [resident_megabytes()]
    for name in ("first_walk", "second_walk", "third_walk"):
        yield from _walk(stage, name, _WALK)
        memory.append(resident_megabytes())
        stage.write()
    stage.measured("resident_mb_before_and_after_each_walk", [round(each, 1) for each in memory])
    bpy.context.preferences.system.viewport_aa = "8"
    yield from stage.picture("after_walking")


def compare(stage: Stage) -> Moves:
    """Four side by side, nine, pick one of them with the mouse."""
    yield from stage.hand.press("ofer.compare", count="4")
    yield from stage.picture("four_side_by_side")
    yield from stage.hand.press("ofer.end_compare")
    yield from stage.hand.press("ofer.compare", count="9")
    yield from stage.picture("nine_side_by_side")
    area = view(stage.hand.window)
    yield from stage.hand.click(area.x + area.width * 0.5, area.y + area.height * 0.72)
    yield from stage.picture("one_of_nine_selected")
    yield from stage.hand.press("ofer.pick_compared")
    yield from stage.picture("picked")


def through_photo(stage: Stage) -> Moves:
    """The head over the photo, half transparent, and back."""
    yield from stage.hand.press("ofer.through_photo")
    yield from stage.picture("through_the_photo")
    yield from stage.hand.press("ofer.through_photo")
    yield from stage.picture("left_the_photo")


def seen_guessed(stage: Stage) -> Moves:
    """Where the photo decides and where OFER imagined, and back."""
    yield from stage.hand.press("ofer.seen_guessed")
    yield from stage.picture("seen_and_guessed")
    yield from stage.hand.press("ofer.seen_guessed")


def _walk(stage: Stage, name: str, steps: int) -> Moves:
    """Press the right arrow. The step is measured from the call of our operator until the mesh is
    evaluated, which is when Blender begins to draw it: our work, the undo step, and the evaluation.
    """
    evaluated: list[_Moment] = []
    drawn: list[_Moment] = []
    space = bpy.types.SpaceView3D

    def note_evaluated(*_: object) -> None:
        evaluated.append(_now())

    def note_drawn() -> None:
        drawn.append(_now())

    handler = space.draw_handler_add(note_drawn, (), "WINDOW", "POST_PIXEL")
    bpy.app.handlers.depsgraph_update_post.append(note_evaluated)
    until_shaped, until_drawn = [], []
    try:
        for _ in range(steps):
            drawn.clear()
            evaluated.clear()
            yield from stage.hand.key("RIGHT_ARROW")
            yield from stage.until(lambda: drawn and evaluated and drawn[-1] > evaluated[0], 20)
            until_shaped.append(_since(stage.watch.begun["OFER_OT_step.execute"], evaluated[0]))
            picture = next(each for each in drawn if each > evaluated[0])
            until_drawn.append(_since(evaluated[0], picture))
    finally:
        space.draw_handler_remove(handler, "WINDOW")
        bpy.app.handlers.depsgraph_update_post.remove(note_evaluated)
    measured = {"step_ms": _spread(until_shaped), "blender_s_redraw_ms": _spread(until_drawn)}
    stage.measured(name, {"steps": steps, **measured})


def _now() -> _Moment:
    return time.perf_counter(), time.thread_time()


def _since(before: _Moment, after: _Moment) -> _Moment:
    return after[0] - before[0], after[1] - before[1]


def _spread(spans: list[_Moment]) -> dict[str, dict[str, float]]:
    """Median and worst, in milliseconds."""
    return {
        kind: {"median": round(median(each) * 1e3, 1), "worst": round(max(each) * 1e3, 1)}
        for kind, each in zip(("clock", "processor"), zip(*spans, strict=True), strict=True)
    }
