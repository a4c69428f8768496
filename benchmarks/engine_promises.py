"""What docs/faults.md promises of the engine, tried at full length on the real process.

    PYTHON benchmarks/engine_promises.py PHOTO [--reconstructions 1000] [--equal 20] [--cancels 20]
                                               [--busy 4]

PYTHON is the engine environment's. Prints how much memory many reconstructions keep, how many of
the same request are the same bits, how long a cancel takes in each stage (also beside that many
busy programs), and which system calls of the network a whole run makes (where strace is). The
tests do the same in short, without a clock.
"""

# ruff: noqa: E402 - the project is found by its place

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.warm_engine import busy_programs
from ofer_engine.client.launch import engine_command, engine_environment
from ofer_engine.contract import protocol
from ofer_engine.handlers.stages import DRAWING, EXPRESSING, FINDING, UNITS, WRITING
from tests.engine.child_engine import Engine, request_of

_SMALL = {"identities": 4, "keep": 2, "expressions": 1, "steps": 3}
_LONG = {"identities": 300, "steps": 40, "expressions": 15, "keep": 10}
_STAGES = (FINDING, DRAWING, EXPRESSING, WRITING, UNITS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    for name, count in (("reconstructions", 1000), ("equal", 20), ("cancels", 20), ("busy", 4)):
        parser.add_argument(f"--{name}", type=int, default=count)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        engine = Engine(place / "engine.log")
        try:
            print_memory(engine, options.photo, place, options.reconstructions)
            print_equality(engine, options.photo, place, options.equal)
            print_cancels(engine, options.photo, place, options.cancels, "idle")
            with busy_programs(options.busy):
                beside = f"beside {options.busy} busy programs"
                print_cancels(engine, options.photo, place, options.cancels, beside)
        finally:
            engine.process.kill()
        print_network_calls(options.photo, place)


def held(engine: Engine) -> int:
    """Megabytes that the engine's process holds."""
    engine.send(protocol.Hello(protocol.PROTOCOL_VERSION))
    return engine.until(protocol.Ready)[-1].memory


def print_memory(engine: Engine, photo: Path, place: Path, count: int) -> None:
    """Growth after a few reconstructions to warm up."""
    for number in range(5):
        engine.answer(request_of(photo, place, seed=number, overwrite=True, **_SMALL))
    before = held(engine)
    for number in range(count):
        engine.answer(request_of(photo, place, seed=number, overwrite=True, **_SMALL))
    print(f"{count} reconstructions: {before} -> {held(engine)} MB")


def print_equality(engine: Engine, photo: Path, place: Path, count: int) -> None:
    """How many of the same request write the same arrays and pictures."""
    sums = []
    for _ in range(count):
        engine.answer(request_of(photo, place, seed=7, overwrite=True))
        folder = place / "face.ofer"
        files = sorted([*folder.glob("*.npy"), *folder.glob("*/*.png")])
        sums.append(hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest())
    print(f"the same request: {sums.count(sums[0])} of {count} the same bits")


def print_cancels(engine: Engine, photo: Path, place: Path, count: int, how: str) -> None:
    """Seconds from the cancel to its answer, in stages one after the other, at their beginning and
    up to two seconds later."""
    taken: list[float] = []
    chance = random.Random(0)
    for number in range(count):
        wanted = _STAGES[number % len(_STAGES)]
        engine.send(request_of(photo, place, overwrite=True, **_LONG))
        event = None
        while not (isinstance(event, protocol.Result) or getattr(event, "name", "") == wanted):
            event = engine.until(protocol.Stage, protocol.Result)[-1]
        time.sleep(chance.uniform(0, 2 * (number % 2)))  # every other one in the midst of a stage
        started = time.monotonic()
        engine.send(protocol.Cancel())
        if isinstance(event, protocol.Stage):
            if isinstance(engine.until(protocol.Cancelled, protocol.Result)[-1], protocol.Result):
                continue
            taken.append(time.monotonic() - started)
    print(
        f"cancel, {how}: {len(taken)} of {count} in time to be cancelled, "
        f"median {sorted(taken)[len(taken) // 2]:.2f} s, worst {max(taken):.2f} s"
    )


def print_network_calls(photo: Path, place: Path) -> None:
    """System calls of the network that the command line makes from start to end."""
    if shutil.which("strace") is None:
        print("network: strace is not on this machine")
        return
    trace = place / "trace.txt"
    arguments = ["reconstruct", str(photo), "--out", str(place / "traced"), "--identities", "4"]
    command = engine_command(Path(sys.executable), ROOT, arguments)
    watch = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%network", "-o", str(trace)]
    done = subprocess.run([*watch, *command], env=engine_environment(), capture_output=True)
    calls = [line for line in trace.read_text().splitlines() if "(" in line]
    print(f"network: {len(calls)} system calls, exit status {done.returncode}")
    print("\n".join(calls[:10]))


if __name__ == "__main__":
    main()
