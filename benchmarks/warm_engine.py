"""How long a warm engine takes for one photo, and how much memory it holds.

    PYTHON benchmarks/warm_engine.py PHOTO [--threads 1] [--rounds 5] [--busy 4] [--processor]

PYTHON is the engine environment's (`python3 install.py doctor` names it). Prints the median of the
rounds after one warm-up; --busy repeats it beside that many other programs that never pause;
--processor counts the processor's seconds, which a machine that is busy anyway leaves nearly as
they are. No test depends on it.
"""

# ruff: noqa: E402 - torch must find the variables set when it is loaded

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ofer_engine.client.launch import tune_this_process

tune_this_process()  # before torch is loaded

import torch

from ofer_engine.device import resident_megabytes, set_threads
from ofer_engine.pack_registry import BUNDLED, load_pack
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.pipeline import Reconstructor

_BUSY_LOOP = "while True: pass"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--processor", action="store_true")
    options = parser.parse_args()
    set_threads(options.threads)
    clock = time.process_time if options.processor else time.perf_counter
    started = clock()
    reconstructor = Reconstructor(load_pack("open", None, torch.device("cpu")))
    detector = FaceDetector.load(BUNDLED / "faces")
    print(f"loading the pack      {clock() - started:6.2f} s")
    alone = measure(reconstructor, detector, options.photo, options.rounds, clock)
    print(f"photo opening         {alone[0]:6.2f} s")
    print(f"100 heads, ranking,\n 15 expressions       {alone[1]:6.2f} s")
    if options.busy:
        with busy_programs(options.busy):
            beside = measure(reconstructor, detector, options.photo, options.rounds, clock)
        print(f"beside {options.busy} busy programs: {beside[0]:.2f} s, {beside[1]:.2f} s")
        print(f" times its idle time: {sum(beside) / sum(alone):6.1f}")
    print(f"resident memory       {resident_megabytes():6d} MB")


def measure(
    reconstructor: Reconstructor,
    detector: FaceDetector,
    path: Path,
    rounds: int,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """Median seconds of a clock of opening a photo, and of drawing its heads and expressions."""
    opening, drawing = [], []
    for _ in range(rounds + 1):
        started = clock()
        photo = load_photo(path)
        reconstructor.set_photo(photo, detector.detect(photo)[0])
        opened = clock()
        candidates = reconstructor.identities(100, seed=0)
        reconstructor.rank(candidates)
        reconstructor.expressions(15, seed=0)
        drawing.append(clock() - opened)
        opening.append(opened - started)
    return statistics.median(opening[1:]), statistics.median(drawing[1:])


@contextlib.contextmanager
def busy_programs(count: int) -> Iterator[None]:
    """Other programs at work while the block runs."""
    programs = [subprocess.Popen([sys.executable, "-I", "-c", _BUSY_LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


if __name__ == "__main__":
    main()
