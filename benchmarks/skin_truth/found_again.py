"""Heads drawn as their photos show them, and found again there by the face detector.

    ENGINE_PYTHON -m benchmarks.skin_truth.found_again PHOTO ... --work FOLDER [--pack PACK_FOLDER]

Each head wears its skin and its photo's expression before plain grey, in the photo's pose. Where
the detector finds brows, eyes, nose, mouth and jaw is measured in the photo and in the drawing
alike: printed are, for each measure, its mean in the photos and in the drawings, how it goes with
the photo's (correlation, slope) and its mean error, in distances of the eyes' outer corners. What
the detector is wrong about in both alike is no error here; but it sees bald heads, which may have
other outlines to it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from ofer_engine.photo.load import load_photo, photo_from_pixels
from ofer_engine.research.skins.studio import Sitting, SkinStudio

from . import render

_LARGER: Final = 2
"""Times the photo's size that a head is drawn: portraits are small."""
_OUTER: Final = (33, 263)
_LIPS: Final = (13, 14)
_HEIGHTS: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]] = MappingProxyType({
    "brows, inner": ((55, 285, 107, 336), _OUTER),
    "brows, middle": ((52, 282, 105, 334), _OUTER),
    "brows, outer": ((46, 276, 70, 300), _OUTER),
    "lids apart": ((159, 386), (145, 374)),
    "tip of the nose": ((1,), _OUTER),
    "wings of the nose": ((129, 358), _OUTER),
    "mouth": (_LIPS, _OUTER),
    "corners over lips": ((61, 291), _LIPS),
    "upper lip": ((0,), (13,)),
    "lips apart": ((13,), (14,)),
    "lower lip": ((14,), (17,)),
    "chin": ((152,), _OUTER),
})  # fmt: skip
"""How far the middle of some of the detector's 468 landmarks is above that of others."""
_WIDTHS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType({
    "between the eyes": (133, 362), "nose, width": (129, 358), "mouth, width": (61, 291),
    "cheeks, width": (234, 454), "jaw, width": (136, 365),
})  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.skin_truth.found_again")
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pack", type=Path, help="folder of another pack of the same surfaces")
    options = parser.parse_args()
    studio = SkinStudio(options.work, options.pack)
    found = [pair for photo in options.photos if (pair := pair_of(studio, photo)) is not None]
    shown, drawn = (np.array(each) for each in zip(*found, strict=True))
    print(f"{len(found)} photos: mean in photos, in drawings; correlation, slope; error")
    lines = []
    for name, measure in _measures().items():
        photo, head = measure(shown), measure(drawn)
        goes = np.corrcoef(photo, head)[0, 1], np.polyfit(photo, head, 1)[0]
        lines.append((*goes, np.abs(photo - head).mean()))
        print(f"{name}: {photo.mean():.3f}, {head.mean():.3f}; ", end="")
        print(f"{goes[0]:.2f}, {goes[1]:.2f}; {lines[-1][2]:.4f}")
    correlation, slope, error = np.mean(lines, axis=0)
    print(f"all: correlation {correlation:.3f}, slope {slope:.3f}, error {error:.4f}")


def _measures() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Name → what is measured of faces (N, 468, 2), (N,)."""

    def height(points: np.ndarray, above: tuple[int, ...], below: tuple[int, ...]) -> np.ndarray:
        right, across = _upright(points)
        away = points[:, list(above)].mean(1) - points[:, list(below)].mean(1)
        return (away * np.stack([right[:, 1], -right[:, 0]], 1)).sum(1) / across

    def width(points: np.ndarray, left: int, right: int) -> np.ndarray:
        along, across = _upright(points)
        return ((points[:, right] - points[:, left]) * along).sum(1) / across

    heights = {name: lambda p, at=at: height(p, *at) for name, at in _HEIGHTS.items()}
    return heights | {name: lambda p, at=at: width(p, *at) for name, at in _WIDTHS.items()}


def _upright(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) of length 1, along the line of the eyes, and (N,) how far their outer corners are
    apart, of faces (N, 468, 2)."""
    along = points[:, _OUTER[1]] - points[:, _OUTER[0]]
    across = np.linalg.norm(along, axis=1)
    return along / across[:, None], across


def pair_of(studio: SkinStudio, path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """(468, 2) landmarks in the photo and in the drawing, pixels; None where either shows no
    face."""
    photo = load_photo(path)
    faces = studio.detector.detect(photo)
    if not faces:
        print(f"{path.stem}: no face")
        return None
    picture = drawn(studio, studio.sitting(path))
    again = studio.detector.detect(photo_from_pixels(picture, path.stem))
    if not again:
        print(f"{path.stem}: no face in the drawing")
        return None
    return faces[0].landmarks[:, :2], again[0].landmarks[:, :2]


def drawn(studio: SkinStudio, sitting: Sitting) -> np.ndarray:
    """(H, W, 3) uint8: the head as the photo shows it."""
    camera = sitting.view.camera
    camera = replace(
        camera,
        focal=camera.focal * _LARGER,
        centre=np.asarray(camera.centre) * _LARGER,
        width=camera.width * _LARGER,
        height=camera.height * _LARGER,
    )
    albedo = studio.paint(sitting, 512).albedo
    return render.as_photographed(studio.head, studio.uv, albedo, sitting.view.vertices, camera)


if __name__ == "__main__":
    main()
