"""Whether folders are as we made them, so that they may be replaced, and where others go.

What an artist changed or added is never deleted: a folder that holds it is kept beside the new one.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from ..contract import performance, reconstruction, skin
from ..contract.errors import OferError
from ..contract.files.digest import sha256_of
from ..contract.files.pieces import is_plain
from ..contract.files.png_mark import is_as_marked
from ..contract.files.replacement import is_on_one_disk, is_real_folder, sweep
from ..contract.names import free_name
from ..contract.reconstruction import (
    ARRAYS,
    OPTIONAL_ARRAYS,
    RECORD,
    SUFFIX,
    THUMBNAILS,
    Reconstruction,
)
from ..contract.sentence import Sentence

_TOUCHED_SECONDS: Final = 2.0
"""A file this much younger than its record, the last file written, was changed by somebody."""

ARRAY_FILES: Final = frozenset(f"{name}.npy" for name in (*ARRAYS, *OPTIONAL_ARRAYS))
"""Of a reconstruction."""


def is_reconstruction(folder: Path) -> bool:
    """Whether a `NAME.ofer` with a record is there, and no link to one."""
    return is_real_folder(folder) and is_plain(folder / RECORD)


def reconstruction_aside(folder: Path, *endings: str) -> Path | None:
    """Where a `NAME.ofer` is to be kept that somebody worked in: `NAME_before.ofer`, or the next
    name that nothing has with this or one of the other endings. None where it is as it was made.
    """
    if not os.path.lexists(folder) or _is_reconstruction_as_made(folder):
        return None
    return place_aside(folder, *endings)


def place_aside(folder: Path, *endings: str) -> Path:
    """As `reconstruction_aside`, for one of which it is known."""
    name = f"{folder.name.removesuffix(SUFFIX)}_before"
    return folder.with_name(free_name(folder.parent, name, (SUFFIX, *endings)) + SUFFIX)


def skin_aside(folder: Path) -> Path | None:
    """Where a painted skin is to be kept: None where it is as it was made, or not there. Raises
    OSError."""
    if not os.path.lexists(folder) or _is_skin_as_made(folder):
        return None
    return folder.with_name(free_name(folder.parent, f"{folder.name}_before", ("",)))


def aside_note(folder: Path, aside: Path | None) -> tuple[Sentence, ...]:
    """What the user reads of a folder that was kept aside; nothing where none was."""
    if aside is None:
        return ()
    return (
        Sentence(
            "{name} held what was changed or added by hand, and is kept as {kept}.",
            name=folder.name,
            kept=aside.name,
        ),
    )


def pictures_of(record: Reconstruction) -> frozenset[str]:
    """Names of the files of its thumbnails."""
    return frozenset(f"{each.name}.png" for each in (*record.identities, *record.expressions))


def _is_reconstruction_as_made(folder: Path) -> bool:
    sweep(folder)
    if not is_real_folder(folder) or not is_on_one_disk(folder):
        return False
    try:
        record = reconstruction.read(folder)
        found = {each.name for each in folder.iterdir()}
        arrays = found & ARRAY_FILES
        return (
            found <= {RECORD, THUMBNAILS, skin.FOLDER, performance.FOLDER, *ARRAY_FILES}
            and _is_text_as_made(folder / RECORD, reconstruction.to_json(record))
            and _are_as_written(folder, arrays, RECORD)
            and (THUMBNAILS not in found or _are_pictures_as_made(folder, record))
            and (skin.FOLDER not in found or _is_skin_as_made(folder / skin.FOLDER))
            and (performance.FOLDER not in found or _is_performance_as_made(folder))
        )
    except (OferError, OSError, ValueError):  # who can tell?
        return False


def _are_pictures_as_made(folder: Path, record: Reconstruction) -> bool:
    place = folder / THUMBNAILS
    if not is_real_folder(place):
        return False
    ours = pictures_of(record)
    return all(
        each.name in ours and is_plain(each) and is_as_marked(each.read_bytes())
        for each in place.iterdir()
    )


def _is_performance_as_made(folder: Path) -> bool:
    place = folder / performance.FOLDER
    if not is_real_folder(place):
        return False
    record = performance.read(place)
    arrays = {f"{name}.npy" for name in performance.ARRAYS}
    return (
        {each.name for each in place.iterdir()} == {performance.RECORD, *arrays}
        and _is_text_as_made(place / performance.RECORD, performance.to_json(record))
        and _are_as_written(place, arrays, performance.RECORD)
    )


def _is_text_as_made(file: Path, text: str) -> bool:
    return is_plain(file) and file.read_bytes() == text.encode("utf-8", "backslashreplace")


def _are_as_written(folder: Path, names: Collection[str], record: str) -> bool:
    """Plain files that nobody wrote to since their record."""
    written = (folder / record).stat().st_mtime
    files = [folder / name for name in names]
    return all(is_plain(each) and each.stat().st_mtime <= written + _TOUCHED_SECONDS
               for each in files)  # fmt: skip


def _is_skin_as_made(folder: Path) -> bool:
    """Nobody changed what lies there, or put something beside it. Raises OSError."""
    if not is_real_folder(folder) or not is_on_one_disk(folder):
        return False
    found = {each.name: each for each in folder.iterdir()}
    if not found:
        return True
    if not (found.keys() <= {*skin.FILES} and all(map(is_plain, found.values()))):
        return False
    try:
        record = skin.read(folder)
    except OferError:
        return False
    if not record.digests:  # of an older skin, of which only the times tell
        return _are_as_written(folder, found, skin.RECORD)
    del found[skin.RECORD]
    return all(sha256_of(each) == record.digest(name) for name, each in found.items())
