"""Progress of a long piece of work, and stopping it when the user asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .contract import protocol
from .contract.errors import ErrorCode, OferError
from .contract.sentence import Sentence

_LEAST_ETA = 0.1
"""Seconds left while anything is left: "0 s" would look finished."""


@dataclass
class Pace:
    """factor : seconds that a planned second takes on this machine, as far as is known."""

    factor: float = 1.0


@dataclass(frozen=True)
class Work:
    """One request being answered.

    send : gives the client an event; cancelled : whether the client wants no answer any more;
    pace : how fast earlier requests were on this machine.
    """

    id: int
    send: Callable[[protocol.Event], None]
    cancelled: Callable[[], bool]
    pace: Pace

    def check(self) -> None:
        """Raises OferError(CANCELLED) once the client has cancelled."""
        if self.cancelled():
            raise OferError(ErrorCode.CANCELLED, "The work was cancelled.")

    def progress(self, plan: Mapping[str, float]) -> Progress:
        """plan : stage → seconds that it may take on an ordinary machine, in their order."""
        return Progress(plan, self)


class Progress:
    """Counts the steps of the planned stages and tells the client the time left."""

    def __init__(self, plan: Mapping[str, float], work: Work) -> None:
        self._plan = plan
        self._work = work
        self._total = sum(plan.values())
        self._started = time.monotonic()

    def check(self) -> None:
        """Raises OferError(CANCELLED) once the client has cancelled."""
        self._work.check()

    def step(self, stage: str, step: int, of: int) -> None:
        """`step` of `of` steps of a stage in the plan are done. Raises OferError(CANCELLED)."""
        self._work.check()
        before = 0.0
        for name, share in self._plan.items():
            if name == stage:
                break
            before += share
        done = before + self._plan[stage] * step / max(of, 1)
        self._work.send(protocol.Stage(self._work.id, Sentence(stage), step, of, self._left(done)))

    def _left(self, done: float) -> float:
        """Seconds left after `done` planned seconds.

        At the start the machine's pace so far is all that is known; at the end only this request
        counts.
        """
        elapsed = time.monotonic() - self._started
        share = done / self._total
        if share >= 1:
            self._work.pace.factor = elapsed / self._total
            return 0.0
        own = elapsed / done if done > 0 else self._work.pace.factor
        factor = share * own + (1 - share) * self._work.pace.factor
        return max(factor * (self._total - done), _LEAST_ETA)
