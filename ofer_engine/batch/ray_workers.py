"""A batch's workers as actors of a Ray cluster; the one part of the engine that opens ports, and
only where Ray was asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence, one_line
from ..requirements import PinGroup, required
from .photo_list import Task
from .settings import BatchSettings, Outcome

_ROOT: Final = Path(__file__).resolve().parents[2]
_AUTO: Final = "auto"
_PASSED_ON: Final = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_NUM_THREADS")


class RayWorkers:
    """Actors that hold the loaded pack, one processor (or graphics card) each.

    An actor that died, alone or with its node, is replaced by a new one, which Ray places where
    there is room; until then the others go on.
    """

    def __init__(self, settings: BatchSettings, address: str, count: int | None = None) -> None:
        """address : of a running cluster, or auto: the one that this machine belongs to, else one
        of this machine alone; count : of actors, or as many as the cluster has room for.

        Raises OferError(ENGINE_MISSING).
        """
        self._ray: Any = required("ray", "A batch on a cluster", PinGroup.BATCH)
        self._settings = settings
        self._connect(address)
        cards = settings.device == "cuda"
        self._needs = {"num_cpus": 1, "num_gpus": 1} if cards else {"num_cpus": 1}
        room = int(self._ray.cluster_resources().get("GPU" if cards else "CPU", 0))
        self._actors = [self._start() for _ in range(max(count or room, 1))]
        self._tasks: dict[Any, tuple[int, int]] = {}
        """Reference of an answer → place of the actor, number of the task."""

    def take(self, task: Task) -> bool:
        """As `Workers.take`."""
        busy = {place for place, _ in self._tasks.values()}
        idle = next((place for place in range(len(self._actors)) if place not in busy), None)
        if idle is None:
            return False
        there = replace(task, photo=os.path.abspath(task.photo))  # an actor starts elsewhere
        self._tasks[self._actors[idle].do.remote(there)] = (idle, task.number)
        return True

    def wait(self, seconds: float) -> Sequence[tuple[int, Outcome | None]]:
        """As `Workers.wait`."""
        if not self._tasks:
            return []
        ready, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=seconds)
        return [self._ended(reference) for reference in ready]

    def close(self) -> None:
        """As `Workers.close`; a cluster of other people's goes on."""
        self._ray.shutdown()

    def _ended(self, reference: Any) -> tuple[int, Outcome | None]:
        place, number = self._tasks.pop(reference)
        try:
            return number, self._ray.get(reference)
        except self._ray.exceptions.RayError:
            self._ray.kill(self._actors[place])
            self._actors[place] = self._start()
            return number, None

    def _start(self) -> Any:
        from .worker import BatchWorker

        remote = self._ray.remote(**self._needs, max_restarts=0)(BatchWorker)
        return remote.remote(self._settings)

    def _connect(self, address: str) -> None:
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        asked: dict[str, Any] = {
            "runtime_env": {"env_vars": {**passed, "PYTHONPATH": str(_ROOT)}},
            "log_to_driver": False,
            "logging_level": "error",
        }
        if address == _AUTO:  # else Ray would start here where that one is not to be reached
            address = os.environ.get("RAY_ADDRESS") or _AUTO
        try:
            self._ray.init(address=address, **asked)
        except Exception as cause:  # Ray raises that very class where its processes do not start
            if address != _AUTO or not isinstance(cause, ConnectionError):
                raise OferError(
                    ErrorCode.ENGINE_MISSING,
                    "Ray is not to be reached at {address}.",
                    "Start it with `ray start --head`, or leave --ray out.",
                    address=address,
                ) from cause
            self._start_here(asked)

    def _start_here(self, asked: dict[str, Any]) -> None:
        try:
            self._ray.init(address="local", include_dashboard=False, **asked)
        except Exception as cause:  # as above
            raise OferError(
                ErrorCode.ENGINE_MISSING,
                "No Ray cluster was found, and Ray did not start on this machine.",
                Sentence(
                    "Ray says: {cause}. Try again when the machine has less to do, or leave --ray"
                    " out: a batch works on all processors of this machine without it, too.",
                    cause=one_line(str(cause)).rstrip("."),
                ),
            ) from cause
