"""The desk: the job in hand and what came of the last one. No bpy calls.

`poll` is called by a timer while a job runs (`jobs.py`), or by `wait` in scripts and background
mode, where timers never fire.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..ofer_engine.contract.errors import ErrorCode, OferError
from ..ofer_engine.contract.launch import engine_environment
from ..ofer_engine.contract.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Cancelled,
    Event,
    Failure,
    HypothesisReady,
    OpenPhoto,
    PhotoOpened,
    Ready,
    Reconstruct,
    Request,
    Result,
    Stage,
    failure,
)
from .engine_client import EngineClient
from .engine_setup import EngineSetup, SetupDone
from .photo_source import PhotoSource
from .preferences import ROOT, EngineSettings

Deliver = Callable[[Path], None]
CANCEL_SECONDS: Final = 2.0
"""An engine that has not stopped by then is ended."""
WAIT_SECONDS: Final = 0.02


@dataclass
class Job:
    """request : what the engine was asked, None while setting up; deliver : puts the result where
    it belongs, raises OferError; stage : for people; fraction : 0..1; eta : seconds left, if known;
    cancelled : time.monotonic() of the wish; arrived : the hypotheses made so far, best first."""

    title: str
    request: Request | None = None
    source: PhotoSource | None = None
    deliver: Deliver | None = None
    stage: str = "Starting"
    fraction: float = 0.0
    eta: float | None = None
    cancelled: float | None = None
    arrived: tuple[HypothesisReady, ...] = ()
    result: Path | None = None
    begun: float = field(default_factory=time.monotonic)

    def take_in(self, stage: Stage) -> None:
        """The bar shows the whole job, never going back: stages count their own steps only."""
        self.stage, self.eta = stage.name, stage.eta or None
        if stage.eta > 0:
            elapsed = time.monotonic() - self.begun
            self.fraction = max(self.fraction, elapsed / (elapsed + stage.eta))


@dataclass
class Desk:
    """obstacle : why a result must wait just now, or "".

    photo_key, photo : the photo opened last; failure, notes : what to tell the user.
    """

    obstacle: Callable[[], str] = lambda: ""
    client: EngineClient | None = None
    setup: EngineSetup | None = None
    job: Job | None = None
    photo_key: str = ""
    photo: PhotoOpened | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    _command: tuple[str, ...] = ()
    _ids: itertools.count = field(default_factory=lambda: itertools.count(1))

    def open_photo(self, engine: EngineSettings, source: PhotoSource) -> None:
        """List the faces of a photo. Raises OferError(ENGINE_MISSING)."""
        request = OpenPhoto(next(self._ids), str(source.path))
        self._start(Job("Looking at the photo", request, source), engine)

    def ask(
        self,
        engine: EngineSettings,
        title: str,
        request: Request,
        deliver: Deliver,
        source: PhotoSource | None = None,
    ) -> None:
        """Have the engine answer a request that ends in a `Result`, and deliver its path.

        title : "Reconstructing"; the request's id is set here. Raises OferError(ENGINE_MISSING).
        """
        numbered = replace(request, id=next(self._ids))
        self._start(Job(title, numbered, source, deliver), engine)

    def set_up(self, engine: EngineSettings) -> None:
        """Run install.py's setup. Raises OferError."""
        self._begin(Job("Setting up the engine"))
        self._close_client()  # its files are about to be replaced
        try:
            self.setup = EngineSetup(ROOT, engine.home)
        except OferError:
            self.job = None
            raise

    def opened(self, key: str) -> PhotoOpened | None:
        """What is known of the photo with this `PhotoSource.key`, if it was opened last."""
        return self.photo if key and key == self.photo_key else None

    def poll(self) -> bool:
        """Take in what happened, without waiting. True while a job is in hand."""
        try:
            if self.setup:
                self._poll_setup()
            elif self.job:
                self._poll_engine()
        except OferError as error:
            self._fail(failure(0, error))
        return self.job is not None

    def wait(self) -> None:
        """Poll until the job is done: for scripts, which have no timers."""
        while self.poll():
            time.sleep(WAIT_SECONDS)

    def cancel(self) -> None:
        """Stop the job; at the latest after CANCEL_SECONDS nothing of it is left."""
        job = self.job
        if job is None or job.cancelled:
            return
        if self.setup:
            self._stop_setup()
        elif job.result:
            self._discard(job.result)
            self._finish()
        elif self.client.ready is None:
            self._drop_engine()
            self._finish()
        else:
            job.cancelled, job.stage = time.monotonic(), "Cancelling"
            self.client.send(Cancel())

    def abandon(self) -> None:
        """Drop the job at once, whatever it is doing: another file was opened."""
        if self.setup:
            self._stop_setup()
        elif self.job:
            self._drop_engine()
            self._finish()
        self.photo, self.photo_key, self.failure, self.notes = None, "", None, ()

    def close(self) -> None:
        """Abandon the job and end the engine."""
        self.abandon()
        self._close_client()

    def _begin(self, job: Job) -> None:
        if self.job:
            raise OferError(
                ErrorCode.BAD_REQUEST, f"{self.job.title} is not finished.", "Wait, or press Esc."
            )
        self.job, self.failure, self.notes = job, None, ()

    def _start(self, job: Job, engine: EngineSettings) -> None:
        self._begin(job)
        try:
            self._employ(engine)
        except OferError:
            self._finish()
            raise
        self.client.send(job.request)

    def _employ(self, engine: EngineSettings) -> None:
        """Keep the warm engine if it still lives and is the right one, else start it."""
        if self.client and self.client.usable and self._command == engine.command:
            return
        self._close_client()
        self._command = engine.command
        self.client = EngineClient(engine.command, engine_environment(), engine.log)

    def _poll_engine(self) -> None:
        job = self.job
        if job.result:
            self._hand_over(job)
            return
        for event in self.client.events():
            self._handle(job, event)
            if self.job is None:
                return
        if job.cancelled and time.monotonic() - job.cancelled > CANCEL_SECONDS:
            self._drop_engine()
            self._finish()

    def _handle(self, job: Job, event: Event) -> None:
        match event:
            case Ready(protocol=spoken) if spoken != PROTOCOL_VERSION:
                self._fail(failure(0, _foreign(spoken)))
            case Stage(id=job.request.id) if not job.cancelled:
                job.take_in(event)
            case HypothesisReady(id=job.request.id) if not job.cancelled:
                job.arrived += (event,)
            case PhotoOpened(id=job.request.id):
                self.photo, self.photo_key = event, job.source.key
                self.notes = event.notes
                self._finish()
            case Result(id=job.request.id):
                job.result, job.fraction, self.notes = Path(event.path), 1.0, event.notes
                if job.cancelled:
                    self._discard(job.result)
                    self._finish()
            case Cancelled(id=job.request.id):
                self._finish()
            case Failure(id=job.request.id) | Failure(id=0):
                self._fail(event)

    def _hand_over(self, job: Job) -> None:
        if why := self.obstacle():
            job.stage, job.eta = why, None
            return
        self._finish()
        job.deliver(job.result)

    def _poll_setup(self) -> None:
        for event in self.setup.events():
            if isinstance(event, SetupDone):
                self._finish()
                self.notes = ("The engine is ready.",)
            else:
                self.job.stage, self.job.fraction = event.text, event.fraction

    def _fail(self, event: Failure) -> None:
        cancelled = self.job and self.job.cancelled
        self._finish()
        self.failure = None if cancelled else event
        if not self.client or not self.client.usable:
            self.client = None
        elif event.code == ErrorCode.PROTOCOL_MISMATCH:
            self._drop_engine()

    def _finish(self) -> None:
        if self.job and self.job.source:
            self.job.source.discard()
        self.job = self.setup = None

    def _discard(self, result: Path) -> None:
        """Delete the folder that a cancelled job made, and only where it was told to write.

        Other requests add to a folder that heads already use.
        """
        request = self.job.request
        if isinstance(request, Reconstruct) and result.parent == Path(request.out):
            shutil.rmtree(result, ignore_errors=True)

    def _stop_setup(self) -> None:
        self.setup.cancel()
        self._finish()

    def _drop_engine(self) -> None:
        self.client.kill()
        self.client = None

    def _close_client(self) -> None:
        if self.client:
            self.client.close()
            self.client = None


def _foreign(spoken: int) -> OferError:
    return OferError(
        ErrorCode.PROTOCOL_MISMATCH,
        f"The engine speaks protocol {spoken}, this add-on {PROTOCOL_VERSION}.",
        "Press Set Up Engine to get the engine of this release.",
    )
