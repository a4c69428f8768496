"""Where the networks run, with how many threads, and how much memory the process holds."""

from __future__ import annotations

import os
import sys
from typing import Final

import torch

from .contract.errors import ErrorCode, OferError


def choose_device(name: str = "auto") -> torch.device:
    """The device called `name`; auto takes CUDA (or ROCm), then Apple's GPU, then the CPU.

    Raises OferError(BAD_REQUEST) where the named device is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, there in available.items() if there), "cpu")
    if name != "cpu" and not available.get(name, False):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The device {name} is not available on this machine.",
            "Choose `auto` or `cpu`.",
            name=repr(name),
        )
    return torch.device(name)


_MOST_THREADS: Final = 8
"""Beyond these even the published networks' layers are too small to share."""

_MOST_STARTED: Final = 256


def usable_cores() -> int:
    """Cores that this process may use, as many as torch can make use of: 1 to 8."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(_MOST_THREADS, cores))


def set_threads(count: int) -> None:
    """Fix torch's threads; no more than the processor could have, since each is started."""
    torch.set_num_threads(min(count, _MOST_STARTED))


def resident_megabytes() -> int:
    """Resident memory of this process; 0 where the system does not tell without more packages."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (OSError, ValueError, AttributeError):
        return _peak_megabytes()


def _peak_megabytes() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
