"""The folder `performance`: written, read back, and refused where it is no such thing."""

import dataclasses
import json

import numpy as np
import pytest

from ofer_engine.contract import performance as contract
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.performance import result


def arrays(frames=5):
    rng = np.random.default_rng(0)
    found = {name: rng.uniform(0, 1, (frames, *sides)) for name, sides in contract._SIDES.items()}
    return found | {
        "seconds": np.arange(frames) / 30,
        "bridged": np.arange(frames) % 2,
        "cut": np.zeros(frames),
    }


def write_some(folder, frames=5):
    record = contract.Performance(
        "a.mp4", "0" * 64, frames, 29.97, 1200.0, 1280, 720, (0.1,) * 52, (0, 2), folder
    )
    return result.write(record, arrays(frames))


def test_what_is_written_is_read(tmp_path):
    written = write_some(tmp_path / "performance")
    found = contract.read(tmp_path / "performance")
    assert found == written
    for name, values in arrays().items():
        np.testing.assert_allclose(found.array(name), values, atol=1e-6)
    motion = found.motion()
    np.testing.assert_array_equal(motion.weights, found.array("weights"))
    np.testing.assert_array_equal(motion.head, found.array("head"))
    assert motion.times[1] == 1 / 30


def test_an_older_one_is_replaced_whole(tmp_path):
    write_some(tmp_path / "performance", 9)
    (tmp_path / "performance" / "other.txt").write_text("of before")
    write_some(tmp_path / "performance", 4)
    assert contract.read(tmp_path / "performance").frames == 4
    assert not (tmp_path / "performance" / "other.txt").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"frames": 0}, {"frames": 6}, {"rate": 0.0}, {"rate": -1.0}, {"focal": 0.0}, {"width": 0},
        {"rest": [0.1]}, {"rest": [1.5] * 52}, {"chosen": [5]}, {"format": 2}, {"more": 1},
        {"folder": "/etc"}, {"video": 3},
    ],
    ids=str,
)  # fmt: skip
def test_a_record_that_makes_no_sense_is_refused(tmp_path, change):
    write_some(tmp_path / "performance")
    file = tmp_path / "performance" / contract.RECORD
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(OferError) as error:
        contract.read(tmp_path / "performance")
    assert error.value.code == ErrorCode.RECONSTRUCTION_DAMAGED and error.value.hint


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weights", np.full((5, 52), 1.5, np.float32)),
        ("weights", np.full((5, 52), np.nan, np.float32)),
        ("weights", np.zeros((5, 51), np.float32)),
        ("weights", np.zeros((5, 52), np.float64)),
        ("seconds", np.array([0, 3, 2, 1, 4.0])),
        ("bridged", np.full(5, 2, np.uint8)),
    ],
    ids=["beyond", "nan", "shape", "type", "backwards", "flag"],
)
def test_an_array_that_makes_no_sense_is_refused(tmp_path, name, values):
    write_some(tmp_path / "performance")
    np.save(tmp_path / "performance" / f"{name}.npy", values)
    with pytest.raises(OferError) as error:
        contract.read(tmp_path / "performance").array(name)
    assert error.value.code == ErrorCode.RECONSTRUCTION_DAMAGED


def test_a_number_without_end_is_never_written(tmp_path):
    record = dataclasses.replace(write_some(tmp_path / "performance"), rate=float("inf"))
    with pytest.raises(ValueError):
        result.write(record, arrays())
    assert contract.read(tmp_path / "performance").rate == 29.97
