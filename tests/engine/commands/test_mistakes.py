"""Whatever is mistyped on the command line ends in one sentence that says what to do."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ofer_engine.__main__ import LOG, main
from ofer_engine.client.launch import engine_command, engine_environment
from ofer_engine.commands import more_like, sampling
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.files.whole_file import check_place
from ofer_engine.contract.protocol import PROTOCOL_VERSION
from ofer_engine.contract.reconstruction import Hypothesis
from ofer_engine.contract.records import PinRecord
from ofer_engine.diffusion.samplers import SAMPLERS
from tests.engine.child_engine import ROOT


@pytest.fixture
def fails(tmp_path, capsys, monkeypatch):
    """Run a command that cannot work, in an empty folder; gives what it says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")

    def call(line: str) -> str:
        assert main(["--home", str(tmp_path / "home"), *line.split()]) == 1
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("ofer: ") and said.err.count("\n") == 1
        return said.err

    return call


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("evaluate photos nowhere", "nowhere cannot be used: No such file or directory. Check"),
        ("evaluate photos text.txt", "text.txt cannot be used: Not a directory. Check"),
        ("evaluate photos empty", "no photos in empty. Give a folder with files that end in .jpg"),
        ("evaluate heads --count 1 --out text.txt/x.png", "Not a directory. Check"),
        ("evaluate heads --count 1 --out x.abc", "x.abc is no name of a picture. Let it end in"),
        ("evaluate synthetic --photos empty --ict x", "go together. Give both"),
        ("evaluate compare text.txt text.txt", "text.txt holds no figures of a pack. Write it"),
        ("reconstruct empty --out made", "empty is a folder, not a photo. Choose a photo in it."),
        ("reconstruct . --out made", "ofer: . is a folder, not a photo. Choose a photo in it."),
        ("reconstruct nowhere.jpg --out made", "There is no photo nowhere.jpg. Choose"),
        ("reconstruct text.txt --out made --pack nobody", "no pack called 'nobody'"),
        ("reconstruct text.txt --out text.txt/made", "could not be written to text.txt"),
        ("reconstruct text.txt --out made --face a,b", "'a,b' tells no face. Give its number"),
        ("reconstruct text.txt --out made --face 1 --face 2", "'1' and '2' are both for photo 1."),
        ("reconstruct text.txt --out made --mask a --mask 1:b", "'a' and 'b' are both for photo"),
        (f"reconstruct text.txt --out made --hidden {'9' * 5000}:mouth", "is for no photo: 1 are"),
        ("reconstruct text.txt --out made --identities 0", "cannot be drawn. Draw at most 1000"),
        ("reconstruct text.txt --out made --seed 3000000000", "seed is out of range. Choose a"),
        ("reconstruct text.txt --out made --seed -1", "seed is out of range. Choose a whole"),
        ("reconstruct text.txt --out made --seed " + str(2**70), "seed is out of range. Choose"),
        ("reconstruct text.txt --out made --seed " + "9" * 400, "seed is out of range. Choose"),
        ("reconstruct text.txt --out made --identities " + "9" * 400, "cannot be drawn. Draw"),
        ("reconstruct text.txt --out made --name ../../x", "'../../x' cannot be the name of"),
        ("reconstruct text.txt --out made --name /x", "without folders, such as x."),
        ("reconstruct text.txt --out made --name ..", "'..' cannot be the name of the results"),
        ("reconstruct text.txt --out made --name a\\b", "cannot be the name of the results"),
        ("reconstruct text.txt --out made --name NUL", "such as NUL_."),
        ("reconstruct text.txt --out made --name " + "ü" * 120, "cannot be the name of the"),
        ("reconstruct text.txt --out made --guidance nan", "A guidance of nan makes no sense."),
        ("batch empty --out made", "no photos in empty. Choose another folder or list."),
        ("batch text.txt --out text.txt/made", "could not be written to text.txt"),
        ("batch text.txt --out made --seed " + str(2**70), "seed is out of range. Choose a whole"),
        ("batch text.txt --out made --expressions -3", "cannot be drawn. Draw at most"),
        ("batch text.txt --out made --pack ../x", "There is no pack called '../x' here"),
        ("perform empty --out made.ofer", "no numbered pictures in empty. Choose a video"),
        ("perform text.txt --out ../x/..", "'..' cannot be the name of the results. Give"),
        ("perform text.txt --out NUL.ofer", "'NUL' cannot be the name of the results. Give"),
        ("perform text.txt --out made.ofer --rate nan", "nan frames a second make no sense."),
        ("perform text.txt --out made.ofer --face 0", "'0' tells no face. Give its number"),
        ("perform text.txt --out made.ofer --seed " + "9" * 400, "seed is out of range."),
        ("more-like empty identity_01", "empty is not a readable reconstruction"),
        ("skin text.txt anna.jpg", "text.txt is not a readable reconstruction"),
    ],
)
def test_one_sentence_with_a_next_step_and_nothing_written(fails, tmp_path, line, word):
    assert word in fails(line)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "text.txt"]


def test_a_program_s_own_mistake_is_told_and_its_trace_kept(monkeypatch, tmp_path, capsys):
    def broken(*_: object) -> None:
        raise KeyError("jaw")

    monkeypatch.setattr("ofer_engine.pack_registry.find_packs", broken)
    assert main(["--home", str(tmp_path / "home"), "packs"]) == 1
    said = capsys.readouterr().err
    assert "met an unexpected error (KeyError). Run it again" in said and "Traceback" not in said
    log = tmp_path / "home" / LOG
    assert str(log) in said and "KeyError: 'jaw'" in log.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Unix")
def test_a_reader_who_leaves_is_no_mistake(tmp_path):
    """As in `packs list | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = engine_command(Path(sys.executable), ROOT, ["--home", str(tmp_path), "packs", "list"])
    with os.fdopen(writing, "wb") as unheard:
        done = subprocess.run(
            command, stdout=unheard, stderr=subprocess.PIPE, env=engine_environment(), check=False
        )
    assert done.returncode == 1 and done.stderr == b""


@pytest.mark.parametrize(
    "line", ["reconstruct a.jpg --out b --threads 0", "evaluate heads --out x.png --count 0"]
)
def test_counts_below_one_are_told_by_the_parser(capsys, line):
    with pytest.raises(SystemExit) as stopped:
        main(line.split())
    assert stopped.value.code == 2 and "0 is too few: give 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", "2147483648", "9" * 400])
@pytest.mark.parametrize(
    "command", ["evaluate heads --out x.png", "train open --photos p --people q --out r --work s"]
)
def test_seeds_out_of_range_are_told_by_the_parser(capsys, command, number):
    with pytest.raises(SystemExit) as stopped:
        main([*command.split(), "--seed", number])
    assert stopped.value.code == 2
    assert "--seed: give a whole number from 0 to 2147483647" in capsys.readouterr().err


def test_a_photo_that_is_left_out_must_be_there(fails, tmp_path):
    (tmp_path / "empty" / "a.jpg").write_bytes(b"")
    said = fails("evaluate photos empty --wrong a.jpg b.jpg")
    assert "There is no photo b.jpg in empty. Name files as they are there." in said


@pytest.mark.parametrize(
    ("typed", "written"), [("", 10), ("--identities 4", 4), ("--identities 4 --keep 9", 9)]
)
def test_fewer_drawn_than_are_usually_kept_are_all_kept(typed, written):
    parser = argparse.ArgumentParser()
    sampling.add_sampling_options(parser, identities=100, keep=10)
    options = parser.parse_args(typed.split())
    assert sampling.identity_params(options)["keep"] == written


def test_every_sampler_is_named_in_the_help():
    parser = argparse.ArgumentParser()
    sampling.add_sampling_options(parser, identities=100, keep=10)
    (option,) = (each for each in parser._actions if each.dest == "sampler")
    said = re.findall(r"\w+", option.help.partition(": ")[2])
    assert set(said) - {"default", "or"} == set(SAMPLERS)


def test_shares_sum_to_one():
    heads = (Hypothesis("identity_01", 1, 0.6, 17), Hypothesis("identity_02", 2, 0.4, 3))
    record = SimpleNamespace(identities=heads, folder=Path("anna.ofer"))
    assert more_like._blend(record, ["identity_02", "identity_01"]) == ((3, 17), (0.5, 0.5))
    assert more_like._blend(record, ["identity_01=3", "identity_02=1"]) == ((17, 3), (0.75, 0.25))
    for wrong in ("identity_03", "identity_01=x", "identity_01=-1", "identity_01=0", "=1"):
        with pytest.raises(OferError, match="is no blend of heads"):
            more_like._blend(record, [wrong])


def test_pins_are_vertices_at_pixels():
    assert more_like._pin("1668=222.5,182") == PinRecord(1668, (222.5, 182.0))
    assert more_like._pin("2:90=1.,7") == PinRecord(90, (1.0, 7.0), 1)
    for wrong in ("", "90", "90=1", "90=1,2,3", "-1=1,2", "x=1,2", "90=nan,1", "90=1e9,1"):
        with pytest.raises(OferError, match="is no pin"):
            more_like._pin(wrong)


def test_a_place_to_write_is_tried_without_a_trace(tmp_path):
    check_place(tmp_path / "not" / "yet")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(OferError) as caught:
        check_place(tmp_path / "file" / "made")
    assert caught.value.code is ErrorCode.READ_ONLY


@pytest.mark.parametrize("below", ["", "made"])
def test_a_link_that_leads_nowhere_is_told_before_the_work(tmp_path, below):
    for name, place in (("dangling", "nowhere/deep"), ("loop", "pool"), ("pool", "loop")):
        (tmp_path / name).symlink_to(place)
    for name in ("dangling", "loop"):
        with pytest.raises(OferError, match="could not be written") as caught:
            check_place(tmp_path / name / below)
        assert caught.value.code is ErrorCode.READ_ONLY
    assert sorted(os.listdir(tmp_path)) == ["dangling", "loop", "pool"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_command_that_is_stopped_takes_back_what_it_began(portrait, tmp_path, end):
    out = tmp_path / "out"
    wish = ["reconstruct", str(portrait), "--out", str(out), "--identities", "12", "--keep", "12"]
    options = ["--home", str(tmp_path / "h"), *wish, "--steps", "2"]
    command = engine_command(Path(sys.executable), ROOT, options)
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=engine_environment()) as process:
        while not list(out.glob(".*.unfinished/whole/thumbnails/*.png")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.Signals[end])
        assert process.communicate()[1] == b"ofer: stopped.\n"
    assert process.returncode == 130 and not out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_closed_terminal_stops_no_command_that_runs_under_nohup(tmp_path):
    signal_it = "import os, signal; os.kill(os.getpid(), signal.SIGHUP); print('went on')"
    program = f"from ofer_engine.client import stopping; stopping.listen('stopped'); {signal_it}"
    for ignored, output in ((True, b"went on\n"), (False, b"")):
        before = (lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) if ignored else None
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, preexec_fn=before, cwd=ROOT
        )
        assert done.stdout == output


@pytest.mark.skipif(sys.platform == "win32", reason="no folder in use can be deleted there")
def test_the_engine_serves_a_client_whose_folder_is_gone(tmp_path):
    (tmp_path / "gone").mkdir()
    command = engine_command(Path(sys.executable), ROOT, ["--home", str(tmp_path / "h"), "serve"])
    done = subprocess.run(
        ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(tmp_path / "gone"), *command],
        input=json.dumps({"type": "Hello", "protocol": PROTOCOL_VERSION}) + "\n",
        capture_output=True, text=True, check=False, env=engine_environment(),
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[0])["type"] == "Ready", done.stderr
