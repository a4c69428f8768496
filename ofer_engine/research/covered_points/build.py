"""Trains `conditioning/covered_points`, on portraits with covers painted on and synthetic photos.

    python -m ofer_engine.research.covered_points.build --portraits PORTRAITS
        --pack weights/open --synthetic PHOTOS/000000 --out covered_points.npz

PHOTOS is a set of `research/studio/photos --hidden 15 35`. Portraits from number 780 on are kept
for measuring; the last 80 before them tell how well each kind of cover is found.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import nn

from ...conditioning.covered_points import SIDE as SEEN_SIDE
from ...conditioning.covered_points import CoveredPoints, features
from ...packs.open_pack import OpenPack, crop_around, read_open_pack
from ...photo.align import Crop, cut
from ...photo.face_weights import FACES
from ...photo.faces import FaceDetector
from ...photo.load import Photo, load_photo
from ..wardrobe.build import KEPT_FOR_MEASURING
from .portrait_covers import COVERS, SIDE, Covered, spectacles

_LOG: Final = logging.getLogger(__name__)
_BEARDED: Final = Path(__file__).with_name("bearded.json")
"""Numbers of portraits with a beard or moustache of their own, found by eye: what is not painted on
them is not asked below the nose."""
_EACH: Final = 5
_HELD_OUT: Final = 80
_HIDDEN_LAYERS: Final = (64, 32)
_EPOCHS: Final = 12
_BATCH: Final = 4096
_SEEN: Final = 0.5


@dataclass(frozen=True, eq=False)
class PointSamples:
    """inputs : (P, F) float16; covered, weight : (P,) float32; kind : what covers the face."""

    inputs: np.ndarray
    covered: np.ndarray
    weight: np.ndarray
    kind: str


class SampleReader:
    """Makes training samples of portraits and of synthetic pictures."""

    def __init__(self, pack: OpenPack) -> None:
        self._pack = pack
        self._places = pack.head.template[pack.head.point_vertices]
        self._detector = FaceDetector.load(FACES)
        bearded = json.loads(_BEARDED.read_text(encoding="utf-8"))
        self._bearded = set(bearded)
        self._other = np.full((SIDE, SIDE, 3), 0.5, np.float32)

    def of_portrait(self, path: Path, each: int) -> list[PointSamples]:
        """As it is and with covers, `each` in all; none where no face is found."""
        number = int(path.stem.split("_")[-1])
        rng = np.random.default_rng([7, number])
        photo = load_photo(path)
        faces = self._detector.detect(photo)
        if not faces:
            return []
        marks = faces[0].landmarks[:, :2]
        samples = []
        for turn in range(each):
            crop, photo_now = _varied(rng, photo, marks)
            plain, at = cut(photo_now, crop), crop.to_crop(marks)
            nothing = np.zeros((SIDE, SIDE))
            shown, kind = Covered(plain, nothing, nothing > 0), "plain"
            if turn:
                cover = COVERS[rng.integers(len(COVERS))]
                shown, kind = cover(rng, plain, at, self._other), cover.__name__
                if rng.random() < 0.15 and kind not in ("dark_glasses", "spectacles"):
                    worn = spectacles(rng, shown.picture, at, self._other)
                    shown = Covered(worn.picture, shown.hidden, shown.doubtful | worn.doubtful)
            samples.append(self._samples(rng, plain, shown, kind, number in self._bearded))
        self._other = plain
        return samples

    def _samples(
        self, rng: np.random.Generator, plain: np.ndarray, shown: Covered, kind: str, bearded: bool
    ) -> PointSamples:
        worn = _aged(rng, shown.picture)
        clear, _ = self._read(_reduced(plain))
        small = _reduced(worn)
        visible, points = self._read(small)
        at = points * (SIDE / SEEN_SIDE)
        covered = _at(shown.hidden, at) > 0.5
        doubtful = _at(shown.doubtful.astype(float), at) > 0.2
        weight = ((clear > _SEEN) & ~(doubtful & ~covered)).astype(np.float32)
        if bearded:
            weight[self._below_nose() & ~covered] = 0
        inputs = features(small, points, visible, self._places)
        return PointSamples(inputs.astype(np.float16), covered.astype(np.float32), weight, kind)

    def of_synthetic(self, chunk: Path) -> list[PointSamples]:
        """The pictures of each moment of a set, clean and hidden."""
        endings = [each.stem.removeprefix("images") for each in sorted(chunk.glob("images*.npy"))]
        clear = np.load(chunk / "visible.npy")
        samples = []
        for ending in endings:
            pictures = np.load(chunk / f"images{ending}.npy")
            seen = np.load(chunk / f"visible{ending}.npy")
            for number, picture in enumerate(pictures):
                small = picture.astype(np.float32) / 255
                visible, points = self._read(small)
                inputs = features(small, points, visible, self._places).astype(np.float16)
                covered = (clear[number] & ~seen[number]).astype(np.float32)
                weight = clear[number].astype(np.float32)
                samples.append(PointSamples(inputs, covered, weight, f"synthetic{ending}"))
        return samples

    def _below_nose(self) -> np.ndarray:
        nose = self._places[self._places[:, 2].argmax()]
        return self._places[:, 1] < nose[1] - 0.005

    @torch.inference_mode()
    def _read(self, small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(P,) how far points are seen in a picture (128, 128, 3), and (P, 2) where they are."""
        read = self._pack.read(torch.from_numpy(small).permute(2, 0, 1)[None])
        return torch.sigmoid(read.visibility[0]).numpy(), read.points[0].double().numpy()


def _varied(rng: np.random.Generator, photo: Photo, marks: np.ndarray) -> tuple[Crop, Photo]:
    """A crop that lies a little off."""
    crop = crop_around(marks).resized(SIDE)
    angle, scale = rng.normal(0, 0.12), rng.uniform(0.9, 1.1)
    turn = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    middle = np.full(2, SIDE / 2)
    linear = turn @ crop.matrix[:, :2]
    shift = turn @ (crop.matrix[:, 2] - middle) + middle + rng.normal(0, 5, 2)
    return Crop(np.column_stack([linear, shift]), SIDE), photo


def _aged(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Light, colours, blur and noise of another camera."""
    shown = np.clip(picture, 1e-3, 1) ** rng.uniform(0.6, 1.6) * rng.uniform(0.7, 1.15, 3) ** 0.5
    side = np.linspace(-1, 1, SIDE)[None, :, None] * rng.normal(0, 0.35)
    shown = shown * np.exp(side)
    if rng.random() < 0.15:
        shown = np.repeat(shown.mean(2, keepdims=True), 3, 2)
    blur = rng.uniform(0, 1.8)
    shown = gaussian_filter(shown, (blur, blur, 0)) + rng.normal(
        0, rng.uniform(0, 0.02), (SIDE, SIDE, 3)
    )
    return np.clip(shown, 0, 1).astype(np.float32)


def _reduced(picture: np.ndarray) -> np.ndarray:
    """(128, 128, 3) float32 in steps of 1/255, as the pack cuts it out of a photo."""
    image = Image.fromarray((picture * 255).round().astype(np.uint8)).reduce(SIDE // SEEN_SIDE)
    return np.asarray(image, np.float32) / 255


def _at(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(P,) of a map (SIDE, SIDE) at points (P, 2)."""
    return map_coordinates(values, [points[:, 1] - 0.5, points[:, 0] - 0.5], order=1)


def trained(samples: list[PointSamples]) -> CoveredPoints:
    """The network that these samples teach."""
    torch.manual_seed(0)
    inputs = torch.from_numpy(np.concatenate([each.inputs[each.weight > 0] for each in samples]))
    covered = torch.from_numpy(np.concatenate([each.covered[each.weight > 0] for each in samples]))
    mean = inputs.float().mean(0)
    deviation = inputs.float().std(0).clamp_min(1e-3)
    widths = (inputs.shape[1], *_HIDDEN_LAYERS, 1)
    layers: list[nn.Module] = []
    for wide, narrow in zip(widths[:-1], widths[1:], strict=True):
        layers += [nn.Linear(wide, narrow), nn.ReLU(), nn.Dropout(0.1)]
    network = nn.Sequential(*layers[:-2])
    steps = _EPOCHS * (len(inputs) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for epoch in range(_EPOCHS):
        order, total = torch.randperm(len(inputs)), 0.0
        for first in range(0, len(inputs) - _BATCH + 1, _BATCH):
            rows = order[first : first + _BATCH]
            found = network((inputs[rows].float() - mean) / deviation)[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(found, covered[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        _LOG.info("epoch %d: %.4f", epoch + 1, total / (len(inputs) // _BATCH))
    linear = [each for each in network if isinstance(each, nn.Linear)]
    return CoveredPoints(
        mean.numpy(),
        deviation.numpy(),
        tuple(each.weight.detach().T.contiguous().numpy() for each in linear),
        tuple(each.bias.detach().numpy() for each in linear),
    )


def _print_shares(network: CoveredPoints, samples: list[PointSamples]) -> None:
    """Of each kind: how far covered and bare points are taken for covered."""
    for kind in sorted({each.kind for each in samples}):
        rows = [each for each in samples if each.kind == kind]
        used = np.concatenate([each.weight for each in rows]) > 0
        covered = np.concatenate([each.covered for each in rows])[used] > 0
        chances = network.chances_of(np.concatenate([each.inputs for each in rows])[used])
        bare, over = chances[~covered], chances[covered]
        wrong = (bare > 0.5).mean()
        _LOG.info("%s: bare %.3f, over a half %.3f", kind, bare.mean(), wrong)
        if len(over):
            _LOG.info("%s: covered %.3f", kind, over.mean())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--synthetic", type=Path, required=True, help="a chunk of a set")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    reader = SampleReader(read_open_pack(options.pack, torch.device("cpu")))
    learned: list[PointSamples] = []
    held: list[PointSamples] = []
    for path in sorted(options.portraits.glob("portrait_*.jpg")):
        number = int(path.stem.split("_")[-1])
        if number < KEPT_FOR_MEASURING:
            kept = number < KEPT_FOR_MEASURING - _HELD_OUT
            (learned if kept else held).extend(reader.of_portrait(path, _EACH))
    synthetic = reader.of_synthetic(options.synthetic)
    _LOG.info("%d pictures of portraits, %d synthetic", len(learned), len(synthetic))
    network = trained(learned + synthetic)
    network.save(options.out)
    _print_shares(network, held)


if __name__ == "__main__":
    main()
