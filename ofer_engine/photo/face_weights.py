"""Load the packaged face networks from `weights/faces`, each file checked against its hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from ..contract.errors import ErrorCode, OferError
from .face_landmarker import LandmarkerNetwork, UnitNetwork
from .face_networks import DetectorNetwork, LandmarkNetwork

Network = TypeVar("Network", bound=nn.Module)

FACES: Final = Path(__file__).parents[2] / "weights" / "faces"
"""The face networks, which every pack shares."""
_AGAIN = "Install OFER Faces again, or restore the folder weights/faces."


def load_detector_network(folder: Path) -> DetectorNetwork:
    """folder : weights/faces → BlazeFace, float32, evaluation mode, channels last.

    Raises OferError WEIGHTS_MISSING, WEIGHTS_DAMAGED (hash) or WEIGHTS_WRONG (tensors).
    """
    return _load(DetectorNetwork(), folder, "detector.safetensors")


def load_landmark_network(folder: Path) -> LandmarkNetwork:
    """folder : weights/faces → FaceMesh, float32, evaluation mode, channels last.

    Its `trunk` may be taken out and trained further. Raises as `load_detector_network`.
    """
    return _load(LandmarkNetwork(), folder, "landmarks.safetensors")


def load_landmarker_network(folder: Path) -> LandmarkerNetwork:
    """folder : weights/faces → the newer landmarker, float32, evaluation mode, channels last.

    Raises as `load_detector_network`.
    """
    return _load(LandmarkerNetwork(), folder, "landmarker.safetensors")


def load_unit_network(folder: Path) -> UnitNetwork:
    """folder : where `face_landmarker_build` wrote → the weights of units that its landmarks give.

    Raises as `load_detector_network`.
    """
    return _load(UnitNetwork(), folder, "units.safetensors")


def _load(network: Network, folder: Path, name: str) -> Network:
    try:
        data = (folder / name).read_bytes()
        expected = json.loads((folder / "faces.json").read_bytes())["files"][name]["sha256"]
    except OSError as error:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING, "The face network {name} is missing.", _AGAIN, name=name
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise OferError(ErrorCode.WEIGHTS_DAMAGED, "faces.json is damaged.", _AGAIN) from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise OferError(ErrorCode.WEIGHTS_DAMAGED, "{name} is damaged.", _AGAIN, name=name)
    try:
        state = {key: value.float() for key, value in load(data).items()}
        network.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{name} does not fit this version of OFER Faces.",
            _AGAIN,
            name=name,
        ) from error
    network.eval()
    return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
