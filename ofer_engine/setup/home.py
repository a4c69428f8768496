"""The folder of OFER on this machine: environments, packs, log, and the lock of a set-up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..client.launch import ENGINE_FOLDER, HOME_VARIABLE, engine_command, engine_environment
from ..contract.errors import ErrorCode, OferError
from ..contract.files import file_lock
from ..contract.files.pieces import is_plain
from .environment import Environment
from .machine import prepare_folder


@dataclass(frozen=True)
class Home:
    """`path` is what --home names."""

    path: Path

    @property
    def engine(self) -> Environment:
        """Where the engine runs."""
        return Environment(self.path / ENGINE_FOLDER)

    def blender_module(self, version: str = "") -> Environment:
        """Where Blender runs as a Python module; version : another one than the pinned."""
        return Environment(self.path / (f"blender-test-{version}" if version else "blender-test"))

    @property
    def tools(self) -> Environment:
        """Where uv lies, which fills the others."""
        return Environment(self.path / "tools")

    @property
    def log(self) -> Path:
        """The whole output of the last set-up."""
        return self.path / "setup.log"

    def engine_call(self, root: Path, arguments: Sequence[str]) -> list[str]:
        """Command of the engine's own command line, with the packs that are here."""
        home = ["--home", str(self.path)]
        return engine_command(self.engine.python, root, [*home, *arguments])

    @property
    def process_environment(self) -> dict[str, str]:
        """Variables for the engine and for whoever starts it from here."""
        return engine_environment() | {HOME_VARIABLE: str(self.path)}

    @contextlib.contextmanager
    def locked(self, needed: int) -> Iterator[IO[str]]:
        """Hold the right to change what is here; children given the open file hold it too.

        needed : bytes to have free. Raises OferError read_only, disk_full, or engine_missing where
        another set-up is at work.
        """
        prepare_folder(self.path, needed)
        lock = self.path / ".lock"
        plain = is_plain(lock) or not os.path.lexists(lock)  # no link, no pipe that would wait
        with lock.open("a") if plain else contextlib.nullcontext() as file:
            if file is None or not file_lock.take(file):
                raise OferError(
                    ErrorCode.ENGINE_MISSING,
                    "Another set-up is at work in {path}.",
                    "Wait until it ends, then run this again.",
                    path=self.path,
                )
            yield file
