"""A batch's rows as one Parquet file, in the order of its list."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ..contract.files.pieces import is_plain
from ..contract.files.whole_file import whole_file
from ..contract.names import numbered
from ..requirements import PinGroup, required

TABLE: Final = "heads.parquet"
_ROWS_AT_ONCE: Final = 1000


def write_table(
    path: Path, rows: Iterable[Mapping[str, Any]], made_with: Mapping[str, str]
) -> None:
    """Write a table that is there whole or not at all; memory holds a thousand rows at most.

    rows : by the names of the columns, what is missing is null; identity and expression are the
    coefficients of the likeliest head and of its most typical expression, camera as in
    `CameraRecord` (pixels, metres), box in pixels, confidence 0..1 of the face, share 0..1 that
    IdRank gives that head among the candidates, error empty where there is a head; made_with : kept
    as the table's metadata.

    Raises OferError(ENGINE_MISSING | DISK_FULL | READ_ONLY).
    """
    arrow: Any = required("pyarrow", "A table in Parquet", PinGroup.BATCH)
    parquet: Any = required("pyarrow.parquet", "A table in Parquet", PinGroup.BATCH)
    schema = _schema(arrow).with_metadata(dict(made_with))
    with whole_file(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for part in _parts(iter(rows)):
            writer.write_table(arrow.Table.from_pylist(part, schema=schema))


def table_of(out: Path, photos: Set[str]) -> Path:
    """Where a batch's table goes: `TABLE`, in the place of an earlier one that has none but these
    photos, or the first name after it that is free.

    Raises OferError(ENGINE_MISSING).
    """
    paths = (out / f"{name}{Path(TABLE).suffix}" for name in numbered(Path(TABLE).stem))
    return next(path for path in paths if not os.path.lexists(path) or _is_own(path, photos))


def _is_own(path: Path, photos: Set[str]) -> bool:
    """Whether it is a table that a batch wrote of no other photos."""
    arrow: Any = required("pyarrow", "A table in Parquet", PinGroup.BATCH)
    parquet: Any = required("pyarrow.parquet", "A table in Parquet", PinGroup.BATCH)
    if not is_plain(path):
        return False
    try:
        schema = parquet.read_schema(path)
        if schema.names != _schema(arrow).names or b"fingerprint" not in (schema.metadata or {}):
            return False
        return set(parquet.read_table(path, columns=["photo"])["photo"].to_pylist()) <= photos
    except (OSError, ValueError, LookupError):
        return False


def _schema(arrow: Any) -> Any:
    number, numbers, text = arrow.float32(), arrow.list_(arrow.float32()), arrow.string()
    camera = arrow.struct(
        [
            ("focal", number),
            ("centre", numbers),
            ("rotation", numbers),
            ("translation", numbers),
            ("width", arrow.int32()),
            ("height", arrow.int32()),
            ("focal_known", arrow.bool_()),
        ]
    )
    return arrow.schema(
        [
            ("photo", text),
            ("name", text),
            ("sha256", text),
            ("identity", numbers),
            ("expression", numbers),
            ("camera", camera),
            ("box", numbers),
            ("confidence", number),
            ("low_confidence", arrow.bool_()),
            ("share", number),
            ("error", text),
        ]
    )


def _parts(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while part := [dict(row) for row in islice(rows, _ROWS_AT_ONCE)]:
        yield part
