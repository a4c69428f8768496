"""A batch's workers as processes of this machine, with the standard library alone."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from ..client import stopping
from .photo_list import Task
from .settings import BatchSettings, Outcome

_SPAWNED: Final = multiprocessing.get_context("spawn")  # torch does not survive a fork
_PATIENCE: Final = 5.0
"""Seconds that a worker may take to end when told to."""


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    number: int | None = None
    """Of the task that it works on."""


class LocalWorkers:
    """`count` engine processes; a pipe to each."""

    def __init__(self, settings: BatchSettings, count: int) -> None:
        self._settings = settings
        self._workers = [self._start() for _ in range(count)]

    @property
    def processes(self) -> list[int]:
        """Their process numbers."""
        return [worker.process.pid or 0 for worker in self._workers]

    def take(self, task: Task) -> bool:
        """As `Workers.take`."""
        idle = next((worker for worker in self._workers if worker.number is None), None)
        if idle is None:
            return False
        idle.number = task.number
        try:
            idle.line.send(task)
        except OSError:  # it died while idle: `wait` finds that out
            pass
        return True

    def wait(self, seconds: float) -> Sequence[tuple[int, Outcome | None]]:
        """As `Workers.wait`."""
        ready = set(wait([worker.line for worker in self._workers], seconds))
        ended: list[tuple[int, Outcome | None]] = []
        for place, worker in enumerate(self._workers):
            if worker.line not in ready:
                continue
            try:
                outcome = worker.line.recv()
            except (EOFError, OSError):
                outcome = None
                self._end(worker)
                self._workers[place] = self._start()
            if worker.number is not None:
                ended.append((worker.number, outcome))
            worker.number = None
        return ended

    def close(self) -> None:
        """As `Workers.close`."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            self._end(worker)

    def _start(self) -> _Worker:
        ours, theirs = _SPAWNED.Pipe()
        process = _SPAWNED.Process(target=_serve, args=(self._settings, theirs), daemon=True)
        resource_tracker.ensure_running()  # which would let signals in again
        with stopping.blocked():  # until the worker can answer them
            process.start()
        theirs.close()
        return _Worker(process, ours)

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.line.close()
        worker.process.join(_PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _serve(settings: BatchSettings, line: Connection) -> None:
    """The life of a worker: task in, outcome out, until the other end closes."""
    end = _End()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the batch, which ends its workers
    signal.signal(signal.SIGTERM, end.ask)
    stopping.unblock()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from .worker import BatchWorker

    worker = BatchWorker(settings)
    while True:
        try:
            task = line.recv()
            with end.taking_back():
                outcome = worker.do(task)
            line.send(outcome)
        except (EOFError, OSError):
            return


class _End:
    """Ends a worker when it is asked to: between two photos at once, at work on one once it has
    taken back what is half written, however often it is asked meanwhile."""

    def __init__(self) -> None:
        self._asked = self._at_work = False

    def ask(self, *_: object) -> None:
        """A handler of signals."""
        if not self._at_work:
            os._exit(1)
        if not self._asked:
            self._asked = True
            sys.exit(1)

    @contextlib.contextmanager
    def taking_back(self) -> Iterator[None]:
        """What runs in the block is left by SystemExit; nothing of what it says then is heard."""
        self._at_work = True
        try:
            yield
        finally:
            self._at_work = False
            if self._asked:
                os._exit(1)


def _end_with_parent() -> None:
    """A batch that was killed leaves nobody behind who would write what the next one writes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
