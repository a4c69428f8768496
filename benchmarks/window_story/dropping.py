"""Chapters about dropping files on the viewport: a photo, a reconstruction, a weight file.

They are dragged out of a file browser of Blender's own; from there on it is the same as a file
dragged out of the desktop's.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import bpy
from hand import Moves
from stage import Stage

_NOT_OURS: Final = "notes.pth"
"""A file that is called like weights and is none."""


def drop_photo(stage: Stage) -> Moves:
    """A photo: the tab comes forward and faces are looked for."""
    yield from stage.close_sidebar()
    yield from _drop(stage, stage.play.photo, "dropping_a_photo")
    yield from stage.picture("what_to_do_with_it")  # Blender can do something with pictures, too
    yield from stage.hand.key("O")  # OFER Faces: Heads from Photo
    yield 1.0
    yield from stage.job_done()
    yield from stage.picture("photo_dropped")
    photos = bpy.context.window_manager.windows[0].scene.ofer.photos
    stage.measured("photos_after_dropping_one", [Path(each.filepath).name for each in photos])


def drop_reconstruction(stage: Stage) -> Moves:
    """A NAME.ofer folder: its head stands there at once."""
    folder = max((stage.play.home / "reconstructions").glob("*.ofer"))
    yield from _drop(stage, folder, "dropping_a_reconstruction")
    yield from stage.until(lambda: stage.head, 60)
    yield from stage.picture("reconstruction_dropped")


def drop_weights(stage: Stage) -> Moves:
    """A weight file, which is looked at before anything is installed."""
    file = stage.play.out / "files" / _NOT_OURS
    file.parent.mkdir(exist_ok=True)
    file.write_text("No weights at all.")
    yield from _drop(stage, file, "dropping_weights")
    yield from stage.job_done()
    yield from stage.picture("weights_dropped")
    yield from stage.hand.press("ofer.decline_weights")
    shutil.rmtree(file.parent)


def _drop(stage: Stage, path: Path, picture: str) -> Moves:
    """Drag a file or folder out of a file browser, let it go over the viewport."""
    area = next(
        each
        for each in stage.hand.window.screen.areas
        if each.type in ("PROPERTIES", "FILE_BROWSER")
    )
    area.ui_type = "FILES"
    yield 2.0
    space = area.spaces.active
    space.show_region_toolbar = False
    space.params.directory = str(path.parent).encode()
    space.params.display_type = "LIST_VERTICAL"
    space.params.filter_search = path.name
    yield 3.0
    region = next(each for each in area.regions if each.type == "WINDOW")
    yield from stage.hand.move(region.x + 60, region.y + region.height - 34)
    yield 0.3
    yield from stage.hand.hold("LEFTMOUSE")
    for _ in range(12):
        yield from stage.hand.move(stage.hand.x - 4, stage.hand.y + 1)
    for across in (0.9, 0.7, 0.5, 0.45, 0.4):
        yield from stage.over_view(across, 0.55)
    yield from stage.picture(picture)
    yield from stage.hand.release("LEFTMOUSE")
    yield 1.0
