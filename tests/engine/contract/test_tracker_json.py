"""Takes as web trackers write them."""

import json

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.files.take import read_take
from ofer_engine.contract.files.tracker_json import read_tracker_json

JAW, SMILE = ARKIT_52.index("jawOpen"), ARKIT_52.index("mouthSmileLeft")
FRAMES = [{"jawOpen": 0.0, "mouthSmileLeft": 0.5}, {"jawOpen": 0.25}, {"jawOpen": 1.0}]


def write(tmp_path, content, name="take.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def listed(frame):
    return [{"index": n, "categoryName": k, "score": v} for n, (k, v) in enumerate(frame.items())]


def in_python(frame):
    return [{"category_name": k, "score": v} for k, v in frame.items()]


FORMS = {
    "names": FRAMES,
    "under frames": {"fps": 30, "frames": FRAMES},
    "beside other things": [{"id": n, "weights": each} for n, each in enumerate(FRAMES)],
    "categories": [{"blendshapes": listed(each)} for each in FRAMES],
    "bare categories": [listed(each) for each in FRAMES],
    "mediapipe": [{"faceBlendshapes": [{"categories": listed(each), "headIndex": -1}]}
                  for each in FRAMES],
    "mediapipe in python": [{"face_blendshapes": [in_python(each)]} for each in FRAMES],
    "two faces": [{"faceBlendshapes": [{"categories": listed(each)},
                                       {"categories": listed({"jawOpen": 0.9})}]}
                  for each in FRAMES],
    "short names": [{k.replace("Left", "_L"): v for k, v in each.items()} for each in FRAMES],
    "shorter names": [{k.replace("Left", "L"): v for k, v in each.items()} for each in FRAMES],
    "audio2face": {"exportFps": 30, "numFrames": 3, "facsNames": ["jawOpen", "mouthSmileLeft"],
                   "weightMat": [[each["jawOpen"], each.get("mouthSmileLeft", 0)]
                                 for each in FRAMES]},
    "names once": {"fps": 30, "blendshapeNames": ["jawOpen", "mouthSmileLeft"],
                   "frames": [[each["jawOpen"], each.get("mouthSmileLeft", 0)] for each in FRAMES]},
    "names once, times": {"names": ["jawOpen", "mouthSmileLeft"], "animation": [
        {"time": n / 30, "weights": [each["jawOpen"], each.get("mouthSmileLeft", 0)]}
        for n, each in enumerate(FRAMES)]},
    "a list a unit": {"jawOpen": [0.0, 0.25, 1.0], "mouthSmileLeft": [0.5, 0.0, 0.0]},
    "deeper": {"take": {"samples": [{"face": {"arkit": each}} for each in FRAMES]}},
    "faces": [{"faces": [{"shapes": each}, {"shapes": {"jawOpen": 0.9}}]} for each in FRAMES],
    "by number": {"frames": {str(n): each for n, each in enumerate(FRAMES)}},
    "percent": [{k: v * 100 for k, v in each.items()} for each in FRAMES],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, form):
    read = read_tracker_json(write(tmp_path, FORMS[form]))
    assert read.weights[:, JAW].tolist() == [0.0, 0.25, 1.0]
    assert read.weights[:, SMILE].tolist() == [0.5, 0.0, 0.0]
    assert read.weights.sum() == 1.75 and not read.head.any()
    assert np.allclose(read.times, [0, 1 / 30, 2 / 30])


def test_a_line_a_frame(tmp_path):
    path = write(tmp_path, "\n".join(map(json.dumps, FRAMES)) + "\n", "take.jsonl")
    assert read_take(path).weights[:, JAW].tolist() == [0.0, 0.25, 1.0]
    path.write_text(path.read_text()[:-6])  # its recorder was killed
    assert read_take(path).weights[:, JAW].tolist() == [0.0, 0.25]


def test_one_face_is_a_take_of_a_frame(tmp_path):
    assert read_tracker_json(write(tmp_path, FRAMES[1])).weights[:, JAW].tolist() == [0.25]


def test_text_in_utf_16(tmp_path):
    (tmp_path / "take.json").write_bytes(json.dumps(FRAMES).encode("utf-16"))
    assert read_tracker_json(tmp_path / "take.json").weights[:, JAW].tolist() == [0.0, 0.25, 1.0]


@pytest.mark.parametrize(
    ("field", "times", "seconds"),
    [
        ("timestamp", [5000, 5033, 5100], [0, 0.033, 0.1]),
        ("time", [2.0, 2.5, 2.75], [0, 0.5, 0.75]),
        ("timestamp", [10_000, 43_333, 76_666], [0, 0.033333, 0.066666]),
        ("timestamp", [10_000_000, 43_333_000, 76_666_000], [0, 0.033333, 0.066666]),
        ("time_ms", [0, 0.4, 1.0], [0, 0.0004, 0.001]),
    ],
)
def test_times(tmp_path, field, times, seconds):
    frames = [{field: at, "blendshapes": each} for at, each in zip(times, FRAMES, strict=True)]
    assert np.allclose(read_tracker_json(write(tmp_path, frames)).times, seconds, atol=1e-9)
    asked = read_tracker_json(write(tmp_path, frames), 10)
    assert np.allclose(asked.times, [0, 0.1, 0.2])


def test_frames_without_a_face_are_bridged(tmp_path):
    frames = [{"timestamp": n * 100, "faceBlendshapes": []} for n in range(4)]
    frames[1]["faceBlendshapes"] = [{"categories": listed(FRAMES[1])}]
    frames[3]["faceBlendshapes"] = [{"categories": listed(FRAMES[2])}]
    read = read_tracker_json(write(tmp_path, frames))
    assert np.allclose(read.times, [0, 0.2]) and read.weights[:, JAW].tolist() == [0.25, 1.0]

    evenly = [each if n % 2 else {"faceBlendshapes": []} for n, each in enumerate(frames)]
    for each in evenly:
        each.pop("timestamp", None)
    assert np.allclose(read_tracker_json(write(tmp_path, evenly)).times, [0, 2 / 30])


def turned(yaw, pitch, roll):
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_y @ about_x @ about_z * 1.2
    matrix[:3, 3] = (1, -2, -40)
    return matrix


@pytest.mark.parametrize("form", ["columns", "rows", "nested"])
def test_mediapipes_matrix_turns_the_head(tmp_path, form):
    matrix = turned(0.4, -0.2, 0.1)
    content = {
        "columns": [{"rows": 4, "columns": 4, "data": matrix.T.ravel().tolist()}],
        "rows": [{"data": matrix.ravel().tolist()}],
        "nested": [matrix.tolist(), turned(0, 0, 1).tolist()],
    }[form]
    frame = {
        "faceBlendshapes": [{"categories": listed(FRAMES[1])}],
        "facialTransformationMatrixes": content,
    }
    read = read_tracker_json(write(tmp_path, [frame, frame]))
    assert np.allclose(read.head, [(0.4, -0.2, 0.1)] * 2, atol=1e-9)


@pytest.mark.parametrize("content", [[], [[]], [{"data": []}], [[], []], [None], [{}]])
def test_a_frame_without_a_matrix_looks_ahead(tmp_path, content):
    frame = {
        "faceBlendshapes": [{"categories": listed(FRAMES[1])}],
        "facialTransformationMatrixes": content,
    }
    read = read_tracker_json(write(tmp_path, [frame, frame]))
    assert np.array_equal(read.head, np.zeros((2, 3)))


@pytest.mark.parametrize(
    "content",
    [
        "", "{}", "[]", "[1, 2]", '{"frames": 3}', '[{"smile": 1}]', "who,anna\n1,2\n",
        '[{"jawOpen": NaN}]', '[{"jawOpen": 1e999}]', "[" * 100_000, '{"frames": "jawOpen"}',
        '[{"t": 3, "jawOpen": 1}, {"t": 1, "jawOpen": 1}]',
        '{"fps": 0, "frames": [{"jawOpen": 1}]}',
        '{"fps": 1e-310, "frames": [{"jawOpen": 1}, {"jawOpen": 0}]}',
        '{"weightMat": [[1]], "facsNames": []}', '{"fps": "x", "frames": [{"jawOpen": 1}]}',
        '[{"jawOpen": 1, "transformationMatrix": [1, 2]}]', '[{"jawOpen": -1e300}]',
        '[{"t": 0, "jawOpen": 1}, {"t": 1e30, "jawOpen": 1}]',
    ],
)  # fmt: skip
def test_what_is_none_is_refused(tmp_path, content):
    with pytest.raises(OferError, match=r"take\.json is no take"):
        read_take(write(tmp_path, content))


def test_a_csv_is_read_as_before(tmp_path):
    path = write(tmp_path, "jawOpen\n0.5\n", "take.csv")
    assert read_take(path).weights[0, JAW] == 0.5
