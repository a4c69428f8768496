"""Names of files and folders: made plain, checked, and never taken from what is there.

A name is one part of a path, without its ending. Standard library only.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from .errors import ErrorCode, OferError
from .sentence import Sentence, readable

_MOST_BYTES: Final = 180
"""Of UTF-8: file systems take 255, and endings and the marks of unfinished files come on top."""
_FORBIDDEN: Final = re.compile(
    r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]'
)
"""The last but one end lines or turn what follows around where it is shown."""
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|(com|lpt)[\d\xb9\xb2\xb3]|con(in|out)\$) *(\..*)?", re.IGNORECASE
)
_FALLBACK: Final = "head"


def plain_name(text: str, most_bytes: int = _MOST_BYTES) -> str:
    """Letters with their marks, digits, hyphens and underscores of any script, made of any text;
    composed (NFC), never empty."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(each if each in "-_" or _is_written(each) else " " for each in composed)
    plain = shortened("_".join(kept.split()).strip("_"), most_bytes)
    return f"{plain}_" if is_reserved(plain) else plain or _FALLBACK


def _is_written(character: str) -> bool:
    """A letter, a number, or a mark on one: a vowel in Hindi or Thai, or an accent of its own."""
    return unicodedata.category(character)[0] in "LMN"


def same_name(name: str) -> str:
    """What names have in common that some system takes for one: case and composition left out."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def as_spelled(path: Path) -> Path:
    """The path as its names are composed where it leads to: what macOS and lists made there write
    as a letter and its accent, others write as one character. A path that leads nowhere stays.
    """
    if os.path.lexists(path):
        return path
    found = Path()
    for part in path.parts:
        spellings = (part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD")))
        place = next((each for each in spellings if os.path.lexists(found / each)), None)
        if place is None:
            return path
        found /= place
    return found


def usable(name: str) -> bool:
    """Whether every system takes it for one file or folder, and shows it."""
    return bool(
        name
        and len(name.encode("utf-8", "surrogatepass")) <= _MOST_BYTES
        and not _FORBIDDEN.search(name)
        and not is_reserved(name)
        and not name.startswith((".", " "))
        and not name.endswith((".", " "))
    )


def is_reserved(name: str) -> bool:
    """Whether Windows takes a file of this name, with any ending, for a device: `aux.glb`."""
    return bool(_RESERVED.fullmatch(name))


def check_name(name: str) -> None:
    """Raises OferError(BAD_REQUEST) for a path, and for what some system does not take."""
    if not usable(name):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} cannot be the name of the results.",
            "Give a name without folders, such as {plain}.",
            name=repr(readable(name)),
            plain=plain_name(Path(name).name),
        )


def free_name(folder: Path, name: str, endings: Sequence[str]) -> str:
    """`name`, or `name_02` and so on where something in `folder` has it with one of `endings`."""
    return next(free_names(folder, name, endings))


def free_names(folder: Path, name: str, endings: Sequence[str]) -> Iterator[str]:
    """`free_name` and the ones after it, for whoever may lose one to another process."""
    for candidate in numbered(name):
        if not any(os.path.lexists(folder / f"{candidate}{ending}") for ending in endings):
            yield candidate


def numbered(name: str) -> Iterator[str]:
    """The name, then `name_02` and so on, without end."""
    yield name
    short = shortened(name, _MOST_BYTES - 8)
    for number in itertools.count(2):
        yield f"{short}_{number:02d}"


def kept_note(name: str, free: str) -> tuple[str, ...]:
    """What the user is told where a name was taken; nothing where it was not."""
    if name == free:
        return ()
    return (
        Sentence(
            "{name} is there already and stays as it is: this is {free}.", name=name, free=free
        ),
    )


def shortened(text: str, most_bytes: int) -> str:
    """Its first characters, as many as fit into so many bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")
