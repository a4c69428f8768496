"""Where the engine lives and what it runs on, as the preferences say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client import launch
from ...ofer_engine.client.engine_settings import EngineSettings
from ...ofer_engine.contract.sentence import Sentence

ADDON: Final = __package__.partition(".ofer_blender")[0]
"""`bl_ext.user_default.ofer_faces` once installed."""


def engine_settings() -> EngineSettings:
    """The preferences as the engine needs them; their defaults while the add-on is not enabled."""
    addon = bpy.context.preferences.addons.get(ADDON)
    chosen = addon.preferences if addon else None
    home, python = (chosen.home, chosen.python) if chosen else ("", "")
    refusal = _refusal(home, python)
    if refusal:
        home = python = ""
        place = launch.users_home()
    else:
        place = Path(home).expanduser() if home else launch.default_home()
    program = Path(python).expanduser() if python else launch.engine_python(place)
    return EngineSettings(place, program, chosen.device if chosen else "auto", refusal)


def _refusal(home: str, python: str) -> str:
    """Why no program is started from where the preferences, or else the variable, say."""
    for folder in (home, python):
        if folder and not _is_whole(folder):
            return Sentence("{folder} in the preferences is no whole path.", folder=folder)
    variable = launch.HOME_VARIABLE
    folder = os.environ.get(variable, "")
    if folder and not home and not _is_whole(folder):
        return Sentence(
            "{folder} in the variable {name} is no whole path.", folder=folder, name=variable
        )
    return ""


def _is_whole(path: str) -> bool:
    """It means the same whichever .blend is open and wherever Blender was started: a program that
    lies beside somebody's .blend must never be run."""
    try:
        return not path.startswith("//") and Path(path).expanduser().is_absolute()
    except RuntimeError:  # the folder of a user whom nobody knows
        return False


def is_kept_offline() -> bool:
    """Blender was started so that no preference lets it go online."""
    return bpy.app.online_access_override and not bpy.app.online_access


def idle_minutes() -> int:
    """After how many minutes without work the engine ends; 0 is never."""
    addon = bpy.context.preferences.addons.get(ADDON)
    return addon.preferences.idle_minutes if addon else 0
