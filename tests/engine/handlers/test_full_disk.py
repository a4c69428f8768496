"""A disk that is really full, under everything that the engine writes: one sentence, nothing cut
stays, nothing that was there is touched."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.__main__ import main
from ofer_engine.client.launch import engine_command, engine_environment
from ofer_engine.contract import protocol, reconstruction
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.imported_files import import_files, status
from tests.engine.child_engine import ROOT
from tests.engine.small_disk import contents, small_disk


@contextmanager
def filled(disk, left):
    """All but so many kilobytes taken by a file, which is no part of what is compared."""
    state = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(state.f_bavail * state.f_frsize - left * 1024))
    try:
        yield
    finally:
        filler.unlink()


def refused(call):
    """What a call is refused for."""
    with pytest.raises(OferError) as caught:
        call()
    error = caught.value
    assert error.code is ErrorCode.DISK_FULL, error
    assert error.message.startswith("The disk is full") and error.hint
    assert "None" not in str(error)


@pytest.mark.parametrize("kilobytes", [16, 600, 4000])
def test_a_new_reconstruction(engine, small, tmp_path, kilobytes):
    with small_disk(tmp_path / "disk", kilobytes) as disk:
        request = protocol.Reconstruct(out=str(disk / "out"), name="anna", **small)
        refused(lambda: engine.ask(request))
        assert list(disk.iterdir()) == []


@pytest.fixture(scope="module")
def disk(tmp_path_factory, engine, small):
    """A small disk with a reconstruction on it, and the wishes that go on from it."""
    with small_disk(tmp_path_factory.mktemp("disk") / "disk", 40_000) as place:
        engine.ask(protocol.Reconstruct(out=str(place), name="anna", **small))
        yield place


def wishes(disk, portrait):
    folder = str(disk / "anna.ofer")
    row = reconstruction.read(Path(folder)).identities[0].candidate
    photos = (protocol.SkinPhoto(str(portrait)),)
    rows = ((row,), (1.0,))
    return {
        "more like": protocol.MoreLikeThis(
            1, folder, str(disk), "anna", *rows, identities=4, keep=2, steps=2
        ),
        "more like, as another": protocol.MoreLikeThis(
            1, folder, str(disk), "berta", *rows, identities=4, keep=2, steps=2
        ),
        "express": protocol.Express(1, folder, str(disk / "e.npz"), *rows),
        "skin": protocol.Texture(
            1, folder, photos, str(disk / "anna.ofer" / "skin"), *rows, resolution=512
        ),
        "photo": protocol.OpenPhoto(1, str(portrait), str(disk / "picture.npy")),
    }


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("more like", 0), ("more like", 900), ("more like, as another", 3000), ("express", 0),
        ("express", 100), ("skin", 8), ("skin", 60), ("photo", 0), ("photo", 40),
    ],
)  # fmt: skip
def test_what_goes_on_from_it(engine, disk, portrait, wish, left):
    before = contents(disk)
    with filled(disk, left):
        refused(lambda: engine.ask(wishes(disk, portrait)[wish]))
    assert contents(disk) == before and not list(disk.glob("**/.*"))


def test_a_part_of_a_pack(tmp_path):
    source = tmp_path / "frontindices.npy"
    np.save(source, np.arange(1785, dtype=np.int64))
    with small_disk(tmp_path / "disk", 200) as disk:
        import_files([source], disk)
        before = contents(disk)
        for left in (0, 8, 16):
            with filled(disk, left):
                refused(lambda: import_files([source], disk))
            assert contents(disk) == before
        assert sum(line.record is not None for line in status(disk)) == 1


def test_the_command_line(portrait, tmp_path, capsys):
    with small_disk(tmp_path / "disk", 1000) as disk:
        out = ["--out", str(disk), "--identities", "4", "--expressions", "0", "--steps", "2"]
        assert main(["--home", str(tmp_path), "reconstruct", str(portrait), *out]) == 1
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("ofer: The disk is full")
        assert said.err.count("\n") == 1 and list(disk.iterdir()) == []


def test_what_is_whole_beside_a_sheet_that_is_not(portrait, tmp_path, capsys):
    """The disk fills up once the head is there: it stays, and this is said."""
    out = ["--identities", "4", "--expressions", "0", "--steps", "2", "--out"]
    command = ["--home", str(tmp_path), "reconstruct", str(portrait), *out]
    assert main([*command, str(tmp_path)]) == 0
    made = tmp_path / f"{portrait.stem}.ofer"
    blocks = sum(-(-path.stat().st_size // 4096) for path in made.rglob("*") if path.is_file())
    capsys.readouterr()
    with small_disk(tmp_path / "disk", 4 * blocks + 64) as disk:
        assert main([*command, str(disk)]) == 1
        assert [each.name for each in disk.iterdir()] == [made.name]
        assert reconstruction.read(disk / made.name).identities
        said = capsys.readouterr().err
        assert said.startswith("ofer: The disk is full") and said.count("\n") == 1
        assert f"The reconstruction itself is whole: {disk / made.name}. Free some space" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_the_output_itself(tmp_path):
    command = engine_command(Path(sys.executable), ROOT, ["--home", str(tmp_path), "packs", "list"])
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=engine_environment(), text=True
        )
    assert done.returncode == 1 and done.stderr.startswith("ofer: The disk is full")
    assert done.stderr.count("\n") == 1
