"""What is done with each photo of a batch, the same for all of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..contract.reconstruction import SUFFIX
from ..contract.records import PackRecord, Show
from ..contract.requests import PhotoFace, Reconstruct
from ..contract.sampling import SamplingParams
from ..contract.sentence import Sentence
from .photo_list import Task


@dataclass(frozen=True)
class BatchSettings:
    """pack : its record, as it is when the batch begins; out : folder of the results; table : rows
    are wanted, and no folder for each photo; home, device, threads : as a session takes them.

    Workers get it pickled.
    """

    pack: PackRecord
    sampling: SamplingParams
    out: Path
    table: bool
    home: Path | None
    device: str = "auto"
    threads: int | None = 1

    def request(self, task: Task) -> Reconstruct:
        """What the engine is asked for one photo: its likeliest face."""
        return Reconstruct(
            id=task.number,
            photos=(PhotoFace(task.photo),),
            out=str(self.out),
            name=task.name,
            pack=self.pack.id,
            show=Show.LIKELY,
            **asdict(self.sampling),
        )

    def key(self, sha256: str) -> str:
        """One hash of a photo's content and everything that its result depends on."""
        parts = [sha256, self.pack.id, self.pack.version, self.pack.fingerprint]
        text = json.dumps([*parts, asdict(self.sampling)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What became of one task. folder : of its reconstruction, or empty; row : of the table, or
    None; sha256 : of the photo as it was read; code, message, hint : why there is neither, or
    empty."""

    number: int
    folder: str = ""
    row: dict | None = None
    sha256: str = ""
    code: str = ""
    message: str | Sentence = ""
    hint: str | Sentence = ""

    @property
    def failed(self) -> bool:
        """There is no result."""
        return bool(self.code)


def folder_of(out: Path, name: str) -> Path:
    """Where the reconstruction of a name is written."""
    return out / (name + SUFFIX)
