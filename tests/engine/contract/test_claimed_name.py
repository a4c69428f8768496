"""Names of results that are still being made: each program has its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ofer_engine.commands.results import named_results
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.files.claimed_name import claimed_name, handed_on
from ofer_engine.contract.reconstruction import SHEET, SUFFIX
from tests.engine.child_engine import ROOT

ENDINGS = (SUFFIX, ".blend")
OTHER = """
import pathlib, sys
from ofer_engine.contract.files.claimed_name import claimed_name
with claimed_name(pathlib.Path(sys.argv[1]), "front", (".ofer",), sys.argv[2:] != []) as name:
    print(name)
"""


def other_program(folder: Path, *overwrite: str, **environment: str) -> str:
    """The name that another process gets, or what it says."""
    call = [sys.executable, "-c", OTHER, str(folder), *overwrite]
    done = subprocess.run(
        call, capture_output=True, text=True, cwd=ROOT, env=os.environ | environment
    )
    return done.stdout.strip() or done.stderr


def test_what_a_program_is_making_no_other_makes(tmp_path: Path) -> None:
    with claimed_name(tmp_path, "front", ENDINGS, False) as name:
        assert name == "front"
        assert other_program(tmp_path) == "front_02"
        assert "Another run is making front" in other_program(tmp_path, "overwrite")
        assert other_program(tmp_path, **handed_on(tmp_path, name)) == "front"
        assert "front_02" not in os.listdir(tmp_path)
    assert os.listdir(tmp_path) == []
    assert other_program(tmp_path, "overwrite") == "front"


@pytest.mark.parametrize("out", [Path("there"), Path("new/below")])
def test_a_reconstruction_leaves_the_name_that_another_is_making(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    options = SimpleNamespace(out=out, name=None, overwrite=False)
    front = Path("front.jpg")
    with claimed_name(out.absolute(), "front", ENDINGS, False):
        with named_results(options, front, (SUFFIX, SHEET)) as (name, notes):
            assert name == "front_02"
            assert notes == ("front is there already and stays as it is: this is front_02.",)
    with named_results(options, front, (SUFFIX, SHEET)) as (name, notes):
        assert (name, notes) == ("front", ())
    assert os.listdir("there") == [] and not Path("new").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Unix")
def test_what_others_called_like_a_mark_stays(tmp_path: Path) -> None:
    (tmp_path / ".front.run").write_text("mine")
    os.mkfifo(tmp_path / ".front_02.run")
    (tmp_path / ".front_03.run").symlink_to(".front.run")
    (tmp_path / ".front_04.run").mkdir()
    (tmp_path / ".front_05.run").touch()  # that of a program that was killed
    before = sorted(os.listdir(tmp_path))
    with claimed_name(tmp_path, "front", ENDINGS, False) as name:
        assert name == "front_05"
    assert sorted(os.listdir(tmp_path)) == before[:-1]
    assert (tmp_path / ".front.run").read_text() == "mine"


@pytest.mark.parametrize("place", ["file/made", "file", "/proc/none"])
def test_where_nothing_can_be_made_it_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OferError, match="could not be written"):
        with claimed_name(tmp_path / place, "front", ENDINGS, False):
            pass
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_folder_does_not_take_is_named_and_not_the_folder(tmp_path: Path) -> None:
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "ofer", str(tmp_path)], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a disk that may only be read")
    try:
        with pytest.raises(OferError, match=f"front could not be written to .*{tmp_path.name}"):
            with claimed_name(tmp_path, "front", ENDINGS, False):
                pass
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
