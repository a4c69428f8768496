"""Where the engine lives and what it runs on. No bpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from . import launch

ROOT: Final = Path(__file__).absolute().parents[2]
"""The add-on's own folder, which also holds the engine's code and install.py."""


_WHOLE_PATH: Final = "Choose it there again, with the whole path from the root or the drive."


@dataclass(frozen=True)
class EngineSettings:
    """home : folder of everything that OFER keeps; python : the engine's; device : one of
    `preferences.DEVICES`; refusal : why nothing may be started from there, or ""."""

    home: Path
    python: Path
    device: str
    refusal: str = ""

    @property
    def installed(self) -> bool:
        """The engine is set up, or the preferences name a Python that is there."""
        if self.refusal:
            return False
        if self.python == launch.engine_python(self.home):
            return launch.engine_ready(self.home)
        return self.python.is_file()

    @property
    def command(self) -> tuple[str, ...]:
        """How the engine is started. Raises OferError(BAD_REQUEST) as `check`."""
        self.check()
        arguments = ("--home", str(self.home), "serve", "--device", self.device)
        arguments += ("--log", str(self.log))
        return tuple(launch.engine_command(self.python, ROOT, arguments))

    def check(self) -> None:
        """Raises OferError(BAD_REQUEST) where the preferences name no whole path."""
        if self.refusal:
            raise OferError(ErrorCode.BAD_REQUEST, self.refusal, _WHOLE_PATH)

    @property
    def log(self) -> Path:
        """Where the engine's stderr goes."""
        return self.home / "logs" / "engine.log"

    @property
    def faults(self) -> Path:
        """Where the traces of the add-on's own faults go."""
        return self.home / "logs" / "blender.log"

    @property
    def reconstructions(self) -> Path:
        """Folder that holds the `NAME.ofer` folders."""
        return self.home / "reconstructions"
