"""Chooses the build of PyTorch that fits the machine, without naming where builds come from.

A file on this disk that pip has been told of (`find-links`) comes first. Where the common index has
the build (macOS; Windows without an NVIDIA GPU), the lock names it. Elsewhere that index has one
build for all, several GB of CUDA libraries: there uv takes the one that fits, since it knows
PyTorch's indexes by name (`--torch-backend`), locks it on the spot and installs it by the hashes
that the index publishes.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence
from .environment import Environment
from .lock import ENGINE, TORCH, Lock
from .machine import Accelerator, accelerator, prepare_folder
from .uv import Uv

AUTOMATIC: Final = "auto"

_BACKEND: Final = re.compile(r"auto|cpu|xpu|cu\d{2,3}|rocm\d+(\.\d+)*")

# Measured for CPU (1.1 GB with everything beside it); the others are the wheels' own sums, roughly.
_NEEDED_BYTES: Final = {
    Accelerator.CPU: 2_000_000_000,
    Accelerator.APPLE: 2_000_000_000,
    Accelerator.CUDA: 9_000_000_000,
    Accelerator.ROCM: 20_000_000_000,
}


@dataclass(frozen=True)
class Build:
    """file : address of the wheel on this disk, empty where it is fetched; backend : for uv's
    --torch-backend, empty where the common index has the build; needed : free bytes."""

    label: str
    needed: int
    backend: str = ""
    file: str = ""


def choose(requirement: str, wanted: str, environment: Environment, uv: Uv) -> Build:
    """The build for this machine.

    requirement : `torch==VERSION`; wanted : AUTOMATIC, or a backend that uv knows (cpu, cu128,
    rocm6.4, …). Asks nothing of any network. Raises OferError bad_request for another word.
    """
    if not _BACKEND.fullmatch(wanted):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There is no build of PyTorch called {wanted}.",
            "Give --torch auto, cpu, or one as cu128 or rocm6.4.",
            wanted=repr(wanted),
        )
    kind = accelerator() if wanted == AUTOMATIC else _kind(wanted)
    if wanted in (AUTOMATIC, "cpu") and (file := _on_disk(requirement, environment, uv)):
        return Build("the build on this disk", _NEEDED_BYTES[Accelerator.CPU], file=file)
    in_common_index = wanted == AUTOMATIC and _all_builds_in_index(kind)
    backend = "" if in_common_index else "cpu" if kind is Accelerator.CPU else wanted
    return Build(f"{kind} build", _NEEDED_BYTES[kind], backend)


def install(build: Build, requirement: str, lock: Lock, environment: Environment, uv: Uv) -> None:
    """Install the chosen build; where PyTorch's own index is out of reach, the common one's."""
    prepare_folder(environment.folder, build.needed)
    if build.file:
        uv.install(environment, build.file, locked=False)
        return
    if build.backend:
        try:
            _install_backend(build.backend, requirement, lock, environment, uv)
            return
        except OferError as error:
            uv.runner.console.say(
                Sentence(
                    "PyTorch's own index gave nothing ({why}); taking the build of the common "
                    "index, which is larger.",
                    why=error.message.rstrip("."),
                )
            )
            prepare_folder(environment.folder, _NEEDED_BYTES[Accelerator.CUDA])
    uv.install(environment, "-r", str(lock.file(TORCH)))


def _kind(backend: str) -> Accelerator:
    if backend.startswith("cu"):
        return Accelerator.CUDA
    return Accelerator.ROCM if backend.startswith("rocm") else Accelerator.CPU


def _all_builds_in_index(kind: Accelerator) -> bool:
    return sys.platform == "darwin" or (sys.platform == "win32" and kind is Accelerator.CPU)


def _on_disk(requirement: str, environment: Environment, uv: Uv) -> str:
    """Address of the file of this disk in which pip finds the requirement; empty without one."""
    report = environment.folder / "ofer-torch-report.json"
    dry = ["--no-index", "--no-deps", "--dry-run", "--ignore-installed", "--report", str(report)]
    command = [*uv.pip, "--python", str(environment.python), "install", *dry, requirement]
    try:
        uv.runner.run(command)
        taken = json.loads(report.read_text("utf-8"))["install"]
    except OferError:
        return ""
    finally:
        report.unlink(missing_ok=True)
    url = taken[0]["download_info"]["url"] if taken else ""
    return url if url.startswith("file:") else ""


def _install_backend(
    backend: str, requirement: str, lock: Lock, environment: Environment, uv: Uv
) -> None:
    """What the engine's lock holds stays out of it and keeps its version."""
    choice = ["--torch-backend", backend]
    locked = ["--constraints", str(lock.file(ENGINE))]
    for entry in lock.entries(ENGINE):
        locked += ["--no-emit-package", entry.name]
    target = environment.folder / "ofer-torch.txt"
    uv.compile(environment, [requirement], target, ["--generate-hashes", *choice, *locked])
    uv.install(environment, *choice, "-r", str(target))
