"""What engine tests share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.client.launch import tune_this_process
from tests.engine.child_engine import Engine

tune_this_process()  # conftest comes before every test module, and so before torch


@pytest.fixture(scope="session")
def portrait(tmp_path_factory) -> Path:
    """NASA's public-domain portrait of Eileen Collins, from scikit-image, as a PNG file."""
    from skimage import data

    file = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    Image.fromarray(np.asarray(data.astronaut())).save(file)
    return file


@pytest.fixture
def engine(tmp_path):
    child = Engine(tmp_path / "engine.log")
    yield child
    child.process.kill()
    child.process.wait()
    child.process.stdin.close()
    child.process.stdout.close()
