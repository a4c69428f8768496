"""Rows of docs/faults.md that concern Blender and the engine, and have no test of their own yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import pytest
import synthetic
from conftest import HERE, ended_well, preferences
from mounted_disk import mounted_disk
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.engine.engine_settings import engine_settings
from ofer_faces.ofer_engine.client import cancelled_job
from ofer_faces.ofer_engine.client import job_queue as queue_module
from ofer_faces.ofer_engine.client.job import Job
from ofer_faces.ofer_engine.client.job_queue import JobQueue
from ofer_faces.ofer_engine.contract import protocol
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError
from scene_dump import differences, dump

Employ = Callable[[str], None]


def until(done: Callable[[], bool], *queues: JobQueue, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, [each.job for each in queues]
        time.sleep(0.01)
        for each in queues or (jobs.queue,):
            each.poll()


def left_behind(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("reconstructions/*"))


@pytest.mark.parametrize("phase", ["starting", "opening", "halfway"])
def test_engine_killed_in_each_phase(
    employ: Employ, photo: Path, tmp_path: Path, as_in_a_window: None, phase: str
) -> None:
    employ("halfway")
    before = dump()
    if phase == "opening":
        bpy.ops.ofer.choose_photo(filepath=str(photo))
        before = dump()
        bpy.ops.ofer.find_faces()
    else:
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    if phase == "halfway":
        until(lambda: "anna.ofer" in left_behind(tmp_path / "home"))
    os.kill(jobs.queue.client.pid, signal.SIGKILL)
    until(lambda: jobs.queue.job is None)
    assert jobs.queue.failure is None or jobs.queue.failure.code == ErrorCode.ENGINE_DIED
    assert phase == "opening" or jobs.queue.failure
    assert differences(before, dump()) == [] and left_behind(tmp_path / "home") == []


def test_engine_without_memory_to_start(employ: Employ, photo: Path) -> None:
    employ("stillborn")
    before = dump()
    with pytest.raises(RuntimeError, match="often for want of memory"):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert differences(before, dump()) == []
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert bpy.context.object.ofer.is_head, "the next run starts a new one"


def test_two_blenders_at_once_share_a_folder(employ: Employ, photo: Path, tmp_path: Path) -> None:
    employ("ok")
    settings = engine_settings()
    request = protocol.Reconstruct(
        0, (protocol.PhotoFace(str(photo)),), str(settings.reconstructions), "anna"
    )
    made: list[Path] = []
    both = JobQueue(), JobQueue()
    for each in both:
        each.ask(settings, "Reconstructing", request, made.append)
    until(lambda: len(made) == 2, *both)
    assert sorted(path.name for path in made) == ["anna.ofer", "anna_02.ofer"]
    assert left_behind(tmp_path / "home") == ["anna.ofer", "anna_02.ofer"], "no marks stay"
    for each in both:
        each.close()


def test_a_folder_that_cannot_be_written_is_refused_at_once(employ: Employ, photo: Path) -> None:
    employ("ok")
    engine_settings().reconstructions.parent.mkdir(parents=True)
    engine_settings().reconstructions.write_text("a file stands in the way")
    before = dump()
    with pytest.raises(RuntimeError, match="Nothing can be written to reconstructions"):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert jobs.queue.client is None and differences(before, dump()) == []


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system that takes no writes, not even root's."""
    with mounted_disk(tmp_path / "frozen", "size=1m,ro") as folder:
        yield folder


def test_a_read_only_disk_is_refused_at_once(
    employ: Employ, photo: Path, read_only_disk: Path
) -> None:
    employ("ok")
    preferences().home = str(read_only_disk / "home")
    bpy.ops.ed.undo_push(message="Home")
    before = dump()
    with pytest.raises(RuntimeError, match="Read-only file system") as refused:
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert "Choose another folder in the preferences." in str(refused.value)
    assert jobs.queue.client is None and differences(before, dump()) == []
    assert not list(read_only_disk.iterdir())


def test_autosave_restored_during_a_job(
    employ: Employ, photo: Path, tmp_path: Path, as_in_a_window: None
) -> None:
    record = synthetic.write(tmp_path / "made")
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    saved = tmp_path / "autosave.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(saved), copy=True)
    employ("slow")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    until(lambda: jobs.queue.job.stage == "Drawing heads")
    bpy.ops.wm.recover_auto_save(filepath=str(saved))
    assert jobs.queue.job is None and left_behind(tmp_path / "home") == []
    head = next(each for each in bpy.data.objects if each.ofer.is_head)
    bpy.context.view_layer.objects.active = head
    bpy.ops.ofer.show(name="identity_03")
    assert head.data.shape_keys.key_blocks["identity_03"].value == 1.0


def test_new_heads_never_go_into_a_linked_collection(tmp_path: Path) -> None:
    record = synthetic.write(tmp_path / "made")
    library = tmp_path / "library.blend"
    theirs = bpy.data.collections.new("Theirs")
    bpy.context.scene.collection.children.link(theirs)
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.collections = ["Theirs"]
    bpy.context.scene.collection.children.link(bpy.data.collections["Theirs"])
    layer = bpy.context.view_layer.layer_collection.children["Theirs"]
    bpy.context.view_layer.active_layer_collection = layer
    before = dump()
    for operator, arguments in (
        (bpy.ops.ofer.insert_head, {"directory": str(record.folder)}),
        (bpy.ops.ofer.open_reconstruction, {"filepath": str(record.folder)}),
    ):
        with pytest.raises(RuntimeError, match="collection is linked"):
            operator(**arguments)
    assert differences(before, dump()) == []


def test_a_cancelled_job_gives_way_before_the_engine_does(
    employ: Employ, photo: Path, tmp_path: Path, as_in_a_window: None
) -> None:
    """The next job waits for the engine to be free, or for a new one."""
    employ("deaf")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    until(lambda: jobs.queue.job.stage == "Drawing heads")
    jobs.queue.cancel()
    jobs.queue.job.cancelled -= queue_module.LET_GO_SECONDS  # as if so much time had passed
    jobs.queue.poll()
    assert jobs.queue.job is None and jobs.queue.cancelled_job
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert not jobs.queue.job.sent
    jobs.queue.cancelled_job.job.cancelled -= cancelled_job.CANCEL_SECONDS
    until(lambda: jobs.queue.job is None)
    assert jobs.queue.failure is None and bpy.context.object.ofer.is_head
    assert left_behind(tmp_path / "home") == ["anna_02.ofer"] or left_behind(tmp_path / "home") == [
        "anna.ofer"
    ]


def test_idle_engine_gives_its_memory_back(employ: Employ, photo: Path) -> None:
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    engine = jobs.queue.client.pid
    jobs.queue.rest(3600.0)
    assert jobs.queue.client.pid == engine
    jobs.queue.job = Job("Something")
    jobs.queue.rest(-1.0)
    assert jobs.queue.client, "never in mid work"
    jobs.queue.job = None
    jobs.queue.rest(-1.0)
    assert jobs.queue.client is None
    until(lambda: not Path(f"/proc/{engine}").exists())
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert (
        jobs.queue.client.pid != engine and sum(each.ofer.is_head for each in bpy.data.objects) == 2
    )


def test_idle_timer_follows_the_preference(employ: Employ, photo: Path) -> None:
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert jobs._tick() is None and bpy.app.timers.is_registered(jobs._rest)
    preferences = bpy.context.preferences.addons["ofer_faces"].preferences
    jobs.queue.idle_since -= 3600.0
    preferences.idle_minutes = 0
    assert jobs._rest() == jobs.IDLE_INTERVAL, "0 keeps the engine"
    preferences.idle_minutes = 10
    assert jobs._rest() is None and jobs.queue.client is None
    jobs.stop()
    assert not bpy.app.timers.is_registered(jobs._rest)


def test_setting_up_refuses_everything_else(monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    monkeypatch.setattr(jobs.queue, "setup", object())
    jobs.queue.job = Job("Setting up the engine")
    try:
        assert not bpy.ops.ofer.reconstruct.poll()
        with pytest.raises(OferError, match="is not finished"):
            jobs.queue.open_photos(engine_settings(), [])
            jobs.queue.inspect_weights(engine_settings(), [])
    finally:
        jobs.queue.job = None


@pytest.mark.parametrize("mode", ["slow", "deaf", "mute"])
def test_blender_quits_whatever_the_engine_does(mode: str, photo: Path, tmp_path: Path) -> None:
    """A script ends in mid job, without disabling the add-on; the engine is gone afterwards."""
    script = f"""
import os, stat, sys, time
sys.path.insert(0, {str(HERE)!r})
from conftest import ADDON
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.context.preferences.addons.new().module = "ofer_faces"
ADDON.register()
import synthetic
from pathlib import Path
here = Path({str(tmp_path)!r})
synthetic.write(here / "prepared")
program = here / "python_fake"
engine, prepared = {str(HERE / "fake_engine.py")!r}, here / "prepared"
call = f'"{{sys.executable}}" -I "{{engine}}" {mode} "{{prepared}}"'
program.write_text(f"#!/bin/sh\\nexec {{call}}\\n")
program.chmod(program.stat().st_mode | stat.S_IXUSR)
chosen = bpy.context.preferences.addons["ofer_faces"].preferences
chosen.home, chosen.python = str(here / "home"), str(program)
jobs = sys.modules["ofer_faces.ofer_blender.engine.jobs"]
jobs.follow = lambda operator, wait: {{"FINISHED"}}
bpy.ops.ofer.reconstruct(filepath={str(photo)!r})
while jobs.queue.job.stage != "Drawing heads":
    jobs.queue.poll()
    time.sleep(0.01)
jobs.watch()
print(jobs.queue.client.pid, flush=True)
"""
    if bpy.app.version < (5, 0, 0):
        script += "ADDON.unregister()\n"  # with any panel left on, these modules crash at exit
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=180
    )
    assert ended_well(done.returncode), done.stderr
    engine = int(done.stdout.split()[-1])
    until(lambda: not Path(f"/proc/{engine}").exists())
