"""pack.json: what an open pack says of itself, of its networks' sizes and of its files."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from ..contract import strict_json
from ..contract.errors import ErrorCode, OferError
from ..contract.fields import from_fields
from ..contract.files.pieces import read_piece
from ..contract.installed import MOST_TEXT
from ..contract.records import PackRecord
from .open_networks import Sizes

FORMAT_VERSION: Final = 8
_READ: Final = (5, 6, 8)
"""Formats that are read: 5 keeps no weight as bytes, 5 and 6 have no belief. 7, whose belief had
one doubt for the whole face, was never released."""
DESCRIPTION: Final = "pack.json"
HEAD: Final = "head.npz"
NETWORKS: Final = ("conditioner", "idgen", "expgen", "idrank")
_ABOUT: Final = ("id", "version", "title", "licence", "commercial", "claim")
_FILES: Final = frozenset((HEAD, *(f"{name}.safetensors" for name in NETWORKS)))
_WIDEST: Final = 20_000
_DEEPEST: Final = 16


@dataclass(frozen=True)
class Description:
    """What pack.json says; files : name and sha256 of each of `_FILES`."""

    id: str
    version: str
    title: str
    licence: str
    commercial: bool
    claim: str
    sizes: Sizes
    hints: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    @property
    def record(self) -> PackRecord:
        """What the pack says of itself."""
        about = {key: getattr(self, key) for key in (*_ABOUT, "hints")}
        return PackRecord(**about, fingerprint=_fingerprint(self.files))


def read_record(folder: Path) -> PackRecord:
    """What a pack says of itself; its networks are not touched. Raises as `read_description`."""
    return read_description(folder).record


def read_description(folder: Path) -> Description:
    """What pack.json says, its sizes and hashes within bounds.

    Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED | WEIGHTS_WRONG).
    """
    path = folder / DESCRIPTION
    if not os.path.lexists(path):
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "There is no pack in {name}: its {description} is missing.",
            "Install OFER Faces again, or choose another pack.",
            name=folder.name,
            description=DESCRIPTION,
        )
    try:
        fields = strict_json.parse(read_piece(path, MOST_TEXT))
        version = fields.pop("format", None)
        if type(version) is int and version not in _READ:
            raise _of_another_version(folder)
        described = from_fields(Description, {"hints": [], **fields, "files": []})
        files = fields["files"]
        if type(version) is not int:
            raise ValueError("it has no format")
        if set(files) != _FILES or not all(map(_is_digest, files.values())):
            raise ValueError("it lists other files than a pack has")
        if not all(map(_is_size, asdict(described.sizes).values())):
            raise ValueError("its networks have no sizes")
        return replace(described, files=tuple(files.items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise damaged(folder, DESCRIPTION) from cause


def write_description(
    folder: Path, record: PackRecord, sizes: Sizes, files: Mapping[str, str]
) -> None:
    """Write pack.json. files : name and sha256 of each file of the pack."""
    about = {key: getattr(record, key) for key in (*_ABOUT, "hints")}
    description = {"format": FORMAT_VERSION} | about | {"sizes": asdict(sizes), "files": files}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[0-9a-f]{64}", text) is not None


def _is_size(size: int | tuple[int, ...]) -> bool:
    """A network's width, or its widths."""
    if isinstance(size, int):
        return 1 <= size <= _WIDEST
    return 1 <= len(size) <= _DEEPEST and all(1 <= each <= _WIDEST for each in size)


def _of_another_version(folder: Path) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_WRONG,
        "The pack {name} was made for another version of OFER Faces.",
        "Train it again with this version, or choose another pack.",
        name=folder.name,
    )


def _fingerprint(files: Iterable[tuple[str, str]]) -> str:
    digests = sorted(digest for _, digest in files)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def damaged(folder: Path, name: str) -> OferError:
    """A file of a pack that is not what its description says."""
    return OferError(
        ErrorCode.WEIGHTS_DAMAGED,
        "The file {name} of the pack {name_2} is damaged: it is not what was released.",
        "Install OFER Faces again, or import the weights again.",
        name=name,
        name_2=folder.name,
    )
