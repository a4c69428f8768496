"""Which photos a batch works on: a folder, or a list of them as text, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..contract.errors import ErrorCode, OferError
from ..contract.files.pieces import read_text
from ..contract.names import as_spelled, plain_name, same_name, usable
from ..contract.photo_files import PHOTO_SUFFIXES
from ..contract.reconstruction import FRAMES, RECORD, SHEET, SUFFIX
from ..contract.sentence import Sentence
from ..requirements import PinGroup, required

PHOTO_COLUMNS: Final = ("photo", "image", "image_path", "path", "file", "filename")
"""Headings under which the column of the photos is looked for, in this order."""
_NAME_COLUMN: Final = "name"
_LINE_END: Final = re.compile("\r\n|\r|\n")
"""Other characters that end lines may be in names."""
_BLANK_LINES: Final = re.compile(r"\A\s*[\r\n]")
"""Above the heading."""
_LISTS: Final = (".txt", ".csv", ".parquet")
_MOST_BYTES: Final = 1 << 28
"""Of a list: a million photos with long paths have less."""


@dataclass(frozen=True)
class Task:
    """One photo of a batch. number : its place in the list, from 0; name : of its results, each
    task's own."""

    number: int
    photo: str
    name: str


def read_photo_list(source: Path, images: Path | None = None) -> tuple[Task, ...]:
    """The photos of a batch, in the list's order; of a folder, with those below it, by name.

    source : a folder; a .txt with one picture a line, as OFER's demo has it; or a .csv or .parquet
    with a column of `PHOTO_COLUMNS`, and perhaps one called name; images : the folder that the
    list's paths are relative to, the list's own unless given. A photo that is missing is no error
    here: it fails alone.

    Raises OferError(BAD_REQUEST | ENGINE_MISSING).
    """
    if source.is_dir():
        return _tasks((path, "") for path in _photos_in(source))
    if not source.is_file() or source.suffix.lower() not in _LISTS:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is neither a folder nor a list of photos.",
            "Give a folder, or a file that ends in {endings}.",
            name=source.name,
            endings=", ".join(_LISTS),
        )
    base = images or source.parent
    return _tasks(
        (_found(base, photo), name.strip()) for photo, name in _listed(source, base) if photo
    )


def _found(base: Path, listed: str) -> Path:
    """Where a listed photo lies: blanks around a name belong to it where a photo is called so."""
    whole = as_spelled(base / listed)
    bare = listed.strip()
    return whole if bare == listed or os.path.lexists(whole) else as_spelled(base / bare)


def _photos_in(folder: Path) -> list[Path]:
    """Hidden files and what lies in hidden folders are left out, and what was made of photos."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PHOTO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
        and not _is_result(path, folder)
    )


def _is_result(path: Path, folder: Path) -> bool:
    """A picture below `folder` that belongs to a reconstruction: a thumbnail, a skin, a frame of
    its video, or its sheet."""
    within = [each for each in path.parents if each != folder and each.is_relative_to(folder)]
    if any(each.suffix == SUFFIX and (each / RECORD).is_file() for each in within):
        return True
    made = [(each, FRAMES) for each in within] + [(path, SHEET)]
    return any(
        each.name.endswith(suffix)
        and (each.with_name(f"{each.name.removesuffix(suffix)}{SUFFIX}") / RECORD).is_file()
        for each, suffix in made
    )


def _listed(source: Path, base: Path) -> Iterable[tuple[str, str]]:
    """Photo and wished-for name, or an empty one, of each row. base : as for `_found`."""
    try:
        match source.suffix.lower():
            case ".txt":
                lines = _LINE_END.split(_text(source))
                return [(_unquoted(line), "") for line in lines if line.strip()]
            case ".csv":
                text = _text(source)
                separator = max(",;\t", key=text.partition("\n")[0].count)
                reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
                return _of_rows(source, reader.fieldnames or (), reader)
            case _:
                return _of_parquet(source, base)
    except (OSError, ValueError, TypeError, LookupError, NotImplementedError, csv.Error) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The list {name} cannot be read.",
            "Save it again as text in UTF-8, as CSV, or as Parquet.",
            name=source.name,
        ) from cause


def _text(source: Path) -> str:
    text = read_text(source.resolve(), _MOST_BYTES)
    if "\0" in text:
        raise ValueError("no text")
    return _BLANK_LINES.sub("", text)


def _unquoted(line: str) -> str:
    """A path as it was copied, with quotes or without."""
    bare = line.strip()
    quoted = len(bare) > 1 and bare[0] == bare[-1] == '"'
    return bare[1:-1] if quoted else line


def _of_parquet(source: Path, base: Path) -> list[tuple[str, str]]:
    parquet: Any = required("pyarrow.parquet", "A list in Parquet", PinGroup.BATCH)
    schema = parquet.read_schema(source)
    photo = _photo_column(source, schema.names)
    within, holds_bytes = _within(schema.field(photo).type)
    wanted = [photo + within, *filter(None, [_column(schema.names, _NAME_COLUMN)])]
    found: list[tuple[str, str]] = []
    if within or not holds_bytes:
        rows = parquet.ParquetFile(source).read(columns=wanted).to_pylist()
        if within:
            rows = [row | {photo: (row[photo] or {}).get("path")} for row in rows]
        found = _of_rows(source, schema.names, rows)
    if holds_bytes and not any(_found(base, path).exists() for path, _ in found):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The list {name} holds the pictures themselves, not where they lie.",
            "Save them as files, and list these.",
            name=source.name,
        )
    return found


def _within(kind: Any) -> tuple[str, bool]:
    """Where a column of an Arrow type has its paths: in the field `path` of a structure, as lists
    of Hugging Face have it beside the bytes of each picture, or "" for the column itself; and
    whether it has bytes. Raises ValueError for what is neither."""
    types: Any = required("pyarrow.types", "A list in Parquet", PinGroup.BATCH)
    if not types.is_struct(kind):
        if types.is_nested(kind) or types.is_primitive(kind):
            raise ValueError("neither paths nor pictures")
        return "", types.is_binary(kind) or types.is_large_binary(kind)
    fields = {each.name: each.type for each in kind}
    has_path = "path" in fields and not types.is_nested(fields["path"])
    has_bytes = any(
        types.is_binary(each) or types.is_large_binary(each) for each in fields.values()
    )
    if not (has_path or has_bytes):
        raise ValueError("a structure without a path")
    return ".path" if has_path else "", has_bytes


def _of_rows(
    source: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    photo, name = _photo_column(source, columns), _column(columns, _NAME_COLUMN)
    pairs = [(str(row[photo] or ""), str(name and row[name] or "")) for row in rows]
    return [(path, name) for path, name in pairs if path.strip()]


def _photo_column(source: Path, columns: Sequence[str]) -> str:
    found = next(filter(None, (_column(columns, name) for name in PHOTO_COLUMNS)), "")
    if not found:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The list {name} has no column of photos.",
            Sentence("Call one of its columns {choices}.", choices=" or ".join(PHOTO_COLUMNS[:3])),
            name=source.name,
        )
    return found


def _column(columns: Sequence[str], wanted: str) -> str:
    """The column whose heading is a name of ours, however its case; an empty text without one."""
    return next((each for each in columns if each.strip().lower() == wanted), "")


def _tasks(photos: Iterable[tuple[Path, str]]) -> tuple[Task, ...]:
    """Names are made unlike each other, also where neither case nor composition counts."""
    tasks: list[Task] = []
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for path, wished in photos:
        first = wished or path.stem
        first = first if usable(first) else plain_name(first)
        name, short = first, plain_name(first, 160)
        while same_name(name) in taken:  # many folders may each hold a photo of this name
            number = numbers[same_name(short)] = numbers.get(same_name(short), 1) + 1
            name = f"{short}_{number:02d}"
        taken.add(same_name(name))
        tasks.append(Task(len(tasks), str(path), name))
    return tuple(tasks)
