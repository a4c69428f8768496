"""One piece of work of the engine, from the wish to the result. No bpy calls."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.files import replacement
from ..contract.names import free_names
from ..contract.protocol import (
    Cancelled,
    Event,
    HypothesisReady,
    OpenPhoto,
    Perform,
    PhotoOpened,
    Reconstruct,
    Request,
    Result,
    Stage,
    WeightsInspected,
)
from ..contract.reconstruction import RECORD, SUFFIX
from . import faults, handover
from .engine_settings import EngineSettings
from .photo_source import PhotoSource

Deliver = Callable[[Path], None]
Answer = Callable[[PhotoOpened | WeightsInspected], None]

HOPELESS: Final = frozenset(
    {
        ErrorCode.DISK_FULL,
        ErrorCode.ENGINE_MISSING,
        ErrorCode.PROTOCOL_MISMATCH,
        ErrorCode.READ_ONLY,
        ErrorCode.WEIGHTS_DAMAGED,
        ErrorCode.WEIGHTS_MISSING,
    }
)
"""What would befall every other job in line, too."""

_ENDING_SECONDS: Final = 10.0
"""A killed engine lets go of what it was making by then, on the busiest machine."""


@dataclass
class Job:
    """title : what is being done, for people; subject : to whom, such as a photo's name; request :
    what the engine is asked, None while setting up; sent : it has been asked; sources : the photos;
    deliver : puts the result where it belongs, raises OferError; answered : takes an answer that is
    no result; scratch : folder of ours for what the engine hands over, deleted afterwards; mark :
    file that keeps the reconstruction's name for this job, deleted afterwards; follows : it goes on
    with what another job began, so what goes wrong with it is a note beside that one's, and nobody
    has to wait for it; arrived : the hypotheses made so far, best first; stage : for people;
    fraction : 0..1; eta : seconds left, if known; cancelled : time.monotonic() of the wish."""

    title: str
    subject: str = ""
    engine: EngineSettings | None = None
    request: Request | None = None
    sent: bool = False
    sources: tuple[PhotoSource, ...] = ()
    deliver: Deliver | None = None
    answered: Answer | None = None
    scratch: Path | None = None
    mark: Path | None = None
    follows: bool = False
    arrived: tuple[HypothesisReady, ...] = ()
    stage: str = "Starting"
    fraction: float = 0.0
    eta: float | None = None
    cancelled: float | None = None
    result: Path | None = None
    begun: float = field(default_factory=time.monotonic)

    def handle(self, event: Event) -> bool:
        """Handle what the engine sent, except a failure. True where it was the last word of a job
        that has nothing to deliver."""
        match event:
            case Stage() if not self.cancelled:
                self._handle_stage(event)
            case HypothesisReady() if not self.cancelled:
                self.arrived += (event,)
            case PhotoOpened() | WeightsInspected():
                if self.answered:
                    self.answered(event)
                return True
            case Result():
                self.result, self.fraction = Path(event.path), 1.0
                if self.cancelled:
                    self.undo()
                return self.cancelled is not None
            case Cancelled():
                return True
            case _:
                pass
        return False

    def _handle_stage(self, stage: Stage) -> None:
        """The bar shows the whole job, never going back: stages count their own steps only."""
        self.stage, self.eta = stage.name, stage.eta or None
        if stage.eta > 0:
            elapsed = time.monotonic() - self.begun
            self.fraction = max(self.fraction, elapsed / (elapsed + stage.eta))

    def discard(self) -> None:
        """Delete what was written for the engine."""
        for source in self.sources:
            source.discard()
        if self.scratch:
            handover.drop(self.scratch)
        if self.mark:
            self.mark.unlink(missing_ok=True)

    def take_name(self) -> None:
        """Give a new reconstruction a name of its own: heads in other files still use the folders
        that are there, and a second Blender may be at work beside.

        Raises OferError(READ_ONLY) where nothing can be written.
        """
        if not isinstance(self.request, (Reconstruct, Perform)):
            return
        out, wanted = Path(self.request.out), self.request.name
        try:
            out.mkdir(parents=True, exist_ok=True)
            for name in free_names(out, wanted, (SUFFIX,)):
                if _marked(out / f".{name}.taken"):
                    self.request = replace(self.request, name=name)
                    self.mark = out / f".{name}.taken"
                    return
        except OSError as cause:
            raise OferError(
                ErrorCode.READ_ONLY,
                "Nothing can be written to {name}: {strerror}.",
                "Choose another folder in the preferences.",
                name=out.name,
                strerror=cause.strerror,
            ) from cause

    def is_meant(self, event: Event) -> bool:
        """The event answers the request of this job."""
        wanted = getattr(self.request, "id", None)
        return wanted is not None and getattr(event, "id", None) == wanted

    def undo(self) -> None:
        """Delete what the engine made, or had begun to make, and nothing that heads already use:
        an older folder that it had moved aside comes back.
        """
        out, name = getattr(self.request, "out", ""), getattr(self.request, "name", "")
        if not (out and name):
            return
        folder = Path(out) / (name + SUFFIX)
        if not replacement.sweep(folder.parent):  # it was killed, and the system still ends it
            later = threading.Thread(target=_sweep_on, args=(folder.parent,), name="ofer-sweeper")
            later.daemon = True
            later.start()
        # Other requests add to a folder that was there before.
        if isinstance(self.request, (Reconstruct, Perform)) and (
            self.result or not (folder / RECORD).exists()
        ):
            shutil.rmtree(folder, ignore_errors=True)


@faults.guarded(reported=False)
def _sweep_on(folder: Path) -> None:
    """Take away what a dying engine had begun, once it is dead."""
    end = time.monotonic() + _ENDING_SECONDS
    while time.monotonic() < end and not replacement.sweep(folder):
        time.sleep(0.1)


def opening(
    id: int,
    source: PhotoSource,
    engine: EngineSettings,
    keep: Callable[[str, PhotoOpened, Path], None],
) -> Job:
    """The job of looking at a photo. keep : takes its key, what was seen, and its picture's file,
    which is deleted afterwards."""
    picture = handover.expect("picture.npy")
    request = OpenPhoto(id, str(source.path), str(picture))
    job = Job("Looking at the photo", source.name, engine, request, sources=(source,))
    job.scratch = picture.parent

    def keep_answer(event: PhotoOpened | WeightsInspected) -> None:
        if isinstance(event, PhotoOpened):
            keep(source.key, event, picture)

    job.answered = keep_answer
    return job


def _marked(mark: Path) -> bool:
    """Create a file; False where another was quicker."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
