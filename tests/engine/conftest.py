"""What engine tests share."""

import queue
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.client.launch import tune_this_process
from ofer_engine.contract import protocol
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
    """A new one, to be ended or killed at will."""
    child = Engine(tmp_path / "engine.log")
    yield child
    child.end()


@pytest.fixture(scope="module")
def _running(tmp_path_factory):
    """The engines that the module's tests left idle: one, or none."""
    engines = []
    yield engines
    for child in engines:
        child.end()


@pytest.fixture
def warm_engine(_running, tmp_path_factory):
    """One for all tests of a module that let it live; whatever it still does is cancelled."""
    child = _running.pop() if _running else Engine(tmp_path_factory.mktemp("warm") / "engine.log")
    yield child
    try:
        child.send(protocol.Cancel())
        child.send(protocol.Hello(protocol.PROTOCOL_VERSION))
        child.until(protocol.Ready)
    except (AssertionError, OSError, queue.Empty):
        child.end()
    else:
        _running.append(child)
