"""A head, and readings of it that are made up."""

import numpy as np
import pytest

from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.performance.face_model import FaceModel
from ofer_engine.performance.readings import Readings


@pytest.fixture(scope="session")
def head():
    return OpenHead.load(BUNDLED / "open" / "head.npz")


@pytest.fixture(scope="session")
def model(head):
    identity = np.random.default_rng(5).standard_normal(len(head.identity)).astype(np.float32) / 2
    return FaceModel.of(head, identity)


def made_up(frames, **changed):
    """Readings of a face that is well seen and does nothing."""
    rng = np.random.default_rng(0)
    values = {
        "seconds": np.arange(frames) / 30,
        "presence": np.ones(frames, np.float32),
        "cut": np.zeros(frames, bool),
        "sharpness": np.ones(frames, np.float32),
        "box": np.tile(np.float32([100, 100, 200, 200]), (frames, 1)),
        "points": rng.uniform(0, 500, (frames, 240, 2)).astype(np.float32),
        "deviation": np.full((frames, 240), 2.0, np.float32),
        "visible": np.ones((frames, 240), np.float32),
        "irises": rng.uniform(0, 500, (frames, 10, 2)).astype(np.float32),
        "irises_deviation": np.full((frames, 10), 2.0, np.float32),
        "lips": np.zeros((frames, 5, 2), np.float32),
        "lips_deviation": np.full(frames, 1e3, np.float32),
        "identity": np.zeros((frames, 120), np.float32),
        "expression": np.zeros((frames, 52), np.float32),
    }
    return Readings.of(values | changed)
