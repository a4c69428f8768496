"""Which packs are here, told without torch."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ofer_engine.__main__ import main
from ofer_engine.contract.installed import (
    PUBLISHED_PACK,
    PUBLISHED_PARTS,
    installed_packs,
    lacking_parts,
)
from ofer_engine.pack_registry import BUNDLED, find_packs
from ofer_engine.published.catalogue import PACK_ID, REQUIRED
from ofer_engine.session import Session


def test_the_same_names_as_the_catalogue() -> None:
    assert PUBLISHED_PACK == PACK_ID
    assert PUBLISHED_PARTS == tuple(part.value for part in REQUIRED)


def test_bundled_packs_win_and_damaged_ones_are_listed(tmp_path: Path) -> None:
    for name, text in (
        ("open", "{}"),
        ("mine", '{"title": "Mine", "licence": "CC0"}'),
        ("bad", "["),
    ):
        (tmp_path / "packs" / name).mkdir(parents=True)
        (tmp_path / "packs" / name / "pack.json").write_text(text)
    found = installed_packs(BUNDLED, tmp_path)
    assert list(found)[0] == "open" and found["open"].folder == BUNDLED / "open"
    assert found["mine"].title == "Mine" and found["bad"].licence == "unknown"
    assert {name: pack.folder for name, pack in found.items()} == find_packs(tmp_path)


DAMAGED = {
    "deep": b'{"a":' * 100_000,
    "digits": b'{"title": "a", "licence": "b", "age": ' + b"9" * 400 + b"}",
    "more": b'{"title": "a", "licence": "b", "age": ' + b"9" * 5000 + b"}",
    "list": b"[1, 2]",
    "none": b"null",
    "bytes": b"\xff\xfe\x00",
    "hints": b'{"title": "a", "licence": "b", "hints": [["age"]]}',
    "number": b'{"title": 5, "licence": "b"}',
    "other": b'{"format": 99}',
    "empty": b"",
}


def _damage(packs: Path) -> None:
    """Packs that cannot be read, each in a way of its own."""
    for name, content in DAMAGED.items():
        (packs / name).mkdir(parents=True)
        (packs / name / "pack.json").write_bytes(content)
    for name in ("loop", "folder", "pipe", "huge"):
        (packs / name).mkdir()
    (packs / "loop" / "pack.json").symlink_to("pack.json")
    (packs / "folder" / "pack.json").mkdir()
    os.mkfifo(packs / "pipe" / "pack.json")
    with (packs / "huge" / "pack.json").open("wb") as file:
        file.truncate(1 << 40)
    (packs / "round").symlink_to(".")
    (packs / "away").symlink_to("nowhere")
    (packs / "a file").write_text("")


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
def test_damaged_packs_hide_no_other(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.copytree(BUNDLED / "open", tmp_path / "packs" / "mine")
    _damage(tmp_path / "packs")
    found = installed_packs(BUNDLED, tmp_path)
    assert {"open", "mine", "loop", "folder", "pipe", "huge", *DAMAGED} == set(found)
    assert "age" in found["mine"].hints and found["loop"].licence == "unknown"
    assert main(["--home", str(tmp_path), "packs", "list"]) == 1
    said = capsys.readouterr()
    assert said.out.count("OFER Faces open pack") == 2
    for name in ("loop", "folder", "pipe", "huge", *DAMAGED):
        assert f"{name}: " in said.err
    assert "Traceback" not in said.err
    ready = Session("cpu", tmp_path, 1).ready()
    assert set(ready.packs) == set(found) and set(ready.hinted) == {"open", "mine"}


def test_a_place_that_is_no_folder_has_no_packs(tmp_path: Path) -> None:
    (tmp_path / "packs").write_text("")
    assert set(installed_packs(BUNDLED, tmp_path)) == set(installed_packs(BUNDLED, None))


def test_published_pack_is_there_once_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "packs" / PUBLISHED_PACK
    folder.mkdir(parents=True)
    for number, part in enumerate(PUBLISHED_PARTS):
        assert lacking_parts(tmp_path) == PUBLISHED_PARTS[number:]
        assert PUBLISHED_PACK not in installed_packs(BUNDLED, tmp_path)
        (folder / f"{part}.json").write_text("{}")
        (folder / f"{part}.safetensors").write_bytes(b"")
    assert PUBLISHED_PACK in installed_packs(BUNDLED, tmp_path)


def test_needs_nothing_but_python() -> None:
    code = "import sys, ofer_engine.contract.installed; sys.exit('numpy' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
