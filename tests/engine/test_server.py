"""The engine as a real child process, over the real protocol."""

import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ofer_engine.client.launch import engine_command, engine_environment
from ofer_engine.contract import protocol, reconstruction
from tests.engine.child_engine import ROOT, request_of


def test_a_photo_becomes_a_reconstruction(warm_engine, portrait, tmp_path):
    warm_engine.send(protocol.Hello(protocol.PROTOCOL_VERSION))
    ready = warm_engine.until(protocol.Ready)[-1]
    assert (ready.protocol, ready.device) == (protocol.PROTOCOL_VERSION, "cpu")
    assert "open" in ready.packs
    warm_engine.send(protocol.OpenPhoto(4, str(portrait)))
    opened = warm_engine.until(protocol.PhotoOpened, protocol.Failure)[-1]
    assert len(opened.faces) == 1 and not opened.faces[0].low_confidence
    warm_engine.send(request_of(portrait, tmp_path / "out"))
    events = warm_engine.until(protocol.Result, protocol.Failure)
    stages, result = events[:-1], events[-1]
    assert isinstance(result, protocol.Result), result
    assert {type(e) for e in stages} == {protocol.Stage, protocol.HypothesisReady}
    stages = [event for event in stages if isinstance(event, protocol.Stage)]
    assert [e.step for e in stages if e.name == "Drawing heads"] == [1, 2, 3, 4, 5]
    assert all(e.eta > 0 for e in stages[:-1]) and stages[-1].eta == 0
    record = reconstruction.read(Path(result.path))
    assert record.array("identity_vertices").shape[0] == 3
    assert record.array("expression_vertices").shape[0] == 2
    assert all(record.thumbnail(h).exists() for h in record.identities + record.expressions)
    json.loads((Path(result.path) / "reconstruction.json").read_text())


def test_cancel_leaves_nothing_and_the_engine_goes_on(warm_engine, portrait, tmp_path):
    warm_engine.send(request_of(portrait, tmp_path / "out", identities=1000, steps=1000))
    while warm_engine.until(protocol.Stage)[-1].name != "Drawing heads":
        pass
    started = time.monotonic()
    warm_engine.send(protocol.Cancel())
    assert warm_engine.until(protocol.Cancelled, protocol.Result)[-1] == protocol.Cancelled(5)
    assert time.monotonic() - started < 2.0
    assert not list(tmp_path.glob("out/*"))
    warm_engine.send(request_of(portrait, tmp_path / "out"))
    assert isinstance(warm_engine.until(protocol.Result, protocol.Failure)[-1], protocol.Result)


def test_garbage_is_answered_and_survived(warm_engine):
    for line in (
        "garbage",
        '{"type": "Reconstruct"}',
        "[" * 50_000,
        '{"type": "Hello", "protocol": ' + "9" * 400 + "}",
        '{"type": "Texture", "id": 1, "folder": "a", "photos": [{"path": "a", "hidden": 7}],'
        ' "out": "b", "rows": [1], "weights": [' + "9" * 400 + "]}",
        '{"type": "OpenPhoto", "id": 1, "path": "' + "a" * 3_000_000 + '"}',
        '{"type": "OpenPhoto", "id": ' + "9" * 400 + ', "path": "a"}',
    ):
        warm_engine.send(line)
        assert warm_engine.until(protocol.Failure)[-1].code == "bad_request"
    warm_engine.process.stdin.buffer.write(b"\xff\xfe\x80 not UTF-8\n")
    warm_engine.process.stdin.flush()
    assert warm_engine.until(protocol.Failure)[-1].code == "bad_request"
    warm_engine.send(protocol.Hello(protocol.PROTOCOL_VERSION))
    warm_engine.until(protocol.Ready)


def test_another_protocol_is_refused_and_the_engine_ends(engine):
    engine.send(protocol.Hello(protocol.PROTOCOL_VERSION + 1))
    assert engine.until(protocol.Failure)[-1].code == "protocol_mismatch"
    assert engine.process.wait(60) == 2


def test_it_ends_when_its_input_closes(engine):
    engine.send(protocol.Hello(protocol.PROTOCOL_VERSION))
    engine.until(protocol.Ready)
    engine.process.stdin.close()
    assert engine.process.wait(60) == 0


def test_it_ends_in_mid_work_when_its_input_closes(engine, portrait, tmp_path):
    engine.send(request_of(portrait, tmp_path / "out", identities=1000, steps=1000))
    engine.until(protocol.Stage)
    engine.process.stdin.close()
    assert engine.process.wait(60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of Unix")
def test_it_ends_when_its_input_fails(tmp_path):
    """Reading from a terminal whose other side is gone is an error, not an end."""
    master, slave = os.openpty()
    command = engine_command(Path(sys.executable), ROOT, ["serve", "--device", "cpu"])
    with (tmp_path / "log").open("wb") as log, open(slave, "rb") as stdin:
        process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=log, env=engine_environment()
        )
    try:
        assert protocol.decode_event(process.stdout.readline().decode()) == protocol.Heartbeat()
        os.close(master)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_beats_while_idle_and_while_computing(warm_engine, portrait, tmp_path):
    def gap(seconds):
        last, worst, end = time.monotonic(), 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                event = warm_engine.events.get(timeout=0.1)
            except queue.Empty:
                continue
            assert event is not None
            worst, last = max(worst, time.monotonic() - last), time.monotonic()
        return max(worst, time.monotonic() - last)

    warm_engine.send(protocol.Hello(protocol.PROTOCOL_VERSION))
    warm_engine.until(protocol.Ready)
    assert gap(5) < 2 * protocol.HEARTBEAT_SECONDS
    warm_engine.send(request_of(portrait, tmp_path / "out", identities=1000, steps=1000))
    assert gap(5) < 2 * protocol.HEARTBEAT_SECONDS
    warm_engine.send(protocol.Cancel())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"path": "/nowhere/face.jpg"}, "photo_missing"),
        ({"pack": "nobody"}, "weights_missing"),
        ({"face": 9}, "bad_request"),
        ({"box": (1.0, 2.0)}, "bad_request"),
        ({"keep": 13}, "bad_request"),
        ({"steps": 0}, "bad_request"),
        ({"sampler": "magic"}, "bad_request"),
    ],
)
def test_a_bad_request_is_one_sentence_and_leaves_nothing(
    warm_engine, portrait, tmp_path, change, code
):
    warm_engine.send(request_of(portrait, tmp_path / "out", **change))
    failure = warm_engine.until(protocol.Failure, protocol.Result)[-1]
    assert failure.code == code and failure.message.endswith(".") and failure.hint
    assert not list(tmp_path.glob("out/*"))


def test_same_photo_seed_and_device_give_the_same_bits(engine, portrait, tmp_path):
    """The first of an engine and the later ones, which find everything loaded."""

    def bits(number, seed=3):
        tiny = {"identities": 3, "keep": 2, "expressions": 1, "steps": 2}
        engine.send(request_of(portrait, tmp_path / str(number), seed=seed, **tiny))
        assert isinstance(engine.until(protocol.Result, protocol.Failure)[-1], protocol.Result)
        folder = tmp_path / str(number) / "face.ofer"
        files = sorted([*folder.glob("*.npy"), *folder.glob("*/*.png")])
        return {file.name: hashlib.sha256(file.read_bytes()).digest() for file in files}

    first = bits(0)
    assert {f"{name}.npy" for name in reconstruction.ARRAYS} <= first.keys()
    assert {"identity_01.png", "identity_02.png", "expression_01.png"} <= first.keys()
    assert all(bits(number) == first for number in range(1, 4))
    assert bits(4, seed=4)["identity_vertices.npy"] != first["identity_vertices.npy"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (Linux)")
def test_no_system_call_of_the_network_is_made(portrait, tmp_path):
    """From the start of Python to the end of the run, in every thread and child."""
    trace = tmp_path / "trace.txt"
    arguments = ["reconstruct", str(portrait), "--out", str(tmp_path / "out"), "--identities", "2"]
    command = engine_command(Path(sys.executable), ROOT, [*arguments, "--expressions", "0"])
    watch = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-e",
        "trace=%network,execve",
        "-o",
        str(trace),
    ]
    done = subprocess.run([*watch, *command], env=engine_environment(), capture_output=True)
    assert done.returncode == 0, done.stderr
    calls = [line.split(None, 1)[1] for line in trace.read_text().splitlines()]
    assert any(call.startswith("execve(") for call in calls), "strace saw nothing"
    assert not [call for call in calls if not call.startswith(("execve(", "+++", "---"))]
