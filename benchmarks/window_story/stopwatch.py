"""The stopwatch: how long Blender's interface stood still, and through whose doing.

Everything of the add-on that Blender calls is wrapped: operators, panels, lists, its timer, and
what its properties call when they change. The outermost call counts, without Blender's evaluation
of the scene that falls into it. Wall-clock seconds are what an artist feels; on a machine that has
other work to do, processor seconds tell what it costs.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import bpy

_CALLED: Final = ("execute", "invoke", "modal", "draw", "draw_item", "filter_items", "poll")
_CHANGES: Final = ("show_identity", "show_expression")
_PULSE: Final = 0.01


@dataclass
class Tally:
    """Calls of one thing. worst, worst_processor : seconds of the longest; sum : of all."""

    calls: int = 0
    worst: float = 0.0
    worst_processor: float = 0.0
    sum: float = 0.0

    def add(self, wall: float, processor: float) -> None:
        self.calls += 1
        self.sum += wall
        self.worst = max(self.worst, wall)
        self.worst_processor = max(self.worst_processor, processor)


@dataclass
class Stopwatch:
    """ours : by name, everything of the add-on's; computing : the same while a job was in hand.

    begun : when each was called last, by the clock and the processor time of the main thread.
    longest_gap : between two pulses of a timer while a job was in hand, which holds everything
    that Blender does too (redraws in software, mesh evaluation, undo) and the machine's other work.
    """

    ours: dict[str, Tally] = field(default_factory=dict)
    computing: dict[str, Tally] = field(default_factory=dict)
    longest_gap: float = 0.0
    gaps_above_50_ms: int = 0
    pulses: int = 0
    paused: bool = False
    begun: dict[str, tuple[float, float]] = field(default_factory=dict)
    _deep: int = 0
    _inside: list[str] = field(default_factory=list)
    _pulse: float | None = None
    _evaluated: tuple[float, float] = (0.0, 0.0)
    _evaluating: tuple[float, float] | None = None
    _queue: Any = None

    def begin(self, addon: str) -> None:
        """Wrap the add-on of this module name and start the pulse."""
        self._queue = importlib.import_module(f"{addon}.ofer_blender.engine.jobs").queue
        package = sys.modules[f"{addon}.ofer_blender"]
        for each in package.CLASSES:
            for name in _CALLED:
                if name in each.__dict__:
                    self._wrap(each, name, f"{each.__name__}.{name}")
        self._wrap(sys.modules[f"{addon}.ofer_blender.engine.jobs"], "_tick", "the job's timer")
        for name in _CHANGES:
            self._wrap(sys.modules[f"{addon}.ofer_blender.head.hypotheses"], name, name)
        bpy.app.handlers.depsgraph_update_pre.append(self._begin_evaluation)
        bpy.app.handlers.depsgraph_update_post.append(self._end_evaluation)
        bpy.app.timers.register(self._beat, persistent=True)

    def figures(self) -> dict[str, Any]:
        """Everything measured, in milliseconds, for a JSON file."""
        worst = max(self.computing.items(), key=lambda each: each[1].worst, default=("", Tally()))
        return {
            "longest_blocked_by_us_while_computing": {"by": worst[0], **_milliseconds(worst[1])},
            "ours_while_computing": _table(self.computing),
            "ours": _table(self.ours),
            "pulse_while_computing": {
                "longest_gap_ms": round(self.longest_gap * 1e3, 1),
                "gaps_above_50_ms": self.gaps_above_50_ms,
                "pulses": self.pulses,
            },
        }

    def _wrap(self, owner: type | ModuleType, name: str, label: str) -> None:
        stored = owner.__dict__[name]
        is_class_method = isinstance(stored, classmethod)
        function: Callable[..., Any] = stored.__func__ if is_class_method else stored

        def timed(*arguments: Any) -> Any:
            running = self._queue.job is not None
            self._deep += 1
            wall, processor = self.begun[label] = _now()
            evaluated = self._evaluated
            try:
                return function(*arguments)
            finally:
                others = self._evaluated[0] - evaluated[0], self._evaluated[1] - evaluated[1]
                now = _now()
                spent = now[0] - wall - others[0], now[1] - processor - others[1]
                self._deep -= 1
                self._note(self.ours, label, spent)
                if self._deep:
                    self._inside += [label] if name == "execute" else []
                elif running or self._queue.job is not None:
                    # A result arrives in the timer, which calls an operator for it.
                    self._note(self.computing, " > ".join([label, *self._inside]), spent)
                if self._deep == 0:
                    self._inside.clear()

        wrapper = _taking(function.__code__.co_argcount, timed)
        setattr(owner, name, classmethod(wrapper) if is_class_method else wrapper)

    def _note(self, tallies: dict[str, Tally], label: str, spent: tuple[float, float]) -> None:
        if not self.paused:
            tallies.setdefault(label, Tally()).add(*spent)

    def _begin_evaluation(self, *_: object) -> None:
        self._evaluating = _now()

    def _end_evaluation(self, *_: object) -> None:
        if self._evaluating:
            now, begun, sum = _now(), self._evaluating, self._evaluated
            self._evaluated = sum[0] + now[0] - begun[0], sum[1] + now[1] - begun[1]
            self._evaluating = None

    def _beat(self) -> float:
        now, last = time.perf_counter(), self._pulse
        self._pulse = None if self.paused else now
        if last is not None and self._pulse and self._queue.job is not None:
            gap = now - last - _PULSE
            self.pulses += 1
            self.longest_gap = max(self.longest_gap, gap)
            self.gaps_above_50_ms += gap > 0.05
        return _PULSE


def _now() -> tuple[float, float]:
    """By the clock, and of the processor for Blender's main thread."""
    return time.perf_counter(), time.thread_time()


def resident_megabytes() -> float:
    """Memory that Blender's own process holds now, in 10^6 bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def _taking(count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with that many arguments by name: Blender passes as many as it reads there."""
    names = ", ".join(f"argument_{number}" for number in range(count))
    return eval(f"lambda {names}: function({names})", {"function": function})


def _milliseconds(tally: Tally) -> dict[str, float]:
    return {
        name: value if name == "calls" else round(value * 1e3, 1)
        for name, value in asdict(tally).items()
    }


def _table(tallies: dict[str, Tally]) -> dict[str, dict[str, float]]:
    longest_first = sorted(tallies.items(), key=lambda each: -each[1].worst)
    return {name: _milliseconds(tally) for name, tally in longest_first}
