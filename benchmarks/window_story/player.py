"""Started by Blender: plays the chapters of `story.py` and writes what was measured.

    blender … --enable-event-simulate --python player.py -- PLAY.json

PLAY.json: see `Play`; no chapters means all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from hand import Hand
from stage import MODULE, Play, Stage
from story import CHAPTERS, MORE


def _perform(stage: Stage) -> Iterator[float]:
    yield 1.0
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.home = str(stage.play.home)
    preferences.python = str(stage.play.engine_python)
    stage.watch.begin(MODULE)
    for name in stage.play.chapters:
        started = time.monotonic()
        yield from (CHAPTERS | MORE)[name](stage)
        stage.figures.setdefault("chapter_seconds", {})[name] = round(time.monotonic() - started, 1)
        stage.write()


def _play(stage: Stage) -> Callable[[], float | None]:
    moves = _perform(stage)

    def turn() -> float | None:
        try:
            return next(moves)
        except StopIteration:
            outcome, status = "the end", 0
        except Exception:  # noqa: BLE001 - whatever went wrong is the story's result
            outcome, status = traceback.format_exc(), 1
            subprocess.run(["import", "-window", "root", str(stage.play.out / "broken.png")])
        stage.write()
        (stage.play.out / "ended.json").write_text(
            json.dumps({"outcome": outcome, "status": status})
        )
        with bpy.context.temp_override(window=stage.hand.window):
            bpy.ops.wm.quit_blender()
        return None

    return turn


def _read(file: Path) -> Play:
    given = json.loads(file.read_text("utf-8"))
    paths = {name: Path(given[name]) for name in ("photo", "engine_python", "home", "out")}
    chapters = tuple(given["chapters"] or CHAPTERS)
    return Play(chapters=chapters, quick=given["quick"], **paths)


def main() -> None:
    """Begin once Blender's window stands."""
    play = _read(Path(sys.argv[sys.argv.index("--") + 1]))
    stage = Stage(play, Hand(play.quick))
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    bpy.app.timers.register(_play(stage), first_interval=2.0, persistent=True)


main()
