"""File names of any bytes, and terminals of any encoding, end in files and not in a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ofer_engine.contract.reconstruction import read

ROOT = Path(__file__).resolve().parents[3]
_SMALL = ("--identities", "2", "--expressions", "0")


def _reconstruct(photo: bytes, out: Path, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "ofer_engine", "reconstruct", photo, "--out", str(out)]
    return subprocess.run(
        [*command, *_SMALL],
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "0"} | environment,
        capture_output=True,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize(
    ("name", "made", "encoding"),
    [
        (b"caf\xe9.png", "caf", "utf-8"),
        ("花子 2.png".encode(), "花子 2", "ascii"),
        (b"x" * 240 + b".png", "x" * 180, "utf-8"),
    ],
)
def test_the_photo_becomes_a_folder_and_its_path_is_printed(
    portrait, tmp_path, name, made, encoding
):
    photo = os.fsencode(tmp_path) + b"/" + name
    shutil.copyfile(portrait, photo)
    done = _reconstruct(photo, tmp_path / "out", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    record = read(tmp_path / "out" / f"{made}.ofer")
    record.photo.name.encode("utf-8")
    assert (tmp_path / "out" / f"{made}_sheet.png").is_file()
    printed = done.stdout.decode(encoding).splitlines()
    assert printed[-2].endswith(".ofer") and printed[-1].endswith("_sheet.png")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_photo_that_is_not_there_is_named_in_any_encoding(tmp_path, encoding):
    done = _reconstruct(b"\xff\xe9 \xc3\xbc.png", tmp_path / "out", PYTHONIOENCODING=encoding)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    assert done.stderr.decode(encoding).startswith("ofer: There is no photo")
