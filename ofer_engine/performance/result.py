"""A performance into its folder: record and arrays of `contract/performance`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..contract import performance as contract
from ..contract.causes import unwritable
from ..contract.files.array_file import write_array
from ..contract.files.replacement import Replacement


def write(record: contract.Performance, arrays: Mapping[str, np.ndarray]) -> contract.Performance:
    """Write `record.folder` whole or not at all, in place of an older one.

    arrays : every name of `contract.ARRAYS`, of any number type. Raises OferError(DISK_FULL |
    READ_ONLY).
    """
    folder = Path(record.folder)
    try:
        with Replacement(folder) as replacement:
            replacement.place.mkdir()
            for name, form in contract.ARRAYS.items():
                kind = form.split(")", 1)[1].split(":")[0].strip()
                with (replacement.place / f"{name}.npy").open("wb") as file:
                    write_array(file, np.asarray(arrays[name]).astype(kind))
            text = contract.to_json(record).encode("utf-8", "backslashreplace")
            (replacement.place / contract.RECORD).write_bytes(text)
            replacement.finish()
    except OSError as cause:
        raise unwritable(folder, cause) from cause
    return record
