"""Set Up Engine: progress, the end, the error in install.py's own words, and cancel."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import bpy
import pytest
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_engine.client import job_queue, launch
from ofer_faces.ofer_engine.client.engine_settings import EngineSettings
from ofer_faces.ofer_engine.client.engine_setup import EngineSetup, SetupDone, SetupProgress
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError
from recording_layout import draw

SCRIPT = """
import json, sys, time
print(sys.argv[1:4])
for i in range(4):
    line = {"step": i + 1, "of": 4, "text": f"Fetching {i}", "fraction": i / 4}
    print(json.dumps(line), flush=True)
    print("pip's own chatter", flush=True)
    time.sleep(STEP)
print(json.dumps(END), flush=True)
"""


def root(tmp_path: Path, end: str = '{"done": True}', step: float = 0.05) -> Path:
    """A project folder whose install.py ends in this way."""
    script = SCRIPT.replace("END", end).replace("STEP", str(step))
    (tmp_path / "install.py").write_text(script)
    return tmp_path


def all_events(setup: EngineSetup) -> list[SetupProgress | SetupDone]:
    events: list[SetupProgress | SetupDone] = []
    end = time.monotonic() + 20
    while not (events and isinstance(events[-1], SetupDone)):
        assert time.monotonic() < end
        events += setup.events()
        time.sleep(0.01)
    return events


def test_progress_and_done(tmp_path: Path) -> None:
    events = all_events(EngineSetup(root(tmp_path), tmp_path / "home"))
    fetched = [SetupProgress(f"Fetching {i}", i / 4) for i in range(4)]
    assert events == [*fetched, SetupDone()]


@pytest.mark.parametrize(
    ("end", "message"),
    [('{"error": "No space.", "hint": "Free some."}', "No space. Free some."),
     ("1 / 0", "Setting up the engine stopped")],
)  # fmt: skip
def test_errors_are_told(tmp_path: Path, end: str, message: str) -> None:
    with pytest.raises(OferError, match=message):
        all_events(EngineSetup(root(tmp_path, end), tmp_path / "home"))


def test_python_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OferError) as caught:
        EngineSetup(root(tmp_path), tmp_path, python=str(tmp_path / "nothing"))
    assert caught.value.code == ErrorCode.INTERNAL


def test_operator_shows_progress_and_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "ROOT", root(tmp_path, step=0.3))
    monkeypatch.setattr(jobs, "follow", lambda operator, wait: {"FINISHED"})
    bpy.context.preferences.system.use_online_access = True
    assert bpy.ops.ofer.set_up_engine() == {"FINISHED"}
    seen = set()
    while jobs.queue.poll() and len(seen) < 2:
        seen.add(jobs.queue.job.stage)
        time.sleep(0.02)
    assert seen <= {"Starting", *(f"Fetching {i}" for i in range(4))} and len(seen) == 2
    assert any("Fetching" in line or "Starting" in line for line in draw("OFER_PT_photo"))
    bpy.ops.ofer.cancel()
    assert jobs.queue.job is None and jobs.queue.setup is None and jobs.queue.failure is None


def test_operator_waits_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bpy.context.preferences.system.use_online_access = True
    monkeypatch.setattr(job_queue, "ROOT", root(tmp_path))
    assert bpy.ops.ofer.set_up_engine() == {"FINISHED"}
    assert jobs.queue.notes == ("The engine is ready.",)
    monkeypatch.setattr(
        job_queue, "ROOT", root(tmp_path, '{"error": "No space.", "hint": "Free."}')
    )
    with pytest.raises(RuntimeError, match=r"No space\. Free\."):
        bpy.ops.ofer.set_up_engine()


def test_offline_is_respected() -> None:
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="Allow online access"):
        bpy.ops.ofer.set_up_engine()


def test_child_gets_the_home_and_json(tmp_path: Path) -> None:
    show = "import json, sys; print(json.dumps({'text': ' '.join(sys.argv[1:]), 'fraction': 0}))"
    (tmp_path / "install.py").write_text(show + "; print('{\"done\": true}')")
    first, _ = all_events(EngineSetup(tmp_path, tmp_path / "home", sys.executable))
    assert first.text == f"setup --home {tmp_path / 'home'} --progress json --with perform"


def test_an_interrupted_set_up_is_not_ready(tmp_path: Path) -> None:
    python = launch.engine_python(tmp_path)
    python.parent.mkdir(parents=True)
    python.touch()
    settings = EngineSettings(tmp_path, python, "auto")
    assert not settings.installed, "the environment is there, but nothing has said that it is whole"
    (tmp_path / launch.ENGINE_FOLDER / launch.STAMP).touch()
    assert settings.installed
    other = tmp_path / "my_python"
    assert not EngineSettings(tmp_path, other, "auto").installed
    other.touch()
    assert EngineSettings(tmp_path, other, "auto").installed, "a Python of the user's own choice"
