"""Which packs this machine has, found without loading one: standard library only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import strict_json
from .files.pieces import is_plain, read_piece

DESCRIPTION: Final = "pack.json"
MOST_TEXT: Final = 1 << 20
"""Bytes of a description; real ones have some thousand."""
PUBLISHED_PACK: Final = "ofer-flame2020"
PUBLISHED_PARTS: Final = ("idgen", "idrank", "expgen", "flame2020", "front_vertices")
"""What the pack of the published OFER cannot do without: PART.json beside PART.safetensors."""


@dataclass(frozen=True)
class InstalledPack:
    """title, licence : for people; hints : the fields of `Hints` that it knows; claim : what a
    likeness from it may be called, empty where it does not say."""

    id: str
    folder: Path
    title: str
    licence: str
    hints: tuple[str, ...] = ()
    claim: str = ""


def installed_packs(bundled: Path, home: Path | None) -> dict[str, InstalledPack]:
    """Pack id → pack, those of `bundled` first; `home/packs` adds packs and replaces none.

    A folder whose description cannot be read is listed under its name: using it says why.
    """
    found: dict[str, InstalledPack] = {}
    for place in (bundled,) if home is None else (bundled, home / "packs"):
        for folder in _folders(place):
            found.setdefault(folder.name, _described(folder))
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
        if not all(is_plain(folder / f"{part}.{kind}") for kind in ("json", "safetensors"))
    )


def _folders(place: Path) -> Iterator[Path]:
    """Those with a description of any kind, by name; none where the place cannot be read."""
    try:
        folders = sorted(place.iterdir())
    except OSError:
        return
    yield from (folder for folder in folders if os.path.lexists(folder / DESCRIPTION))


def _described(folder: Path) -> InstalledPack:
    try:
        fields = strict_json.parse(read_piece(folder / DESCRIPTION, MOST_TEXT))
        hints = fields.get("hints", [])
        claim = fields.get("claim", "")
        texts = (fields["title"], fields["licence"], claim)
        if not all(isinstance(each, str) for each in (*texts, *hints)):
            raise ValueError("it names itself by something else than words")
        title, licence, _ = texts
        return InstalledPack(folder.name, folder, title, licence, tuple(hints), claim)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return InstalledPack(folder.name, folder, folder.name, "unknown")
