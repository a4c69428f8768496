"""Writing a reconstruction folder: piece by piece, and there only when it is whole."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..contract.causes import unwritable
from ..contract.files.array_file import write_array
from ..contract.files.pieces import is_plain
from ..contract.files.replacement import Replacement, is_unfinished
from ..contract.names import free_name, kept_note
from ..contract.reconstruction import (
    ARRAYS,
    OPTIONAL_ARRAYS,
    RECORD,
    SUFFIX,
    THUMBNAILS,
    Reconstruction,
    to_json,
)
from .reconstruction_arrays import ReconstructionArrays

FolderState = frozenset[tuple[str, int, int, int]]
"""Path, inode, size and nanoseconds of the last change of each file of a folder."""


class Draft:
    """A folder `NAME.ofer` being written; leaving the block without `finish` deletes it.

    It is filled beside its place, where its pictures may be shown while the rest is made, and
    takes the place when it is whole. replace : an older folder of that name goes; else this one
    gets the next free name, as it does where `earlier` is no longer how the older folder is: others
    worked on that meanwhile. Every method raises OferError(DISK_FULL | READ_ONLY | OUT_OF_MEMORY).
    """

    def __init__(
        self, folder: Path, replace: bool = True, earlier: FolderState | None = None
    ) -> None:
        self._folder = folder
        self._replaces = replace
        self._earlier = earlier
        self._replacement = Replacement(folder)
        self.place = self._replacement.place
        self._written: set[str] = set()

    def __enter__(self) -> Self:
        try:
            self._replacement.__enter__()
            (self.place / THUMBNAILS).mkdir(parents=True)
        except OSError as cause:
            self._replacement.__exit__(None, None, None)
            raise unwritable(self._folder, cause) from cause
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._replacement.__exit__(kind, error, trace)

    def arrays(self, arrays: ReconstructionArrays) -> None:
        """Write the arrays that are there, each once: those written before stay as they are."""
        try:
            for name, values in arrays.present():
                if name not in self._written:
                    with (self.place / f"{name}.npy").open("wb") as file:
                        write_array(file, values)
                    self._written.add(name)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause

    def thumbnail(self, name: str, picture: bytes) -> None:
        """The PNG of the hypothesis of that name."""
        try:
            (self.place / THUMBNAILS / f"{name}.png").write_bytes(picture)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause

    def keep_rest(self, earlier: Path) -> None:
        """Copy whatever else an earlier folder holds, such as a painted skin: its plain files."""
        ours = {RECORD, THUMBNAILS, *(f"{name}.npy" for name in (*ARRAYS, *OPTIONAL_ARRAYS))}
        try:
            for found in earlier.iterdir():
                if found.name not in ours and not is_unfinished(found):
                    _copy(found, self.place / found.name)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause

    def finish(self, reconstruction: Reconstruction) -> Reconstruction:
        """Write the record; the folder is a reconstruction from now on. Gives it as it is named,
        with a note where that is not the name wished for.

        Raises ValueError before arrays are written.
        """
        if not self._written:
            raise ValueError("no arrays were written")
        wished, notes = reconstruction.name, reconstruction.notes
        replaces = self._replaces and self._earlier in (None, state_of(reconstruction.folder))
        try:
            while True:
                # A file name that is no UTF-8 travels as JSON's own escapes.
                record = to_json(reconstruction).encode("utf-8", "backslashreplace")
                (self.place / RECORD).write_bytes(record)
                with contextlib.suppress(FileExistsError):  # another process was quicker
                    self._replacement.finish(reconstruction.folder, replaces)
                    return reconstruction
                place = reconstruction.folder.parent
                name = free_name(place, wished, (SUFFIX,))
                reconstruction = dataclasses.replace(
                    reconstruction,
                    name=name,
                    folder=place / (name + SUFFIX),
                    notes=(*notes, *kept_note(wished, name)),
                )
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause


def state_of(folder: Path) -> FolderState:
    """How a folder and those below it are now, as far as they can be read."""
    found = set()
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                path = os.path.join(place, name)
                now = os.lstat(path)
                found.add((os.path.relpath(path, folder), now.st_ino, now.st_size, now.st_mtime_ns))
    return frozenset(found)


def write(
    reconstruction: Reconstruction,
    arrays: Mapping[str, np.ndarray],
    thumbnails: Mapping[str, bytes],
) -> Reconstruction:
    """Write a whole folder at `reconstruction.folder`, replacing an older one only when complete.

    arrays : every name of `ARRAYS`; thumbnails : PNG bytes by hypothesis name.
    Raises OferError(DISK_FULL | READ_ONLY), then nothing is left behind, and as
    `ReconstructionArrays.of`.
    """
    whole = ReconstructionArrays.of(arrays)
    with Draft(reconstruction.folder) as draft:
        draft.arrays(whole)
        for name, picture in thumbnails.items():
            draft.thumbnail(name, picture)
        return draft.finish(reconstruction)


def _copy(source: Path, target: Path) -> None:
    """Plain files and folders of them; a link, a pipe or a device in a stranger's folder leads
    elsewhere.
    """
    if is_plain(source):
        shutil.copy2(source, target)
    elif source.is_dir() and not source.is_symlink():
        target.mkdir()
        for found in source.iterdir():
            _copy(found, target / found.name)
