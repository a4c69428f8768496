"""Which packs this machine has, told without loading anything: standard library only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DESCRIPTION: Final = "pack.json"
PUBLISHED_PACK: Final = "ofer-flame2020"
PUBLISHED_PARTS: Final = ("idgen", "idrank", "expgen", "flame2020", "front_vertices")
"""What the pack of the published OFER cannot do without: PART.json beside PART.safetensors."""


@dataclass(frozen=True)
class InstalledPack:
    """title, licence : for people; hints : the fields of `Hints` that it knows."""

    id: str
    folder: Path
    title: str
    licence: str
    hints: tuple[str, ...] = ()


def installed_packs(bundled: Path, home: Path | None) -> dict[str, InstalledPack]:
    """Pack id → pack, those of `bundled` first; `home/packs` adds packs and replaces none.

    A folder whose description cannot be read is listed under its name: using it says why.
    """
    found: dict[str, InstalledPack] = {}
    for place in (bundled,) if home is None else (bundled, home / "packs"):
        for description in sorted(place.glob(f"*/{DESCRIPTION}")):
            found.setdefault(description.parent.name, _described(description))
    if home is not None and not lacking_parts(home):
        folder = home / "packs" / PUBLISHED_PACK
        found[PUBLISHED_PACK] = InstalledPack(
            PUBLISHED_PACK, folder, "Published OFER, FLAME 2020", "non-commercial research"
        )
    return found


def lacking_parts(home: Path) -> tuple[str, ...]:
    """What the pack of the published OFER still lacks, in the order of `PUBLISHED_PARTS`."""
    folder = home / "packs" / PUBLISHED_PACK
    return tuple(
        part
        for part in PUBLISHED_PARTS
        if not all((folder / f"{part}.{kind}").is_file() for kind in ("json", "safetensors"))
    )


def _described(description: Path) -> InstalledPack:
    folder = description.parent
    try:
        fields = json.loads(description.read_text(encoding="utf-8"))
        return InstalledPack(
            folder.name,
            folder,
            str(fields["title"]),
            str(fields["licence"]),
            tuple(map(str, fields.get("hints", ()))),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return InstalledPack(folder.name, folder, folder.name, "unknown")
