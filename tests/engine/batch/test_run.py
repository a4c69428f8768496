"""Who works on what in a batch, and what is kept: with workers whose ends are scripted."""

import json
import os
import sys
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest

from ofer_engine.batch.photo_list import Task
from ofer_engine.batch.results import TableResults
from ofer_engine.batch.run import run_batch
from ofer_engine.batch.settings import BatchSettings, Outcome
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import CameraRecord, PackRecord
from ofer_engine.contract.sampling import SamplingParams

PACK = PackRecord("open", "1", "Open", "CC0-1.0", True, "plausible", "ab")


class ScriptedWorkers:
    """`ends` : number of a task → what its tries end with, the last one for ever."""

    def __init__(self, idle: int, ends: dict[int, list[Outcome | None]]) -> None:
        self.idle, self.ends, self.begun = idle, ends, []
        self.working: list[int] = []
        self.most = 0

    def take(self, task):
        if len(self.working) == self.idle:
            return False
        self.working.append(task.number)
        self.begun.append(task.number)
        self.most = max(self.most, len(self.working))
        return True

    def wait(self, seconds):
        number = self.working.pop()  # the last first: the order does not matter
        ends = self.ends.get(number, [row(number)])
        return [(number, ends.pop(0) if len(ends) > 1 else ends[0])]

    def close(self):
        pass


def row(number):
    camera = CameraRecord(500.0, (64.0, 64.0), (0.0,) * 9, (0.0,) * 3, 128, 128, False)
    numbers = {"identity": [float(number)], "expression": [], "box": [0.0, 0.0, 9.0, 9.0]}
    said = {"confidence": 1.0, "low_confidence": False, "share": 0.5}
    return Outcome(number, row={**numbers, **said, "camera": asdict(camera)})


@pytest.fixture
def settings(tmp_path):
    return BatchSettings(PACK, SamplingParams(8, 2, 2), tmp_path, True, None)


@pytest.fixture
def tasks(tmp_path):
    made = []
    for number in range(6):
        photo = tmp_path / f"{number}.jpg"
        photo.write_bytes(bytes([number]))
        made.append(Task(number, str(photo), str(number)))
    return made


def errors_in(folder: Path):
    file = folder / "errors.jsonl"
    return (
        [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    )


def run(tasks, workers, settings, **more):
    results = TableResults(settings)
    return run_batch(tasks, workers, results, settings.out / "errors.jsonl", **more), results


def test_each_photo_once_and_never_more_at_once_than_workers(tasks, settings):
    workers = ScriptedWorkers(2, {})
    summary, results = run(tasks, workers, settings)
    assert (summary.done, summary.failed, summary.earlier) == (6, 0, 0)
    assert sorted(workers.begun) == list(range(6)) and workers.most == 2
    assert [results.row(summary.photos[n])["identity"] for n in range(6)] == [
        [float(n)] for n in range(6)
    ]
    assert errors_in(settings.out) == []


def test_a_batch_goes_on_where_it_was(tasks, settings):
    run(tasks[:4], ScriptedWorkers(1, {}), settings)
    workers = ScriptedWorkers(1, {})
    summary, results = run(tasks, workers, settings)
    assert (summary.done, summary.earlier) == (2, 4) and sorted(workers.begun) == [4, 5]
    assert results.row(summary.photos[0])["identity"] == [0.0]


def test_other_settings_or_another_photo_are_done_again(tasks, settings):
    run(tasks, ScriptedWorkers(1, {}), settings)
    Path(tasks[3].photo).write_bytes(b"other")
    assert run(tasks, ScriptedWorkers(1, {}), settings)[0].done == 1
    seeded = replace(settings, sampling=replace(settings.sampling, seed=1))
    assert run(tasks, ScriptedWorkers(1, {}), seeded)[0].done == 6


def test_photos_of_one_content_are_worked_on_once(tasks, settings):
    """Also while the first of them is being worked on; where it fails, each fails by itself."""
    for task in tasks[1:4]:
        Path(task.photo).write_bytes(b"the same")
    workers = ScriptedWorkers(4, {})
    summary, results = run(tasks, workers, settings)
    assert (summary.done, summary.earlier, summary.failed) == (4, 2, 0)
    assert sorted(workers.begun) == [0, 1, 4, 5]
    assert len({results.row(summary.photos[number])["identity"][0] for number in (1, 2, 3)}) == 1
    assert len(results.file.read_bytes().splitlines()) == 4
    results.file.unlink()
    failed = [Outcome(n, code=str(ErrorCode.NO_FACE), message="No face.") for n in range(6)]
    workers = ScriptedWorkers(4, {number: [failed[number]] for number in (1, 2, 3)})
    summary, _ = run(tasks, workers, settings)
    assert (summary.done, summary.earlier, summary.failed) == (3, 0, 3)
    assert len(errors_in(settings.out)) == 3


def test_a_twin_of_a_photo_that_kills_its_worker_waits_its_turn(tasks, settings):
    for task in tasks[:2]:
        Path(task.photo).write_bytes(b"the same")
    workers = ScriptedWorkers(2, {0: [None, row(0)]})
    summary, _ = run(tasks[:2], workers, settings)
    assert (summary.done, summary.earlier, workers.begun) == (1, 1, [0, 0])


def test_a_photo_that_changes_while_it_waits_counts_as_what_was_read(tasks, settings):
    """Its row is not taken for that of the former content, which may come back."""
    former, read = (sha256(content).hexdigest() for content in (b"\0", b"later"))
    changed = replace(row(7), sha256=read)
    summary, results = run(tasks[:1], ScriptedWorkers(1, {0: [changed]}), settings)
    assert summary.photos[0] == read and results.row(read)["identity"] == [7.0]
    assert results.row(former) is None
    summary, results = run(tasks[:1], ScriptedWorkers(1, {}), settings)
    assert (summary.done, results.row(former)["identity"]) == (1, [0.0])


def test_a_photo_that_comes_while_the_batch_runs_is_in_the_table(tasks, settings):
    Path(tasks[0].photo).unlink()
    read = sha256(b"came").hexdigest()
    there = replace(row(3), sha256=read)
    summary, results = run(tasks[:1], ScriptedWorkers(1, {0: [there]}), settings)
    assert results.row(summary.photos[0])["identity"] == [3.0]


def test_a_photo_whose_name_is_no_text_fails_alone(tasks, settings):
    odd = os.fsdecode(b"no\xfftext.jpg")
    tasks[2] = replace(tasks[2], photo=odd)
    failed = Outcome(2, code=str(ErrorCode.NO_FACE), message="No face.", hint="Choose another.")
    summary, _ = run(tasks, ScriptedWorkers(2, {2: [failed]}), settings)
    assert (summary.done, summary.failed) == (5, 1)
    (error,) = errors_in(settings.out)
    assert error["photo"] == odd


def test_a_row_that_was_cut_off_is_done_again(tasks, settings):
    _, results = run(tasks[:3], ScriptedWorkers(1, {}), settings)
    whole = results.file.read_bytes()
    results.file.write_bytes(whole[:-9])
    summary, results = run(tasks[:3], ScriptedWorkers(1, {}), settings)
    assert (summary.done, summary.earlier) == (1, 2)
    assert sorted(results.file.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_a_dead_workers_photo_is_tried_again_and_then_given_up(tasks, settings):
    workers = ScriptedWorkers(2, {1: [None, row(1)], 4: [None]})
    summary, results = run(tasks, workers, settings)
    assert (summary.done, summary.failed) == (5, 1)
    assert workers.begun.count(1) == 2 and workers.begun.count(4) == 2
    assert results.row(summary.photos[1]) is not None
    (error,) = errors_in(settings.out)
    assert error["photo"] == tasks[4].photo and error["code"] == "engine_died"
    assert "ended 2 times" in error["message"] and error["hint"]


def test_a_photo_without_a_face_fails_alone(tasks, settings):
    failed = Outcome(2, code=str(ErrorCode.NO_FACE), message="No face.", hint="Choose another.")
    summary, _ = run(tasks, ScriptedWorkers(2, {2: [failed]}), settings)
    assert (summary.done, summary.failed) == (5, 1) and summary.errors[2] is failed
    assert [error["code"] for error in errors_in(settings.out)] == ["no_face"]
    again, _ = run(tasks, ScriptedWorkers(2, {}), settings)  # what failed is tried again
    assert (again.done, again.earlier) == (1, 5) and errors_in(settings.out) == []


def test_a_full_disk_stops_the_batch(tasks, settings):
    full = Outcome(2, code=str(ErrorCode.DISK_FULL), message="Full.", hint="Free some space.")
    workers = ScriptedWorkers(1, {2: [full]})
    with pytest.raises(OferError, match="Full") as caught:
        run(tasks, workers, settings)
    assert caught.value.code is ErrorCode.DISK_FULL and workers.begun == [0, 1, 2]
    assert run(tasks, ScriptedWorkers(1, {}), settings)[0].earlier == 2


def test_progress_says_how_fast_and_how_long_still(tasks, settings):
    lines = []
    run(tasks, ScriptedWorkers(1, {}), settings, show=lambda summary: lines.append(summary.line(6)))
    assert lines[0].startswith("1 of 6 photos, ") and "a minute, 0 min left, 0 failed" in lines[0]
    assert lines[-1].startswith("6 of 6 photos, ")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: "[" * 100_000,
        lambda row: json.dumps(row | {"identity": "much"}),
        lambda row: json.dumps(row | {"camera": None}),
        lambda row: json.dumps({k: v for k, v in row.items() if k != "share"}),
        lambda row: json.dumps(row | {"share": 10**400}),
        lambda row: json.dumps(row | {"box": [{}]}),
        lambda row: json.dumps(row | {"identity": [False]}),
        lambda row: json.dumps(row | {"confidence": True}),
        lambda row: "5",
    ],
    ids=["deep", "text", "null", "gone", "400 digits", "object", "false", "true", "no object"],
)
def test_a_row_that_was_spoiled_is_worked_on_again(tasks, settings, spoil):
    run(tasks[:3], ScriptedWorkers(1, {}), settings)
    file = settings.out / "rows.jsonl"
    lines = file.read_text("utf-8").splitlines()
    lines[1] = spoil(json.loads(lines[1]))
    file.write_text("\n".join(lines) + "\n", "utf-8")
    workers = ScriptedWorkers(1, {})
    summary, results = run(tasks[:3], workers, settings)
    assert (summary.done, summary.earlier) == (1, 2)
    assert [results.row(summary.photos[n])["identity"] for n in range(3)] == [[0.0], [1.0], [2.0]]


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes")
def test_a_photo_that_has_no_end_holds_nothing_up(tmp_path, settings):
    os.mkfifo(tmp_path / "pipe.jpg")
    with (tmp_path / "hole.jpg").open("wb") as file:
        file.truncate(1 << 42)  # which takes no room on the disk, and hours to read
    endless = [tmp_path / "pipe.jpg", Path("/dev/zero"), Path("a\0b.jpg"), tmp_path]
    endless += [tmp_path / "hole.jpg"]
    tasks = [Task(number, str(photo), str(number)) for number, photo in enumerate(endless)]
    failed = [Outcome(number, code="photo_unreadable") for number in range(len(tasks))]
    ends = {outcome.number: [outcome] for outcome in failed}
    summary, _ = run(tasks, ScriptedWorkers(1, ends), settings)
    assert (summary.done, summary.failed) == (0, 5)
    assert set(summary.photos.values()) == {""}
