"""`batch` as it is run: real workers, the bundled pack, killed on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.__main__ import main
from ofer_engine.batch.local_workers import LocalWorkers
from ofer_engine.batch.photo_list import Task, read_photo_list
from ofer_engine.batch.results import FolderResults
from ofer_engine.batch.run import run_batch
from ofer_engine.batch.settings import BatchSettings
from ofer_engine.contract import reconstruction
from ofer_engine.contract.sampling import SamplingParams
from ofer_engine.pack_registry import pack_record

ROOT = Path(__file__).resolve().parents[3]
FEW = ("--identities", "6", "--keep", "2", "--expressions", "1", "--steps", "4")


@pytest.fixture
def photos(portrait, tmp_path):
    """Three pictures of the astronaut in different light, and a text that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.asarray(Image.open(portrait).convert("RGB"), np.float32)
    for number in range(3):
        Image.fromarray((pixels * (1 - 0.05 * number)).astype(np.uint8)).save(
            folder / f"p{number}.png"
        )
    (folder / "poison.png").write_text("no picture")
    return folder


def batch(photos, out, *more):
    return main(["batch", str(photos), "--out", str(out), *FEW, *more])


def found_in(out):
    return {
        path.stem: reconstruction.read(path).array("identity_coefficients")
        for path in sorted(out.glob("*.ofer"))
    }


def test_a_result_for_each_photo_the_same_bits_as_alone(photos, tmp_path, capsys):
    assert batch(photos, tmp_path / "out", "--workers", "2") == 1  # one photo failed
    assert "3 photos done, 0 done before, 1 failed" in capsys.readouterr().out
    error = json.loads((tmp_path / "out" / "errors.jsonl").read_text("utf-8"))
    assert error["photo"].endswith("poison.png") and error["message"] and error["hint"]
    found = found_in(tmp_path / "out")
    assert list(found) == ["p0", "p1", "p2"]
    alone = ["reconstruct", str(photos / "p2.png"), "--out", str(tmp_path / "alone"), *FEW]
    assert main([*alone, "--threads", "1"]) == 0
    assert np.array_equal(found["p2"], found_in(tmp_path / "alone")["p2"])
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.json")}
    assert batch(photos, tmp_path / "out", "--workers", "1") == 1
    assert "0 photos done, 3 done before, 1 failed" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.json")}


def test_what_has_the_name_already_stays(photos, tmp_path):
    theirs = tmp_path / "out" / "p0.ofer"
    theirs.mkdir(parents=True)
    (theirs / "mine.txt").write_text("mine")
    for name in ("p1.png", "p2.png"):
        (photos / name).unlink()
    batch(photos, tmp_path / "out", "--workers", "1")
    assert [path.name for path in theirs.iterdir()] == ["mine.txt"]
    assert (tmp_path / "out" / "p0_02.ofer" / "reconstruction.json").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_a_killed_worker_loses_nothing(photos, tmp_path):
    (photos / "poison.png").unlink()
    settings = BatchSettings(
        pack_record("open", None), SamplingParams(6, 2, 1, steps=4), tmp_path / "out", False, None
    )
    settings.out.mkdir()
    workers = LocalWorkers(settings, 1)
    killed: list[int] = []

    def kill_once(summary):
        if summary.done == 1 and not killed:
            killed.extend(workers.processes)
            os.kill(killed[0], signal.SIGKILL)

    try:
        summary = run_batch(
            read_photo_list(photos), workers, FolderResults(settings), settings.out / "e", kill_once
        )
        assert killed and workers.processes != killed
    finally:
        workers.close()
    assert (summary.done, summary.failed) == (3, 0)
    assert list(found_in(settings.out)) == ["p0", "p1", "p2"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_batch_is_taken_up_again(photos, tmp_path, capsys, how):
    (photos / "poison.png").unlink()
    out = tmp_path / "out"
    command = [sys.executable, "-m", "ofer_engine", "batch", str(photos), "--out", str(out), *FEW]
    running = subprocess.Popen([*command, "--workers", "1"], cwd=ROOT)
    limit = time.monotonic() + 300
    while not list(out.glob("*.ofer")) and time.monotonic() < limit:
        time.sleep(0.05)
    running.send_signal(how)
    running.wait(60)
    done = len(list(out.glob("*.ofer")))
    assert 1 <= done
    assert batch(photos, out, "--workers", "1") == 0
    assert ", 0 failed" in capsys.readouterr().out
    assert list(found_in(out)) == ["p0", "p1", "p2"]
    assert not [path.name for path in out.iterdir() if path.name.startswith(".ofer-")]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("begun", ["out", "out/.ofer-batch.lock", "out/.p0*.unfinished"])
def test_a_batch_stopped_with_its_workers_says_so_in_one_line(photos, tmp_path, begun, how):
    """As a terminal and `timeout` do: all processes of the group get the signal. A folder that a
    worker had begun in that very moment may stay: the next batch sweeps it away."""
    command = [sys.executable, "-m", "ofer_engine", "batch", str(photos), "--out", "OUT", *FEW]
    command[command.index("OUT")] = str(tmp_path / "out")
    running = subprocess.Popen(
        [*command, "--workers", "2"], cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE
    )
    while not list(tmp_path.glob(begun)):
        assert running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, how)
    assert running.communicate(timeout=60)[1] == b"ofer: stopped.\n"
    assert running.returncode == 130
    assert all(each.name.endswith(".unfinished") for each in tmp_path.glob("out/.*"))
    assert list(tmp_path.glob("out/*")) or not (tmp_path / "out").exists()  # `*`: hidden ones too


def test_two_batches_do_not_write_into_one_folder(photos, tmp_path, capsys):
    from ofer_engine.commands.batch import _alone

    (tmp_path / "out").mkdir()
    with _alone(tmp_path / "out"):
        assert batch(photos, tmp_path / "out") == 1
    assert "Another batch is writing into out" in capsys.readouterr().err


def test_what_cannot_be_drawn_is_said_before_any_photo_is_opened(photos, tmp_path, capsys):
    assert batch(photos, tmp_path / "out", "--seed", "-1") == 1
    assert "seed is out of range" in capsys.readouterr().err
    assert batch(photos, tmp_path / "out", "--pack", "none") == 1
    assert "no pack called 'none'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_photos(tmp_path, capsys):
    assert batch(tmp_path, tmp_path / "out") == 1
    assert "no photos in" in capsys.readouterr().err


def test_rows_of_a_table(photos, tmp_path, capsys):
    parquet = pytest.importorskip("pyarrow.parquet")
    shutil.copy(photos / "p1.png", photos / "q.png")  # the same picture: one row's values twice
    assert batch(photos, tmp_path / "out", "--table", "--workers", "1") == 1
    table = parquet.read_table(tmp_path / "out" / "heads.parquet")
    rows = table.to_pylist()
    assert [row["name"] for row in rows] == ["p0", "p1", "p2", "poison", "q"]
    assert rows[4]["identity"] == rows[1]["identity"] and rows[4]["photo"] != rows[1]["photo"]
    assert rows[3]["identity"] is None and "not a picture" in rows[3]["error"]
    assert all(row["error"] == "" for row in rows if row["name"] != "poison")
    record = pack_record("open", None)
    assert table.schema.metadata[b"fingerprint"].decode() == record.fingerprint
    assert (
        main(["reconstruct", str(photos / "p2.png"), "--out", str(tmp_path / "alone"), *FEW]) == 0
    )
    alone = reconstruction.read(tmp_path / "alone" / "p2.ofer")
    best = alone.array("identity_coefficients")[alone.array("identity_order")[0]]
    assert np.array_equal(np.float32(rows[2]["identity"]), best)
    assert np.allclose(rows[2]["camera"]["rotation"], alone.camera.rotation)


def test_a_task_can_be_sent_to_another_process():
    import pickle

    task = Task(3, "/a/b.jpg", "b")
    assert pickle.loads(pickle.dumps(task)) == task


@pytest.mark.parametrize("name", ["errors.jsonl", "rows.jsonl", ".ofer-batch.lock"])
@pytest.mark.parametrize("kind", ["text", "other rows", "link", "pipe"])
def test_lists_of_somebody_else_stay(photos, tmp_path, capsys, name, kind):
    """Also one that cannot be opened without waiting for ever."""
    out, theirs = tmp_path / "out", tmp_path / "theirs.txt"
    out.mkdir()
    theirs.write_text("mine\nwithout an end")
    match kind:
        case "text":
            shutil.copy(theirs, out / name)
        case "other rows":
            (out / name).write_text(json.dumps({"id": "key", "photo": "a.jpg"}))
        case "link":
            (out / name).symlink_to(theirs)
        case "pipe":
            os.mkfifo(out / name)
    plain = kind in ("text", "other rows")
    before = (out / name).read_bytes() if plain else None
    ours = name == ".ofer-batch.lock" and plain  # whatever is in it, it is only locked
    assert batch(photos, out, "--workers", "1") == 1
    refused = "another folder for the results." in capsys.readouterr().err
    assert refused != ours
    assert before is None or (out / name).read_bytes() == before
    assert theirs.read_text() == "mine\nwithout an end"


def test_a_table_of_other_photos_stays(photos, tmp_path, capsys):
    """Of the artist, or of another batch; the batch's own is written anew."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.mkdir()
    (photos / "poison.png").unlink()
    shutil.move(photos / "p2.png", other)
    listed = out / "heads.parquet"
    parquet.write_table(arrow.table({"photo": [str(photos / "p0.png")], "age": [31]}), listed)
    mine = listed.read_bytes()
    asked = ("--table", "--workers", "1")
    assert batch(listed, out, *asked) == 0
    assert batch(other, out, *asked) == 0
    assert batch(photos, out, *asked) == 0
    written = capsys.readouterr().out.split()
    assert [Path(each).name for each in written if each.endswith(".parquet")] == [
        "heads_02.parquet", "heads_03.parquet", "heads_02.parquet",
    ]  # fmt: skip
    assert listed.read_bytes() == mine
    tables = [parquet.read_table(out / f"heads_{n:02d}.parquet").to_pylist() for n in (2, 3)]
    assert [[row["name"] for row in each] for each in tables] == [["p0", "p1"], ["p2"]]


def test_workers_that_are_stopped_leave_nothing_half_written(photos, tmp_path):
    """As Ctrl-C ends a batch, in the moment that a result is being written."""
    out = tmp_path / "out"
    out.mkdir()
    settings = BatchSettings(
        pack_record("open", None), SamplingParams(100, 10, 15), out, False, None
    )
    workers = LocalWorkers(settings, 1)
    try:
        assert workers.take(Task(0, str(photos / "p0.png"), "p0"))
        ends = time.monotonic() + 120
        while not any(out.glob(".*.unfinished/whole")):
            assert time.monotonic() < ends and not any(out.glob("*.ofer"))
    finally:
        workers.close()
    assert list(out.iterdir()) in ([], [out / "p0.ofer"])
