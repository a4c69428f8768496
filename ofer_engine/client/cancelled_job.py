"""The cancelled job that is out of the queue while the engine still winds it up. No bpy calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.protocol import Cancelled, Event, Failure, PhotoOpened, Result, WeightsInspected
from .engine_process import EngineProcess
from .job import Job

CANCEL_SECONDS: Final = 2.0
"""An engine that has not stopped by then is ended."""


@dataclass
class CancelledJob:
    """engine : whose engine winds the job up; job : None where there is nothing to wind up."""

    engine: EngineProcess
    job: Job | None = None

    def __bool__(self) -> bool:
        return self.job is not None

    def owns(self, event: Event) -> bool:
        """The event tells of this job."""
        return self.job is not None and self.job.is_meant(event)

    def handle(self, event: Event) -> None:
        """What the job still makes is taken away; its last word ends it."""
        if isinstance(event, Result) and self.job:
            self.job.result = Path(event.path)
            self.job.undo()
        if isinstance(event, Result | Cancelled | Failure | PhotoOpened | WeightsInspected):
            self.job = None

    def end_if_hung(self) -> None:
        """End an engine that does not stop."""
        since = self.job.cancelled if self.job else None
        if since and time.monotonic() - since > CANCEL_SECONDS:
            self.engine.drop()
            self.end()

    def end(self) -> None:
        """The engine is gone: take away what the job had made."""
        if self.job:
            self.job.undo()
        self.job = None
