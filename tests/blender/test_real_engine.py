"""The story with nothing but real parts: our process, the real engine, Blender."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.head import carried, provenance, tear_line
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract import reconstruction
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.errors import ErrorCode
from scene_dump import differences, dump
from shapes import key_points
from test_head_frame import PLACED, close, sculpt, turned


def poll(seconds: float = 600.0, until: str = "") -> list[str]:
    """Play the timer until the job is done, or has reached a stage; every stage seen."""
    stages: list[str] = []
    end = time.monotonic() + seconds
    while jobs.queue.poll():
        assert time.monotonic() < end, f"still {jobs.queue.job}"
        if jobs.queue.job.stage not in stages:
            stages.append(jobs.queue.job.stage)
        if until and jobs.queue.job.stage == until:
            break
        time.sleep(0.02)
    return stages


@pytest.fixture(autouse=True)
def _a_few(as_in_a_window: None) -> None:
    settings = bpy.context.scene.ofer
    settings.identities, settings.keep, settings.expressions = 20, 10, 15


def test_photo_to_undo(portrait: Path) -> None:
    bpy.ops.ofer.choose_photo(filepath=str(portrait))
    bpy.ops.ofer.find_faces()
    poll()
    assert jobs.queue.failure is None and len(jobs.queue.opened(f"file:{portrait}").faces) == 1
    bpy.ops.ed.undo_push(message="Photo")
    before = dump()
    bpy.ops.ofer.reconstruct()
    stages = poll()
    assert jobs.queue.failure is None
    assert {"Drawing heads", "Drawing expressions"} <= set(stages)
    head = bpy.context.object
    keys = head.data.shape_keys.key_blocks
    names = [f"identity_{i:02d}" for i in range(2, 11)]
    names += [f"expression_{i:02d}" for i in range(1, 16)]
    assert [key.name for key in keys] == ["Basis", *names]
    record = reconstruction.read(Path(head.ofer.folder))
    points = np.empty(len(head.data.vertices) * 3, np.float32)
    keys["expression_15"].points.foreach_get("co", points)
    wanted = to_blender(record.array("expression_vertices")[14])
    assert np.abs(points.reshape(-1, 3)[: len(wanted)] - wanted).max() <= 1e-6
    assert all(record.thumbnail(item).is_file() for item in record.identities)
    assert np.all(np.diff([item.score for item in head.ofer.identities]) <= 0)
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_cancel_is_quick_and_leaves_the_engine_warm(portrait: Path, tmp_path: Path) -> None:
    bpy.context.scene.ofer.identities = 1000
    before = dump()
    bpy.ops.ofer.reconstruct(filepath=str(portrait))
    poll(until="Drawing heads")
    engine = jobs.queue.client.pid
    bpy.ops.ofer.cancel()
    poll()
    assert jobs.queue.client and jobs.queue.client.pid == engine and jobs.queue.client.usable
    assert differences(before, dump()) == []
    assert not list((tmp_path / "home" / "reconstructions").glob("*"))


def test_bad_photo_and_killed_engine(real_engine: Path, portrait: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff nothing more")
    before = dump()
    bpy.ops.ofer.reconstruct(filepath=str(bad))
    poll()
    assert jobs.queue.failure.code == ErrorCode.PHOTO_UNREADABLE and jobs.queue.failure.hint
    bpy.ops.ofer.reconstruct(filepath=str(portrait))
    poll(until="Drawing heads")
    os.kill(jobs.queue.client.pid, signal.SIGKILL)
    killed = time.monotonic()
    poll()
    assert time.monotonic() - killed < 2.0
    assert jobs.queue.failure.code == ErrorCode.ENGINE_DIED
    assert differences(before, dump()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_an_engine_that_hangs_after_half_a_folder_is_ended(portrait: Path, tmp_path: Path) -> None:
    """A real process that is stopped in the middle of writing: one sentence, no half folder, the
    file as it was, and the next run begins with a new engine."""
    out = tmp_path / "home" / "reconstructions"
    before = dump()
    bpy.ops.ofer.reconstruct(filepath=str(portrait))
    stage, half = "", ""
    while not (stage.startswith("Rendering") and half):
        assert jobs.queue.poll(), "it ended too early"
        stage = jobs.queue.job.stage
        half = next((path.name for path in out.rglob("*.npy")), "")
        time.sleep(0.01)
    engine = jobs.queue.client.pid
    os.kill(engine, signal.SIGSTOP)
    poll()
    failure = jobs.queue.failure
    assert failure.code == ErrorCode.ENGINE_HUNG and failure.hint
    assert failure.message == "The engine gave no sign of life for 10 seconds and was ended."
    end = time.monotonic() + 20
    while any(out.iterdir()) and time.monotonic() < end:  # the system is still ending it
        time.sleep(0.05)
    assert list(out.iterdir()) == []
    assert differences(before, dump()) == []
    settings = bpy.context.scene.ofer
    settings.identities, settings.keep, settings.expressions = 4, 1, 0
    bpy.ops.ofer.reconstruct(filepath=str(portrait))
    assert jobs.queue.client.pid != engine
    poll()
    assert jobs.queue.failure is None and bpy.context.object.ofer.is_head


def test_going_on_from_a_head(portrait: Path) -> None:
    settings = bpy.context.scene.ofer
    settings.identities, settings.keep, settings.expressions = 12, 4, 2
    bpy.ops.ofer.choose_photo(filepath=str(portrait))
    bpy.ops.ofer.reconstruct()
    poll()
    head = bpy.context.object
    head.ofer.drawn, head.ofer.keep = 8, 3
    bpy.ops.ofer.more_like_this(strength=0.2)
    poll()
    assert jobs.queue.failure is None and len(head.ofer.identities) == 7
    ranking = [item.ranking for item in head.ofer.identities]
    assert ranking == sorted(ranking, reverse=True)
    record = reconstruction.read(Path(head.ofer.folder))
    wanted = to_blender(record.array("identity_vertices"))
    for row, hypothesis in enumerate(record.identities[1:], 1):
        own = key_points(head)[hypothesis.name][: wanted.shape[1]]
        assert np.abs(own - wanted[row]).max() <= 1e-6
    bpy.ops.ofer.add_arkit()
    former = key_points(head)
    bpy.ops.ofer.blend_add(name="identity_01")
    bpy.ops.ofer.blend_add(name="identity_05")
    bpy.ops.ofer.use_blend()
    poll()
    assert jobs.queue.failure is None and head.ofer.expressions_of == "blend_01"
    assert head.ofer.units_of == "blend_01"
    now = key_points(head)
    jaw, was = (points["jawOpen"] - points["Basis"] for points in (now, former))
    assert 1e-5 < np.abs(jaw - was).max() < 0.01, "the same jaw, on another face"
    bpy.ops.ofer.more_like_this(strength=0.2)
    poll()
    assert jobs.queue.failure is None and len(head.ofer.identities) == 11
    head.ofer.hidden_here = {"mouth"}
    bpy.ops.ofer.hidden_here()
    poll()
    assert jobs.queue.failure is None
    new = bpy.context.object
    assert new != head and provenance.read(new)["views"]["view_01"]["hidden"] == ["mouth"]
    mouth = (reconstruction.read(Path(each.ofer.folder)).array("vertex_visible").mean()
             for each in (new, head))  # fmt: skip
    assert next(mouth) < next(mouth), "less of the face is seen now"


def test_a_head_that_was_sculpted_and_moved_goes_on_as_its_untouched_twin(
    portrait: Path, tmp_path: Path
) -> None:
    settings = bpy.context.scene.ofer
    settings.identities, settings.keep, settings.expressions = 12, 4, 2
    bpy.ops.ofer.reconstruct(filepath=str(portrait))
    poll()
    assert jobs.queue.failure is None
    folder = bpy.context.object.ofer.folder
    moved = {}
    for how in ("nothing", "all at once"):
        own = shutil.copytree(folder, tmp_path / how / Path(folder).name)
        bpy.ops.ofer.insert_head(directory=str(own))
        head = bpy.context.object
        head.location = (0, 0, 0)
        bpy.context.view_layer.update()
        by_hand = sculpt(head) if how != "nothing" else 0.0
        place = PLACED[how](head)
        drawn = key_points(head)["Basis"]
        bpy.ops.ofer.add_arkit()
        bpy.ops.ofer.use_identity(name="identity_02")
        poll()
        assert jobs.queue.failure is None and head.ofer.units_of == "identity_02"
        head.ofer.drawn, head.ofer.keep = 8, 2
        bpy.ops.ofer.more_like_this(strength=0.2)
        poll()
        assert jobs.queue.failure is None and len(head.ofer.identities) == 6
        now = key_points(head)
        own = carried.numbers(head.data, tear_line.NAME) == 0
        moved[how] = {name: (now[name] - now["Basis"])[own] for name in now}
    assert np.abs(by_hand).max() > 0.008 and len(drawn) == len(by_hand)
    twin = moved["nothing"]
    assert np.abs(twin["jawOpen"]).max() > 0.02
    for name in ("identity_05", "identity_06", "expression_01", "expression_02", *ARKIT_52):
        assert close(moved["all at once"][name], turned(place, twin[name]), place), name
