"""The queue: the job in hand and those in line. No bpy calls.

`poll` is called by a timer while there is work (`jobs.py`), or by `wait` in scripts and background
mode, where timers never fire.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Event,
    Failure,
    InspectWeights,
    PhotoOpened,
    Ready,
    Request,
    Result,
    WeightFile,
    WeightsInspected,
    failure,
)
from ..contract.sentence import Sentence
from . import faults, reconstruction_reader
from .cancelled_job import CancelledJob
from .engine_client import EngineClient, wrong_protocol
from .engine_process import EngineProcess
from .engine_settings import ROOT, EngineSettings
from .engine_setup import EngineSetup, SetupDone
from .job import HOPELESS, Deliver, Job, opening
from .job_outcome import JobOutcome
from .opened_photos import OpenedPhotos
from .photo_source import PhotoSource

LET_GO_SECONDS: Final = 0.4
"""A cancelled job is out of the queue by then, even if the engine is still winding it up."""
WAIT_SECONDS: Final = 0.02


@dataclass
class JobQueue:
    """obstacle : why a result must wait just now, or ""; line : what is done after the job in hand;
    cancelled_job : the one that the engine still winds up; photos : those opened; weights : the
    weight files looked at; outcome : what the user should know.
    """

    obstacle: Callable[[], str] = lambda: ""
    engine: EngineProcess = field(default_factory=EngineProcess)
    setup: EngineSetup | None = None
    job: Job | None = None
    line: list[Job] = field(default_factory=list[Job])
    cancelled_job: CancelledJob = field(init=False)
    photos: OpenedPhotos = field(default_factory=OpenedPhotos)
    weights: tuple[WeightFile, ...] = ()
    outcome: JobOutcome = field(default_factory=JobOutcome)
    idle_since: float = field(default_factory=time.monotonic)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.cancelled_job = CancelledJob(self.engine)

    def open_photos(self, engine: EngineSettings, sources: Sequence[PhotoSource]) -> None:
        """List the faces of photos, one after the other. Raises OferError(ENGINE_MISSING)."""
        for number, source in enumerate(sources):
            job = opening(next(self._ids), source, engine, self.photos.keep)
            self._start(job, in_line=number > 0)

    def inspect_weights(self, engine: EngineSettings, paths: Sequence[str]) -> None:
        """Recognise weight files, into `weights`. Raises OferError(ENGINE_MISSING)."""
        request = InspectWeights(next(self._ids), tuple(paths))
        self._start(Job("Looking at the weights", "", engine, request, answered=self._keep_weights))

    def ask(
        self,
        engine: EngineSettings,
        title: str,
        request: Request,
        deliver: Deliver,
        sources: tuple[PhotoSource, ...] = (),
        *,
        subject: str = "",
        in_line: bool = False,
        scratch: Path | None = None,
        follows: bool = False,
    ) -> None:
        """Have the engine answer a request that ends in a `Result`, and deliver its path.

        title : "Reconstructing"; subject : who or what; in_line : wait for the job in hand instead
        of refusing; scratch : folder of `handover` for the answer, deleted when the job ends;
        follows : it goes on with what a job began that was just delivered, whose notes stay, and
        what goes wrong with it is one more of them. The request's id is set here, and a new
        reconstruction gets a name that no other has. Raises OferError(ENGINE_MISSING | READ_ONLY).
        """
        numbered = replace(request, id=next(self._ids))
        job = Job(title, subject, engine, numbered, sources=sources, deliver=deliver)
        job.scratch, job.follows = scratch, follows
        try:
            job.take_name()
        except BaseException:
            job.discard()
            raise
        if follows:
            self.line.append(job)  # `poll` takes it up
        else:
            self._start(job, in_line)

    def set_up(self, engine: EngineSettings) -> None:
        """Run install.py's setup. Raises OferError."""
        engine.check()
        self._begin()
        self.engine.close()  # its files are about to be replaced
        self.setup = EngineSetup(ROOT, engine.home)
        self.job = Job("Setting up the engine")

    @property
    def failure(self) -> Failure | None:
        """Why the last job did not do its work."""
        return self.outcome.failure

    @property
    def notes(self) -> tuple[Sentence, ...]:
        """What else the user should know."""
        return self.outcome.notes

    @property
    def client(self) -> EngineClient | None:
        """The engine at work, if one is."""
        return self.engine.client

    def opened(self, key: str) -> PhotoOpened | None:
        """What is known of the photo with this `PhotoSource.key`, if it was opened."""
        return self.photos.event(key)

    def poll(self) -> bool:
        """Take in what happened, without waiting. True while there is work."""
        job = self.job
        try:
            if self.setup:
                self._poll_setup()
            else:
                self._poll_engine()
        except Exception as cause:  # noqa: BLE001 the border: whatever comes, the job ends
            self._give_up(cause, job)
        if self.line and not (self.job or self.cancelled_job):
            self._next()
        return bool(self.job or self.cancelled_job or self.line)

    def wait(self) -> None:
        """Poll until all work is done: for scripts, which have no timers. Where that is broken off,
        as by Ctrl-C, nothing goes on behind the script's back."""
        try:
            while self.poll():
                time.sleep(WAIT_SECONDS)
        except BaseException:
            self.abandon()
            raise

    def cancel(self) -> None:
        """Stop the job and forget those in line; nothing of them is left."""
        self._clear_line()
        self.skip()

    def skip(self) -> None:
        """Stop the job in hand and go on with the next in line."""
        job = self.job
        if job is None or job.cancelled:
            return
        if self.setup:
            self._stop_setup()
        elif job.result or not job.sent:
            job.undo()
            self._finish()
        elif not self.engine.answering:
            self.engine.drop()
            self._finish()
        else:
            job.cancelled, job.stage, job.eta = time.monotonic(), "Cancelling", None
            self.engine.send(Cancel())

    def abandon(self) -> None:
        """Drop everything at once: another file was opened."""
        self._clear_line()
        if self.setup:
            self._stop_setup()
        elif self.job or self.cancelled_job:
            self.engine.drop()
            if self.job:
                self.job.undo()
            self.cancelled_job.end()
            self._finish()
        self.photos.forget()
        self.outcome.clear()
        self.weights = ()

    def roll_back(self, job: Job | None, waiting: int) -> None:
        """Drop what was asked for since `job` was in hand and so many waited in line: who asked
        failed afterwards."""
        for each in self.line[waiting:]:
            each.discard()
        del self.line[waiting:]
        if self.job is None or self.job is job:
            return
        if self.setup:
            self._stop_setup()
            return
        if self.job.sent:
            self.engine.drop()
            self.job.undo()
        self._finish()

    def close(self) -> None:
        """Abandon everything and end the engine."""
        self.abandon()
        self.engine.close()

    def rest(self, seconds: float) -> None:
        """End an engine that has had nothing to do for so long, and give its memory back."""
        idle = not (self.job or self.cancelled_job or self.line or self.setup)
        if idle and time.monotonic() - self.idle_since > seconds:
            self.engine.close()

    def _begin(self) -> None:
        if self.job:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{stage} is not finished.",
                "Wait, or press Esc.",
                stage=Sentence(self.job.title),
            )
        self.outcome.clear()

    def _start(self, job: Job, in_line: bool = False) -> None:
        following = self.job is not None and self.job.follows
        if (in_line and (self.job or self.line)) or following:
            self.line.append(job)
            return
        try:
            self._begin()
            self._send_or_wait(job)
        except BaseException:
            job.discard()
            raise

    def _next(self) -> None:
        job = self.line.pop(0)
        try:
            self._send_or_wait(job)
        except Exception as cause:  # noqa: BLE001 the border, as above
            self._fail(failure(0, faults.caught(cause)), job)

    def _send_or_wait(self, job: Job) -> None:
        """Make it the job in hand; an engine that still winds up another is asked later."""
        self.job = job
        assert job.engine and job.request, "a set-up is never taken up"
        try:
            if self.cancelled_job:
                return
            self.engine.start(job.engine)
            self.engine.send(job.request)
        except BaseException:
            self._finish()
            raise
        job.sent, job.begun = True, time.monotonic()

    def _poll_engine(self) -> None:
        if self.job and self.job.result:
            self._hand_over(self.job)
            return
        for event in self.engine.events():
            self._handle(event)
        self._end_what_hangs()
        if self.job and not self.job.sent and not self.cancelled_job:
            self._send_or_wait(self.job)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Failure) and not event.id:
            self.cancelled_job.end()
            self._fail(event, self.job)
        elif isinstance(event, Ready):
            if event.protocol != PROTOCOL_VERSION:
                self._fail(failure(0, wrong_protocol(event.protocol)), self.job)
        elif self.cancelled_job.owns(event):
            self.cancelled_job.handle(event)
        elif self.job and self.job.is_meant(event):
            self._handle_own(self.job, event)

    def _handle_own(self, job: Job, event: Event) -> None:
        if isinstance(event, Failure):
            self._fail(event, job)
            return
        over = job.handle(event)
        if not job.cancelled:
            self.outcome.add_notes(getattr(event, "notes", ()))
        if over:
            self._finish()
        elif isinstance(event, Result):
            reconstruction_reader.read_ahead(Path(event.path))

    def _end_what_hangs(self) -> None:
        now = time.monotonic()
        if self.job and self.job.cancelled and now - self.job.cancelled > LET_GO_SECONDS:
            self.cancelled_job.job = self.job
            self._finish()
        self.cancelled_job.end_if_hung()

    def _hand_over(self, job: Job) -> None:
        if why := self.obstacle():
            job.stage, job.eta = why, None
            return
        if reconstruction_reader.is_coming():
            return
        self._finish(discard=False)
        try:
            if job.deliver and job.result:
                job.deliver(job.result)
        finally:
            job.discard()

    def _poll_setup(self) -> None:
        setup, job = self.setup, self.job
        for event in setup.events() if setup else ():
            if isinstance(event, SetupDone):
                self._finish()
                self.outcome.notes = (Sentence("The engine is ready."),)
            elif job:
                job.stage, job.fraction = event.text, event.fraction

    def _keep_weights(self, event: PhotoOpened | WeightsInspected) -> None:
        if isinstance(event, WeightsInspected):
            self.weights = event.files

    def _give_up(self, cause: Exception, job: Job | None) -> None:
        """End the job with what was raised; after what nobody foresaw, with a new engine next."""
        error = faults.caught(cause)
        if not faults.foreseen(cause):
            self.engine.drop()
            self.cancelled_job.end()
        self._fail(failure(0, error), job)
        if job is None:
            self.outcome.report(error)

    def _fail(self, event: Failure, job: Job | None) -> None:
        self._finish()
        if job and event.code in (ErrorCode.ENGINE_DIED, ErrorCode.ENGINE_HUNG):
            job.undo()
        if event.code in HOPELESS:
            self._clear_line()
        if job:
            self.outcome.add_failure(event, job, others=bool(self.line))
        self.engine.reap()
        if event.code == ErrorCode.PROTOCOL_MISMATCH:
            self.engine.drop()

    def _finish(self, discard: bool = True) -> None:
        if self.job and discard:
            self.job.discard()
        self.job = self.setup = None
        self.idle_since = time.monotonic()

    def _clear_line(self) -> None:
        for job in self.line:
            job.discard()
        self.line.clear()

    def _stop_setup(self) -> None:
        if self.setup:
            self.setup.cancel()
        self._finish()
