"""Chapters about the hand: pins, parts, exaggerating, hints; each taken back afterwards."""

from __future__ import annotations

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d
from choosing import shape
from hand import Moves, view
from stage import Stage


def pin(stage: Stage) -> Moves:
    """A point dragged over the photo: the head follows; one undo takes the pin out again."""
    yield from stage.hand.press("ofer.through_photo")
    before = shape(stage.head)
    yield from stage.hand.press("ofer.drag_pins")
    yield from stage.hand.move(*_nose_on_screen(stage))
    yield from stage.picture("landmarks_to_grab")
    yield from stage.hand.hold("LEFTMOUSE")
    for _ in range(10):
        yield from stage.hand.move(stage.hand.x + 2, stage.hand.y + 1)
    yield from stage.hand.release("LEFTMOUSE")
    yield 0.5
    yield from stage.picture("pinned")
    yield from stage.hand.key("RET")
    pins = len(stage.head.ofer.pins)
    yield from _taken_back(stage, "pin", before, {"pins_after_one_drag": pins})
    yield from stage.hand.press("ofer.through_photo")


def _nose_on_screen(stage: Stage) -> tuple[float, float]:
    """Window pixels of what juts out farthest of the face."""
    head, area = stage.head, view(stage.hand.window)
    region = next(each for each in area.regions if each.type == "WINDOW")
    tip = min((vertex.co for vertex in head.data.vertices), key=lambda place: place.y)
    looked = area.spaces.active.region_3d
    place = location_3d_to_region_2d(region, looked, head.matrix_world @ tip)
    return region.x + place.x, region.y + place.y


def part(stage: Stage) -> Moves:
    """The nose of the second head, on the first."""
    yield from stage.open_panel("OFER_PT_parts")
    before = shape(stage.head)
    with bpy.context.temp_override(window=stage.hand.window):
        bpy.ops.ofer.take_part("EXEC_DEFAULT", True, part="nose", name="identity_02", follow=True)
    yield from stage.picture("the_nose_of_another")
    yield from _taken_back(stage, "part", before, {"parts": len(stage.head.ofer.parts)})


def exaggerate(stage: Stage) -> Moves:
    """The next head, and three times what makes it differ."""
    yield from stage.over_view()
    yield from stage.hand.key("RIGHT_ARROW")
    yield 0.3
    before = shape(stage.head)
    stage.head.ofer.exaggeration = 3.0
    _push(stage, "Exaggerate")  # as the slider does
    yield from stage.picture("exaggerated")
    yield from _taken_back(stage, "exaggerate", before, {})


def hints(stage: Stage) -> Moves:
    """Told to be seventy: the head ages at once."""
    yield from stage.open_panel("OFER_PT_hints")
    before = shape(stage.head)
    given = stage.head.ofer.hints
    given.age, given.tell_age = 70.0, True
    _push(stage, "Tell the Age")  # as the tick does
    yield from stage.picture("told_to_be_seventy")
    yield from _taken_back(stage, "hints", before, {})


def _push(stage: Stage, message: str) -> None:
    with bpy.context.temp_override(window=stage.hand.window):
        bpy.ops.ed.undo_push(message=message)


def _taken_back(stage: Stage, name: str, before: np.ndarray, seen: dict[str, object]) -> Moves:
    """Undo once; what was there before is there again, exactly."""
    changed = shape(stage.head)
    yield from stage.over_view()
    yield from stage.hand.key("Z", ctrl=True)
    yield 1.0
    differs = not np.array_equal(before, changed)
    restored = np.array_equal(before, shape(stage.head))
    stage.measured(name, {**seen, "changed_the_head": differs, "undo_restored_it": restored})
