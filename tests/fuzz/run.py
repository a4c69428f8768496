"""Fuzz the readers without end, or as many examples as wished.

    python -m tests.fuzz.run                      every target in turn, 10 000 examples each, again
    python -m tests.fuzz.run folder --examples 100000
    python -m tests.fuzz.run weights --seed 7 --seconds 600

    python -m tests.fuzz.run --blender kept --examples 100000

Run it with the engine's Python in the project's folder; `--blender`, for the readers that need bpy,
with the Python of the Blender tests. A failure is shown with the smallest example that Hypothesis
finds, and with how to repeat it; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.target import Target

ROOT = Path(__file__).resolve().parents[2]
_PART = 500
"""Examples under one seed."""
_A_ROUND = 10_000
_SEEDS_A_ROUND = 1_000_000


def run(target: Target, examples: int, seed: int) -> int:
    """Try one target: how many examples its check saw. Raises what its check raises."""
    tried = 0

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.sent)
    def fuzz(sent: object) -> None:
        nonlocal tried
        tried += 1
        target.check(sent)

    fuzz()
    return tried


def _makers(blender: bool) -> dict[str, Callable[[], Target]]:
    """The targets' makers by name, of the engine or of the add-on inside Blender."""
    if not blender:
        return importlib.import_module("tests.fuzz.targets").MAKERS
    sys.path.insert(0, str(ROOT / "tests" / "blender"))
    conftest = importlib.import_module("conftest")
    conftest.start_addon(Path(tempfile.mkdtemp(prefix="ofer_fuzz_")))
    return importlib.import_module("fuzz_targets").MAKERS


def main() -> int:
    """The command line above."""
    plain = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them unless named")
    parser.add_argument("--blender", action="store_true", help="the readers that need bpy")
    parser.add_argument("--examples", type=int, metavar="N", help="of each target, and stop then")
    parser.add_argument("--seconds", type=float, metavar="S", help="for each target, and stop then")
    parser.add_argument("--seed", type=int, metavar="N", default=0)
    options = parser.parse_args()
    makers = _makers(options.blender)
    names = options.targets or list(makers)
    if unknown := set(names) - set(makers):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(makers)}")
    targets = {name: makers[name]() for name in names}
    once = options.examples or options.seconds
    for seed in itertools.count(options.seed, _SEEDS_A_ROUND):
        for name in names:
            _round(name, targets[name], options.examples, options.seconds, seed)
        if once:
            return 0
    return 0


def _round(name: str, target: Target, wanted: int | None, seconds: float | None, seed: int) -> None:
    """One target, in parts with a seed each, and a line of what was done."""
    began, done, tried = time.monotonic(), 0, 0
    most = wanted or (sys.maxsize if seconds else _A_ROUND)
    while done < most and not (seconds and time.monotonic() - began > seconds):
        part = min(_PART, most - done)
        tried += run(target, part, seed + done // _PART)
        done += part
    took = time.monotonic() - began
    sys.stdout.write(f"{name}: from seed {seed}, {tried} examples, {took:.0f} s, nothing found\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
