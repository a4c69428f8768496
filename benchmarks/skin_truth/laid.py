"""How far a head's features are laid from where the face detector sees them, millimetres.

    ENGINE_PYTHON -m benchmarks.skin_truth.laid PHOTO ... --work FOLDER

For each photo: by how much brows, lids, nose and mouth are laid too low (below 0: too high) by the
camera alone, by the conditioner's points, and with the detector's landmarks besides, as a skin is.
The last are drawn towards what they are compared with: they tell how much of it was believed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from ofer_engine.photo.load import load_photo
from ofer_engine.research.skins.studio import SkinStudio
from ofer_engine.texture.alignment import photo_places

_FEATURES: Final = {
    "brows": [70, 63, 105, 66, 107, 336, 296, 334, 293, 300],
    "upper lids": [159, 158, 160, 386, 385, 387],
    "nose": [1, 2, 4],
    "mouth": [0, 13, 14, 17],
}
"""Of the detector's 468 landmarks."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.skin_truth.laid")
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    studio = SkinStudio(options.work)
    rows = []
    for photo in options.photos:
        rows.append(too_low(studio, photo))
        print(photo.stem, *(f"{name} {row.round(1)}" for name, row in rows[-1].items()), flush=True)
    for name in _FEATURES:
        middle = np.median([row[name] for row in rows], 0)
        print(f"{name}: camera {middle[0]:+.1f}, points {middle[1]:+.1f}, both {middle[2]:+.1f}")


def too_low(studio: SkinStudio, photo: Path) -> dict[str, np.ndarray]:
    """Feature → (3,) millimetres: camera alone, points, points and landmarks."""
    both, points = studio.sitting(photo).view, studio.sitting(photo, landmarks=False).view
    camera, vertices = both.camera, both.vertices
    marks = studio.head.landmarks(vertices)
    drawn = camera.project(marks)
    laid = [drawn] + [
        studio.head.landmarks(photo_places(vertices, camera, each.evidence))
        for each in (points, both)
    ]
    seen = studio.detector.again(load_photo(photo), drawn).landmarks[:, 1]
    pixel = -camera.to_camera(marks)[:, 2] / camera.focal * 1000
    return {
        name: np.array([((each[rows, 1] - seen[rows]) * pixel[rows]).mean() for each in laid])
        for name, rows in _FEATURES.items()
    }


if __name__ == "__main__":
    main()
