"""Import what a user has obtained of the published OFER, and say what is still missing.

Every file is converted once into HOME/packs/ofer-flame2020/PART.safetensors, with PART.json beside
it that records where it came from. The published files themselves are not needed afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ..contract import strict_json
from ..contract.causes import lacks_memory, lacks_space, out_of_memory
from ..contract.errors import ErrorCode, OferError
from ..contract.fields import from_fields
from ..contract.files.digest import sha256_of
from ..contract.files.pieces import is_plain, read_piece
from ..contract.files.replacement import Replacement
from ..contract.installed import MOST_TEXT
from ..contract.sentence import Sentence, joined
from .catalogue import CATALOGUE, PACK_ID, REQUIRED, Part, PublishedFile, trained_here
from .conversion import Converted, read_published
from .pickle_reader.safe_load import file_kind
from .projections import Draw

OnFile = Callable[[Path], None]
_FORMAT: Final = 2


@dataclass(frozen=True)
class PartRecord:
    """What PART.json keeps.

    source_name, source_sha256 : of the published file; sha256, bytes : of the converted one;
    licence, commercial : as in the catalogue when it was imported, or of what was trained here;
    notes : one sentence each.
    """

    format: int
    part: str
    source_name: str
    source_sha256: str
    sha256: str
    bytes: int
    licence: str
    commercial: bool
    trained_here: bool
    imported: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """A file that was not imported, and why."""

    path: Path
    error: OferError


@dataclass(frozen=True)
class ImportReport:
    """missing : what the pack still lacks, in the order of `REQUIRED`."""

    imported: tuple[PartRecord, ...]
    refused: tuple[Refused, ...]
    missing: tuple[Part, ...]

    @property
    def complete(self) -> bool:
        """The pack can run."""
        return not self.missing


@dataclass(frozen=True)
class PartStatus:
    """One line of `weights list`; record is None where the part is missing."""

    part: Part
    file: PublishedFile
    record: PartRecord | None


def pack_home(home: Path) -> Path:
    """Where the converted parts live under the user's data folder."""
    return home / "packs" / PACK_ID


def import_files(
    paths: Sequence[Path],
    home: Path,
    draw: Draw = Draw.TRAINING,
    on_file: OnFile | None = None,
) -> ImportReport:
    """Recognise, check, convert and store files, and all weight files in folders.

    draw : which attention projections the denoisers get where the file has none; on_file : called
    before each file, may raise to stop. A refused file does not stop the others. Raises
    OferError(DISK_FULL | READ_ONLY) where nothing can be written.
    """
    imported: list[PartRecord] = []
    refused: list[Refused] = []
    for path in weight_files(paths):
        if on_file:
            on_file(path)
        try:
            converted = read_published(path, draw)
        except OferError as error:
            refused.append(Refused(path, error))
            continue
        imported.append(_store(converted, path, pack_home(home)))
    return ImportReport(tuple(imported), tuple(refused), lacking(home))


def status(home: Path) -> tuple[PartStatus, ...]:
    """Every file of the catalogue, have or missing."""
    folder = pack_home(home)
    return tuple(PartStatus(part, file, _record(folder, part)) for part, file in CATALOGUE.items())


def lacking(home: Path) -> tuple[Part, ...]:
    """What the pack still needs, in the order of `REQUIRED`; empty where it is complete."""
    folder = pack_home(home)
    return tuple(part for part in REQUIRED if _record(folder, part) is None)


def missing_parts(home: Path, parts: Iterable[Part]) -> OferError:
    """The error that names what is missing and where it is published, and a FLAME of another
    edition that was given in its place.
    """
    parts = tuple(parts)
    named = [f"{CATALOGUE[part].title} ({CATALOGUE[part].usual_name})" for part in parts]
    places = dict.fromkeys(CATALOGUE[part].source for part in parts)
    message = Sentence("The pack {id} lacks {named}.", id=PACK_ID, named=", ".join(named))
    others = (Part.FLAME_2023, Part.FLAME_2023_OPEN)
    instead = [CATALOGUE[part].title for part in others if _record(pack_home(home), part)]
    if instead and Part.FLAME_2020 in parts:
        message = joined(
            message,
            Sentence(
                "{instead} cannot take the place of FLAME 2020.", instead=" and ".join(instead)
            ),
        )
    return OferError(
        ErrorCode.WEIGHTS_MISSING,
        message,
        "Get it from {places}, and import it with `install.py weights import FILE`.",
        places="; ".join(places),
    )


def part_file(home: Path, part: Part) -> Path:
    """The converted file of a part, verified against its record.

    Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED).
    """
    folder = pack_home(home)
    record = _record(folder, part)
    if record is None:
        raise missing_parts(home, [part])
    path = folder / f"{part}.safetensors"
    if path.stat().st_size != record.bytes or sha256_of(path) != record.sha256:
        raise OferError(
            ErrorCode.WEIGHTS_DAMAGED,
            "The imported {title} has changed on the disk.",
            "Import {name} again.",
            title=CATALOGUE[part].title,
            name=CATALOGUE[part].usual_name,
        )
    return path


def weight_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and every file in the folders named that looks like weights."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for inside in sorted(path.rglob("*")):
            if inside.is_file() and _looks_like_weights(inside):
                yield inside


def _looks_like_weights(path: Path) -> bool:
    try:
        file_kind(path)
    except OferError:
        return False
    return True


def _store(converted: Converted, source: Path, folder: Path) -> PartRecord:
    file = CATALOGUE[converted.part]
    path = folder / f"{converted.part}.safetensors"
    try:
        with (
            Replacement(path) as tensors,
            Replacement(_record_path(folder, converted.part)) as about,
        ):
            save_file(_own_memory(converted.tensors), tensors.place)
            record = PartRecord(
                format=_FORMAT,
                part=converted.part.value,
                source_name=source.name,
                source_sha256=sha256_of(source),
                sha256=sha256_of(tensors.place),
                bytes=tensors.place.stat().st_size,
                licence=trained_here(converted.part) if converted.trained_here else file.licence,
                commercial=file.commercial and not converted.trained_here,
                trained_here=converted.trained_here,
                imported=datetime.now(UTC).isoformat(timespec="seconds"),
                notes=converted.notes,
            )
            text = json.dumps(asdict(record), indent=1) + "\n"
            about.place.write_text(text, "utf-8", "backslashreplace")
            # Both are whole by now. The record goes last: a part without one does not exist.
            tensors.finish()
            about.finish()
    except (OSError, SafetensorError) as cause:
        raise _cannot_write(folder, cause) from cause
    return record


def _own_memory(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 or integers, each in memory of its own, as safetensors wants them."""
    own: dict[str, Tensor] = {}
    seen: set[int] = set()
    for key, tensor in tensors.items():
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        place = tensor.untyped_storage().data_ptr()
        own[key] = tensor.clone() if place in seen else tensor.contiguous()
        seen.add(place)
    return own


def _cannot_write(folder: Path, cause: Exception) -> OferError:
    if lacks_memory(cause):
        return out_of_memory()
    if lacks_space(cause):
        return OferError(
            ErrorCode.DISK_FULL,
            "The disk is full: the weights need about 2 GB in {name}.",
            "Free some space, or choose another data folder with --home.",
            name=folder.name,
        )
    return OferError(
        ErrorCode.READ_ONLY,
        "The folder {name} cannot be written to.",
        "Choose a data folder that you may write to, with --home.",
        name=folder.name,
    )


def _record_path(folder: Path, part: Part) -> Path:
    return folder / f"{part}.json"


def _record(folder: Path, part: Part) -> PartRecord | None:
    try:
        fields = strict_json.parse(read_piece(_record_path(folder, part), MOST_TEXT))
        record = from_fields(PartRecord, fields)
    except (OSError, ValueError):
        return None
    whole = record.format == _FORMAT and record.part == part
    return record if whole and is_plain(folder / f"{part}.safetensors") else None
