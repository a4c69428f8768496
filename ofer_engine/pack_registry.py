"""Which packs this machine has: the bundled ones, and those in the user's data folder."""

from __future__ import annotations

from pathlib import Path

import torch

from .contract.errors import ErrorCode, OferError
from .contract.installed import installed_packs
from .contract.records import PackRecord
from .packs.open_description import read_record
from .packs.open_pack import read_open_pack
from .packs.pack import Pack
from .published.flame_pack import PACK_ID, flame_record, read_flame_pack

BUNDLED = Path(__file__).resolve().parents[1] / "weights"


def find_packs(home: Path | None) -> dict[str, Path]:
    """Pack id → folder, bundled first; `home/packs` may add packs but not replace bundled ones.

    The pack of the published OFER is there once every file that it needs has been imported.
    """
    return {name: pack.folder for name, pack in installed_packs(BUNDLED, home).items()}


def pack_folder(identifier: str, home: Path | None) -> Path:
    """The folder of one pack. Raises OferError(WEIGHTS_MISSING) that names the ones there are."""
    packs = find_packs(home)
    if identifier not in packs:
        have = ", ".join(packs) or "none"
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "There is no pack called {identifier} here (there is: {have}).",
            "Choose one of these, or import its weights with `install.py weights import`.",
            identifier=repr(identifier),
            have=have,
        )
    return packs[identifier]


def pack_record(identifier: str, home: Path | None) -> PackRecord:
    """What one pack says of itself. Raises OferError as `pack_folder`."""
    folder = pack_folder(identifier, home)
    return flame_record(home) if home and identifier == PACK_ID else read_record(folder)


def load_pack(identifier: str, home: Path | None, device: torch.device) -> Pack:
    """One pack, ready to use. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
    folder = pack_folder(identifier, home)
    if home and identifier == PACK_ID:
        return read_flame_pack(home, read_open_pack(BUNDLED / "open", device), device)
    return read_open_pack(folder, device)
