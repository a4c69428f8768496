"""What a batch has made so far: on disk, so that a batch that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, Protocol

from ..contract import reconstruction, strict_json
from ..contract.errors import ErrorCode, OferError
from ..contract.fields import from_fields
from ..contract.files.pieces import is_plain
from ..contract.names import shortened
from ..contract.reconstruction import RECORD
from ..contract.records import CameraRecord
from ..contract.sampling import SamplingParams
from .photo_list import Task
from .settings import BatchSettings, Outcome, folder_of

ROWS: Final = "rows.jsonl"
"""The rows of the table as they came, one a line."""
ERRORS: Final = "errors.jsonl"
"""Photos without a result, one a line: photo, code, message, hint."""
_LONGEST: Final = 170


def check_own(out: Path) -> None:
    """Before a batch writes into a folder: what has the names of its lists there is of an earlier
    batch. Raises OferError(BAD_REQUEST)."""
    for name, key in ((ERRORS, "photo"), (ROWS, "key")):
        path = out / name
        if os.path.lexists(path) and not _is_own(path, f'{{"{key}": "'.encode()):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} in {folder} is of something else, and is not replaced.",
                "Choose another folder for the results.",
                name=name,
                folder=out.name or str(out),
            )


def _is_own(path: Path, begins: bytes) -> bool:
    """Whether a plain file begins as a batch's lines do, or is one that was killed doing so."""
    if not is_plain(path):
        return False
    with path.open("rb") as file:
        return begins.startswith(file.read(len(begins)))


class Results(Protocol):
    """Where results go. shared : photos of the same content have one result."""

    shared: bool

    def prepared(self, task: Task, sha256: str) -> Task | None:
        """The task with a name that is free, or None where it is done already.

        sha256 : of the photo's bytes, or empty where it cannot be read.
        """
        ...

    def keep(self, task: Task, outcome: Outcome, sha256: str) -> None:
        """Note what became of a task."""
        ...


class FolderResults:
    """A `NAME.ofer` for each photo. The folders themselves say what is done."""

    shared = False

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings

    def prepared(self, task: Task, sha256: str) -> Task | None:
        """As `Results.prepared`: what has the name but was made of something else stays."""
        name, number = task.name, 1
        while os.path.lexists(folder_of(self._settings.out, name)):
            if sha256 and self._is_done(name, sha256):
                return None
            number += 1
            name = f"{shortened(task.name, _LONGEST)}_{number:02d}"
        return Task(task.number, task.photo, name)

    def keep(self, task: Task, outcome: Outcome, sha256: str) -> None:
        """The worker has written the folder."""

    def _is_done(self, name: str, sha256: str) -> bool:
        folder = folder_of(self._settings.out, name)
        if not (folder / RECORD).is_file():
            return False
        try:
            record = reconstruction.read(folder)
        except OferError:
            return False
        made_with = SamplingParams.of(record.settings)
        return (
            [view.photo.sha256 for view in record.views] == [sha256]
            and (record.pack.id, record.pack.fingerprint)
            == (self._settings.pack.id, self._settings.pack.fingerprint)
            and made_with == self._settings.sampling
            and not record.settings.hints.given
        )


class TableResults:
    """Rows of a table, each written as soon as it is there."""

    shared = True

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self.file = settings.out / ROWS
        self.places: dict[str, int] = {}
        """Key of a row → where its line begins."""
        self._read()

    def prepared(self, task: Task, sha256: str) -> Task | None:
        """As `Results.prepared`."""
        return None if sha256 and self._settings.key(sha256) in self.places else task

    def keep(self, task: Task, outcome: Outcome, sha256: str) -> None:
        """As `Results.keep`; the line is on the disk before the next task begins."""
        if outcome.row is None:
            return
        key = self._settings.key(sha256)
        with self.file.open("ab") as file:
            self.places[key] = file.tell()
            file.write(json.dumps({"key": key, "sha256": sha256, **outcome.row}).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def row(self, sha256: str) -> dict[str, Any] | None:
        """The row of a photo, or None."""
        place = self.places.get(self._settings.key(sha256)) if sha256 else None
        if place is None:
            return None
        with self.file.open("rb") as file:
            file.seek(place)
            return strict_json.parse_object(file.readline(), paths=True)

    def _read(self) -> None:
        """Find the rows there are; a line that was cut off when a batch was killed is cut away."""
        if not self.file.is_file():
            return
        whole = 0
        with self.file.open("rb") as file:
            for line in file:
                key = _key(line) if line.endswith(b"\n") else None
                if key is not None:
                    self.places[key] = whole
                elif not line.endswith(b"\n"):
                    break
                whole += len(line)
        os.truncate(self.file, whole)


def _key(line: bytes) -> str | None:
    """The key of a row; None where the line is none that a batch wrote, so that its photo is worked
    on again."""
    try:
        row = strict_json.parse_object(line, paths=True)
        from_fields(CameraRecord, row["camera"])
    except (ValueError, KeyError):
        return None
    numbers = [row.get(name) for name in ("identity", "expression", "box")]
    whole = (
        all(isinstance(row.get(name), str) for name in ("key", "sha256"))
        and all(strict_json.is_number(row.get(name)) for name in ("confidence", "share"))
        and isinstance(row.get("low_confidence"), bool)
        and all(isinstance(each, list) for each in numbers)
        and all(strict_json.is_number(value) for each in numbers for value in each or ())
    )
    return row["key"] if whole else None
