"""Writing a reconstruction folder: piece by piece, and there only when it is whole."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..contract.causes import unwritable
from ..contract.files.array_file import write_array
from ..contract.files.pieces import is_plain
from ..contract.files.replacement import (
    Replacement,
    is_on_one_disk,
    is_real_folder,
    is_unfinished,
)
from ..contract.names import free_name, kept_note
from ..contract.reconstruction import (
    RECORD,
    SUFFIX,
    THUMBNAILS,
    Hypothesis,
    Reconstruction,
    to_json,
)
from .as_made import (
    ARRAY_FILES,
    aside_note,
    is_reconstruction,
    pictures_of,
    place_aside,
    reconstruction_aside,
)
from .reconstruction_arrays import ReconstructionArrays

FolderState = frozenset[tuple[str, int, int, int]]
"""Path, inode, size and nanoseconds of the last change of each file of a folder."""


class Draft:
    """A folder `NAME.ofer` being written; leaving the block without `finish` deletes it.

    It is filled beside its place, where its pictures may be shown while the rest is made, and
    takes the place when it is whole. replace : an older reconstruction of that name goes, or is
    kept beside it where somebody worked in it; else this one gets the next free name, as it does
    where `earlier` is no longer how the older folder is: others worked on that meanwhile. Every
    method raises OferError(DISK_FULL | READ_ONLY | OUT_OF_MEMORY).
    """

    def __init__(
        self,
        folder: Path,
        replace: bool = True,
        earlier: FolderState | None = None,
        keep: bool = True,
    ) -> None:
        self._folder = folder
        self._replaces = replace
        self._earlier = earlier
        self._replacement = Replacement(folder)
        self.place = self._replacement.place
        self._written: set[str] = set()
        self._carried = None if keep else True

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

    def keep_rest(self, earlier: Reconstruction, added: Iterable[Hypothesis]) -> None:
        """Copy whatever else the folder of an earlier reconstruction holds, such as a painted skin,
        or pictures of somebody's own beside its thumbnails: plain files, and in the same place the
        links as they are.

        added : hypotheses that are new. Where something cannot be copied, or is in the way of what
        is ours, an earlier folder in the same place is kept beside this one.
        """
        top = {RECORD, THUMBNAILS, *ARRAY_FILES}
        below = pictures_of(earlier)
        new = {f"{each.name}.png" for each in added}
        try:
            self._carried = _copy_rest(earlier.folder, self.place, top, set(), self._replaces)
            if is_real_folder(pictures := earlier.folder / THUMBNAILS):
                place = self.place / THUMBNAILS
                self._carried &= _copy_rest(pictures, place, below, new, self._replaces)
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
        replaces = self._may_replace(reconstruction.folder)
        try:
            while True:
                aside = self._aside(reconstruction.folder) if replaces else None
                said = (
                    *notes,
                    *kept_note(wished, reconstruction.name),
                    *aside_note(reconstruction.folder, aside),
                )
                reconstruction = dataclasses.replace(reconstruction, notes=said)
                # A file name that is no UTF-8 travels as JSON's own escapes.
                record = to_json(reconstruction).encode("utf-8", "backslashreplace")
                (self.place / RECORD).write_bytes(record)
                with contextlib.suppress(FileExistsError):  # another process was quicker
                    self._replacement.finish(reconstruction.folder, replaces, aside)
                    return reconstruction
                place = reconstruction.folder.parent
                name = free_name(place, wished, (SUFFIX,))
                reconstruction = dataclasses.replace(
                    reconstruction,
                    name=name,
                    folder=place / (name + SUFFIX),
                )
        except OSError as cause:
            raise unwritable(self._folder, cause) from cause

    def _may_replace(self, folder: Path) -> bool:
        if not self._replaces or self._earlier not in (None, state_of(folder)):
            return False
        return is_reconstruction(folder) or not os.path.lexists(folder)

    def _aside(self, folder: Path) -> Path | None:
        """Where an older folder is to be kept."""
        if self._carried is None:
            return reconstruction_aside(folder)
        return None if self._carried or not os.path.lexists(folder) else place_aside(folder)


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
    """Write a whole folder at `reconstruction.folder`, replacing an older one, whoever worked in
    it, only when complete.

    arrays : every name of `ARRAYS`; thumbnails : PNG bytes by hypothesis name.
    Raises OferError(DISK_FULL | READ_ONLY), then nothing is left behind, and as
    `ReconstructionArrays.of`.
    """
    whole = ReconstructionArrays.of(arrays)
    with Draft(reconstruction.folder, keep=False) as draft:
        draft.arrays(whole)
        for name, picture in thumbnails.items():
            draft.thumbnail(name, picture)
        return draft.finish(reconstruction)


def _copy_rest(
    source: Path, target: Path, ours: Collection[str], new: Collection[str], links: bool
) -> bool:
    """Copy what is not of these names. ours : written anew; new : written, and nothing earlier of
    ours; links : as `_copy`. False where something was not copied."""
    whole = True
    for found in source.iterdir():
        if is_unfinished(found):
            continue
        if found.name in ours or found.name in new:
            written = is_plain(found) or (found.name == THUMBNAILS and is_real_folder(found))
            whole &= written and found.name in ours
        else:
            whole &= _copy(found, target / found.name, links)
    return whole


def _copy(source: Path, target: Path, links: bool) -> bool:
    """Plain files and folders of them on one disk; a link, a pipe or a device in a stranger's
    folder leads elsewhere, and none is followed. links : copy links as links. False where something
    was not copied."""
    if is_plain(source):
        shutil.copy2(source, target)
        return True
    if source.is_symlink() and links:
        os.symlink(os.readlink(source), target)
        return True
    if not is_real_folder(source) or not is_on_one_disk(source):
        return False
    target.mkdir()
    whole = True
    for found in source.iterdir():
        whole &= _copy(found, target / found.name, links)
    shutil.copystat(source, target)
    return whole
