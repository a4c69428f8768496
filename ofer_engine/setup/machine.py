"""What this machine computes with, and whether a folder on it can take what is coming."""

from __future__ import annotations

import errno
import platform
import shutil
import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError

GIGABYTE: Final = 1_000_000_000
_KFD_NODES: Final = Path("/sys/class/kfd/kfd/topology/nodes")


class Accelerator(StrEnum):
    """The kinds of device that PyTorch has builds for."""

    CPU = "CPU"
    CUDA = "CUDA"
    ROCM = "ROCm"
    APPLE = "Apple"


def accelerator() -> Accelerator:
    """The fastest kind of device found here, told from its driver alone."""
    if sys.platform == "darwin":
        return Accelerator.APPLE if platform.machine() == "arm64" else Accelerator.CPU
    if nvidia_gpus():
        return Accelerator.CUDA
    if sys.platform == "linux" and _amd_gpu():
        return Accelerator.ROCM
    return Accelerator.CPU


def nvidia_gpus() -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that a working driver lists."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return ()
    query = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            query, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = answer.stdout.splitlines() if answer.returncode == 0 else []
    return tuple(line.strip().replace(", ", ", driver ") for line in lines if line.strip())


def _amd_gpu() -> bool:
    """True where the amdgpu compute driver lists a node with a GPU instruction set."""
    for properties in _KFD_NODES.glob("*/properties"):
        for line in _read_text(properties).splitlines():
            key, _, value = line.partition(" ")
            if key == "gfx_target_version" and value.strip() not in ("", "0"):
                return True
    return False


def _read_text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""


def prepare_folder(folder: Path, needed: int, option: str = "--home") -> None:
    """Make `folder` and see that it can be written and has `needed` bytes free.

    option : what chooses another place. Raises OferError read_only or disk_full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Without a name, or with one that nothing has: what is there is not touched.
        with tempfile.TemporaryFile(prefix=".ofer-", dir=folder) as probe:
            probe.write(b"OFER")
    except OSError as error:
        raise folder_error(error, folder, option) from error
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OferError(
            ErrorCode.DISK_FULL,
            "{folder} has {gigabyte:.1f} GB free and about {gigabyte_2:.1f} GB are needed.",
            "Free some space, or choose another place with {option} DIR, and run this again.",
            folder=folder,
            gigabyte=free / GIGABYTE,
            gigabyte_2=needed / GIGABYTE,
            option=option,
        )


def folder_error(error: OSError, folder: Path, option: str = "--home") -> OferError:
    """The sentence for a folder that could not be written; option : what chooses another, empty
    where it is the project's own."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    code = ErrorCode.DISK_FULL if full else ErrorCode.READ_ONLY
    if not option:
        return OferError(
            code,
            "{folder} cannot be written to ({strerror}).",
            "Copy the project to a folder that takes it, and run this there.",
            folder=folder,
            strerror=error.strerror,
        )
    if full:
        return OferError(
            code,
            "There is no space left for {folder}.",
            "Free some space, or choose another place with {option} DIR, and run this again.",
            folder=folder,
            option=option,
        )
    return OferError(
        code,
        "{folder} cannot be written to ({strerror}).",
        "Choose another place with {option} DIR and run this again.",
        folder=folder,
        strerror=error.strerror,
        option=option,
    )
