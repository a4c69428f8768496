"""The reconstruction folder: what is written is read back, and nothing half-written is left."""

import dataclasses
import os

import numpy as np
import pytest

from ofer_engine.contract import reconstruction as folder
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.handlers import draft
from ofer_engine.handlers.reconstruction_arrays import ReconstructionArrays
from tests.engine.contract.small_folder import arrays_of, record_of, write_small
from tests.engine.small_disk import contents, small_disk


@pytest.fixture
def arrays():
    return arrays_of()


@pytest.fixture
def record(tmp_path):
    return record_of(tmp_path)


def test_round_trip_is_exact(record, arrays):
    draft.write(record, arrays, {"identity_01": b"png"})
    again = folder.read(record.folder)
    assert again == record
    for name, values in arrays.items():
        np.testing.assert_array_equal(again.array(name), values)
    assert again.thumbnail(again.identities[0]).read_bytes() == b"png"


def test_writing_replaces_the_older_folder_whole(record, arrays):
    draft.write(record, arrays, {"identity_01": b"old", "identity_02": b"old"})
    draft.write(dataclasses.replace(record, notes=()), arrays, {"identity_01": b"new"})
    assert folder.read(record.folder).notes == ()
    assert [p.name for p in (record.folder / folder.THUMBNAILS).iterdir()] == ["identity_01.png"]
    assert [p.name for p in record.folder.parent.iterdir()] == [record.folder.name]


@pytest.mark.parametrize("name", ["uv", "uvw"])
def test_an_array_too_few_or_too_many_is_a_programming_error(record, arrays, name):
    if arrays.pop(name, None) is None:
        arrays[name] = arrays["uv"]
    with pytest.raises(ValueError, match=name):
        draft.write(record, arrays, {})


def test_what_is_written_is_what_the_contract_lists():
    named = {field.name for field in dataclasses.fields(ReconstructionArrays)}
    assert named == {*folder.ARRAYS, *folder.OPTIONAL_ARRAYS}


@pytest.mark.parametrize("kilobytes", [16, 48, 96, 160])
def test_a_full_disk_leaves_the_older_folder_and_nothing_else(tmp_path, kilobytes):
    """However far the writing came: a whole folder takes 180 kilobytes."""
    with small_disk(tmp_path / "disk", 200) as disk:
        older = write_small(disk)
        before = contents(disk)
        filler = disk / "filler"
        filler.write_bytes(bytes(max(0, (200 - kilobytes) * 1024 - used(disk))))
        with pytest.raises(OferError) as caught:
            draft.write(
                dataclasses.replace(older, notes=()),
                arrays_of() | {"identity_vertices": np.zeros((2, 8000, 3), np.float32)},
                {"identity_01": b"new"},
            )
        assert caught.value.code is ErrorCode.DISK_FULL
        assert "The disk is full" in caught.value.message and caught.value.hint
        filler.unlink()
        assert contents(disk) == before and list(disk.iterdir()) == [older.folder]
        assert folder.read(older.folder) == older


def test_a_full_disk_leaves_nothing_of_a_new_folder(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        with pytest.raises(OferError) as caught:
            write_small(disk)
        assert caught.value.code is ErrorCode.DISK_FULL
        assert list(disk.iterdir()) == []


def used(disk):
    """Bytes taken on a disk."""
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def test_a_folder_that_may_not_be_written_is_said(record, arrays):
    record.folder.parent.joinpath("file").write_text("")
    blocked = dataclasses.replace(record, folder=record.folder.parent / "file" / "x.ofer")
    with pytest.raises(OferError) as caught:
        draft.write(blocked, arrays, {})
    assert caught.value.code is ErrorCode.READ_ONLY
