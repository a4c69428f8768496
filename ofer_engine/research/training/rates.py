"""How the learning rate moves: a warmed-up cosine, or the published wait for a plateau."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Final

import torch
from torch import Tensor

PLATEAU_FACTOR: Final = 0.99
PLATEAU_PATIENCE: Final = 2
PLATEAU_THRESHOLD: Final = 1e-4


class Rule(StrEnum):
    """COSINE : ours, by step. PLATEAU : the published one, by the mean loss of an epoch (OFER spec
    §11: times 0.99 after more than two epochs without a relative gain of 1e-4).
    """

    COSINE = "cosine"
    PLATEAU = "plateau"


def cosine(step: int, steps: int, warmup: int) -> float:
    """Share of the peak rate: a linear rise, then half a cosine down to a hundredth."""
    warm = min(1.0, (step + 1) / max(warmup, 1))
    return warm * (0.01 + 0.495 * (1 + math.cos(math.pi * step / steps)))


class LearningRates:
    """Sets the rates of an optimiser's groups, each at its own `scale`."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, rate: float, steps: int, warmup: int
    ) -> None:
        self._optimizer = optimizer
        self._rate = rate
        self._steps = steps
        self._warmup = warmup

    def before(self, step: int) -> None:
        """Set the rates for `step`."""
        now = self._rate * cosine(step, self._steps, self._warmup)
        for group in self._optimizer.param_groups:
            group["lr"] = now * group["scale"]

    def after(self, loss: Tensor) -> None:
        """Take note of a step's loss, a scalar."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""


class PlateauPace(LearningRates):
    """torch's ReduceLROnPlateau on the mean training loss of every `epoch` steps."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, rate: float, steps: int, epoch: int
    ) -> None:
        super().__init__(optimizer, rate, steps, 0)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self._epoch = epoch
        self._sum = 0.0
        self._seen = 0
        self._rule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            factor=PLATEAU_FACTOR,
            patience=PLATEAU_PATIENCE,
            threshold=PLATEAU_THRESHOLD,
        )

    def before(self, step: int) -> None:
        """The rates stay until an epoch ends."""

    def after(self, loss: Tensor) -> None:
        self._sum += float(loss)
        self._seen += 1
        if self._seen == self._epoch:
            self._rule.step(self._sum / self._seen)
            self._sum, self._seen = 0.0, 0

    def state(self) -> dict[str, Any]:
        return {"sum": self._sum, "seen": self._seen, "rule": self._rule.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self._sum, self._seen = state["sum"], state["seen"]
        self._rule.load_state_dict(state["rule"])
