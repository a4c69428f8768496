"""Which Python runs what, and where one is found.

Kept to the syntax of Python 3.9: `install.py` asks it under whatever Python it was started with.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Final

Version = tuple[int, int]

ENGINE: Final[tuple[Version, ...]] = ((3, 11), (3, 12), (3, 13))
"""Versions for which every pin of the engine has a wheel."""

BPY: Final[tuple[Version, ...]] = ((3, 11), (3, 13))
"""Versions that Blender exists for as a module: 4.2 to 5.0, and 5.1 or later."""

_FIRST_BPY_313: Final = (5, 1)


def bpy_pythons(version: str) -> tuple[Version, ...]:
    """Pythons that this version of Blender exists for as a module."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return BPY[1:] if (major, minor) >= _FIRST_BPY_313 else BPY[:1]


_REPORT: Final = "import struct, sys; print(*sys.version_info[:2], 8 * struct.calcsize('P'))"


def name(version: Version) -> str:
    """`3.11` for (3, 11)."""
    return f"{version[0]}.{version[1]}"


def names(versions: Iterable[Version]) -> str:
    """`3.11, 3.12 or 3.13`."""
    *first, last = [name(version) for version in versions]
    return f"{', '.join(first)} or {last}" if first else last


def version_of(python: list[str]) -> Version | None:
    """Version of the 64-bit Python that this command starts; None if it starts none."""
    try:
        answer = subprocess.run(
            [*python, "-I", "-c", _REPORT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
        major, minor, bits = (int(part) for part in answer.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return (major, minor) if bits == 64 and answer.returncode == 0 else None


def find(versions: Iterable[Version]) -> list[str] | None:
    """Command of a Python of one of these versions: the running one if it fits, else by name.

    Looks on PATH, where pyenv and Homebrew keep them, and asks the `py` launcher on Windows;
    earlier versions first.
    """
    wanted = tuple(versions)
    if sys.version_info[:2] in wanted and sys.maxsize > 2**32:
        return [sys.executable]
    for version in wanted:
        for python in _candidates(version):
            if version_of(python) == version:
                return python
    return None


def _candidates(version: Version) -> Iterator[list[str]]:
    program = f"python{name(version)}"
    if sys.platform == "win32" and (launcher := shutil.which("py")):
        yield [launcher, f"-{name(version)}"]
    if found := shutil.which(program):
        yield [found]
    home = os.path.expanduser("~")
    for pattern in (f"{home}/.pyenv/versions/{name(version)}.*/bin", "/opt/homebrew/bin"):
        for folder in sorted(glob.glob(pattern)):
            yield [os.path.join(folder, program)]


def how_to_get(version: Version) -> str:
    """The end of a sentence: how this Python is installed on this system."""
    if sys.platform == "darwin":
        return f"with `brew install python@{name(version)}`"
    if sys.platform == "win32":
        return f"with `winget install Python.Python.{name(version)}`"
    if shutil.which("apt"):
        return f"with `sudo apt install python{name(version)} python{name(version)}-venv`"
    return f"python{name(version)} from your package manager"


WRONG_PYTHON: Final = (
    "OFER Faces needs a 64-bit Python {wanted} and this is {info}{bits}: install one, for example "
    "{wanted_2}, and run this again with it."
)
"""The sentence for a machine that has none of the wanted versions."""


def wrong_python(versions: Iterable[Version]) -> dict[str, str]:
    """The values of `WRONG_PYTHON`."""
    wanted = tuple(versions)
    return {
        "wanted": names(wanted),
        "info": name(sys.version_info[:2]),
        "bits": "" if sys.maxsize > 2**32 else ", 32-bit",
        "wanted_2": how_to_get(wanted[-1]),
    }
