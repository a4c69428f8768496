"""What portraits show of the skin: colours of the head's vertices, under their own light."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from ...packs.open_pack import read_open_pack
from ...photo.face_weights import FACES
from ...photo.faces import FaceDetector
from ...texture.colours import TO_LINEAR
from ...texture.laid_photo import sample
from ..studio.photo_head import PhotoHead, load_open_photo_head
from ..studio.rasterise import vertex_normals
from ..wardrobe.build import KEPT_FOR_MEASURING
from ..wardrobe.portraits import FittedPortrait, fit_portrait, read_portrait
from ..wardrobe.unwarp import visible_vertices

_BLUR: Final = 0.0025
"""Metres over which a vertex's colour is averaged."""
_WORST_FIT: Final = 0.04
_FACING: Final = (0.2, 0.6)


@dataclass(frozen=True, eq=False)
class PortraitColours:
    """colours : (V, 3) linear; normals : (V, 3) camera frame; trust : (V,) 0..1."""

    colours: np.ndarray
    normals: np.ndarray
    trust: np.ndarray


def read_portraits(
    portraits: Path, pack_folder: Path, readings: Path, every: int
) -> Iterator[PortraitColours]:
    """Portraits that are well fitted; each is read once and kept in the folder `readings`."""
    readings.mkdir(parents=True, exist_ok=True)
    reader: _Reader | None = None
    for number in range(0, KEPT_FOR_MEASURING, every):
        file = readings / f"{number:03d}.npz"
        path = portraits / f"portrait_{number:03d}.jpg"
        if not file.is_file() and path.is_file():
            reader = reader or _Reader(pack_folder)
            seen = reader.read(path)
            if seen is not None:
                np.savez(file, allow_pickle=False, **seen)
        if file.is_file():
            with np.load(file, allow_pickle=False) as kept:
                if kept["off"] < _WORST_FIT:
                    yield _colours(kept)


class _Reader:
    """The networks that read portraits, and the head laid over them."""

    def __init__(self, pack_folder: Path) -> None:
        self._pack = read_open_pack(pack_folder, torch.device("cpu"))
        self._detector = FaceDetector.load(FACES)
        self._head = load_open_photo_head(pack_folder / "head.npz")

    def read(self, path: Path) -> dict[str, np.ndarray] | None:
        """None where no face is found."""
        reading = read_portrait(path, self._pack, self._detector)
        return None if reading is None else _seen(fit_portrait(reading, self._head), self._head)


def _seen(fit: FittedPortrait, head: PhotoHead) -> dict[str, np.ndarray]:
    local = fit.camera.to_camera(fit.vertices).astype(np.float32)
    normals = vertex_normals(local, head.triangles)
    facing = (normals * -local / np.linalg.norm(local, axis=1, keepdims=True)).sum(1)
    pixel = np.median(-local[:, 2]) / fit.camera.focal
    reach = _BLUR / pixel
    soft = gaussian_filter(TO_LINEAR[fit.pixels], (reach, reach, 0))
    return {
        "col": sample(soft, fit.seen).astype(np.float16), "nrm": normals.astype(np.float16),
        "facing": facing.astype(np.float16), "seen": visible_vertices(fit, local, head) > 0.5,
        "off": np.array(fit.off),
    }  # fmt: skip


def _colours(kept: Mapping[str, np.ndarray]) -> PortraitColours:
    facing = np.clip((kept["facing"].astype(float) - _FACING[0]) / np.ptp(_FACING), 0, 1)
    return PortraitColours(
        kept["col"].astype(np.float64), kept["nrm"].astype(np.float64), facing * kept["seen"],
    )  # fmt: skip
