"""What chapters work with: mouse and keys, the add-on's queue, pictures and figures."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import bpy
from hand import BEAT, Hand, Moves, sidebar, view
from stopwatch import Stopwatch, resident_megabytes

MODULE: Final = "bl_ext.user_default.ofer_faces"


@dataclass(frozen=True)
class Play:
    """photo : to reconstruct; engine_python : the engine's interpreter; home : the engine's folder;
    out : for pictures and figures; chapters : names in `story.CHAPTERS`, in order; quick : as in
    `Hand`."""

    photo: Path
    engine_python: Path
    home: Path
    out: Path
    chapters: tuple[str, ...]
    quick: bool


@dataclass
class Stage:
    """What a chapter works with; `figures` is written at the end of each chapter."""

    play: Play
    hand: Hand
    watch: Stopwatch = field(default_factory=Stopwatch)
    figures: dict[str, Any] = field(default_factory=dict)
    _pictures: int = 0

    @property
    def queue(self) -> Any:
        """The add-on's own, which knows the job in hand."""
        return sys.modules[f"{MODULE}.ofer_blender.engine.jobs"].queue

    @property
    def head(self) -> bpy.types.Object | None:
        """The head that the panels show."""
        hypotheses = sys.modules[f"{MODULE}.ofer_blender.head.hypotheses"]
        window = self.hand.window
        with bpy.context.temp_override(window=window, area=view(window)):
            return hypotheses.active_head(bpy.context)

    def picture(self, name: str) -> Moves:
        """Photograph the whole screen as `NN_name.png`, when all is drawn."""
        yield 0.6
        self._pictures += 1
        target = self.play.out / f"{self._pictures:02d}_{name}.png"
        self.watch.paused = True
        subprocess.run(["import", "-window", "root", str(target)], check=True)
        self.watch.paused = False
        yield BEAT

    def until(self, condition: Callable[[], object], seconds: float = 300) -> Moves:
        """Wait for something to become true. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds} s in vain")
            yield 0.05

    def job_done(self) -> Moves:
        """Wait until nothing is in hand. Raises TimeoutError, RuntimeError with the failure."""
        yield from self.until(lambda: self.queue.job is None, 400)
        if self.queue.failure:
            raise RuntimeError(self.queue.failure.message)
        yield 3 * BEAT

    def choose_file(self, path: Path, picture: str = "") -> Moves:
        """In Blender's file browser: the folder, the file, Enter."""
        yield 1.5
        areas = self.hand.window.screen.areas
        area = next(each for each in areas if each.type == "FILE_BROWSER")
        area.spaces.active.params.directory = str(path.parent).encode()
        yield 1.0
        area.spaces.active.params.filename = path.name
        if picture:
            yield from self.picture(picture)
        yield from self.hand.move(area.x + area.width * 0.5, area.y + area.height * 0.5)
        yield from self.hand.key("RET")
        yield 1.0

    def over_view(self, across: float = 0.4, up: float = 0.55) -> Moves:
        """Put the mouse over the 3D view, at shares of its size."""
        area = view(self.hand.window)
        yield from self.hand.move(area.x + area.width * across, area.y + area.height * up)

    def open_sidebar(self) -> Moves:
        """N, then our tab."""
        area, region = sidebar(self.hand.window)
        if region.width <= 1:
            yield from self.over_view()
            yield from self.hand.key("N")
            yield 0.4
        area, region = sidebar(self.hand.window)
        region.active_panel_category = "OFER"
        region.tag_redraw()
        yield 0.4

    def close_sidebar(self) -> Moves:
        """N again."""
        _, region = sidebar(self.hand.window)
        if region.width > 1:
            yield from self.over_view()
            yield from self.hand.key("N")
            yield 0.4

    def open_panel(self, panel: str) -> Moves:
        """Open a closed panel of the sidebar by its class name: A over its header.

        Nothing tells where a header is, but a panel that is open is drawn. Raises LookupError.
        """
        if self.hand.quick:
            return
        for turn in range(8):
            _, region = sidebar(self.hand.window)
            if turn:
                yield from self.hand.scroll(8)
            else:
                yield from self.hand.scroll_to_top()
            for y in range(region.height - 25, 12, -13):
                if (yield from self._is_drawn(panel)):
                    return
                yield from self.hand.move(region.x + region.width * 0.4, region.y + y)
                if self.hand.under():
                    continue
                yield from self.hand.key("A")
                if (yield from self._is_drawn(panel)):
                    return
                yield from self.hand.key("A")  # that was another panel
        raise LookupError(f"there is no panel {panel}")

    def _is_drawn(self, panel: str) -> Iterator[float]:
        _, region = sidebar(self.hand.window)
        before = self._draws(panel)
        region.tag_redraw()
        yield 0.12
        return self._draws(panel) > before

    def _draws(self, panel: str) -> int:
        tally = self.watch.ours.get(f"{panel}.draw")
        return tally.calls if tally else 0

    def measured(self, name: str, value: Any) -> None:
        """Keep a figure."""
        self.figures[name] = value

    def write(self) -> None:
        """Write everything measured so far."""
        everything = {
            "blender": bpy.app.version_string,
            "clicks": self.hand.clicks,
            "resident_mb": round(resident_megabytes()),
            **self.figures,
            **self.watch.figures(),
        }
        (self.play.out / "figures.json").write_text(json.dumps(everything, indent=1) + "\n")
