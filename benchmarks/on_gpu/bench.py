"""How much is computed on the device, how it is timed, and the row that a comparison becomes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from ofer_engine.diffusion.denoiser import DenoiserShape
from ofer_engine.published.published_keys import EXPGEN_SHAPE, IDGEN_SHAPE
from ofer_engine.published.training.recipes import TrainingStage
from ofer_engine.research.training.loop import Precision

ROOT: Final = Path(__file__).resolve().parents[2]
CPU: Final = torch.device("cpu")


@dataclass(frozen=True)
class Workload:
    """How much is computed.

    heads, expressions : drawn; idgen, expgen : the published denoisers; batch : pictures of a
    conditioner's step; people : of a published step, four pictures each; rounds : timings of each;
    steps : of a training; stages, precisions : what is trained, and how.
    """

    heads: int
    expressions: int
    idgen: DenoiserShape
    expgen: DenoiserShape
    batch: int
    people: int
    rounds: int
    steps: int
    stages: tuple[TrainingStage, ...]
    precisions: tuple[Precision, ...]


FULL: Final = Workload(
    100,
    15,
    IDGEN_SHAPE,
    EXPGEN_SHAPE,
    48,
    16,
    5,
    4,
    (TrainingStage.IDGEN, TrainingStage.EXPGEN),
    tuple(Precision),
)


DRY: Final = Workload(
    8,
    2,
    DenoiserShape(30, 512, (30, 10), 2),
    DenoiserShape(12, 1024, (12, 6), 2),
    2,
    1,
    1,
    2,
    (TrainingStage.IDGEN,),
    (Precision.FLOAT32,),
)


@dataclass(frozen=True)
class TableRow:
    """One line of the table. seconds : of the device; megabytes : its largest memory, or ""."""

    what: str
    against: str
    figure: str
    seconds: str = ""
    megabytes: str = ""


@dataclass(frozen=True)
class Bench:
    """device : to be tried; scale : how much."""

    device: torch.device
    scale: Workload

    def seconds(self, work: Callable[[], object]) -> str:
        """Of the fastest of the rounds, the first of them not counted."""
        fastest = float("inf")
        for number in range(self.scale.rounds + 1):
            self.wait()
            started = time.perf_counter()
            work()
            self.wait()
            if number:
                fastest = min(fastest, time.perf_counter() - started)
        return f"{fastest:.4f}"

    def wait(self) -> None:
        """Until the device has done all that was asked of it."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
