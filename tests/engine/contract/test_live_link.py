"""Takes of Live Link Face: written, read back, and as other trackers write them."""

import os
import sys

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.face_motion import FaceMotion
from ofer_engine.contract.files import live_link
from ofer_engine.contract.files.live_link import COLUMNS, read_live_link, write_live_link


def take(frames=70, rate=60):
    rng = np.random.default_rng(3)
    angles = rng.normal(0, 0.3, (3, frames, 3))
    return FaceMotion(np.arange(frames) / rate, rng.uniform(0, 1, (frames, 52)), *angles)


@pytest.mark.parametrize("rate", [12, 24, 25, 30, 48, 50, 60])
def test_written_and_read_back(tmp_path, rate):
    made = take(rate=rate)
    write_live_link(tmp_path / "take.csv", made)
    read = read_live_link(tmp_path / "take.csv")
    for name in ("times", "weights", "head", "left_eye", "right_eye"):
        assert np.abs(getattr(read, name) - getattr(made, name)).max() < 1e-6, name


def test_the_columns_are_the_apps():
    assert len(COLUMNS) == 61 and COLUMNS[0] == "EyeBlinkLeft" and COLUMNS[51] == "TongueOut"
    assert COLUMNS[14:18] == ("JawForward", "JawRight", "JawLeft", "JawOpen")
    assert COLUMNS[21:23] == ("MouthRight", "MouthLeft")
    assert COLUMNS[52:] == (
        "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
        "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    )  # fmt: skip


def row(code, **values):
    return ",".join([code, "61", *(str(values.get(name, 0.0)) for name in COLUMNS)])


def write(path, rows):
    header = ",".join(["Timecode", "BlendShapeCount", *COLUMNS])
    path.write_text("\r\n".join([header, *rows]))
    return path


def test_a_take_of_the_published_columns(tmp_path):
    rows = [
        row("23:59:59:58.500", JawLeft=0.25, HeadYaw=0.5),
        row("00:00:00:01.000", JawRight=0.75, RightEyeRoll=-0.1),
    ]
    read = read_live_link(write(tmp_path / "take.csv", rows))
    assert np.allclose(read.times, [0, 2.5 / 60])  # past midnight
    assert read.weights[0, ARKIT_52.index("jawLeft")] == 0.25
    assert read.weights[1, ARKIT_52.index("jawRight")] == 0.75
    assert read.weights.sum() == 1.0
    assert read.head[0].tolist() == [0.5, 0, 0] and read.right_eye[1].tolist() == [0, 0, -0.1]


def test_columns_in_another_case_and_order_and_some_missing(tmp_path):
    text = "jawOpen,eyeBlinkLeft\n0.5,1\n,0.25\n"
    (tmp_path / "web.csv").write_text(text)
    read = read_live_link(tmp_path / "web.csv", rate=30)
    assert read.weights[:, ARKIT_52.index("jawOpen")].tolist() == [0.5, 0.0]
    assert read.weights[:, ARKIT_52.index("eyeBlinkLeft")].tolist() == [1.0, 0.25]
    assert np.allclose(read.times, [0, 1 / 30]) and not read.head.any()


@pytest.mark.parametrize("blink", ["eyeBlink_L", "EyeBlinkL", "eye_blink_left", "EyeClosedLeft"])
def test_a_column_may_be_spelled_as_other_trackers_do(tmp_path, blink):
    (tmp_path / "other.csv").write_text(f"time,{blink}\n0.0,0.25\n0.1,1\n")
    read = read_live_link(tmp_path / "other.csv")
    assert read.weights[:, ARKIT_52.index("eyeBlinkLeft")].tolist() == [0.25, 1.0]
    assert np.allclose(read.times, [0.0, 0.1])


def codes(rate, frames, separator=":"):
    return [f"00:00:{n // rate:02d}{separator}{n % rate:02d}.000" for n in range(frames)]


@pytest.mark.parametrize("rate", [10, 24, 25, 30, 48, 50, 60, 120])
def test_the_rate_is_what_the_frames_count_in_a_second(tmp_path, rate):
    rows = [row(code) for code in codes(rate, 2 * rate)]
    del rows[rate // 2], rows[-rate // 3]  # frames without a face
    read = read_live_link(write(tmp_path / "take.csv", rows))
    assert np.isclose(np.median(np.diff(read.times)), 1 / rate)
    assert np.isclose(read.times[-1], (2 * rate - 1) / rate)
    faster = read_live_link(tmp_path / "take.csv", rate=2 * rate)
    assert np.isclose(faster.times[1], 1 / (2 * rate))


def test_within_a_second_the_rate_is_the_one_that_unreal_takes_it_for(tmp_path):
    read = read_live_link(write(tmp_path / "take.csv", [row(code) for code in codes(60, 20)]))
    assert np.allclose(np.diff(read.times), 1 / 30)
    read = read_live_link(write(tmp_path / "take.csv", [row(code) for code in codes(60, 40)]))
    assert np.allclose(np.diff(read.times), 1 / 60)


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60])
def test_unreal_takes_what_is_written_for_what_it_is(tmp_path, rate):
    """Its importer knows 30 and 60 frames a second, and 60 by a frame above 30."""
    made = take(frames=3 * rate, rate=rate)
    write_live_link(tmp_path / "take.csv", made)
    lines = (tmp_path / "take.csv").read_text().splitlines()[1:]
    parts = np.array([line.split(",")[0].split(":") for line in lines], float)
    assumed = 60 if parts[:, 3].max() > 30 else 30
    assert np.abs(parts @ (3600, 60, 1, 1 / assumed) - made.times).max() < 1e-6


def test_dropped_frame_numbers_are_no_gap(tmp_path):
    codes = ["00:00:59;28", "00:00:59;29", "00:01:00;02", "00:01:00;03"]
    read = read_live_link(write(tmp_path / "take.csv", [row(code) for code in codes]))
    assert np.allclose(np.diff(read.times), 1.001 / 30)
    kept = ["00:00:59;28", "00:00:59;29", "00:01:00;00", "00:01:00;01"]
    read = read_live_link(write(tmp_path / "take.csv", [row(code) for code in kept]))
    assert np.allclose(np.diff(read.times), 1 / 30)
    tenth = ["00:09:59;29", "00:10:00;00", "00:10:00;01"]
    read = read_live_link(write(tmp_path / "take.csv", [row(code) for code in tenth]), rate=30)
    assert np.allclose(np.diff(read.times), 1.001 / 30)


def test_what_a_spreadsheet_stored(tmp_path):
    text = (
        "\ufeff\r\nTimecode;BlendShapeCount;JawOpen;HeadYaw\r\n"
        "00:00:00:01,500;61;0,25;-0,5\r\n;;;\r\n00:00:00:03,000;61;0,75;0\r\n"
    )
    (tmp_path / "take.csv").write_bytes(text.encode())
    read = read_live_link(tmp_path / "take.csv")
    assert read.weights[:, ARKIT_52.index("jawOpen")].tolist() == [0.25, 0.75]
    assert read.head[0, 0] == -0.5 and np.allclose(read.times, [0, 1.5 / 30])
    (tmp_path / "take.csv").write_text("Timecode\tJawOpen\n00:00:00:01\t0.5\n")
    assert read_live_link(tmp_path / "take.csv").weights.sum() == 0.5


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("timestamp", ["1000", "1040", "1120"]),
        ("Time", ["2.5", "2.54", "2.62"]),
        ("timestamp_ms", ["0.4", "40.4", "120.4"]),
        (
            "Timestamp",
            ["2026-12-01T23:59:59.96Z", "2026-12-02T00:00:00Z", "2026-12-02T00:00:00.08Z"],
        ),
        ("Timecode", ["10:00:00.000", "10:00:00.040", "10:00:00.120"]),
    ],
)
def test_times_in_place_of_a_time_code(tmp_path, column, cells):
    rows = [f"{cell},{n / 4}" for n, cell in enumerate(cells)]
    (tmp_path / "take.csv").write_text("\n".join([f"{column},jawOpen", *rows]))
    assert np.allclose(read_live_link(tmp_path / "take.csv").times, [0, 0.04, 0.12])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("\n", ",\n").encode(),
        lambda text: text.replace("\n", ",\n", 1).encode(),
        lambda text: text.replace("\n0", ",\n0").encode(),
        lambda text: b"# of a tracker\nsep=,\n" + text.encode(),
        lambda text: text.replace(",", ", ").encode(),
        lambda text: (text + "00:00:00:04,0.").encode(),
    ],
    ids=["utf-16", "old mac", "ends", "head's end", "rows' ends", "above", "spaces", "cut off"],
)
def test_what_others_stored(tmp_path, change):
    text = "Timecode,JawOpen,MouthClose\n00:00:00:01,0.25,0\n00:00:00:03,0.75,0.5\n"
    (tmp_path / "take.csv").write_bytes(change(text))
    read = read_live_link(tmp_path / "take.csv")
    assert read.weights[:, ARKIT_52.index("jawOpen")].tolist() == [0.25, 0.75]
    assert np.allclose(read.times, [0, 2 / 30])


def test_percent(tmp_path):
    (tmp_path / "take.csv").write_text("jawOpen,eyeBlinkLeft\n50,100\n20,0\n")
    assert read_live_link(tmp_path / "take.csv").weights.max(axis=0).sum() == 1.5


def test_frames_without_a_face_are_left_out(tmp_path):
    rows = [row("00:00:00:01", JawOpen=0.5), "00:00:00:02,0", row("00:00:00:03", JawOpen=1)]
    read = read_live_link(write(tmp_path / "take.csv", rows))
    assert np.allclose(read.times, [0, 2 / 30]) and read.weights.sum() == 1.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "who,when\nanna,now\n",
        "Timecode,JawOpen\n",
        "Timecode,JawOpen\n00:00:00:01,nan\n",
        "Timecode,JawOpen\n00:00:00:01,much\n",
        "Timecode,JawOpen\n00:00:00:01\n",
        "Timecode,JawOpen\nnow,0.5\n",
        "Timecode,JawOpen\n1e300:00:00:01,0.5\n",
        "Timecode,JawOpen\n-1:00:00:01,0.5\n",
        "Timecode,JawOpen\n00:00:00:1e9,0.5\n",
        "Timecode,JawOpen\n00:00:00:01:00,0.5\n",
        "Timecode,JawOpen\n00:00:00:01,1e300\n",
        "Timecode,JawOpen,HeadYaw\n00:00:00:01,0,-1e9\n",
        "Timecode,JawOpen,MouthClose\n00:00:00:01,0.5\n00:00:00:02,0.5,0\n",
        "Timecode,JawOpen\n00:00:00:01,0.5,0.25\n",
        "time,JawOpen\n0.1,0.5\n0.05,0.5\n",
        "time,JawOpen\n0.1,0.5\n00:00:01,0.5\n",
        "JawOpen" + "," * 70_000 + "\n",
        "Timecode,JawOpen\n00:00:02:01,1\n00:00:05:00,1\n00:00:03:00,1\n",
    ],
)
def test_what_is_no_take_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "take.csv").write_text(text)
    with pytest.raises(OferError, match=r"take\.csv is no take of Live Link Face") as caught:
        read_live_link(tmp_path / "take.csv")
    assert caught.value.hint


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "take.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OferError, match="no take"):
        read_live_link(tmp_path / "take.csv")
    with pytest.raises(OferError, match="no take"):
        read_live_link(tmp_path / "missing.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "take.csv")
    with pytest.raises(OferError, match="no take"):
        read_live_link(tmp_path / "take.csv")


def test_a_take_longer_than_any_is_refused_and_a_link_to_one_read(tmp_path, monkeypatch):
    (tmp_path / "long.csv").write_text("JawOpen\n" + "1\n" * 100)
    (tmp_path / "take.csv").symlink_to(tmp_path / "long.csv")
    assert len(read_live_link(tmp_path / "take.csv").times) == 100
    monkeypatch.setattr(live_link, "_MOST_FRAMES", 99)
    with pytest.raises(OferError, match="no take"):
        read_live_link(tmp_path / "take.csv")
