"""Telling how far a long piece of work is, and stopping it when the user asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .contract.errors import ErrorCode, OferError

Report = Callable[[str, int, int, float], None]
"""(stage, step, of, seconds left) → shown to the user."""


class Progress:
    """Counts the steps of known stages.

    plan : stage → its expected share of the whole time, in any unit; report : told every step;
    cancelled : asked every step, and a true answer raises OferError(CANCELLED) out of the work.
    """

    def __init__(
        self, plan: Mapping[str, float], report: Report, cancelled: Callable[[], bool]
    ) -> None:
        self._plan = plan
        self._report = report
        self._cancelled = cancelled
        self._total = sum(plan.values())
        self._started = time.monotonic()

    def step(self, stage: str, step: int, of: int) -> None:
        """`step` of `of` steps of a stage in the plan are done."""
        if self._cancelled():
            raise OferError(ErrorCode.CANCELLED, "The work was cancelled.")
        before = 0.0
        for name, share in self._plan.items():
            if name == stage:
                break
            before += share
        done = (before + self._plan[stage] * step / of) / self._total
        elapsed = time.monotonic() - self._started
        self._report(stage, step, of, elapsed * (1 - done) / done if done > 0 else 0.0)
