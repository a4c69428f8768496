"""Files are hashed whole, and not longer than they may be."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.files.digest import polygons_digest, sha256_of


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()
    assert sha256_of(tmp_path / "file", len(data)) == sha256_of(tmp_path / "file")


def test_polygons_are_hashed_by_their_numbers() -> None:
    polygons = np.arange(12).reshape(3, 4)
    kinds = (polygons.astype(">i4"), np.asfortranarray(polygons), polygons.tolist())
    assert len({polygons_digest(np.asarray(each)) for each in kinds}) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes")
def test_what_is_too_large_or_endless_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 42)
    os.mkfifo(tmp_path / "pipe")
    system = Path("/proc/self/mountinfo")  # of no size, as the system says
    for path, most in (
        (tmp_path / "hole", 1 << 20),
        (tmp_path / "pipe", None),
        (Path("/dev/zero"), None),
        (tmp_path, None),
        *([(system, 10)] if system.is_file() else []),
    ):
        with pytest.raises(OSError):
            sha256_of(path, most)
