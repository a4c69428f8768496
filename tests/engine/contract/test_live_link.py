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


@pytest.mark.parametrize("rate", [24, 25, 30, 60])
def test_written_and_read_back(tmp_path, rate):
    made = take(rate=rate)
    write_live_link(tmp_path / "take.csv", made, rate)
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


def test_the_rate_is_the_smallest_that_the_frames_fit_into(tmp_path):
    codes = [f"00:00:0{second}:{frame:02d}.000" for second in (0, 1) for frame in range(30)]
    read = read_live_link(write(tmp_path / "take.csv", [row(code) for code in codes]))
    assert np.allclose(np.diff(read.times), 1 / 30)
    faster = read_live_link(tmp_path / "take.csv", rate=60)
    assert np.isclose(faster.times[1], 1 / 60)


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
