"""The story in chapters: what an artist does, from an empty Blender to a kept head.

Each chapter is a generator of waits (`hand.py`) and leaves Blender as the next one wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import bpy
import choosing
import dropping
import helping
import keeping
import looking
import making
import shaping
from hand import Moves, view
from stage import Stage


def first_head(stage: Stage) -> Moves:
    """From Blender's start to a head in the viewport, counting clicks."""
    yield from stage.picture("start")
    yield from stage.open_sidebar()
    yield from stage.picture("tab")
    yield from stage.hand.press("ofer.choose_photo")
    yield from stage.choose_file(stage.play.photo, "file_browser")
    stage.hand.clicks += 1  # an artist's double click on the picture
    yield from stage.picture("looking_at_the_photo")
    yield from stage.job_done()
    yield from stage.picture("face_found")
    yield from stage.hand.press("ofer.reconstruct")
    yield from stage.until(lambda: stage.queue.job and stage.queue.job.fraction > 0.2, 300)
    yield from stage.picture("reconstructing")
    yield from stage.until(lambda: not stage.queue.job or len(stage.queue.job.arrived) > 4, 300)
    yield from stage.picture("heads_arriving")
    yield from stage.job_done()
    yield from stage.picture("first_head")
    stage.measured("clicks_to_the_first_head", stage.hand.clicks)


def again(stage: Stage) -> Moves:
    """Instead of `first_head` while the story is being written: the head of the last play."""
    folders = sorted((stage.play.home / "reconstructions").glob("*.ofer"))
    yield from stage.open_sidebar()
    window = stage.hand.window
    with bpy.context.temp_override(window=window, area=view(window)):
        bpy.ops.ofer.choose_photo("EXEC_DEFAULT", True, filepath=str(stage.play.photo))
    yield from stage.job_done()
    with bpy.context.temp_override(window=window, area=view(window)):
        bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(folders[0]))
    yield from stage.picture("head_of_the_last_play")


def pick_face(stage: Stage) -> Moves:
    """The photo large over the view, to click a face or to place one by hand."""
    yield from stage.hand.press("ofer.pick_face")
    yield from stage.over_view(0.5, 0.6)
    yield from stage.picture("picking_a_face")
    yield from stage.hand.key("P")
    yield from stage.over_view(0.45, 0.7)
    yield from stage.hand.key("LEFTMOUSE")
    yield from stage.over_view(0.5, 0.7)
    yield from stage.picture("placing_eyes_and_chin")
    yield from stage.hand.key("ESC")


CHAPTERS: Final[dict[str, Callable[[Stage], Moves]]] = {
    "first_head": first_head,
    "pick_face": pick_face,
    "gallery": looking.gallery,
    "compare": looking.compare,
    "through_photo": looking.through_photo,
    "seen_guessed": looking.seen_guessed,
    "pin": shaping.pin,
    "part": shaping.part,
    "exaggerate": shaping.exaggerate,
    "hints": shaping.hints,
    "more_like_this": choosing.more_like_this,
    "expressions": choosing.expressions,
    "blend": choosing.blend,
    "use": choosing.use,
    "hidden_here": choosing.hidden_here,
    "paint_hidden": choosing.paint_hidden,
    "made_from": keeping.made_from,
    "skin": making.skin,
    "rig": making.rig,
    "export": making.export,
    "manual": helping.manual,
    "keep": keeping.keep,
    "drop_photo": dropping.drop_photo,
    "drop_reconstruction": dropping.drop_reconstruction,
    "drop_weights": dropping.drop_weights,
    "hundred": looking.hundred,
    "walk": looking.walk,
}
"""In the order of a whole play."""

MORE: Final = {"again": again}
"""Chapters that are played only when asked for."""
