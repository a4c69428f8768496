"""Reading a TensorFlow Lite graph, and moving its numbers into modules."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.photo.face_networks import DepthwiseBlock
from ofer_engine.research.face_networks.face_networks_build import (
    convert_detector,
    convert_landmarks,
    fill,
    path_to,
    read_source,
    write_weights,
)
from ofer_engine.research.face_networks.tflite import Graph, Operator

FACES = Path(__file__).parents[4] / "weights" / "faces"


@pytest.fixture
def block_graph() -> Graph:
    """A residual block of two channels as the files have it: 0 → 3, constants from 10 on."""
    random = np.random.RandomState(0)
    constants = {
        10: random.normal(size=(1, 3, 3, 2)).astype(np.float16),
        11: random.normal(size=2).astype(np.float16),
        12: random.normal(size=(2, 1, 1, 2)).astype(np.float16),
        13: random.normal(size=2).astype(np.float16),
        14: random.normal(size=(1, 1, 2)).astype(np.float16),
    }
    operators = (
        Operator("DEPTHWISE_CONV_2D", (0, 10, 11), (1,)),
        Operator("CONV_2D", (1, 12, 13), (2,)),
        Operator("ADD", (0, 2), (4,)),
        Operator("PRELU", (4, 14), (3,)),
    )
    return Graph(operators, constants, (0,), (3,))


def test_the_path_follows_the_convolutions(block_graph):
    kinds = [step.kind for step in path_to(block_graph, 3, 0)]
    assert kinds == ["DEPTHWISE_CONV_2D", "CONV_2D", "ADD", "PRELU"]


def test_a_filled_block_computes_what_the_graph_says(block_graph):
    block = DepthwiseBlock(2, 2, nn.PReLU)
    fill(block, block_graph, path_to(block_graph, 3, 0))
    x = np.random.RandomState(1).normal(size=(5, 4, 2))  # y, x, channel
    depth, bias, point, bias2, slope = (
        block_graph.constants[i].astype(float) for i in range(10, 15)
    )
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))
    smooth = np.einsum("yxcij,ijc->yxc", windows, depth[0]) + bias
    total = x + smooth @ point[:, 0, 0].T + bias2
    expected = np.where(total > 0, total, total * slope[0, 0])
    with torch.no_grad():
        result = block(torch.from_numpy(x).float().permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    assert np.abs(result.numpy() - expected).max() < 1e-5


def test_a_graph_that_does_not_fit_is_refused(block_graph):
    with pytest.raises(ValueError, match="the layer"):
        fill(DepthwiseBlock(4, 4, nn.PReLU), block_graph, path_to(block_graph, 3, 0))


def test_rounding_is_refused(tmp_path):
    layer = nn.Linear(1, 1)
    nn.init.constant_(layer.weight, 1 / 3)
    with pytest.raises(ValueError, match="precision"):
        write_weights(layer, tmp_path / "a.safetensors")


def test_another_wheel_is_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("mediapipe/modules/face_landmark/face_landmark.tflite", b"other")
    with pytest.raises(OferError) as caught:
        read_source(tmp_path / "other.whl", "landmarks")
    assert caught.value.code is ErrorCode.WEIGHTS_WRONG


@pytest.mark.skipif("OFER_MEDIAPIPE_WHEEL" not in os.environ, reason="needs the 35 MB wheel")
def test_the_wheel_gives_the_committed_files(tmp_path):
    wheel = Path(os.environ["OFER_MEDIAPIPE_WHEEL"])
    for name, convert in (("detector", convert_detector), ("landmarks", convert_landmarks)):
        file = tmp_path / f"{name}.safetensors"
        digest = write_weights(convert(read_source(wheel, name)), file)
        committed = (FACES / file.name).read_bytes()
        assert digest == hashlib.sha256(committed).hexdigest()
