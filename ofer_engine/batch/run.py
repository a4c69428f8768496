"""A batch from its first photo to its last: who works on what, and what is kept of it."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.files.digest import sha256_of
from ..contract.sentence import Sentence
from ..photo.load import MAX_FILE_BYTES
from .photo_list import Task
from .results import Results
from .settings import Outcome
from .workers import Workers

_TRIES: Final = 2
"""A photo that ends its worker as often is given up."""
_PAUSE: Final = 0.2
"""Seconds between two looks at the clock."""
_OF_ALL: Final = frozenset(
    {
        ErrorCode.DISK_FULL,
        ErrorCode.READ_ONLY,
        ErrorCode.ENGINE_MISSING,
        ErrorCode.WEIGHTS_DAMAGED,
        ErrorCode.WEIGHTS_MISSING,
        ErrorCode.WEIGHTS_UNSAFE,
        ErrorCode.WEIGHTS_WRONG,
    }
)
"""What would meet every photo: the batch stops."""


@dataclass
class Summary:
    """done, failed, earlier : photos with a result of now, without one, with one of an earlier
    batch; photos : sha256 of each task's, by number; errors : why there is none, by number;
    seconds : since the batch began."""

    done: int = 0
    failed: int = 0
    earlier: int = 0
    photos: dict[int, str] = field(default_factory=dict)
    errors: dict[int, Outcome] = field(default_factory=dict)
    seconds: float = 0.0

    def line(self, tasks: int) -> str:
        """Progress in one line: how many, how fast, how long still."""
        ended = self.done + self.failed
        left = tasks - ended - self.earlier
        if not ended:
            return Sentence("{left} photos to do", left=left)
        a_minute = 60 * ended / max(self.seconds, 1e-6)
        return Sentence(
            "{ended} of {tasks} photos, {rate} a minute, {minutes} min left, {failed} failed",
            ended=ended + self.earlier,
            tasks=tasks,
            rate=f"{a_minute:.0f}",
            minutes=f"{left / a_minute:.0f}",
            failed=self.failed,
        )


def run_batch(
    tasks: Iterable[Task],
    workers: Workers,
    results: Results,
    errors: Path,
    show: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Work on all tasks; each ends with a result or a line in the file `errors`.

    show : called as things change, and at least now and then. Raises OferError for what would meet
    every photo; what is done stays done.
    """
    began, summary = time.monotonic(), Summary()
    waiting, given = deque(tasks), dict[int, Task]()
    twins: dict[str, list[Task]] = {}
    deaths: dict[int, int] = {}
    prepared: Task | None = None
    errors.unlink(missing_ok=True)

    def end(task: Task, outcome: Outcome) -> None:
        if outcome.failed:
            summary.failed += 1
            summary.errors[task.number] = outcome
            _note(errors, task, outcome)
            if outcome.code in _OF_ALL:
                raise OferError(ErrorCode(outcome.code), str(outcome.message), str(outcome.hint))
        else:
            summary.done += 1
            if outcome.sha256:  # it may have changed since it was given
                summary.photos[task.number] = outcome.sha256
            results.keep(task, outcome, summary.photos[task.number])

    while waiting or given:
        while waiting:
            task = waiting[0]
            if task.number not in summary.photos:
                summary.photos[task.number] = _digest(Path(task.photo))
            digest = summary.photos[task.number]
            if results.shared and digest and digest in map(summary.photos.get, given):
                twins.setdefault(digest, []).append(waiting.popleft())
                continue
            if prepared is None or prepared.number != task.number:  # else it waits for a worker
                prepared = results.prepared(task, digest)
            if prepared is None:
                waiting.popleft()
                summary.earlier += 1
                continue
            if not workers.take(prepared):
                break
            given[task.number], prepared = waiting.popleft(), None
        for number, outcome in workers.wait(_PAUSE) if given else ():
            task = given.pop(number)
            waiting.extendleft(twins.pop(summary.photos[number], ()))
            if outcome is not None:
                end(task, outcome)
            elif (tries := deaths.get(number, 0) + 1) < _TRIES:
                deaths[number] = tries
                waiting.appendleft(task)
            else:
                end(task, _died(task))
        summary.seconds = time.monotonic() - began
        show(summary)
    return summary


def _digest(photo: Path) -> str:
    """The sha256 of a photo; empty where it cannot be read, or is larger than a photo can be."""
    try:
        return sha256_of(photo, MAX_FILE_BYTES)
    except (OSError, ValueError):
        return ""


def _died(task: Task) -> Outcome:
    return Outcome(
        task.number,
        code=str(ErrorCode.ENGINE_DIED),
        message=Sentence("The engine ended {times} times on this photo.", times=_TRIES),
        hint=Sentence("Leave it out, or save it anew with a picture editor."),
    )


def _note(errors: Path, task: Task, outcome: Outcome) -> None:
    entry = {
        "photo": task.photo,
        "code": outcome.code,
        "message": str(outcome.message),
        "hint": str(outcome.hint),
    }
    with errors.open("a", encoding="utf-8", errors="backslashreplace") as file:  # odd bytes: \\udc…
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
