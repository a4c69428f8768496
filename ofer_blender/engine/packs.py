"""The packs to choose from, as far as this machine has them. Looked up rarely, drawn often."""

from __future__ import annotations

import time
from typing import Final

import bpy

from ...ofer_engine.client.engine_settings import ROOT
from ...ofer_engine.contract.installed import InstalledPack, installed_packs
from .. import enum_items
from .engine_settings import engine_settings

OPEN: Final = "open"
_FRESH_SECONDS: Final = 10.0
"""A panel is drawn many times a second; somebody may import weights in a terminal meanwhile."""

_found: dict[str, InstalledPack] = {}
_looked: list[float] = []


def installed() -> dict[str, InstalledPack]:
    """Pack id → pack, the bundled ones first."""
    if not _looked or time.monotonic() - _looked[0] > _FRESH_SECONDS:
        _found.clear()
        _found.update(installed_packs(ROOT / "weights", engine_settings().home))
        _looked[:] = [time.monotonic()]
    return _found


def forget() -> None:
    """Weights came or the home was moved: look again at the next use."""
    _looked.clear()


def items(self: bpy.types.PropertyGroup, context: bpy.types.Context | None) -> list:
    """For an enumeration: what is installed, and what a file from elsewhere asks for."""
    packs = installed()
    found = [
        (pack.id, pack.title, f"{pack.title}; licence: {pack.licence}", "PACKAGE", number)
        for number, pack in enumerate(packs.values())
    ]
    if self.pack_id not in packs:
        missing = f"{self.pack_id} is not installed on this computer"
        found.append((self.pack_id, self.pack_id, missing, "ERROR", len(found)))
    return enum_items.kept(found)


def chosen(self: bpy.types.PropertyGroup) -> int:
    """Place of the chosen pack among `items`."""
    names = list(installed())
    return names.index(self.pack_id) if self.pack_id in names else len(names)


def choose(self: bpy.types.PropertyGroup, place: int) -> None:
    """Keep the pack's name, which means the same on every computer."""
    names = list(installed())
    if place < len(names):
        self.pack_id = names[place]
