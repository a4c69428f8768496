"""The import command as people meet it: what it prints and how it ends."""

import argparse
import os
import shutil
import sys

import numpy as np
import pytest

from ofer_engine.commands import packs
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.published.catalogue import CATALOGUE


@pytest.fixture
def run(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", default=tmp_path / "home")
    packs.add(parser.add_subparsers(required=True))

    def call(*words: str) -> tuple[int, str, str]:
        options = parser.parse_args(["packs", *words])
        status = options.command(options)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_what_is_imported_refused_and_missing_is_named(run, tmp_path):
    np.save(tmp_path / "front.npy", np.arange(1785))
    (tmp_path / "page.tar").write_text("<html>please log in</html>")
    status, out, err = run("import", str(tmp_path / "front.npy"), str(tmp_path / "page.tar"))
    assert status == 1
    assert "imported front.npy: OFER's face vertices" in out
    assert "refused page.tar" in err and "log in" in err
    for name in ("model_idgen_flame20.tar", "model_idrank.tar", "generic_model.pkl"):
        assert name in out
    assert "frontindices.npy, from" not in out


def test_an_import_without_refusals_succeeds_and_is_listed(run, tmp_path):
    np.save(tmp_path / "front.npy", np.arange(1785))
    assert run("import", str(tmp_path / "front.npy"))[0] == 0
    status, out, _ = run("list")
    assert status == 0
    packs_part, files_part = out.split("\n\n")
    assert packs_part.splitlines()[1:] == run()[1].splitlines()
    assert "open" in packs_part and "commercial use: yes" in packs_part
    lines = [line for line in files_part.splitlines()[1:] if not line.startswith(" ")]
    assert len(lines) == len(CATALOGUE)
    have = [line for line in lines if line.startswith("have")]
    assert len(have) == 1 and "OFER's face vertices" in have[0]
    assert all("commercial use: " in line for line in lines)
    assert any("2023 Open" in line and "CC-BY-4.0; commercial use: yes" in line for line in lines)
    assert sum(line.startswith("missing") for line in lines) == 4
    assert "generic_model.pkl, from flame.is.tue.mpg.de" in files_part


def test_a_damaged_pack_does_not_hide_the_others(run, tmp_path):
    for name in ("another", "broken"):
        shutil.copytree(BUNDLED / "open", tmp_path / "home" / "packs" / name)
    (tmp_path / "home" / "packs" / "broken" / "pack.json").write_text("{")
    status, out, err = run("list")
    assert status == 1 and "Files of the published OFER" in out
    assert err.startswith("broken: ") and "is damaged" in err
    assert out.split("\n\n")[0].count("commercial use: yes") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="names and pipes of Unix")
def test_a_name_gives_the_terminal_no_orders_and_a_pipe_is_not_waited_for(run, tmp_path):
    damaged = tmp_path / "home" / "packs" / "a\nb\x1b[31m"
    damaged.mkdir(parents=True)
    os.mkfifo(damaged / "pack.json")
    status, _, err = run("list")
    assert status == 1 and err.startswith("a b\ufffd[31m: ") and err.count("\n") == 1
    os.mkfifo(tmp_path / "flame\x1b[2J.pkl")
    status, out, err = run("import", str(tmp_path / "flame\x1b[2J.pkl"))
    assert status == 1 and "cannot be read" in err and "\x1b" not in out + err


def test_an_empty_folder_says_so(run, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = run("import", str(tmp_path / "empty"))
    assert status == 1 and "no weight file" in err
