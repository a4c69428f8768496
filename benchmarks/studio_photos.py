"""Photos of a studio's folder with known truth, as the benchmarks read them.

Such a folder, PHOTOS/000000, is made by `python -m ofer_engine.research.studio.photos`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ofer_engine.pack_registry import load_pack
from ofer_engine.packs.open_pack import Lens, OpenPack
from ofer_engine.packs.pack import PhotoEvidence
from ofer_engine.photo.align import Crop


def bundled_pack() -> OpenPack:
    """The bundled pack, on one thread of the processor."""
    torch.set_num_threads(1)
    pack = load_pack("open", None, torch.device("cpu"))
    assert isinstance(pack, OpenPack)
    return pack


def read_columns(folder: Path, *names: str) -> dict[str, np.ndarray]:
    """The labels of a folder of photos by their names, a row for each photo."""
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}


def evidence_of(
    pack: OpenPack,
    photos: dict[str, np.ndarray],
    row: int,
    images: str = "images",
    focal_factor: float = 1.0,
) -> PhotoEvidence:
    """What the pack reads of a picture, which is a crop and a whole photo at once, with its true
    focal length times a factor."""
    pixels = torch.from_numpy(photos[images][row].copy()).permute(2, 0, 1)[None].float() / 255
    side = pixels.shape[3]
    focal, centre = float(photos["focal"][row]) * focal_factor, photos["centre"][row]
    lens = Lens(focal, True, centre.astype(np.float64), (side, side))
    return pack.evidence_in(pixels, Crop(np.eye(2, 3), side), lens)
