"""Recorded synthetic pictures of the tests, with their truth."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ofer_engine.research.training.photo_set import LABELS, PhotoSet

from .bench import ROOT

HELD_OUT: Final = ROOT / "tests" / "engine" / "research" / "evaluation" / "data"
CROP: Final = 128


def held_out_pictures(count: int) -> tuple[Tensor, PhotoSet]:
    """Recorded synthetic pictures (count, 3, 128, 128) in 0..1 of the tests, with their truth."""
    sheet = np.asarray(Image.open(HELD_OUT / "held_out.jpg"))
    rows, columns = sheet.shape[0] // CROP, sheet.shape[1] // CROP
    crops = sheet.reshape(rows, CROP, columns, CROP, 3).swapaxes(1, 2)
    crops = crops.reshape(-1, CROP, CROP, 3)[:count].copy()
    with np.load(HELD_OUT / "held_out.npz") as truth:
        labels = {label: torch.from_numpy(truth[label][:count]) for label in LABELS}
    photos = PhotoSet(images=(crops,), person=torch.arange(count), **labels)
    return photos.crops(np.arange(count)), photos
