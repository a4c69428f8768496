"""Chapters about choosing: more like this, hidden here, blending, expressions, use, undo."""

from __future__ import annotations

import bpy
import numpy as np
from hand import Moves
from stage import Stage


def more_like_this(stage: Stage) -> Moves:
    """New heads near the one shown."""
    yield from stage.open_panel("OFER_PT_more")
    yield from stage.hand.press("ofer.more_like_this")
    yield from stage.until(lambda: stage.queue.job and stage.queue.job.arrived, 300)
    yield from stage.picture("more_arriving")
    yield from stage.job_done()
    yield from stage.picture("more_like_this")


def hidden_here(stage: Stage) -> Moves:
    """Say that the photo does not show the mouth; another head comes in the place of the old."""
    former = stage.head.name
    yield from stage.open_panel("OFER_PT_hidden")
    yield from stage.hand.show("ofer.hidden_here(", 30)
    stage.head.ofer.hidden_here = {"mouth"}  # the buttons of a set look all the same to the finder
    yield from stage.picture("hidden_here")
    yield from stage.hand.press("ofer.hidden_here")
    yield from stage.job_done()
    yield from stage.picture("without_the_mouth")
    yield from stage.over_view()
    yield from stage.hand.key("Z", ctrl=True)
    yield from stage.until(lambda: stage.head and stage.head.name == former, 20)


def paint_hidden(stage: Stage) -> Moves:
    """Paint over the mouth in the photo, in a window of its own, and draw the head without it."""
    former = stage.head.name
    yield from stage.hand.press("ofer.paint_hidden")
    yield 2.0
    area = stage.hand.window.screen.areas[0]
    region = next(each for each in area.regions if each.type == "WINDOW")
    yield from stage.picture("ready_to_paint")
    middle = region.x + region.width * 0.5, region.y + region.height * 0.22
    yield from stage.hand.move(middle[0] - 60, middle[1])
    yield from stage.hand.hold("LEFTMOUSE")
    for step in range(24):
        yield from stage.hand.move(middle[0] - 60 + 5 * step, middle[1] + 12 * (-1) ** step)
    yield from stage.hand.release("LEFTMOUSE")
    yield from stage.picture("painted")
    with bpy.context.temp_override(window=stage.hand.window):
        bpy.ops.wm.window_close()
    yield 1.0
    yield from stage.hand.press("ofer.hidden_here")
    yield from stage.job_done()
    yield from stage.picture("without_what_was_painted")
    stage.measured("painting_gave_a_new_head", stage.head.name != former)


def blend(stage: Stage) -> Moves:
    """Two heads into the blend, mixed, and the mixture made the Basis."""
    yield from stage.open_panel("OFER_PT_blend")
    yield from stage.hand.press("ofer.blend_add")
    yield from stage.over_view()
    yield from stage.hand.key("RIGHT_ARROW")
    yield from stage.hand.key("RIGHT_ARROW")
    yield from stage.hand.press("ofer.blend_add")
    stage.head.ofer.blend[0].weight = 0.4
    yield from stage.picture("blending")
    yield from stage.hand.press("ofer.use_blend")
    yield from stage.job_done()
    yield from stage.picture("blend_used")


def expressions(stage: Stage) -> Moves:
    """Walk the expressions with the arrow keys."""
    yield from stage.open_panel("OFER_PT_expressions")
    yield from stage.over_view()
    for _ in range(3):
        yield from stage.hand.key("DOWN_ARROW")
        yield 0.3
    yield from stage.hand.show("ofer.step(kind='EXPRESSION'", 45, 0.05)
    yield from stage.picture("expression")
    yield from stage.over_view()
    for _ in range(3):
        yield from stage.hand.key("UP_ARROW")
        yield 0.3


def use(stage: Stage) -> Moves:
    """Use another head; undo and redo bring back exactly what was there."""
    yield from stage.over_view()
    yield from stage.hand.key("RIGHT_ARROW")
    yield 0.3
    before = shape(stage.head)
    yield from stage.hand.press("ofer.use_identity")
    yield from stage.job_done()
    used = shape(stage.head)
    yield from stage.picture("used")
    steps = 0
    undone = used
    while steps < 2 and not np.array_equal(before, undone):
        yield from stage.over_view()
        yield from stage.hand.key("Z", ctrl=True)
        yield 1.0
        undone, steps = shape(stage.head), steps + 1
    yield from stage.picture("undone")
    for _ in range(steps):
        yield from stage.over_view()
        yield from stage.hand.key("Z", ctrl=True, shift=True)
        yield 1.0
    redone = shape(stage.head)
    stage.measured(
        "use",
        {
            "changed_the_head": not np.array_equal(before, used),
            "undo_steps": steps,  # what the engine computes for it arrives as a step of its own
            "undo_restored_it": np.array_equal(before, undone),
            "redo_restored_it": np.array_equal(used, redone),
        },
    )


def shape(head: bpy.types.Object) -> np.ndarray:
    """All keys, their values, and the mesh itself, as one row of numbers."""
    keys = head.data.shape_keys.key_blocks
    parts = [np.array([key.value for key in keys], np.float32)]
    for points in (*(key.points for key in keys), head.data.vertices):
        values = np.empty(len(points) * 3, np.float32)
        points.foreach_get("co", values)
        parts.append(values)
    return np.concatenate(parts)
