"""What people should know of the jobs that were done. No bpy calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contract.errors import OferError
from ..contract.protocol import Failure, failure
from ..contract.sentence import Sentence
from .job import Job


@dataclass
class JobOutcome:
    """failure : why the last job did not do its work; notes : in the order in which they came."""

    failure: Failure | None = None
    notes: tuple[Sentence, ...] = ()

    def clear(self) -> None:
        """Nothing is known yet."""
        self.failure, self.notes = None, ()

    def add_notes(self, notes: Sequence[Sentence]) -> None:
        """Each once."""
        self.notes = tuple(dict.fromkeys((*self.notes, *notes)))

    def report(self, error: OferError) -> None:
        """Show an error that belongs to no job."""
        self.failure = failure(0, error)

    def add_note(self, subject: str, message: str) -> None:
        """What befell one subject among others, such as a photo's name."""
        self.add_notes((Sentence("{subject}: {message}", subject=subject, message=message),))

    def add_failure(self, event: Failure, job: Job, others: bool) -> None:
        """A job failed. others : more jobs wait, so that its failure is a note among theirs. Of a
        job that was cancelled nobody wants to hear more."""
        if job.cancelled:
            return
        if others or job.follows:
            self.add_note(job.subject, event.message)
        else:
            self.failure = event
