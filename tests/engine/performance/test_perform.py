"""`perform` as it is run: from pictures and a video to a head and its performance."""

import json
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ofer_engine.__main__ import main
from ofer_engine.contract import performance, protocol, reconstruction
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.files.live_link import read_live_link
from ofer_engine.handlers import perform as handler
from ofer_engine.performance import watch
from ofer_engine.progress import Pace, Work
from ofer_engine.published.flame_pack import FlamePack
from ofer_engine.session import Session
from tests.engine.performance.test_footage import write_video
from tests.engine.small_disk import small_disk

FRAMES = 14
FEW = {"identities": 6, "keep": 2, "steps": 4}
OPTIONS = [text for name, number in FEW.items() for text in (f"--{name}", str(number))]
SIZE = (288, 384)


@pytest.fixture(scope="module")
def frames(portrait):
    """The astronaut's face, moving to the right and turning in the picture; none in two frames."""
    whole = Image.open(portrait).convert("RGB")
    found = []
    for number in range(FRAMES):
        turned = whole.rotate(number - 5, Image.Resampling.BICUBIC, center=(225, 120))
        left = 40 - 3 * number
        found.append(np.asarray(turned.crop((left, 0, left + SIZE[1], SIZE[0]))))
    for number in (8, 9):
        found[number] = np.full_like(found[number], 90)
    return found


@pytest.fixture(scope="module")
def folder(frames, tmp_path_factory):
    place = tmp_path_factory.mktemp("shot")
    for number, picture in enumerate(frames):
        Image.fromarray(picture).save(place / f"f{number:03d}.png")
    return place


@pytest.fixture(scope="module")
def performed(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    command = ["perform", str(folder), "--out", str(out / "ann.ofer"), "--rate", "30", *OPTIONS]
    assert main(command) == 0
    return out


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix != ".json"
    }


def test_a_head_its_performance_and_a_take_are_written(performed):
    record = reconstruction.read(performed / "ann.ofer")
    recorded = performance.read(record.folder / performance.FOLDER)
    assert (recorded.frames, recorded.rate, recorded.width, recorded.height) == (
        FRAMES,
        30.0,
        SIZE[1],
        SIZE[0],
    )
    names = [view.photo.name for view in record.views]
    assert sorted(names) == [f"{frame:06d}.png" for frame in recorded.chosen]
    assert sorted(file.name for file in (performed / "ann_frames").iterdir()) == sorted(names)
    take = read_live_link(performed / "ann.csv", 30)
    np.testing.assert_allclose(take.weights, recorded.motion().weights, atol=1e-6)
    np.testing.assert_allclose(take.head, recorded.motion().head, atol=1e-6)
    assert not [file for file in performed.iterdir() if file.name.startswith(".")]


def test_the_head_turns_and_moves_as_the_picture_does(performed):
    recorded = performance.read(performed / "ann.ofer" / performance.FOLDER)
    seen = recorded.array("bridged") == 0
    np.testing.assert_array_equal(np.flatnonzero(~seen), [8, 9])
    # Pictures are turned anticlockwise, a degree a frame.
    roll = np.degrees(recorded.array("head")[:, 2])
    np.testing.assert_allclose(np.diff(roll)[[0, 2, 4, 11]], 1.0, atol=0.8)
    assert (np.diff(recorded.array("place")[seen, 0]) > 0).mean() > 0.8
    assert recorded.array("confidence")[seen].min() > 0.5 > recorded.array("confidence")[8]


def test_a_stopped_video_is_gone_on_from_with_the_same_bits(
    folder, performed, tmp_path, monkeypatch
):
    monkeypatch.setattr(watch, "_PART", 4)
    monkeypatch.setattr(watch, "WATCHED", 2)
    asked = protocol.Perform(1, str(folder), str(tmp_path), "ann", rate=30.0, **FEW)
    stop = []

    def send(event):
        if isinstance(event, protocol.Stage) and event.name == handler.READING:
            stop.append(event.step)

    session = Session("cpu", None, None)
    work = Work(1, send, lambda: bool(stop) and stop[-1] >= 13, Pace())
    with pytest.raises(OferError) as error:
        handler.perform(session, asked, work)
    assert error.value.code == ErrorCode.CANCELLED
    kept = next(tmp_path.glob(".ofer-perform-*"))
    assert len(list(kept.glob("*.npz"))) == 2
    assert not (tmp_path / "ann.ofer").exists()
    stop.clear()
    handler.perform(session, asked, Work(1, send, lambda: False, Pace()))
    assert stop[0] == 9 and not kept.exists()
    assert contents(tmp_path / "ann.ofer") == contents(performed / "ann.ofer")


IN_PARTS_OF_FOUR = """
import sys
from ofer_engine.__main__ import main
from ofer_engine.performance import watch
watch._PART, watch.WATCHED = 4, 2
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("dies_after", [1, 2])
def test_a_killed_process_is_gone_on_from_with_the_same_bits(
    folder, performed, tmp_path, dies_after
):
    """SIGKILL, at whatever it does once so many parts of the video are kept."""
    out = str(tmp_path / "ann.ofer")
    command = ["perform", str(folder), "--out", out, "--rate", "30", *OPTIONS]
    with subprocess.Popen(
        [sys.executable, "-c", IN_PARTS_OF_FOUR, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while len(list(tmp_path.glob(".ofer-perform-*/*.npz"))) < dies_after:
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "ann.ofer").exists()
    assert main(command) == 0
    assert contents(tmp_path / "ann.ofer") == contents(performed / "ann.ofer")
    assert not list(tmp_path.glob(".ofer-*")), "nothing of the killed run stays"


def test_a_face_is_followed_from_the_first_frame_that_shows_it(folder, tmp_path):
    """As a film that begins in black; one that is short must not end before it is looked for."""
    shot = shutil.copytree(folder, tmp_path / "shot")
    for number in (0, 1, 2):
        Image.new("RGB", SIZE[::-1]).save(shot / f"f{number:03d}.png")
    session = Session("cpu", None, None)
    pack, detector = session.reconstructor("open").pack, session.detector()
    looks = []

    def start(photo):
        looks.append(photo)
        faces = () if not photo.pixels.any() else detector.detect(photo)
        return faces[0] if faces else None

    asked = watch.Watch(pack, detector, tmp_path / "kept", start, lambda _: None)
    found = asked.readings(handler.open_footage(shot, 30))[0]
    np.testing.assert_array_equal(np.flatnonzero(found.seen), [3, 4, 5, 6, 7, 10, 11, 12, 13])
    assert len(looks) == 2  # at the first frame, and where a glance shows a face


def test_a_part_that_was_damaged_is_read_again(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "_PART", 4)
    monkeypatch.setattr(watch, "WATCHED", 2)
    session = Session("cpu", None, None)
    pack = session.reconstructor("open").pack

    def readings(kept, steps):
        asked = watch.Watch(
            pack, session.detector(), kept, lambda p: session.detector().detect(p)[0], steps.append
        )
        return asked.readings(handler.open_footage(folder, 30))[0]

    whole = readings(tmp_path / "a", [])
    for spoilt in (b"no archive", (tmp_path / "a" / "000000.npz").read_bytes()[:-9]):
        (tmp_path / "a" / "000000.npz").write_bytes(spoilt)
        steps = []
        again = readings(tmp_path / "a", steps)
        assert steps[0] == 1
        np.testing.assert_array_equal(again.points, whole.points)


def test_a_video_file_gives_the_same_as_its_pictures(frames, performed, tmp_path, capsys):
    write_video(tmp_path / "ann.mkv", frames, 30, "ffv1")
    out = tmp_path / "out" / "film.ofer"
    assert main(["perform", str(tmp_path / "ann.mkv"), "--out", str(out), *OPTIONS]) == 0
    assert "not seen in 2 of 14 frames" in capsys.readouterr().out
    found, before = (
        performance.read(place / performance.FOLDER) for place in (out, performed / "ann.ofer")
    )
    np.testing.assert_allclose(found.array("head"), before.array("head"), atol=0.03)
    np.testing.assert_allclose(found.array("weights"), before.array("weights"), atol=0.15)


def test_results_that_are_there_stay(folder, performed, capsys):
    before = contents(performed / "ann.ofer")
    command = [
        "perform",
        str(folder),
        "--out",
        str(performed / "ann.ofer"),
        "--rate",
        "30",
        *OPTIONS,
    ]
    assert main(command) == 0
    assert "note: ann is there already" in capsys.readouterr().out
    assert contents(performed / "ann.ofer") == before
    assert (performed / "ann_02.ofer").is_dir() and (performed / "ann_02.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--face", "9"], "No face was found"),
        (["--face", "left"], "tells no face"),
        (["--rate", "0.1"], "make no sense"),
        (["--pack", "none"], "none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_said_in_a_sentence(folder, tmp_path, arguments, words, capsys):
    assert main(["perform", str(folder), "--out", str(tmp_path / "a.ofer"), *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not list(tmp_path.glob("a*"))


def test_a_pack_that_reads_single_photos_is_refused(folder, tmp_path, monkeypatch, capsys):
    record = SimpleNamespace(id="ofer-flame2020")
    pack = SimpleNamespace(record=record, video_reader=FlamePack.video_reader.fget(None))
    monkeypatch.setattr(Session, "reconstructor", lambda *_: SimpleNamespace(pack=pack))
    assert main(["perform", str(folder), "--out", str(tmp_path / "a.ofer")]) == 1
    assert "The pack ofer-flame2020 reads single photos" in capsys.readouterr().err
    assert not list(tmp_path.glob("a*"))


def _overwrite(folder, out) -> int:
    command = ["perform", str(folder), "--out", str(out / "ann.ofer"), "--rate", "30", *OPTIONS]
    return main([*command, "--overwrite"])


def test_overwrite_replaces_what_a_performance_left(folder, performed, tmp_path):
    out = shutil.copytree(performed, tmp_path / "out")
    former = (out / "ann.ofer").stat().st_ino
    assert _overwrite(folder, out) == 0
    assert {each.name for each in out.iterdir()} == {each.name for each in performed.iterdir()}
    assert (out / "ann.ofer").stat().st_ino != former


def test_overwrite_keeps_what_somebody_worked_in(folder, performed, tmp_path, capsys):
    out = shutil.copytree(performed, tmp_path / "out")
    (out / "ann.ofer" / "notes.txt").write_text("mine")
    before = [contents(out / name) for name in ("ann.ofer", "ann_frames")]
    assert _overwrite(folder, out) == 0
    assert "is kept as ann_before.ofer" in capsys.readouterr().out
    assert [contents(out / name) for name in ("ann_before.ofer", "ann_before_frames")] == before
    assert not (out / "ann.ofer" / "notes.txt").exists()


@pytest.mark.parametrize("theirs", ["ann_frames", "ann.csv", "a picture of ann_frames"])
def test_overwrite_replaces_nothing_else(folder, performed, tmp_path, theirs, capsys):
    """A shot may be called ann_frames, and a phone writes ann.csv beside its video."""
    out = shutil.copytree(performed, tmp_path / "out")
    if theirs == "ann_frames":
        shutil.rmtree(out / theirs)
        shutil.copytree(folder, out / theirs)
    elif theirs == "ann.csv":
        (out / theirs).write_bytes((out / theirs).read_bytes().replace(b"0.1", b"0.2", 1))
    else:
        next((out / "ann_frames").iterdir()).write_bytes(b"painted on")
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    assert _overwrite(folder, out) == 1
    assert "not as a performance of that name left it" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before


def test_what_takes_the_name_meanwhile_stays(folder, performed, tmp_path):
    """A phone's take is copied beside its video while that is read."""
    asked = protocol.Perform(1, str(folder), str(tmp_path), "ann", rate=30.0, **FEW)
    theirs = tmp_path / "ann.csv"

    def send(event):
        if isinstance(event, protocol.Stage) and event.name == handler.FITTING:
            theirs.write_bytes(b"of the phone")

    done = handler.perform(Session("cpu", None, None), asked, Work(1, send, lambda: False, Pace()))
    assert theirs.read_bytes() == b"of the phone"
    names = {each.name for each in tmp_path.iterdir() if not each.name.startswith(".")}
    assert names == {"ann.csv", "ann_02.csv", "ann_02.ofer", "ann_02_frames"}
    assert reconstruction.read(done.record.folder).name == done.record.name == "ann_02"
    assert done.take == tmp_path / "ann_02.csv" and "this is ann_02" in str(done.notes[0])
    assert contents(tmp_path / "ann_02.ofer") == contents(performed / "ann.ofer")


@pytest.mark.parametrize("stage", [handler.SHAPING, handler.FITTING])
def test_stopped_after_the_video_was_read_nothing_is_left(folder, tmp_path, stage):
    asked = protocol.Perform(1, str(folder), str(tmp_path), "ann", rate=30.0, **FEW)
    seen = []

    def send(event):
        if isinstance(event, protocol.Stage):
            seen.append(event.name)

    work = Work(1, send, lambda: stage in seen, Pace())
    with pytest.raises(OferError):
        handler.perform(Session("cpu", None, None), asked, work)
    assert [each.name for each in tmp_path.iterdir() if ".ofer-perform-" not in each.name] == []


def test_a_performance_stays_when_more_heads_are_drawn(performed):
    folder = performed / "ann.ofer"
    few = ["--identities", "4", "--keep", "1", "--steps", "4"]
    more = ["more-like", str(folder), "identity_01", *few]
    assert main(more) == 0
    assert performance.read(folder / performance.FOLDER).frames == FRAMES
    assert json.loads((folder / "reconstruction.json").read_text())["additions"]


def test_where_there_is_no_room_for_the_take_nothing_is_left(folder, tmp_path, monkeypatch, capsys):
    """The take of a long video has megabytes: head, frames and take are there, or none of them."""
    monkeypatch.setattr(handler, "live_link_text", lambda motion: bytes(60_000_000))
    with small_disk(tmp_path / "disk", 40_000) as disk:
        out = ["--out", str(disk / "ann.ofer"), "--rate", "30"]
        assert main(["perform", str(folder), *out, *OPTIONS]) == 1
        said = capsys.readouterr().err
        assert "The disk is full" in said and "Free some space" in said
        assert not [each for each in disk.iterdir() if not each.name.startswith(".ofer-perform-")]
