"""Writing a reconstruction folder: piece by piece, and there only when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from .array_file import write_array
from .causes import unwritable
from .reconstruction import ARRAYS, OPTIONAL_ARRAYS, RECORD, THUMBNAILS, Reconstruction, to_json


class Draft:
    """A folder `NAME.ofer` being written; leaving the block without `finish` deletes it.

    A new folder is filled where it will stay, so that its pictures may be shown while the rest is
    made; its record comes last, and a folder without one is no reconstruction. A folder that is
    there already is filled beside and replaces the older one when it is whole.
    Every method raises OferError(DISK_FULL | READ_ONLY).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._older = folder.exists()
        self.place = (
            folder.with_name(f".{folder.name}.{os.getpid()}.unfinished") if self._older else folder
        )
        self._arrays: set[str] = set()
        self._finished = False

    def __enter__(self) -> Self:
        try:
            if self._older:
                shutil.rmtree(self.place, ignore_errors=True)
            (self.place / THUMBNAILS).mkdir(parents=True)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._finished:
            shutil.rmtree(self.place, ignore_errors=True)

    def array(self, name: str, values: np.ndarray) -> None:
        """One of `ARRAYS` or `OPTIONAL_ARRAYS`. Raises ValueError for another name."""
        if name not in ARRAYS and name not in OPTIONAL_ARRAYS:
            raise ValueError(f"there is no array {name}")
        try:
            with (self.place / f"{name}.npy").open("wb") as file:
                write_array(file, values)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause
        self._arrays.add(name)

    def thumbnail(self, name: str, picture: bytes) -> None:
        """The PNG of the hypothesis of that name."""
        try:
            (self.place / THUMBNAILS / f"{name}.png").write_bytes(picture)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause

    def keep_rest(self, earlier: Path) -> None:
        """Copy whatever else an earlier folder holds, such as a painted skin."""
        ours = {RECORD, THUMBNAILS, *(f"{name}.npy" for name in (*ARRAYS, *OPTIONAL_ARRAYS))}
        try:
            for found in earlier.iterdir():
                if found.name in ours:
                    continue
                if found.is_dir():
                    shutil.copytree(found, self.place / found.name)
                else:
                    shutil.copy2(found, self.place / found.name)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause

    def finish(self, reconstruction: Reconstruction) -> Reconstruction:
        """Write the record; the folder is a reconstruction from now on.

        Raises ValueError while an array of `ARRAYS` is missing.
        """
        if missing := set(ARRAYS) - self._arrays:
            raise ValueError(f"the arrays {sorted(missing)} are missing")
        unfinished = self.place / f"{RECORD}.unfinished"
        try:
            # A file name that is no UTF-8 travels as JSON's own escapes.
            unfinished.write_bytes(to_json(reconstruction).encode("utf-8", "backslashreplace"))
            unfinished.replace(self.place / RECORD)
            if self._older:
                _replace(self.place, self._folder)
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause
        self._finished = True
        return reconstruction


def check_place(folder: Path) -> None:
    """Before long work that ends in `folder`, there or to be made. Leaves nothing behind.

    Raises OferError(DISK_FULL | READ_ONLY) where nothing can be written.
    """
    try:
        there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
        with tempfile.TemporaryDirectory(prefix=".ofer-", dir=there):
            pass
    except OSError as cause:
        raise unwritable(folder, cause) from cause


def write(
    reconstruction: Reconstruction,
    arrays: Mapping[str, np.ndarray],
    thumbnails: Mapping[str, bytes],
) -> Reconstruction:
    """Write a whole folder at `reconstruction.folder`, replacing an older one only when complete.

    arrays : every name of `ARRAYS`; thumbnails : PNG bytes by hypothesis name.
    Raises OferError(DISK_FULL | READ_ONLY); then nothing is left behind.
    """
    with Draft(reconstruction.folder) as draft:
        for name, values in arrays.items():
            draft.array(name, values)
        for name, picture in thumbnails.items():
            draft.thumbnail(name, picture)
        return draft.finish(reconstruction)


def _replace(finished: Path, folder: Path) -> None:
    older = finished.with_name(finished.name + ".older")
    folder.rename(older)
    try:
        finished.rename(folder)
    except OSError:
        older.rename(folder)
        raise
    shutil.rmtree(older, ignore_errors=True)
