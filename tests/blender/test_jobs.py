"""Jobs from the panel's buttons to the scene, and every way they can go wrong."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bpy
import pytest
import synthetic
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_engine.contract.errors import ErrorCode
from recording_layout import draw
from scene_dump import differences, dump

Employ = Callable[[str], None]
pytestmark = pytest.mark.usefixtures("as_in_a_window")


def begin(photo: Path) -> None:
    assert bpy.ops.ofer.reconstruct(filepath=str(photo)) == {"FINISHED"}


def poll_until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"still {jobs.queue.job}, {jobs.queue.failure}"
        time.sleep(0.02)
        jobs.queue.poll()


def computing() -> bool:
    return bool(jobs.queue.job and jobs.queue.job.stage == "Drawing heads")


def idle() -> bool:
    return jobs.queue.job is None


def heads() -> list[bpy.types.Object]:
    return [each for each in bpy.data.objects if each.ofer.is_head]


def chosen(photo: Path) -> None:
    bpy.ops.ofer.choose_photo(filepath=str(photo))


def test_the_whole_story(employ: Employ, photo: Path, tmp_path: Path) -> None:
    employ("ok")
    chosen(photo)
    bpy.ops.ofer.find_faces()
    poll_until(idle)
    assert jobs.queue.notes == ("The photo was scaled down.",)
    bpy.ops.ofer.choose_face(index=1)
    bpy.context.scene.ofer.seed = 42
    bpy.ops.ed.undo_push(message="Settings")
    before = dump()
    bpy.ops.ofer.reconstruct()
    poll_until(computing)
    assert any("1.5" in line or "2 s left" in line for line in draw("OFER_PT_photo"))
    poll_until(idle)
    assert jobs.queue.failure is None
    assert jobs.queue.notes == ("The focal length was assumed.",)
    head = bpy.context.object
    assert head.ofer.is_head and head.select_get()
    assert Path(head.ofer.folder) == tmp_path / "home" / "reconstructions" / "anna.ofer"
    asked = json.loads((tmp_path / "prepared" / "request.json").read_text())
    assert (asked["photos"][0]["face"], asked["seed"], asked["identities"]) == (1, 42, 100)
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_result_is_the_head_of_its_folder(employ: Employ, photo: Path) -> None:
    employ("ok")
    begin(photo)
    poll_until(idle)
    names = [key.name for key in bpy.context.object.data.shape_keys.key_blocks]
    assert len(names) == synthetic.IDENTITIES + synthetic.EXPRESSIONS


def test_second_run_keeps_the_engine_and_the_first_folder(employ: Employ, photo: Path) -> None:
    employ("ok")
    begin(photo)
    poll_until(idle)
    engine = jobs.queue.client.pid
    begin(photo)
    poll_until(idle)
    assert jobs.queue.client.pid == engine
    folders = {Path(each.ofer.folder).name for each in heads()}
    assert folders == {"anna.ofer", "anna_02.ofer"}


def test_box_by_hand_is_sent(employ: Employ, photo: Path, tmp_path: Path) -> None:
    employ("no_face")
    chosen(photo)
    bpy.ops.ofer.find_faces()
    poll_until(idle)
    assert any("ofer.pick_face" in line for line in draw("OFER_PT_photo"))
    bpy.ops.ofer.place_face()
    assert tuple(bpy.context.scene.ofer.photos[0].box) == (200, 120, 240, 240)
    bpy.ops.ofer.reconstruct()
    poll_until(idle)
    asked = json.loads((tmp_path / "prepared" / "request.json").read_text())
    assert asked["photos"][0]["box"] == [200.0, 120.0, 240.0, 240.0]


@pytest.mark.parametrize(
    ("mode", "code"),
    [("die", ErrorCode.ENGINE_DIED), ("foreign", ErrorCode.PROTOCOL_MISMATCH),
     ("damaged", ErrorCode.RECONSTRUCTION_DAMAGED)],
)  # fmt: skip
def test_faults_leave_the_scene_untouched(
    employ: Employ, photo: Path, mode: str, code: ErrorCode
) -> None:
    employ(mode)
    before = dump()
    begin(photo)
    poll_until(idle)
    assert jobs.queue.failure.code == code
    assert differences(before, dump()) == []
    drawn = " ".join(draw("OFER_PT_photo"))
    assert jobs.queue.failure.message.split()[0] in drawn


def test_bad_photo_says_what_to_do(employ: Employ, photo: Path) -> None:
    employ("bad_photo")
    chosen(photo)
    before = dump()
    bpy.ops.ofer.find_faces()
    poll_until(idle)
    assert jobs.queue.failure.code == ErrorCode.PHOTO_UNREADABLE
    drawn = draw("OFER_PT_photo")
    assert "anna.jpg is no picture." in drawn and "Choose a JPEG or PNG." in drawn
    fixes = [line for line in drawn if line.startswith("[ofer.")][-2:]
    assert fixes == ["[ofer.choose_photo] Choose Photo", "[ofer.copy_report] Copy Report"]
    assert differences(before, dump()) == []


def test_engine_killed_in_mid_job_and_restarted(employ: Employ, photo: Path) -> None:
    employ("slow")
    before = dump()
    begin(photo)
    poll_until(computing)
    os.kill(jobs.queue.client.pid, signal.SIGKILL)
    poll_until(idle, seconds=2.0)
    assert jobs.queue.failure.code == ErrorCode.ENGINE_DIED
    assert differences(before, dump()) == []
    employ("ok")
    begin(photo)
    poll_until(idle)
    assert jobs.queue.failure is None and bpy.context.object.ofer.is_head


def test_engine_that_died_while_idle_is_replaced(employ: Employ, photo: Path) -> None:
    employ("ok")
    begin(photo)
    poll_until(idle)
    old = jobs.queue.client.pid
    os.kill(old, signal.SIGKILL)
    poll_until(lambda: jobs.queue.client is None)
    begin(photo)
    poll_until(idle)
    assert jobs.queue.failure is None and jobs.queue.client.pid != old


@pytest.mark.parametrize("phase", ["starting", "computing", "opening"])
def test_cancel_leaves_nothing(employ: Employ, photo: Path, tmp_path: Path, phase: str) -> None:
    employ("slow")
    before = dump()
    if phase == "opening":
        chosen(photo)
        before = dump()
        bpy.ops.ofer.find_faces()
    else:
        begin(photo)
    if phase == "computing":
        poll_until(computing)
    assert bpy.ops.ofer.cancel() == {"FINISHED"}
    asked = time.monotonic()
    poll_until(idle)
    assert time.monotonic() - asked < 0.5
    assert jobs.queue.failure is None
    assert differences(before, dump()) == []
    assert not list((tmp_path / "home").glob("reconstructions/*"))


def test_cancel_of_a_deaf_engine_ends_it(employ: Employ, photo: Path) -> None:
    employ("deaf")
    begin(photo)
    poll_until(computing)
    engine = jobs.queue.client.pid
    bpy.ops.ofer.cancel()
    poll_until(idle)
    assert jobs.queue.cancelled_job, "the artist goes on while the engine is still at it"
    poll_until(lambda: not jobs.queue.cancelled_job)
    assert jobs.queue.client is None and jobs.queue.failure is None
    poll_until(lambda: not Path(f"/proc/{engine}").exists())


def test_result_waits_for_object_mode(
    employ: Employ, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = bpy.data.meshes.new("Own")
    own = bpy.data.objects.new("Own", mesh)
    bpy.context.collection.objects.link(own)
    bpy.context.view_layer.objects.active = own
    employ("ok")
    begin(photo)
    bpy.ops.object.mode_set(mode="EDIT")
    poll_until(lambda: jobs.queue.job.result is not None)
    jobs.queue.poll()
    assert jobs.queue.job.stage == "Waiting for Object Mode" and len(bpy.data.objects) == 1
    bpy.ops.object.mode_set(mode="OBJECT")
    poll_until(idle)
    assert bpy.context.object.ofer.is_head


def test_cancel_while_waiting_for_object_mode(
    employ: Employ, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.queue, "obstacle", lambda: "Waiting for Object Mode")
    employ("ok")
    begin(photo)
    poll_until(lambda: jobs.queue.job.result is not None)
    bpy.ops.ofer.cancel()
    assert idle() and not bpy.data.objects
    assert not list((tmp_path / "home").glob("reconstructions/*"))


def test_undo_during_a_job(employ: Employ, photo: Path) -> None:
    """What the job delivers afterwards is one step of its own upon what undo brought back."""
    chosen(photo)
    bpy.ops.ed.undo_push(message="Photo")
    before = dump()
    bpy.context.scene.ofer.seed = 5
    bpy.ops.ed.undo_push(message="Seed")
    employ("ok")
    bpy.ops.ofer.reconstruct()
    poll_until(computing)
    bpy.ops.ed.undo()
    undone = dump()
    assert differences(before, undone) == [] and computing()
    poll_until(idle)
    assert jobs.queue.failure is None and bpy.context.object.ofer.is_head
    bpy.ops.ed.undo()
    assert differences(undone, dump()) == []


def test_save_during_a_job(employ: Employ, photo: Path, tmp_path: Path) -> None:
    """The file opens again as the scene was, with nothing of the job in it."""
    employ("ok")
    begin(photo)
    poll_until(idle)
    begin(photo)
    poll_until(computing)
    during, saved = tmp_path / "during.blend", dump()
    bpy.ops.wm.save_as_mainfile(filepath=str(during), copy=True, relative_remap=False)
    assert computing() and differences(saved, dump()) == []
    poll_until(idle)
    assert jobs.queue.failure is None and len(heads()) == 2
    bpy.ops.wm.open_mainfile(filepath=str(during))
    assert differences(saved, dump()) == []
    (head,) = heads()
    assert jobs.queue.job is None
    assert len(head.data.shape_keys.key_blocks) == synthetic.IDENTITIES + synthetic.EXPRESSIONS


def test_object_deleted_during_a_job(employ: Employ, photo: Path) -> None:
    """What was deleted stays deleted; the new head comes as it would have come alone."""
    employ("ok")
    begin(photo)
    poll_until(idle)
    begin(photo)
    poll_until(computing)
    bpy.data.objects.remove(bpy.context.object)
    bpy.ops.ed.undo_push(message="Delete")
    deleted = dump()
    poll_until(idle)
    assert jobs.queue.failure is None
    (head,) = heads()
    assert Path(head.ofer.folder).name == "anna_02.ofer"
    bpy.ops.ed.undo()
    assert differences(deleted, dump()) == []


@pytest.mark.parametrize("load", ["new", "factory", "open"])
def test_another_file_cancels(employ: Employ, photo: Path, tmp_path: Path, load: str) -> None:
    where = str(tmp_path / "other.blend")
    bpy.ops.wm.save_as_mainfile(filepath=where, copy=True)
    employ("slow")
    begin(photo)
    poll_until(computing)
    engine = jobs.queue.client.pid
    if load == "new":
        bpy.ops.wm.read_homefile(use_empty=True)
    elif load == "factory":
        bpy.ops.wm.read_factory_settings(use_empty=True)
    else:
        bpy.ops.wm.open_mainfile(filepath=where)
    assert idle() and jobs.queue.failure is None
    poll_until(lambda: not Path(f"/proc/{engine}").exists())
    assert not bpy.data.objects


def test_disabled_during_a_job(employ: Employ, photo: Path, addon: ModuleType) -> None:
    employ("slow")
    begin(photo)
    poll_until(computing)
    engine = jobs.queue.client.pid
    addon.unregister()
    assert idle() and jobs.queue.client is None
    assert not bpy.app.timers.is_registered(jobs._tick)
    poll_until(lambda: not Path(f"/proc/{engine}").exists())
    assert not bpy.data.objects


def test_a_busy_queue_refuses_and_says_why(employ: Employ, photo: Path) -> None:
    employ("slow")
    begin(photo)
    with pytest.raises(RuntimeError, match="wait, or press Esc"):
        bpy.ops.ofer.find_faces()
    with pytest.raises(RuntimeError, match="wait, or press Esc"):
        bpy.ops.ofer.import_weights()
    bpy.ops.ofer.cancel()
    poll_until(idle)
    assert not bpy.ops.ofer.cancel.poll()


def test_missing_engine_and_photo_are_named(employ: Employ, photo: Path) -> None:
    with pytest.raises(RuntimeError, match="press Set Up Engine"):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    employ("ok")
    before = dump()
    with pytest.raises(RuntimeError, match="No photo is chosen"):
        bpy.ops.ofer.reconstruct()
    with pytest.raises(RuntimeError, match=r"There is no photo 'gone\.jpg'"):
        bpy.ops.ofer.reconstruct(filepath=str(photo.with_name("gone.jpg")))
    assert jobs.queue.client is None, "no engine is started for nothing"
    assert differences(before, dump()) == []


def test_timer_lives_as_long_as_the_job(employ: Employ, photo: Path, addon: ModuleType) -> None:
    employ("slow")
    begin(photo)
    jobs.watch()
    jobs.watch()
    assert bpy.app.timers.is_registered(jobs._tick)
    assert jobs._tick() == jobs.INTERVAL
    poll_until(computing)
    bpy.ops.ofer.cancel()
    poll_until(idle)
    assert jobs._tick() is None, "which is how Blender is told to forget a timer"
    addon.unregister()
    assert not bpy.app.timers.is_registered(jobs._tick)


def test_scripts_wait(employ: Employ, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    employ("ok")
    before = dump()
    assert bpy.ops.ofer.reconstruct("EXEC_DEFAULT", True, filepath=str(photo)) == {"FINISHED"}
    assert bpy.context.object.ofer.is_head
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    employ("die")
    with pytest.raises(RuntimeError, match="stopped unexpectedly"):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert differences(before, dump()) == []
