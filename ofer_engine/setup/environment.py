"""One virtual environment: made, repaired, and known to be whole by its stamp."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..client.launch import STAMP, environment_python
from ..contract.errors import ErrorCode, OferError
from .machine import folder_error
from .runner import clean_environment


@dataclass(frozen=True)
class Stamp:
    """What a whole environment holds.

    groups : fingerprint of the lock by group name; torch : version and device of PyTorch, where it
    is there; backend : the build that was asked for.
    """

    groups: dict[str, str]
    torch: str = ""
    backend: str = ""


@dataclass(frozen=True)
class Environment:
    """The virtual environment in `folder`."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter, whether it exists or not."""
        return environment_python(self.folder)

    @property
    def site_packages(self) -> Path:
        """Where its packages lie; needs the environment to exist."""
        if sys.platform == "win32":
            return self.folder / "Lib" / "site-packages"
        found = sorted((self.folder / "lib").glob("python3.*/site-packages"))
        return found[0] if found else self.folder / "lib"

    def stamp(self) -> Stamp | None:
        """What it holds, or None where it is absent, partial or has lost its Python."""
        if not self.python.exists():
            return None
        try:
            return Stamp(**json.loads((self.folder / STAMP).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def holds(self, group: str, fingerprint: str) -> bool:
        """True where this group, locked so, is wholly installed; reads one small file."""
        stamp = self.stamp()
        return stamp is not None and stamp.groups.get(group) == fingerprint

    def write_stamp(self, stamp: Stamp) -> None:
        """Say that it is whole: the last act of a set-up."""
        text = json.dumps(stamp.__dict__, indent=1) + "\n"
        part = self.folder / f"{STAMP}.part"
        part.write_text(text, "utf-8")
        os.replace(part, self.folder / STAMP)

    def remove_stamp(self) -> None:
        """Say that it is being changed: the first act of a set-up."""
        (self.folder / STAMP).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove all of it."""
        self.remove_stamp()
        shutil.rmtree(self.folder, ignore_errors=True)

    def version(self, package: str) -> str:
        """Version of an installed package without its build (`2.13.0` for 2.13.0+cpu), or empty."""
        found = importlib.metadata.distributions(name=package, path=[str(self.site_packages)])
        return next((each.version.partition("+")[0] for each in found), "")

    def create(self, base: list[str]) -> None:
        """Make it with the Python that `base` starts, without pip; rebuilds what has no Python.

        Raises OferError read_only, disk_full or engine_missing.
        """
        if self.python.exists() and _runs([str(self.python), "-I", "-c", "pass"]):
            return
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise folder_error(error, self.folder) from error
        made = subprocess.run(
            [*base, "-I", "-m", "venv", "--without-pip", str(self.folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=clean_environment(),
        )
        if made.returncode != 0 or not _runs([str(self.python), "-I", "-c", "pass"]):
            raise OferError(
                ErrorCode.ENGINE_MISSING,
                "{base} could not make a virtual environment.",
                "Install a Python with its venv module (on Debian: sudo apt install python3-venv) "
                "and run this again.",
                base=" ".join(base),
            )

    def repair(self) -> tuple[str, ...]:
        """Forget the packages that an interrupted install left with files missing.

        Returns their names: uv takes them for absent and installs them again.
        """
        broken = []
        for record in list(self.site_packages.glob("*.dist-info")):
            if not _whole(importlib.metadata.PathDistribution(record)):
                shutil.rmtree(record)
                broken.append(record.name.partition("-")[0])
        return tuple(sorted(broken))

    def ask(self, code: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a line of Python in it, isolated. One that does not end in time, as on a machine that
        is busy with other work, has failed."""
        command = [str(self.python), "-I", "-c", code]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                env=clean_environment(),
            )
        except subprocess.TimeoutExpired:
            late = f"no answer within {timeout:.0f} seconds"
            return subprocess.CompletedProcess(command, 1, "", late)


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            env=clean_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _whole(package: importlib.metadata.Distribution) -> bool:
    """True where every file that the package lists is there in its size.

    Compiled files are made, and unmade, after installing: they do not count.
    """
    if package.read_text("METADATA") is None or not package.files:
        return False
    for file in package.files:
        if file.suffix == ".pyc":
            continue
        try:
            size = os.stat(str(file.locate())).st_size
        except OSError:
            return False
        if file.size is not None and size != file.size:
            return False
    return True
