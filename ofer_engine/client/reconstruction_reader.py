"""A reconstruction read, checked and packed: all that a head is made of, before Blender is touched.

The engine's results are read ahead in a thread, so that Blender goes on meanwhile. No bpy.
"""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract import reconstruction
from ..contract.errors import ErrorCode, OferError
from ..contract.reconstruction import ARRAYS, OPTIONAL_ARRAYS, RECORD, Hypothesis, Reconstruction
from . import faults, head_arrays
from .head_arrays import HeadArrays

PACKED_FILES: Final = (RECORD, *(f"{name}.npy" for name in (*ARRAYS, *OPTIONAL_ARRAYS)))
"""Of a NAME.ofer folder, what goes into the .blend: all but the pictures."""


@dataclass(frozen=True)
class LoadedReconstruction:
    """record, arrays : of the folder; packed : its `PACKED_FILES` as a ZIP file; pictures : PNG by
    the hypothesis's name, empty where there is none."""

    record: Reconstruction
    arrays: HeadArrays
    packed: bytes
    pictures: Mapping[str, bytes]


def read(folder: Path) -> LoadedReconstruction:
    """Read a NAME.ofer folder. Raises OferError(RECONSTRUCTION_DAMAGED)."""
    record = reconstruction.read(folder)
    arrays = head_arrays.read(record)
    hypotheses = (*record.identities, *record.expressions)
    try:
        pictures = {item.name: _picture(record, item) for item in hypotheses}
        return LoadedReconstruction(record, arrays, _pack(record), pictures)
    except OSError as cause:
        raise OferError(
            ErrorCode.RECONSTRUCTION_DAMAGED,
            "{name} cannot be read: {strerror}.",
            "Reconstruct the photo again, or choose another NAME.ofer folder.",
            name=record.folder.name,
            strerror=cause.strerror,
        ) from cause


def read_ahead(folder: Path) -> None:
    """Begin to read a folder that `take` will ask for; what is no reconstruction is left alone."""
    _ahead.clear()
    if (folder / RECORD).is_file():
        _ahead.append(_Reader(folder))
        _ahead[0].start()


def is_coming() -> bool:
    """What `read_ahead` began is not finished yet."""
    return any(reader.is_alive() for reader in _ahead)


def take(folder: Path) -> LoadedReconstruction:
    """What was read ahead, where it is this folder as it stands now; else it is read now.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    reader = _ahead.pop() if _ahead else None
    if reader and reader.state == _state(folder):
        reader.join()
        if reader.found:
            return reader.found
    return read(folder)


class _Reader(threading.Thread):
    def __init__(self, folder: Path) -> None:
        super().__init__(name="OFER Faces reads", daemon=True)
        self.state, self.found = _state(folder), None
        self._folder = folder

    @faults.guarded(reported=False)
    def run(self) -> None:
        self.found = read(self._folder)  # whoever takes it where this failed is told


_ahead: Final[list[_Reader]] = []
"""The latest, until it is taken."""


def _state(folder: Path) -> tuple[Path, int]:
    """Changes whenever the engine writes into the folder: it writes the record last."""
    record = folder.absolute() / RECORD
    return record, record.stat().st_mtime_ns if record.is_file() else 0


def _picture(record: Reconstruction, item: Hypothesis) -> bytes:
    return record.picture(item) if os.path.lexists(record.thumbnail(item)) else b""


def _pack(record: Reconstruction) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # reopening is quicker than with packing tighter
        for name in sorted(PACKED_FILES):
            if (path := record.folder / name).is_file():
                archive.write(path, name)
    return packed.getvalue()
