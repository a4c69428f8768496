"""Loss curves while they grow, as event files that TensorBoard shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Watch = Callable[[int, Mapping[str, float]], None]
"""Told (steps done, named figures) every few steps."""


@contextmanager
def event_files(folder: Path) -> Iterator[Watch | None]:
    """Writes every figure it is given into `folder`; None where tensorboardX is not installed.

    `log.csv` is written either way; this is the live view beside it.
    """
    try:
        from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]
    except ImportError:
        yield None
        return
    with SummaryWriter(str(folder), flush_secs=10) as writer:

        def watch(step: int, figures: Mapping[str, float]) -> None:
            for name, value in figures.items():
                writer.add_scalar(name, value, step)

        yield watch
