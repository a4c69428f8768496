"""What only a GPU can show: each row compares a result on the device with what it must equal.

    benchmarks/on_gpu.sh [--dry] [--out TABLE.md]

Without CUDA it stops; with --dry the same checks run on the CPU with small networks, so that the
script itself is tried; such figures say nothing of a GPU. A check that fails becomes a row with the
error, and the exit status is 1. Published sizes have invented weights.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from ofer_engine.contract.errors import OferError

from .bench import CPU, DRY, FULL, Bench, TableRow
from .command_line import reconstruct
from .encoders import encoders
from .sampling import halves, recordings, sampling
from .training import conditioner_steps, published_steps

CHECKS: Final = (
    recordings,
    sampling,
    halves,
    encoders,
    conditioner_steps,
    published_steps,
    reconstruct,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every check and write the table; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="on the CPU, with small sizes")
    names = [check.__name__ for check in CHECKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="some checks")
    parser.add_argument("--out", type=Path, help="the table's file; it is printed, too")
    options = parser.parse_args(arguments)
    if not options.dry and not torch.cuda.is_available():
        print("This machine has no CUDA device; --dry tries the script on the CPU.")
        return 2
    if options.dry:
        bench = Bench(CPU, DRY)
        torch.set_num_threads(1)
    else:
        bench = Bench(torch.device("cuda"), FULL)
    failed = False
    lines = [*_machine(bench, options.dry), ""]
    lines += ["| what | compared with | figure | seconds | MB |", "|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for check in (check for check in CHECKS if check.__name__ in options.only):
        for row in _rows(check, bench):
            failed |= row.figure.startswith("failed")
            cells = (row.what, row.against, row.figure, row.seconds, row.megabytes)
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
            if options.out:
                options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(failed)


def _machine(bench: Bench, dry: bool) -> Iterator[str]:
    if dry:
        yield "A dry run on the CPU with small networks: it tries the script, not a GPU."
        yield ""
    name, driver = platform.processor() or platform.machine(), "none"
    if bench.device.type == "cuda":
        name = torch.cuda.get_device_name()
        driver = _driver()
    yield f"- device: {name}; driver: {driver}"
    yield f"- torch {torch.__version__}, CUDA {torch.version.cuda}, HIP {torch.version.hip}"
    matmul, convolutions = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    yield f"- TF32: products {matmul}, convolutions {convolutions}"


def _driver() -> str:
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip()


def _rows(check: Callable[[Bench], Iterator[TableRow]], bench: Bench) -> Iterator[TableRow]:
    """The rows of a check, each with the memory that it took; an error is the last of them."""
    cuda = bench.device.type == "cuda"
    rows = check(bench)
    while True:
        if cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            row = next(rows)
        except StopIteration:
            return
        except (RuntimeError, ValueError, TypeError, OSError, OferError) as cause:
            message = " ".join(str(cause).split())[:200].replace("|", "/")
            yield TableRow(check.__name__, "", f"failed: {type(cause).__name__}: {message}")
            return
        if cuda:
            row = replace(row, megabytes=f"{torch.cuda.max_memory_allocated() / 2**20:.0f}")
        yield row
