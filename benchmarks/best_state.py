"""How long *Reconstruct* takes from a photo to the clay head and to the whole best state.

    BLENDER_PYTHON benchmarks/best_state.py PHOTO …

The first photo starts the engine, the others find it warm. Wall clock and, of engine and Blender
together, processor seconds; then the longest that one look at the engine held Blender up.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).absolute().parents[1]))
from benchmarks import addon

_TICKS = 100
"""A second of /proc/PID/stat."""


@dataclass
class Course:
    """begun : wall clock and processor seconds; longest : wall clock and processor milliseconds of
    a look at the engine."""

    begun: tuple[float, float]
    reached: dict[str, tuple[float, float]] = field(default_factory=dict)
    longest: tuple[float, float] = (0.0, 0.0)

    def note(self, what: str, now: tuple[float, float]) -> None:
        """A state that was reached."""
        self.reached.setdefault(what, (now[0] - self.begun[0], now[1] - self.begun[1]))


def main(photos: list[str]) -> None:
    """Print a line for each photo."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon.load()
    from ofer_faces.ofer_blender.engine import jobs

    jobs.follow = lambda operator, wait: {"FINISHED"}  # this script looks at the engine itself
    for number, photo in enumerate(photos):
        course = _run(jobs.queue, photo)
        states = ", ".join(f"{k} {w:.1f} s ({c:.1f})" for k, (w, c) in course.reached.items())
        wall, own = course.longest
        engine = "warm" if number else "cold"
        print(
            f"{Path(photo).name}, engine {engine}: {states}; longest look {wall:.0f} ms ({own:.0f})"
        )
    jobs.stop()


def _run(queue: object, photo: str) -> Course:
    warm = _engine_seconds(queue)

    def now() -> tuple[float, float]:
        return time.monotonic(), time.process_time() + _engine_seconds(queue) - warm

    course = Course(now())
    bpy.ops.ofer.reconstruct(filepath=photo)
    while True:
        wall, own = time.monotonic(), time.process_time()
        working = queue.poll()
        look = 1000 * (time.monotonic() - wall), 1000 * (time.process_time() - own)
        course.longest = max(course.longest, look)
        title = queue.job.title if queue.job else ""
        if title == "Making the skin":
            course.note("clay", now())
        elif title == "Rendering the pictures":
            course.note("skin", now())
        if not working:
            break
        time.sleep(0.02)
    course.note("all", now())
    if queue.failure:
        raise SystemExit(str(queue.failure.message))
    return course


def _engine_seconds(queue: object) -> float:
    if queue.client is None:
        return 0.0
    fields = Path(f"/proc/{queue.client.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    main(sys.argv[1:])
