"""Recorded pictures of heads that no network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.research.training.photo_set import LABELS

_DATA = Path(__file__).parent / "data"
_CROP = 128


@pytest.fixture(scope="package")
def held_out() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(48, 128, 128, 3) crops, the first of the set that the card is measured on (seed 901), and
    their labels."""
    sheet = np.asarray(Image.open(_DATA / "held_out.jpg"))
    rows, columns = sheet.shape[0] // _CROP, sheet.shape[1] // _CROP
    crops = sheet.reshape(rows, _CROP, columns, _CROP, 3).swapaxes(1, 2)
    with np.load(_DATA / "held_out.npz") as truth:
        labels = {label: truth[label] for label in LABELS}
    return crops.reshape(-1, _CROP, _CROP, 3), labels
