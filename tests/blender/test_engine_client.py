"""The engine's process: events come through, faults are named in time, nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ofer_faces.ofer_engine.client.engine_client import EngineClient
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError
from ofer_faces.ofer_engine.contract.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Cancelled,
    Event,
    Failure,
    OpenPhoto,
    PhotoFace,
    PhotoOpened,
    Ready,
    Reconstruct,
    Result,
    Stage,
)

FAKE = Path(__file__).with_name("fake_engine.py")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., EngineClient]]:
    import synthetic

    synthetic.write(tmp_path)
    clients = []

    def start(mode: str, **options: float) -> EngineClient:
        command = [sys.executable, "-I", str(FAKE), mode, str(tmp_path)]
        clients.append(
            EngineClient(command, os.environ, tmp_path / "log" / "engine.log", **options)
        )
        return clients[-1]

    yield start
    for client in clients:
        client.kill()


def wait_for(client: EngineClient, kind: type[Event], seconds: float = 20.0) -> list[Event]:
    """Poll as the timer does until an event of this kind came; all events so far."""
    events: list[Event] = []
    end = time.monotonic() + seconds
    while not any(isinstance(event, kind) for event in events):
        assert time.monotonic() < end, f"no {kind.__name__} in {seconds} s, but {events}"
        time.sleep(0.02)
        begun = time.perf_counter()
        events += client.events()
        assert time.perf_counter() - begun < 0.5
    return events


def gone(pid: int, seconds: float = 10.0) -> bool:
    """The process has ended and was reaped."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def request(tmp_path: Path, number: int = 1) -> Reconstruct:
    photos = (PhotoFace(str(tmp_path / "anna.jpg")),)
    return Reconstruct(number, photos, str(tmp_path / "out"), "anna")


def test_photo_and_reconstruction(start: Callable[..., EngineClient], tmp_path: Path) -> None:
    client = start("ok")
    client.send(OpenPhoto(1, "anna.jpg"))
    *_, opened = wait_for(client, PhotoOpened)
    assert [face.box for face in opened.faces] == [(10, 20, 100, 120), (300, 20, 80.5, 90)]
    client.send(request(tmp_path, 2))
    events = wait_for(client, Result)
    assert [(e.step, e.of) for e in events if isinstance(e, Stage)] == [(0, 3), (1, 3), (2, 3)]
    assert Path(events[-1].path) == tmp_path / "out" / "anna.ofer"
    assert client.ready == Ready(PROTOCOL_VERSION, "fake", "cpu", 9, ("open",))
    client.close()
    assert gone(client.pid)


def test_garbage_is_survived(start: Callable[..., EngineClient], tmp_path: Path) -> None:
    client = start("garbage")
    client.send(request(tmp_path))
    events = wait_for(client, Result)
    assert len([event for event in events if isinstance(event, Stage)]) == 3
    assert not [event for event in events if isinstance(event, Failure)]
    assert client.garbage >= 3 * 6


def test_an_answer_that_cannot_be_read_ends_the_engine(
    start: Callable[..., EngineClient], tmp_path: Path
) -> None:
    client = start("unreadable")
    client.send(request(tmp_path))
    failure = wait_for(client, Failure)[-1]
    assert (failure.id, failure.code) == (0, "engine_died") and failure.hint
    assert "cannot read" in failure.message and not client.usable and gone(client.pid)


def test_flood_is_survived_and_ended(start: Callable[..., EngineClient]) -> None:
    client = start("flood")
    slowest = 0.0
    for _ in range(20):
        begun = time.process_time()
        assert client.events() == []
        slowest = max(slowest, time.process_time() - begun)
        time.sleep(0.02)
    assert slowest < 0.5
    client.kill()
    assert gone(client.pid)


def test_killed_engine_is_noticed_within_two_seconds(
    start: Callable[..., EngineClient], tmp_path: Path
) -> None:
    client = start("slow")
    client.send(request(tmp_path))
    wait_for(client, Stage)
    os.kill(client.pid, signal.SIGKILL)
    killed = time.monotonic()
    *_, event = wait_for(client, Failure)
    assert time.monotonic() - killed < 2.0
    assert event.code == ErrorCode.ENGINE_DIED and event.hint and event.log == str(client.log)
    assert not client.usable and client.events() == []
    assert gone(client.pid)


def test_engine_that_exits_is_noticed(start: Callable[..., EngineClient], tmp_path: Path) -> None:
    client = start("die")
    client.send(request(tmp_path))
    events = wait_for(client, Failure)
    assert isinstance(events[-2], Stage), "its last words are still heard"
    assert events[-1].code == ErrorCode.ENGINE_DIED


def test_mute_engine_is_killed(start: Callable[..., EngineClient], tmp_path: Path) -> None:
    client = start("mute", hang_seconds=1.5)
    client.send(request(tmp_path))
    wait_for(client, Stage)
    heard = time.monotonic()
    *_, event = wait_for(client, Failure)
    assert event.code == ErrorCode.ENGINE_HUNG
    assert 1.0 < time.monotonic() - heard < 4.0
    assert gone(client.pid)


def test_our_own_inattention_is_not_taken_for_a_hang(
    start: Callable[..., EngineClient], tmp_path: Path
) -> None:
    client = start("slow", hang_seconds=1.0)
    client.send(request(tmp_path))
    wait_for(client, Stage)
    os.kill(client.pid, signal.SIGSTOP)  # the whole machine sleeps: neither speaks nor listens
    time.sleep(2.5)
    events = client.events()
    os.kill(client.pid, signal.SIGCONT)
    assert not [event for event in events if isinstance(event, Failure)]
    assert not [e for e in wait_for(client, Stage) if isinstance(e, Failure)]


def test_cancel(start: Callable[..., EngineClient], tmp_path: Path) -> None:
    client = start("slow")
    client.send(request(tmp_path))
    wait_for(client, Stage)
    client.send(Cancel())
    asked = time.monotonic()
    assert wait_for(client, Cancelled)[-1] == Cancelled(1)
    assert time.monotonic() - asked < 0.5
    assert client.usable


def test_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(OferError) as caught:
        EngineClient([str(tmp_path / "nothing")], os.environ, tmp_path / "engine.log")
    assert caught.value.code == ErrorCode.ENGINE_MISSING


def test_unwritable_log_does_not_stop_the_engine(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    command = [sys.executable, "-I", str(FAKE), "ok", str(tmp_path)]
    client = EngineClient(command, os.environ, tmp_path / "log" / "engine.log")
    wait_for(client, Ready)
    client.close()
    assert gone(client.pid)


def test_nothing_leaks(start: Callable[..., EngineClient]) -> None:
    def cycle() -> None:
        client = start("ok")
        wait_for(client, Ready)
        client.close()
        assert gone(client.pid)

    cycle()
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        cycle()
    time.sleep(0.2)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= files
