"""Where the engine lives and what it runs on, as the preferences say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy

from ..ofer_engine.contract import launch
from ..ofer_engine.contract.errors import ErrorCode, OferError

ADDON: Final = __package__.rpartition(".")[0]
"""`bl_ext.user_default.ofer_faces` once installed."""
ROOT: Final = Path(__file__).absolute().parents[1]
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


def engine_settings() -> EngineSettings:
    """The preferences as the engine needs them; their defaults while the add-on is not enabled."""
    addon = bpy.context.preferences.addons.get(ADDON)
    chosen = addon.preferences if addon else None
    home, python = (chosen.home, chosen.python) if chosen else ("", "")
    odd = [said for said in (home, python) if said and not _is_whole(said)]
    refusal = f"{odd[0]} in the preferences is no whole path." if odd else ""
    if refusal:
        home = python = ""
    place = Path(home).expanduser() if home else launch.default_home()
    program = Path(python).expanduser() if python else launch.engine_python(place)
    return EngineSettings(place, program, chosen.device if chosen else "auto", refusal)


def _is_whole(path: str) -> bool:
    """It means the same whichever .blend is open and wherever Blender was started: a program that
    lies beside somebody's .blend must never be run."""
    try:
        return not path.startswith("//") and Path(path).expanduser().is_absolute()
    except RuntimeError:  # the folder of a user whom nobody knows
        return False


def idle_minutes() -> int:
    """After how many minutes without work the engine ends; 0 is never."""
    addon = bpy.context.preferences.addons.get(ADDON)
    return addon.preferences.idle_minutes if addon else 0
