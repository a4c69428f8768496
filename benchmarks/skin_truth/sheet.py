"""Each photo, its painted head from the front and from both sides, and the skin flat: to look at.

    ENGINE_PYTHON -m benchmarks.skin_truth.sheet PHOTO ... --work FOLDER --out SHEET.png
        [--resolution 1024]

FOLDER keeps the reconstructions, so that a second sheet of the same photos is quick. A sheet shows
people: it goes nowhere that they did not agree to.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ofer_engine.research.skins.studio import Sitting, SkinStudio

from . import render

_CELL = (250, 230)
_YAWS = (0.0, 50.0, -50.0)
_COLUMNS = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.skin_truth.sheet")
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resolution", type=int, default=1024)
    options = parser.parse_args()
    studio = SkinStudio(options.work)
    rows = []
    for photo in options.photos:
        sitting = studio.sitting(photo)
        begun = time.process_time()
        painted = studio.paint(sitting, options.resolution)
        print(f"{photo.stem}: {time.process_time() - begun:.2f} s of one core", flush=True)
        rows.append(row(studio, sitting, painted, photo.stem))
    lines = [np.hstack(rows[n : n + _COLUMNS]) for n in range(0, len(rows), _COLUMNS)]
    if len(lines) > 1 and lines[-1].shape != lines[0].shape:
        lines[-1] = np.pad(lines[-1], ((0, 0), (0, lines[0].shape[1] - lines[-1].shape[1]), (0, 0)))
    Image.fromarray(np.vstack(lines)).save(options.out)


def row(studio: SkinStudio, sitting: Sitting, painted, name: str) -> np.ndarray:
    """(H, W, 3) uint8: photo, front, both sides, albedo."""
    cells = [_photo(sitting)]
    for yaw in _YAWS:
        places, depth, normals = render.turned(studio.head, sitting.neutral, yaw, _CELL)
        light = render.soft_light(normals)
        cells.append(
            render.draw(studio.head, studio.uv, painted.albedo, places, depth, light, _CELL)
        )
    flat = Image.fromarray(painted.albedo).resize((_CELL[1], _CELL[1]), Image.Resampling.BOX)
    cells.append(np.pad(np.asarray(flat), ((0, _CELL[0] - _CELL[1]), (0, 0), (0, 0))))
    picture = Image.fromarray(np.hstack(cells))
    ImageDraw.Draw(picture).text((4, 2), name[:28], fill=(255, 255, 0))
    return np.asarray(picture)


def _photo(sitting: Sitting) -> np.ndarray:
    """The photo around the head, in a cell."""
    places = sitting.view.camera.project(sitting.view.vertices)
    low, high = places.min(0), places.max(0)
    middle, tall = (low + high) / 2, float((high - low)[1]) * 1.05
    wide = tall * _CELL[1] / _CELL[0]
    box = (middle[0] - wide / 2, middle[1] - tall / 2, middle[0] + wide / 2, middle[1] + tall / 2)
    cut = Image.fromarray(sitting.view.pixels).crop(tuple(map(int, box)))
    return np.asarray(cut.resize((_CELL[1], _CELL[0]), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
