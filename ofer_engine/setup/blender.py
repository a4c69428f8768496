"""Finds Blender on this machine and has it build a head or take in the extension."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from .environment import Environment
from .runner import clean_environment

OLDEST: Final = (4, 2, 0)

_LINUX: Final = ("/opt/blender*/blender", "/usr/local/blender*/blender", "/snap/bin/blender")
_LINUX_HOME: Final = ("blender*/blender", "Applications/blender*/blender", "bin/blender*/blender")
_MAC: Final = "Applications/Blender*.app/Contents/MacOS/Blender"
_WINDOWS: Final = "Blender Foundation/Blender */blender.exe"

# Debian's names; what a desktop has and a bare server lacks.
LIBRARIES: Final = (
    "libx11-6 libxrender1 libxxf86vm1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 "
    "libgl1 libgomp1 libegl1 libgl1-mesa-dri"
)


@dataclass(frozen=True)
class Blender:
    """A Blender program and its version."""

    program: Path
    version: tuple[int, int, int]

    @property
    def label(self) -> str:
        """`Blender 4.2.3`."""
        return f"Blender {'.'.join(map(str, self.version))}"

    def script(self, script: Path, arguments: list[str]) -> list[str]:
        """Command that runs a Python file in it, without window or user settings."""
        quiet = ["--background", "--factory-startup", "--python-exit-code", "1"]
        return [str(self.program), *quiet, "--python", str(script), "--", *arguments]


def find_all(chosen: Path | None = None) -> tuple[Blender, ...]:
    """Every Blender found, the one to use first: `chosen`, then PATH, then the newest elsewhere."""
    if chosen is not None:
        return tuple(found for found in [_ask(chosen)] if found)
    on_path = [Path(found) for found in [shutil.which("blender")] if found]
    elsewhere = [_ask(program) for program in dict.fromkeys(_known_places())]
    newest = sorted(filter(None, elsewhere), key=lambda each: each.version, reverse=True)
    found: dict[Path, Blender] = {}
    for each in [*filter(None, map(_ask, on_path)), *newest]:
        found.setdefault(each.program.resolve(), each)
    return tuple(found.values())


def find(chosen: Path | None = None) -> Blender | None:
    """The Blender to use: the first found that is new enough, or None."""
    return next((each for each in find_all(chosen) if each.version >= OLDEST), None)


def required(chosen: Path | None = None) -> Blender:
    """The Blender to use. Raises OferError bad_request where there is none."""
    if found := find(chosen):
        return found
    older = find_all(chosen)
    had = f" (only {older[0].label})" if older else ""
    where = f" at {chosen}" if chosen else ""
    raise OferError(
        ErrorCode.BAD_REQUEST,
        "No Blender 4.2 or newer was found{where}{had}.",
        "Install Blender, or name its program with --blender PATH.",
        where=where,
        had=had,
    )


def module_problem(environment: Environment) -> str:
    """Why `import bpy` fails in this environment, as one sentence; empty where it works."""
    answer = environment.ask("import bpy")
    if answer.returncode == 0:
        return ""
    if library := re.search(r"(lib\S+\.so[.\d]*): cannot open shared object", answer.stderr):
        return (
            f"Blender as a Python module needs the system library {library[1]}: "
            f"sudo apt-get install {LIBRARIES}"
        )
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    return f"Blender as a Python module does not start: {lines[-1] if lines else 'no message'}"


def extension_tool(blender: Blender | None, environment: Environment) -> list[str] | None:
    """Command of Blender's extension tool, from a Blender or from the module; None without both."""
    if blender:
        return [str(blender.program), "--factory-startup", "--command", "extension"]
    pattern = "bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
    found = sorted(environment.site_packages.glob(pattern))
    return [str(environment.python), "-I", str(found[0])] if found else None


def install_extension(blender: Blender, package: Path) -> None:
    """Install and enable the packaged extension. Raises OferError bad_request where it refuses."""
    command = [str(blender.program), "--command", "extension", "install-file"]
    options = ["--repo", "user_default", "--enable", str(package)]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, env=clean_environment()
    )
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{label} did not take the extension ({message}).",
            "In Blender, use Edit > Preferences > Get Extensions > Install from Disk: {package}.",
            label=blender.label,
            message=lines[-1] if lines else "no message",
            package=package,
        )


def _ask(program: Path) -> Blender | None:
    """The Blender that this program is, or None where it does not say so."""
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            env=clean_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"^Blender (\d+)\.(\d+)(?:\.(\d+))?", answer.stdout, re.MULTILINE)
    if not found:
        return None
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Blender(program, (major, minor, patch))


def _known_places() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "darwin":
        for top in (Path("/"), home):
            yield from top.glob(_MAC)
    elif sys.platform == "win32":
        for variable in ("ProgramFiles", "LOCALAPPDATA"):
            if folder := os.environ.get(variable):
                yield from Path(folder).glob(_WINDOWS)
    else:
        for pattern in _LINUX:
            yield from Path("/").glob(pattern[1:])
        for pattern in _LINUX_HOME:
            yield from home.glob(pattern)
