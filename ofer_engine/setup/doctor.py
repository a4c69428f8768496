"""Says what is here, what is missing and how to get it, fit for a public bug report."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..client.privacy import masked
from ..contract.errors import OferError
from . import blender, interpreters, machine, provision
from .home import Home
from .pins import Pins

ENGINE: Final = "engine"

_LOG_LINES: Final = 8


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at. needed : without it nothing runs; fix : how to get it."""

    name: str
    text: str
    fix: str = ""
    needed: bool = False

    @property
    def mark(self) -> str:
        """`ok`, `missing` (and needed) or `absent` (one can do without)."""
        if not self.fix:
            return "ok"
        return "missing" if self.needed else "absent"


def diagnose(home: Home, pins: Pins, root: Path, chosen: Path | None = None) -> list[Diagnosis]:
    """Look at everything that a run needs; starts the engine's Python once."""
    looked = [_system(home), _python(), _engine(home, pins)]
    looked += _weights(root)
    if not looked[2].fix:
        looked.append(_packs(home, root))
    return looked + _blender(home, pins, chosen)


def can_run(diagnoses: list[Diagnosis]) -> bool:
    """True where a photo can be turned into a head."""
    return not any(diagnosis.fix and diagnosis.needed for diagnosis in diagnoses)


def report(diagnoses: list[Diagnosis], pins: Pins, home: Home) -> str:
    """The diagnoses as text without private paths; with the end of a failed set-up's log."""
    lines = [f"OFER Faces {pins.version}"]
    for diagnosis in diagnoses:
        lines.append(f"{diagnosis.mark:8} {diagnosis.name:15} {diagnosis.text}")
        if diagnosis.fix:
            lines.append(f"{'':24} -> {diagnosis.fix}")
    unset = any(diagnosis.name == ENGINE and diagnosis.fix for diagnosis in diagnoses)
    if unset and home.log.is_file():
        lines.append("End of the last set-up's log:")
        lines += [f"  {line}" for line in home.log.read_text("utf-8").splitlines()[-_LOG_LINES:]]
    able_text = (
        "This machine can run OFER Faces." if can_run(diagnoses) else "Something is missing."
    )
    return masked("\n".join([*lines, able_text]))


def _system(home: Home) -> Diagnosis:
    existing = next(each for each in (home.path, *home.path.parents) if each.exists())
    free = shutil.disk_usage(existing).free / machine.GIGABYTE
    gpus = ", ".join(machine.nvidia_gpus()) or str(machine.accelerator())
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Diagnosis("system", f"{system}; device {gpus}; {free:.0f} GB free at {home.path}")


def _python() -> Diagnosis:
    return Diagnosis("Python", f"{platform.python_version()} ({platform.python_implementation()})")


def _engine(home: Home, pins: Pins) -> Diagnosis:
    if not provision.engine(home, pins).installed:
        state = "partly set up" if home.engine.python.exists() else "not set up"
        return Diagnosis(
            ENGINE, f"{state} at {home.engine.folder}", "python3 install.py setup", needed=True
        )
    try:
        torch = provision.ask_torch(home.engine)
    except OferError as error:
        return Diagnosis(ENGINE, error.message, error.hint, needed=True)
    text = f"{torch}, Python {interpreters.name(_version(home))}, {home.engine.python}"
    kind = machine.accelerator()
    if kind is not machine.Accelerator.CPU and torch.endswith("on CPU"):
        return Diagnosis(
            ENGINE,
            f"{text}; the {kind} device is not used",
            "update its driver, then python3 install.py setup --rebuild",
        )
    return Diagnosis(ENGINE, text)


def _version(home: Home) -> interpreters.Version:
    return interpreters.version_of([str(home.engine.python)]) or (0, 0)


def _weights(root: Path) -> list[Diagnosis]:
    wanted = {
        "pack open": ("open/pack.json", "open/head.npz"),
        "face finder": (
            "faces/detector.safetensors",
            "faces/landmarks.safetensors",
            "faces/landmarker.safetensors",
        ),
    }
    diagnoses = []
    for name, files in wanted.items():
        gone = [file for file in files if not (root / "weights" / file).is_file()]
        fix = "take a complete copy of the project (git clone, or the extension's zip)"
        text = f"weights/{', weights/'.join(gone)} not found" if gone else "bundled"
        diagnoses.append(Diagnosis(name, text, fix if gone else "", needed=True))
    return diagnoses


def _packs(home: Home, root: Path) -> Diagnosis:
    """What the engine itself says about its packs: that it starts at all is the point."""
    answer = subprocess.run(
        home.engine_call(root, ["packs"]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=home.process_environment,
    )
    listed = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
    blamed = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
    if listed and answer.returncode == 0:
        return Diagnosis("packs", "; ".join(listed))
    if listed:
        fix = "take the damaged pack away, or make it anew"
        return Diagnosis("packs", "; ".join(listed + blamed), fix)
    text = blamed[-1] if blamed else f"exit code {answer.returncode}"
    return Diagnosis("packs", f"the engine does not list them: {text}", "report this", needed=True)


def _blender(home: Home, pins: Pins, chosen: Path | None) -> list[Diagnosis]:
    found = blender.find_all(chosen)
    usable = [each for each in found if each.version >= blender.OLDEST]
    text = "; ".join(f"{each.label} at {each.program}" for each in found) or "none found"
    fix = "" if usable else "install Blender 4.2 or newer, or name it with --blender PATH"
    diagnoses = [Diagnosis("Blender", text, fix)]
    module = provision.blender_module(home, pins)
    if module.installed:
        problem = blender.module_problem(module.environment)
        text = "Blender as a Python module works" if not problem else problem
        diagnoses.append(Diagnosis("bpy", text, "see above" if problem else "", needed=not usable))
    elif not usable:
        text, fix = "Blender as a Python module is not set up", "`install.py run` brings it in"
        if interpreters.find(interpreters.BPY) is None:
            fix = f"needs Python {interpreters.names(interpreters.BPY)}, or install Blender"
        diagnoses.append(Diagnosis("bpy", text, fix))
    return diagnoses
