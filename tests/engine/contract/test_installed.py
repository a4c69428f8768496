"""Which packs are here, told without torch."""

import subprocess
import sys
from pathlib import Path

from ofer_engine.contract.installed import (
    PUBLISHED_PACK,
    PUBLISHED_PARTS,
    installed_packs,
    lacking_parts,
)
from ofer_engine.packs.catalogue import PACK_ID, REQUIRED
from ofer_engine.packs.registry import BUNDLED, find_packs


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
