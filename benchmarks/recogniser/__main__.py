"""Whom does a textured head show? Asked of a face recogniser, which is no part of the product.

    ENGINE_PYTHON -m benchmarks.recogniser PHOTO ... --network FILE.dat --work FOLDER
        [--resolution 512]

PHOTO : one of each person, some hundred; FILE.dat : dlib's network (`dlib_network.py` says where it
is from); FOLDER keeps what was read off the photos, as in `benchmarks.skin_truth`. Each head is
drawn in its photo's pose and expression on grey, under a soft light, and its descriptor compared
with those of all photos: printed is how often the nearest is its own, its median rank, and the mean
distance to its own and to the others. A portrait that is not public domain is measured, not shown.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.skin_truth import render
from ofer_engine.geometry.surface_points import SurfacePoints
from ofer_engine.photo.load import load_photo
from ofer_engine.research.skins.studio import Sitting, SkinStudio

from .dlib_network import DlibNetwork, aligned

_CORNERS: Final = [263, 362, 33, 133, 2]
"""Of the detector's 468 landmarks, those that dlib's cut is made by."""
_TONE: Final = (198, 158, 136)
"""sRGB of the neutral skin."""


@dataclass(frozen=True, eq=False)
class PaintedPerson:
    """photo : (150, 150, 3), the face as the network wants it; sitting, albedo : the head's."""

    photo: np.ndarray
    sitting: Sitting
    albedo: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recogniser")
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--resolution", type=int, default=512)
    options = parser.parse_args()
    network, studio = DlibNetwork(options.network), SkinStudio(options.work)
    people = _people(studio, options.photos, options.resolution)
    photos = network(np.stack([each.photo for each in people]))
    neutral = np.full((8, 8, 3), _TONE, np.uint8)
    others = [people[number - 1] for number in range(len(people))]
    mean = studio.head.vertices(np.zeros(len(studio.head.identity), np.float32))
    rows = {
        "own head, own skin": [(each.sitting.neutral, each.albedo) for each in people],
        "mean head, own skin": [(mean, each.albedo) for each in people],
        "own head, neutral skin": [(each.sitting.neutral, neutral) for each in people],
        "mean head, neutral skin": [(mean, neutral)] * len(people),
        "own head, another's skin": [
            (each.sitting.neutral, other.albedo) for each, other in zip(people, others, strict=True)
        ],
    }
    print(f"{len(people)} people")
    for name, shown in rows.items():
        faces = [_face(studio, each, *what) for each, what in zip(people, shown, strict=True)]
        away = np.linalg.norm(network(np.stack(faces))[:, None] - photos, axis=2)
        own = np.diag(away)
        rank = (away < own[:, None]).sum(1) + 1
        rest = (away.sum() - own.sum()) / (away.size - len(own))
        print(f"{name}: nearest is its own {(rank == 1).mean():.0%}, median rank", end=" ")
        print(f"{np.median(rank):.0f}, distance {own.mean():.3f}, to others {rest:.3f}")


def _people(studio: SkinStudio, photos: list[Path], resolution: int) -> list[PaintedPerson]:
    """Photos without a face are left out, and said."""
    detector = studio.detector
    people = []
    for path in photos:
        photo = load_photo(path)
        found = detector.detect(photo)
        if not found:
            print(f"{path.stem}: no face")
            continue
        sitting = studio.sitting(path)
        face = aligned(photo.pixels, found[0].landmarks[_CORNERS, :2])
        people.append(PaintedPerson(face, sitting, studio.paint(sitting, resolution).albedo))
    return people


def _face(
    studio: SkinStudio, person: PaintedPerson, neutral: np.ndarray, albedo: np.ndarray
) -> np.ndarray:
    """(150, 150, 3): a head in the photo's place, with the photo's expression."""
    head, view = studio.head, person.sitting.view
    vertices = neutral + (view.vertices - person.sitting.neutral)
    picture = render.as_photographed(head, studio.uv, albedo, vertices, view.camera)
    marks = SurfacePoints(head.landmark_triangles, head.landmark_barycentric).on(vertices)
    return aligned(picture, view.camera.project(marks[_CORNERS]))


if __name__ == "__main__":
    main()
