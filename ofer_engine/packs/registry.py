"""Which packs this machine has: the bundled ones, and those in the user's data folder."""

from __future__ import annotations

from pathlib import Path

from ..contract.errors import ErrorCode, OferError
from .pack import DESCRIPTION

BUNDLED = Path(__file__).resolve().parents[2] / "weights"


def find_packs(home: Path | None) -> dict[str, Path]:
    """Pack id → folder, bundled first; `home/packs` may add packs but not replace bundled ones."""
    places = [BUNDLED] if home is None else [BUNDLED, home / "packs"]
    found: dict[str, Path] = {}
    for place in places:
        for description in sorted(place.glob(f"*/{DESCRIPTION}")):
            found.setdefault(description.parent.name, description.parent)
    return found


def pack_folder(identifier: str, home: Path | None) -> Path:
    """The folder of one pack. Raises OferError(WEIGHTS_MISSING) that names the ones there are."""
    packs = find_packs(home)
    if identifier not in packs:
        have = ", ".join(packs) or "none"
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            f"There is no pack called {identifier!r} here (there is: {have}).",
            "Choose one of these, or import its weights with `install.py weights import`.",
        )
    return packs[identifier]
