"""What engine tests share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def portrait(tmp_path_factory) -> Path:
    """NASA's public-domain portrait of Eileen Collins, from scikit-image, as a PNG file."""
    from skimage import data

    file = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    Image.fromarray(np.asarray(data.astronaut())).save(file)
    return file
