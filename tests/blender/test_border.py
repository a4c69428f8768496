"""Paths and numbers from a preference, a .blend or a folder: whole, in range, or refused."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
import synthetic
from conftest import preferences
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.engine.engine_settings import engine_settings
from ofer_faces.ofer_blender.head import provenance
from ofer_faces.ofer_blender.operators import setup as operators_setup
from ofer_faces.ofer_blender.ui import setup as ui_setup
from ofer_faces.ofer_engine.client import launch
from ofer_faces.ofer_engine.contract.errors import OferError
from recording_layout import draw, draw_preferences
from scene_dump import differences, dump

Employ = Callable[[str], None]


@pytest.mark.parametrize("setting", ["home", "python", launch.HOME_VARIABLE])
@pytest.mark.parametrize("said", ["//x", "x", "./x", "//x/../x", "~no_such_user/x"])
def test_no_program_beside_a_blend_is_run(
    setting: str, said: str, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a path that depends on the open .blend could lead, there lies a trap."""
    monkeypatch.chdir(tmp_path)
    trap = f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\n"
    for place in ("x", "x/engine/bin/python", "x/engine/Scripts/python.exe"):
        path = tmp_path / "beside" / place if "/" in place else tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(trap)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "beside" / "trap.blend"))
    if setting == launch.HOME_VARIABLE:  # as a shell set it, from which a .blend is opened
        preferences().home = ""
        monkeypatch.setenv(setting, said)
    else:
        setattr(preferences(), setting, said)
    settings = engine_settings()
    assert not settings.installed and settings.home.is_absolute() and settings.python.is_absolute()
    for started in (
        lambda: bpy.ops.ofer.reconstruct(filepath=str(photo)),
        lambda: bpy.ops.ofer.find_faces(),
        lambda: bpy.ops.ofer.set_up_engine(),
        lambda: jobs.queue.set_up(settings),
        lambda: settings.command,
    ):
        with pytest.raises((RuntimeError, OferError)):
            started()
    time.sleep(0.1)
    assert not (tmp_path / "sprung").exists() and jobs.queue.client is None
    place = f"the variable {setting}" if setting == launch.HOME_VARIABLE else "the preferences"
    assert f"{said} in {place} is no whole path." in " ".join(draw("OFER_PT_setup"))


def test_a_whole_path_is_taken_as_it_is(tmp_path: Path) -> None:
    preferences().home = str(tmp_path / "elsewhere")
    assert engine_settings().home == tmp_path / "elsewhere" and not engine_settings().refusal
    preferences().home = "~/elsewhere"
    assert engine_settings().home == Path.home() / "elsewhere"


@pytest.mark.parametrize("seed", [2**31 - 1, 2**31, 3_000_000_000, 2**62])
def test_a_large_seed_makes_a_whole_head(tmp_path: Path, seed: int) -> None:
    folder = _changed(tmp_path, lambda record: record["settings"].update(seed=seed))
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(folder))
    head = bpy.context.object
    assert len(head.ofer.identities) == synthetic.IDENTITIES
    assert int(provenance.read(head)["settings"]["seed"]) == seed
    assert f"Seed: {seed}" in " ".join(draw("OFER_PT_provenance"))


@pytest.mark.parametrize("change", [
    lambda r: r["identities"][1].update(rank=2**40),
    lambda r: r["identities"][1].update(candidate=2**40),
    lambda r: r["expressions"][0].update(rank=2**31),
    lambda r: r["expressions"][0].update(candidate=2**33),
    lambda r: r["settings"].update(seed=2**70),
    lambda r: r["views"][0]["photo"].update(width=2**40),
    lambda r: r["views"][0]["camera"].update(focal=1e300),
    lambda r: r["identities"][0].update(name="x" * 300),
    lambda r: r["identities"][0].update(name="../../x"),
    lambda r: r["parts"].append("x" * 5000),
])  # fmt: skip
def test_a_number_or_name_that_blender_cannot_hold_makes_nothing(
    tmp_path: Path, change: Callable[[dict], None]
) -> None:
    folder = _changed(tmp_path, change)
    before = dump()
    with pytest.raises(RuntimeError, match="is not a (readable|usable) reconstruction"):
        bpy.ops.ofer.insert_head(directory=str(folder))
    assert differences(before, dump()) == []


@pytest.mark.parametrize("name", ["ofer_provenance", "ofer_kept", "ofer_joints", "ofer_arkit"])
@pytest.mark.parametrize("value", [5, 1.5, "text", b"\0x", [1, 2], {"views": 5}, {"views": {}}])
def test_a_custom_property_of_any_kind_ends_in_a_sentence(
    head: bpy.types.Object, name: str, value: object, tmp_path: Path
) -> None:
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="expression_01")
    if name in head:
        del head[name]
    head[name] = value
    for panel in ("OFER_PT_provenance", "OFER_PT_photo"):
        assert draw(panel)
    for operator in (
        "add_rig", "show_as_arkit", "copy_provenance", "save_as_asset", "through_photo",
        "hidden_here", "more_like_this", "make_skin",
    ):  # fmt: skip
        before = dump()
        try:
            getattr(bpy.ops.ofer, operator)()
        except RuntimeError as error:
            assert "Traceback" not in str(error)
            assert differences(before, dump()) == []


@pytest.mark.parametrize(
    ("group", "field"),
    [
        *(("settings", name) for name in ("seed", "mode", "identities", "keep", "device")),
        *(("pack", name) for name in ("title", "version", "licence", "claim", "commercial")),
    ],
)
def test_a_record_that_lacks_what_the_panel_names_is_none(
    head: bpy.types.Object, group: str, field: str
) -> None:
    del head["ofer_provenance"][group][field]
    assert draw("OFER_PT_provenance")[0] == "This head's record was deleted."
    assert provenance.read(head) == {}


def test_offline_is_told_in_the_panel_with_the_way_there() -> None:
    if bpy.app.online_access:
        bpy.context.preferences.system.use_online_access = False
    assert not bpy.app.online_access
    for drawn in (draw("OFER_PT_photo"), draw("OFER_PT_setup"), draw_preferences(preferences())):
        text = " ".join(drawn)
        assert "Blender may not go online" in text and "1 GB" in text
        assert "[screen.userpref_show] Allow Online Access…" in drawn
        assert "[ofer.set_up_engine] Set Up Engine" in drawn


def test_offline_for_good_is_told_with_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started with --offline-mode, no preference helps: the button there would lead nowhere."""
    if bpy.app.online_access:
        bpy.context.preferences.system.use_online_access = False
    for module in (ui_setup, operators_setup):
        monkeypatch.setattr(module, "is_kept_offline", lambda: True)
    drawn = draw("OFER_PT_photo")
    assert "start it without --offline-mode" in " ".join(drawn)
    assert not [each for each in drawn if "screen.userpref_show" in each]
    with pytest.raises(RuntimeError, match="start it without --offline-mode"):
        bpy.ops.ofer.set_up_engine()


def test_offline_is_not_told_where_it_is_allowed() -> None:
    bpy.context.preferences.system.use_online_access = True
    if not bpy.app.online_access:
        pytest.skip("this Blender was started offline")
    text = " ".join(draw("OFER_PT_photo"))
    assert "may not go online" not in text and "1 GB" in text


def test_half_a_folder_goes_with_an_engine_that_hangs(
    employ: Employ, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "follow", lambda operator, wait: {"FINISHED"})
    employ("halfway")
    before = dump()
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    _until(lambda: list(tmp_path.glob("home/reconstructions/anna.ofer/*")))
    client = jobs.queue.client
    client._hang_seconds = 0.5
    os.kill(client.pid, signal.SIGSTOP)  # it writes no more, and says nothing
    _until(lambda: jobs.queue.job is None)
    assert jobs.queue.failure.code == "engine_hung"
    assert not list(tmp_path.glob("home/reconstructions/*"))
    assert differences(before, dump()) == []


@pytest.mark.parametrize("fields", [
    '"id": 1, "name": "Drawing heads", "step": 1, "of": 2, "eta": ' + "9" * 400,
    '"id": 1, "name": "Drawing heads", "step": ' + "9" * 5000 + ', "of": 2, "eta": 1',
    '"id": 1, "name": ' + "[" * 5000 + "]" * 5000,
    '"id": 1, "eta": NaN, "name": "x", "step": 1, "of": 2',
])  # fmt: skip
def test_an_event_that_nobody_can_read_does_not_hold_the_job_up(
    employ: Employ, photo: Path, tmp_path: Path, fields: str
) -> None:
    employ("odd_event")
    (tmp_path / "prepared" / "odd_event").write_text('{"type": "Stage", ' + fields + "}")
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert jobs.queue.job is None and bpy.context.object.ofer.is_head


def test_an_answer_that_nobody_can_read_ends_the_job(
    employ: Employ, photo: Path, tmp_path: Path
) -> None:
    employ("odd_answer")
    before = dump()
    with pytest.raises(RuntimeError, match=r"\. [A-Z].*\."):
        bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert jobs.queue.job is None and differences(before, dump()) == []


def _changed(folder: Path, change: Callable[[dict], None]) -> Path:
    made = synthetic.write(folder / "made").folder
    record = json.loads((made / "reconstruction.json").read_text())
    change(record)
    (made / "reconstruction.json").write_text(json.dumps(record))
    return made


def _until(done: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, jobs.queue.job
        time.sleep(0.02)
        jobs.queue.poll()
