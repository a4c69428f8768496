"""Chooses the build of PyTorch that fits the machine, without naming where builds come from.

A file on this disk that pip has been told of (`find-links`) comes first. Where all builds live in
pip's own index (macOS; Windows without an NVIDIA GPU), pip brings the one there is. Elsewhere that
index has one build for all, several GB of CUDA libraries: there `uv` takes the one that fits, since
it knows PyTorch's indexes by name (`--torch-backend`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import Final

from ..contract.errors import ErrorCode, OferError
from .environment import Environment
from .installer import PIP_OPTIONS, Runner
from .machine import Accelerator, accelerator, prepare_folder

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
    """backend : for uv's --torch-backend, empty where pip brings it; needed : free bytes.

    on_disk : pip takes a file, so no index is asked.
    """

    backend: str
    needed: int
    label: str
    on_disk: bool = False


def choose(requirement: str, wanted: str, environment: Environment, runner: Runner) -> Build:
    """The build for this machine.

    requirement : `torch==VERSION`; wanted : AUTOMATIC, or a backend that uv knows (cpu, cu128,
    rocm6.4, …). Asks nothing of any network. Raises OferError bad_request for another word.
    """
    if not _BACKEND.fullmatch(wanted):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"There is no build of PyTorch called {wanted!r}.",
            "Give --torch auto, cpu, or one as cu128 or rocm6.4.",
        )
    kind = accelerator() if wanted == AUTOMATIC else _kind(wanted)
    needed = _NEEDED_BYTES[kind]
    if wanted in (AUTOMATIC, "cpu") and _on_disk(requirement, environment, runner):
        return Build("", _NEEDED_BYTES[Accelerator.CPU], "the build on this disk", on_disk=True)
    if wanted == AUTOMATIC and _all_builds_in_index(kind):
        return Build("", needed, f"{kind} build")
    backend = "cpu" if kind is Accelerator.CPU else wanted
    return Build(backend, needed, f"{kind} build")


def install(
    build: Build, requirement: str, uv: str, environment: Environment, runner: Runner
) -> None:
    """Bring the chosen build in; where PyTorch's own index is out of reach, the common one."""
    prepare_folder(environment.folder, build.needed)
    if build.on_disk:
        runner.run(_from_disk(requirement, environment))
        return
    if build.backend:
        try:
            _install_with_uv(build, requirement, uv, environment, runner)
            return
        except OferError as error:
            runner.console.say(
                f"PyTorch's own index gave nothing ({error.message.rstrip('.')}); "
                "taking the build of the common index, which is larger."
            )
            prepare_folder(environment.folder, _NEEDED_BYTES[Accelerator.CUDA])
    environment.install((requirement,), runner)


def _kind(backend: str) -> Accelerator:
    if backend.startswith("cu"):
        return Accelerator.CUDA
    return Accelerator.ROCM if backend.startswith("rocm") else Accelerator.CPU


def _all_builds_in_index(kind: Accelerator) -> bool:
    return sys.platform == "darwin" or (sys.platform == "win32" and kind is Accelerator.CPU)


def _from_disk(requirement: str, environment: Environment, *more: str) -> list[str]:
    options = [*PIP_OPTIONS, "--no-index", "--no-deps", *more]
    return [str(environment.python), "-I", "-m", "pip", "install", *options, requirement]


def _on_disk(requirement: str, environment: Environment, runner: Runner) -> bool:
    """True where pip finds the requirement as a file of this disk."""
    report = environment.folder / "ofer-torch-report.json"
    dry = ("--dry-run", "--ignore-installed", "--report", str(report))
    try:
        runner.run(_from_disk(requirement, environment, *dry))
        taken = json.loads(report.read_text("utf-8"))["install"]
    except OferError:
        return False
    finally:
        report.unlink(missing_ok=True)
    return bool(taken) and taken[0]["download_info"]["url"].startswith("file:")


def _install_with_uv(
    build: Build, requirement: str, uv: str, environment: Environment, runner: Runner
) -> None:
    environment.install((uv,), runner)
    cache = environment.folder.parent / "cache" / "uv"
    tool = environment.python.with_name("uv.exe" if os.name == "nt" else "uv")
    options = ["--python", str(environment.python), "--torch-backend", build.backend]
    cached = ["--cache-dir", str(cache), "--only-binary", ":all:", "--no-progress"]
    runner.run([str(tool), "pip", "install", *options, *cached, requirement], watch=cache)
    shutil.rmtree(cache, ignore_errors=True)
