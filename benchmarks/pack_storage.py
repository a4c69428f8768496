"""Do two copies of a pack make the same heads? Of one kept as bytes and one as float16, say.

    PYTHON benchmarks/pack_storage.py PACK OTHER [--photos FOLDER] [--samples 24]

PYTHON is the engine environment's, with the group `train`. Both packs are measured on the 48
recorded pictures of the tests, whose heads no network was trained on, with the same noise. Prints a
Markdown table: sizes, errors against the truth, and how far the heads of OTHER are from PACK's.
--photos : pictures of real faces, on which the points are compared with the packaged landmark
network's, as `evaluate photos` does.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image

from ofer_engine.device import set_threads
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_description import NETWORKS
from ofer_engine.packs.open_pack import OpenPack, read_open_pack
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.research.evaluation.hypotheses import draw
from ofer_engine.research.evaluation.measured import HeadMeasurements, measure
from ofer_engine.research.evaluation.real_photos import read_photos
from ofer_engine.research.evaluation.truths import own_truth
from ofer_engine.research.training.photo_set import LABELS, PhotoSet

HELD_OUT = Path(__file__).resolve().parents[1] / "tests/engine/research/evaluation/data"
_CROP = 128


@dataclass(frozen=True)
class PackFigures:
    """What a pack answers to the pictures. samples : (N, S, K); points : (N, P, 2) crop pixels."""

    pack: OpenPack
    megabytes: float
    measured: HeadMeasurements
    samples: np.ndarray
    points: np.ndarray
    photos: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--samples", type=int, default=24)
    options = parser.parse_args()
    set_threads(1)
    one, two = (
        answers(folder, options.photos, options.samples) for folder in (options.pack, options.other)
    )
    print(f"| {len(one.samples)} pictures, {options.samples} heads each | PACK | OTHER |")
    print("|---|---|---|")
    for what, figure in (
        ("networks, MB", lambda a: f"{a.megabytes:.1f}"),
        ("first by rank, mm from the truth", lambda a: f"{a.measured.ranked_first.mean():.4f}"),
        ("mean of the drawn, mm", lambda a: f"{a.measured.mean_of_samples.mean():.4f}"),
        ("best drawn, mm", lambda a: f"{a.measured.best_sample.mean():.4f}"),
        ("points, mm from the truth", lambda a: f"{a.measured.seen.surface.mean():.4f}"),
        ("real photos, % of the face apart", lambda a: f"{100 * a.photos:.3f}"),
    ):
        print(f"| {what} | {figure(one)} | {figure(two)} |")
    print(f"\nthe mean head: {one.measured.mean_head.mean():.4f} mm")
    every = _apart(one.pack, one.samples, two.samples)
    means = _apart(one.pack, one.samples.mean(axis=1), two.samples.mean(axis=1))
    print(f"a drawn head to the same of the other pack, mm over the face: {every}")
    print(f"the mean of the drawn to the other pack's: {means}")
    moved = np.square(two.points - one.points).sum(axis=-1)
    print(f"points: {np.sqrt(moved.mean()):.3f} px of {_CROP} rms")


def answers(folder: Path, photos: Path | None, samples: int) -> PackFigures:
    """Of the pack in a folder."""
    pack = read_open_pack(folder, torch.device("cpu"))
    pictures = held_out()
    count = len(pictures)
    none = np.zeros(count)
    drawn = list(draw(pack, pictures, count, samples))
    return PackFigures(
        pack,
        sum((folder / f"{name}.safetensors").stat().st_size for name in NETWORKS) / 1e6,
        measure(pack, pictures, own_truth(pack.head, pictures), samples, none.astype(int), none),
        np.stack([each.samples for each in drawn]),
        np.stack([each.evidence.points[0].numpy() for each in drawn]),
        disagreement(pack, photos) if photos else float("nan"),
    )


def held_out() -> PhotoSet:
    """The recorded pictures with their truth."""
    sheet = np.asarray(Image.open(HELD_OUT / "held_out.jpg"))
    rows, columns = sheet.shape[0] // _CROP, sheet.shape[1] // _CROP
    crops = sheet.reshape(rows, _CROP, columns, _CROP, 3).swapaxes(1, 2)
    crops = crops.reshape(-1, _CROP, _CROP, 3)
    with np.load(HELD_OUT / "held_out.npz") as truth:
        labels = {label: torch.from_numpy(truth[label]) for label in LABELS}
    return PhotoSet(images=(crops,), person=torch.arange(len(crops)), **labels)


def disagreement(pack: OpenPack, folder: Path) -> float:
    """Mean over the photos of a folder, as a share of the face."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    detector = FaceDetector.load(BUNDLED / "faces")
    return float(np.mean([each.disagreement for each in read_photos(pack, detector, paths)]))


def _apart(pack: OpenPack, one: np.ndarray, other: np.ndarray) -> str:
    """Coefficients (..., K) of both."""
    basis = pack.head.identity[:, pack.head.face].reshape(len(pack.head.identity), -1) * 1000
    away = ((other - one).reshape(-1, one.shape[-1]) @ basis).reshape(-1, basis.shape[1] // 3, 3)
    lengths = np.linalg.norm(away, axis=-1)
    return f"{np.sqrt(np.square(lengths).mean()):.3f} rms, {lengths.max():.3f} at most"


if __name__ == "__main__":
    main()
