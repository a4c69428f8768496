"""Where the engine lives and what it runs on, as the preferences say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy

from ..ofer_engine.contract import launch

ADDON: Final = __package__.rpartition(".")[0]
"""`bl_ext.user_default.ofer_faces` once installed."""
ROOT: Final = Path(__file__).absolute().parents[1]
"""The add-on's own folder, which also holds the engine's code and install.py."""


@dataclass(frozen=True)
class EngineSettings:
    """home : folder of everything that OFER keeps; python : the engine's; device : one of
    `preferences.DEVICES`."""

    home: Path
    python: Path
    device: str

    @property
    def installed(self) -> bool:
        """The engine is set up, or the preferences name a Python that is there."""
        if self.python == launch.engine_python(self.home):
            return launch.engine_ready(self.home)
        return self.python.is_file()

    @property
    def command(self) -> tuple[str, ...]:
        """How the engine is started."""
        arguments = ("--home", str(self.home), "serve", "--device", self.device)
        arguments += ("--log", str(self.log))
        return tuple(launch.engine_command(self.python, ROOT, arguments))

    @property
    def log(self) -> Path:
        """Where the engine's stderr goes."""
        return self.home / "logs" / "engine.log"

    @property
    def reconstructions(self) -> Path:
        """Folder that holds the `NAME.ofer` folders."""
        return self.home / "reconstructions"


def engine_settings() -> EngineSettings:
    """The preferences as the engine needs them; their defaults while the add-on is not enabled."""
    addon = bpy.context.preferences.addons.get(ADDON)
    chosen = addon.preferences if addon else None
    home = Path(bpy.path.abspath(chosen.home)) if chosen and chosen.home else launch.default_home()
    python = Path(chosen.python) if chosen and chosen.python else launch.engine_python(home)
    return EngineSettings(
        home.expanduser(), python.expanduser(), chosen.device if chosen else "auto"
    )


def idle_minutes() -> int:
    """After how many minutes without work the engine ends; 0 is never."""
    addon = bpy.context.preferences.addons.get(ADDON)
    return addon.preferences.idle_minutes if addon else 0
