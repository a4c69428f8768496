"""Results are read while Blender goes on, and never taken for another folder's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_engine.client import reconstruction_reader
from ofer_faces.ofer_engine.contract.errors import OferError
from ofer_faces.ofer_engine.contract.reconstruction import RECORD


def _all_read() -> None:
    for reader in reconstruction_reader._ahead:
        reader.join(60)


def test_what_was_read_ahead_is_what_is_taken(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path).folder
    reconstruction_reader.read_ahead(folder)
    _all_read()
    assert not reconstruction_reader.is_coming()
    ready = reconstruction_reader._ahead[0].found
    assert reconstruction_reader.take(folder) is ready, "nothing is read twice"
    again = reconstruction_reader.take(folder)
    assert again is not ready and again.packed == ready.packed and again.pictures == ready.pictures
    assert np.array_equal(again.arrays.identity_vertices, ready.arrays.identity_vertices)


def test_another_folder_is_read_itself(tmp_path: Path) -> None:
    anna, bert = (synthetic.write(tmp_path, name).folder for name in ("anna", "bert"))
    reconstruction_reader.read_ahead(anna)
    assert reconstruction_reader.take(bert).record.name == "bert"
    assert reconstruction_reader._ahead == []


def test_a_folder_changed_since_is_read_again(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path).folder
    reconstruction_reader.read_ahead(folder)
    _all_read()
    drawn = synthetic.write_more(tmp_path)
    taken = reconstruction_reader.take(folder)
    assert len(taken.record.identities) == len(drawn.identities)


def test_a_damaged_folder_is_named_when_it_is_taken(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path).folder
    (folder / "uv.npy").write_bytes(b"spoiled")
    reconstruction_reader.read_ahead(folder)
    _all_read()
    with pytest.raises(OferError, match="anna.ofer"):
        reconstruction_reader.take(folder)


def test_what_is_no_reconstruction_is_left_alone(tmp_path: Path) -> None:
    reconstruction_reader.read_ahead(tmp_path / "weights")
    (tmp_path / "skin").mkdir()
    reconstruction_reader.read_ahead(tmp_path / "skin")
    assert reconstruction_reader._ahead == [] and not (tmp_path / "skin" / RECORD).exists()


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    record = synthetic.write(tmp_path)
    picture = record.thumbnail(record.identities[1])
    picture.unlink()
    picture.mkdir()
    with pytest.raises(OferError, match="its picture identity_02 cannot be read"):
        reconstruction_reader.read(record.folder)
    picture.rmdir()
    assert reconstruction_reader.read(record.folder).pictures["identity_02"] == b""
