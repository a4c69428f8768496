"""The torch ports against what the reference runtime answered (see face_networks_build)."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.photo.face_networks import LandmarkTrunk, anchor_centres
from ofer_engine.photo.face_weights import load_detector_network, load_landmark_network

FOLDER = Path(__file__).parents[3] / "weights" / "faces"
RECORDED = Path(__file__).parent / "data" / "face_networks.npz"


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(RECORDED) as arrays:
        return dict(arrays)


def as_batch(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float()


@torch.inference_mode()
def test_detector_equals_reference_runtime(recorded):
    scores, boxes = load_detector_network(FOLDER)(
        as_batch(recorded["detector_pictures"]) / 127.5 - 1
    )
    assert np.abs(boxes.numpy() - recorded["detector_boxes"]).max() < 1e-3  # pixels of 128
    assert np.abs(scores.numpy() - recorded["detector_scores"][..., 0]).max() < 1e-3


@torch.inference_mode()
def test_landmarks_equal_reference_runtime(recorded):
    network = load_landmark_network(FOLDER)
    pictures = as_batch(recorded["landmarks_pictures"]) / 255
    landmarks, presence = network(pictures)
    expected = recorded["landmarks_points"].reshape(-1, 468, 3)
    assert np.abs(landmarks.numpy() - expected).max() < 1e-3  # pixels of 192
    assert np.abs(presence.numpy() - recorded["landmarks_presence"].ravel()).max() < 1e-3
    trunk = network.trunk(pictures).permute(0, 2, 3, 1).numpy()
    assert np.abs(trunk - recorded["landmarks_trunk"]).max() < 1e-4


def test_a_face_is_present_and_a_mosaic_is_not(recorded):
    presence = torch.sigmoid(torch.from_numpy(recorded["landmarks_presence"]).ravel())
    assert presence[0] > 0.99
    assert presence[1] < 0.01


def test_anchors_cover_the_picture_in_cell_order():
    anchors = anchor_centres()
    assert anchors.shape == (896, 2)
    assert anchors[0].tolist() == anchors[1].tolist() == [4, 4]
    assert anchors[2].tolist() == [12, 4]
    assert anchors[512:518].tolist() == [[8, 8]] * 6
    assert anchors[-1].tolist() == [120, 120]


@pytest.mark.parametrize(("height", "width"), [(160, 160), (192, 128)])
def test_trunk_halves_five_times(height, width):
    features = LandmarkTrunk()(torch.zeros(2, 3, height, width))
    assert features.shape == (2, 128, height // 32, width // 32)


def test_frozen_stages_do_not_learn_and_the_others_do():
    trunk = load_landmark_network(FOLDER).trunk
    trunk.freeze(2)
    trunk(torch.rand(1, 3, 96, 96)).square().sum().backward()
    learns = [
        {parameter.grad is not None for parameter in stage.parameters()} for stage in trunk.stages
    ]
    assert learns == [{False}, {False}, {True}, {True}, {True}]


def copy_weights(folder: Path) -> Path:
    for file in FOLDER.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize("load", [load_detector_network, load_landmark_network])
def test_every_flipped_bit_is_refused(tmp_path, load):
    folder = copy_weights(tmp_path)
    name = "detector.safetensors" if load is load_detector_network else "landmarks.safetensors"
    original = (folder / name).read_bytes()
    random = np.random.RandomState(0)
    for position in random.randint(0, len(original), 40):
        damaged = bytearray(original)
        damaged[position] ^= 1 << random.randint(8)
        (folder / name).write_bytes(damaged)
        with pytest.raises(OferError) as caught:
            load(folder)
        assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED
        assert caught.value.hint


def test_missing_and_misplaced_weights_are_named(tmp_path):
    with pytest.raises(OferError) as caught:
        load_detector_network(tmp_path)
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING
    folder = copy_weights(tmp_path)
    (folder / "faces.json").write_text("{}")
    with pytest.raises(OferError) as caught:
        load_detector_network(folder)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_another_network_under_the_right_name_is_refused(tmp_path):
    folder = copy_weights(tmp_path)
    (folder / "detector.safetensors").write_bytes((folder / "landmarks.safetensors").read_bytes())
    record = (folder / "faces.json").read_text()
    hashes = [line.split('"')[3] for line in record.splitlines() if '"sha256"' in line]
    (folder / "faces.json").write_text(record.replace(hashes[0], hashes[1]))
    with pytest.raises(OferError) as caught:
        load_detector_network(folder)
    assert caught.value.code is ErrorCode.WEIGHTS_WRONG
