"""The reconstruction folder: what is written is read back, and nothing half-written is left."""

import dataclasses
import json
import os

import numpy as np
import pytest

from ofer_engine.contract import draft
from ofer_engine.contract import reconstruction as folder
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import Hints

_UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(3, 2)).astype(np.float32) for name in folder.ARRAYS}


@pytest.fixture
def record(tmp_path):
    return folder.Reconstruction(
        name="Zoë",
        created="2026-11-21T23:00:00+00:00",
        views=(
            folder.View(
                folder.PhotoRecord("zoë.jpg", "ab" * 32, 640, 480),
                folder.FaceRecord((1.0, 2.0, 3.0, 4.0), False, 0.75, False),
                folder.CameraRecord(
                    800.0, (320.0, 240.0), _UPRIGHT, (0.0, 0.0, -1.0), 640, 480, True
                ),
                ("eyes", "mouth"),
                "cd" * 32,
            ),
        ),
        pack=folder.PackRecord("open", "0.1", "Open", "CC0-1.0", True, "plausible", "ff"),
        settings=folder.SettingsRecord(
            0, "ddpm", 20, 100, 10, 15, "cpu", 2, "0.1.0", "2.13.0",
            hints=Hints(age=41.5, build=0.25),
        ),
        identities=(folder.Hypothesis("identity_01", 1, 0.5, 17),),
        expressions=(),
        expression_names=("jawOpen",),
        joints=("root", "head"),
        joint_parents=(-1, 0),
        parts=("skin",),
        notes=("A note.",),
        additions=(
            folder.Addition(7, "ddim", 12, 40, 5, 0.5, 0.0, (3, 17), (0.5, 0.5), 100),
        ),
        folder=tmp_path / "Zoë.ofer",
    )  # fmt: skip


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


def test_an_array_too_few_is_a_programming_error(record, arrays):
    arrays.pop("uv")
    with pytest.raises(ValueError, match="uv"):
        draft.write(record, arrays, {})


def test_a_full_disk_leaves_the_older_folder_and_nothing_else(record, arrays, monkeypatch):
    draft.write(record, arrays, {"identity_01": b"old"})

    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OferError) as caught:
        draft.write(record, arrays, {"identity_01": b"new"})
    assert caught.value.code is ErrorCode.DISK_FULL
    assert [p.name for p in record.folder.parent.iterdir()] == [record.folder.name]
    assert folder.read(record.folder).thumbnail(record.identities[0]).read_bytes() == b"old"


def test_a_folder_that_may_not_be_written_is_said(record, arrays):
    record.folder.parent.joinpath("file").write_text("")
    blocked = dataclasses.replace(record, folder=record.folder.parent / "file" / "x.ofer")
    with pytest.raises(OferError) as caught:
        draft.write(blocked, arrays, {})
    assert caught.value.code is ErrorCode.READ_ONLY


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: (f / folder.RECORD).unlink(),
        lambda f: (f / folder.RECORD).write_text("{"),
        lambda f: (f / folder.RECORD).write_text("[]"),
        lambda f: (f / folder.RECORD).write_bytes(b"\xff\xfe"),
        lambda f: _edit(f, "format", 1),
        lambda f: _edit(f, "views", None),
        lambda f: _edit(f, "views", []),
        lambda f: _edit(f, "name", 5),
        lambda f: _edit(f, "identities", [{"name": "x"}]),
        lambda f: _edit(f, "more", 1),
    ],
)
def test_a_damaged_record_is_refused(record, arrays, damage):
    draft.write(record, arrays, {})
    damage(record.folder)
    with pytest.raises(OferError) as caught:
        folder.read(record.folder)
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"garbage" * 100])
def test_a_damaged_array_is_refused(record, arrays, content):
    draft.write(record, arrays, {})
    (record.folder / "uv.npy").write_bytes(content)
    with pytest.raises(OferError) as caught:
        folder.read(record.folder).array("uv")
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED


def test_an_array_that_would_run_code_is_refused(record, arrays):
    draft.write(record, arrays, {})
    np.save(record.folder / "uv.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(OferError):
        folder.read(record.folder).array("uv")


def _edit(path, key, value):
    file = path / folder.RECORD
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
