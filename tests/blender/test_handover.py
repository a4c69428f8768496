"""What Blender hands to the engine: no photo on the disk, and nothing left of a killed Blender."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bpy
import numpy as np
import pytest
from conftest import HERE
from ofer_faces.ofer_blender.head import previews
from ofer_faces.ofer_blender.photo import photo_source
from ofer_faces.ofer_engine.client import handover
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.contract.files.whole_file import whole_file

IN_MEMORY = pytest.mark.skipif(not handover._IN_MEMORY, reason="there is no /proc")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    handover.close()
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    handover.close()


def files(place: Path) -> list[Path]:
    """What lies on the disk; links into memory are none."""
    return [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]


@IN_MEMORY
def test_a_photo_of_the_blend_never_lies_on_the_disk(here: Path) -> None:
    image = bpy.data.images.new("Anna", 64, 48)
    picture = png_file.encode(np.full((48, 64, 3), 90, np.uint8))
    for pack in (False, True):
        if pack:
            image.pack(data=picture, data_len=len(picture))
            image.source = "FILE"
        source = photo_source.from_image(image)
        assert source.path.read_bytes()[:2] == (b"\x89P" if pack else b"BM")
        read = subprocess.run(["cat", source.path], capture_output=True, check=True)
        assert len(read.stdout) == len(source.path.read_bytes()), "another process reads it"
        assert [path.name for path in files(here)] == ["owner"]
        source.discard()
        assert not source.path.exists() and not files(here)
    assert not handover._memory


@IN_MEMORY
def test_what_the_engine_writes_lies_in_memory_too(here: Path) -> None:
    path = handover.expect("picture.npy")
    with whole_file(path) as file:
        np.save(file, np.zeros((4, 4, 3), np.uint8))
    assert path.is_symlink() and np.load(path).shape == (4, 4, 3)
    assert [each.name for each in files(here)] == ["owner"]
    with whole_file(path) as file:
        file.write(b"shorter")
    assert path.read_bytes() == b"shorter"


def test_the_private_folder_is_private(here: Path) -> None:
    place = handover.folder()
    assert oct(place.parent.stat().st_mode & 0o777) == oct(place.stat().st_mode & 0o777) == "0o700"
    handover.close()
    assert not list(here.iterdir())


def test_what_a_killed_blender_left_goes_at_the_next_start(here: Path) -> None:
    script = f"""
import sys, time
sys.path.insert(0, {str(HERE)!r})
from conftest import ADDON
from ofer_faces.ofer_engine.client import handover
import tempfile
tempfile.tempdir = {str(here)!r}
(handover.folder() / "albedo.png").write_bytes(b"a face")
handover.give("photo.png", b"a face")
print("there", flush=True)
time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert "there\n" in iter(other.stdout.readline, ""), "after what Blender itself says"
    handover.sweep()
    assert "albedo.png" in [path.name for path in files(here)], "it is at work"
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    mine = handover.give("photo.png", b"mine")
    handover.sweep()
    assert mine.read_bytes() == b"mine"
    assert len(list(here.iterdir())) == 1, "only our own is left"


def test_what_earlier_releases_left_goes_after_a_day(here: Path) -> None:
    old, new, other = here / "ofer_photo_a.png", here / "ofer_mask_b.png", here / "photo.png"
    for path in (old, new, other):
        path.write_bytes(b"a face")
    os.utime(old, (time.time() - 2e5,) * 2)
    os.utime(other, (time.time() - 2e5,) * 2)
    handover.sweep()
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


def test_a_name_in_a_file_is_no_path(head: bpy.types.Object, here: Path, tmp_path: Path) -> None:
    """Pictures of a gallery are written where Blender reads them: never where a file says."""
    item = head.ofer.identities[0]
    outside = tmp_path / "outside"
    item.picture_key = f"../../{outside.name}"
    item.clay_key = item.picture_key
    for head.ofer.in_clay in (False, True):
        previews._load_missing()
    assert not list(tmp_path.glob("outside*")) and not list(here.glob("../outside*"))
