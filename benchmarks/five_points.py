"""What the choice of the five points changes in what ArcFace sees of a photo.

    PYTHON benchmarks/five_points.py PHOTOS [--home DIR]

PYTHON is the engine environment's; PHOTOS is a folder. The published networks saw crops aligned by
SCRFD, the product aligns by its own detector's points where the user has no SCRFD. Prints a
Markdown table, medians over the photos: how far a variant of our points moves the 112-pixel crop
(root mean square over its inner 60 %, pixels), and how far ArcFace's feature goes, as 1 - cosine,
over the same between different photos. Without an imported ArcFace (--home) the network has random
weights: then the last column shows that the crop changed, not whether a face is still recognised.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from ofer_engine.device import set_threads
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.photo.align import ARCFACE_SIZE, arcface_crop, five_points
from ofer_engine.photo.faces import Face, FaceDetector
from ofer_engine.photo.load import Photo, load_photo, photo_from_pixels
from ofer_engine.published.arcface import ArcFace, identity_embedding
from ofer_engine.published.catalogue import Part
from ofer_engine.published.encoder_pictures import blob_tensor, published_pictures
from ofer_engine.published.five_points import Aligner
from ofer_engine.published.imported_files import part_file, status
from ofer_engine.published.published_pack import load_network

_EYE_CORNERS = ((33, 133), (362, 263))
_INNER_MOUTH = (78, 308)
_BRIDGE_OF_THE_TIP = 1
_SHARES = (0.01, 0.02, 0.04)
_DRAWS = 3
_INNER = 0.6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    set_threads(1)
    detector, arcface = FaceDetector.load(BUNDLED / "faces"), _arcface(options.home)
    aligner = Aligner.of(options.home) if options.home else Aligner()
    moved, turned = defaultdict(list), defaultdict(list)
    own: list[torch.Tensor] = []
    for file in sorted(each for each in options.photos.iterdir() if each.is_file()):
        photo = load_photo(file)
        face = detector.detect(photo)[0]
        points = five_points(face.landmarks)
        own.append(_feature(arcface, photo, points, face))
        for name, other in _variants(detector, aligner, photo, face):
            moved[name].append(_crop_shift(points, other))
            turned[name].append(_away(own[-1], _feature(arcface, photo, other, face)))
    apart = statistics.median(_away(one, other) for i, one in enumerate(own) for other in own[:i])
    print(f"| our points against ({len(own)} photos) | crop moves, px of 112 | feature moves |")
    print("|---|---|---|")
    for name in moved:
        feature = statistics.median(turned[name]) / apart
        print(f"| {name} | {statistics.median(moved[name]):.2f} | {feature:.3f} |")


def _arcface(home: Path | None) -> ArcFace:
    have = {line.part for line in status(home) if line.record} if home else set()
    if home and Part.IDGEN in have:
        path = part_file(home, Part.IDGEN)
        return load_network(ArcFace, path, "arcface.", torch.device("cpu"))
    torch.manual_seed(0)
    return ArcFace().eval()


def _variants(
    detector: FaceDetector, aligner: Aligner, photo: Photo, face: Face
) -> Iterator[tuple[str, np.ndarray]]:
    """(name, five points (5, 2)) of other ways to lay them, photo pixels."""
    points = five_points(face.landmarks)
    if aligner.detector is not None:
        yield "SCRFD's", aligner.align(photo, face).points
    yield "the same in the mirrored photo", _mirrored(detector, photo, face)
    corners = [face.landmarks[list(pair), :2].mean(0) for pair in _EYE_CORNERS]
    yield "eyes as the middle of their corners", np.stack((*corners, *points[2:]))
    inner = face.landmarks[list(_INNER_MOUTH), :2]
    yield "inner corners of the mouth", np.stack((*points[:3], *inner))
    nose = face.landmarks[_BRIDGE_OF_THE_TIP, :2]
    yield "the nose's next landmark", np.stack((*points[:2], nose, *points[3:]))
    rng = np.random.default_rng(0)
    eyes = np.linalg.norm(points[1] - points[0])
    for share in _SHARES:
        for _ in range(_DRAWS):
            noise = rng.standard_normal((5, 2)) * share * eyes
            yield f"each off by {share:.0%} of the eyes' distance", points + noise


def _mirrored(detector: FaceDetector, photo: Photo, face: Face) -> np.ndarray:
    flipped = photo_from_pixels(np.ascontiguousarray(photo.pixels[:, ::-1]), photo.name)
    x, y, width, height = face.box
    found = detector.from_box(flipped, (photo.width - x - width, y, width, height))
    points = five_points(found.landmarks) * (-1, 1) + (photo.width, 0)
    return points[[1, 0, 2, 4, 3]]


def _crop_shift(points: np.ndarray, other: np.ndarray) -> float:
    """Root mean square distance, crop pixels, between where both crops put the same face."""
    first, second = arcface_crop(points), arcface_crop(other)
    line = np.linspace((1 - _INNER) / 2, (1 + _INNER) / 2, 9) * ARCFACE_SIZE
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    return float(np.sqrt(np.square(second.to_crop(first.to_photo(grid)) - grid).sum(1).mean()))


@torch.inference_mode()
def _feature(arcface: ArcFace, photo: Photo, points: np.ndarray, face: Face) -> torch.Tensor:
    blob = blob_tensor(published_pictures(photo, points, face.box).blob)
    return identity_embedding(arcface, blob[None], final_norm=True)[0]


def _away(one: torch.Tensor, other: torch.Tensor) -> float:
    return 1 - float(one @ other)


if __name__ == "__main__":
    main()
