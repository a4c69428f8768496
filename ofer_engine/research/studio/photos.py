"""Makes sets of synthetic photos: `python -m ofer_engine.research.studio.photos --help`.

A set is a folder of chunks, `000000/`, `002000/`, …, named by the index of their first picture.
Each holds one .npy per label and `complete.json`, which records how it was made. `closer.npy` are
JPEG files one after the other, `closer_ends.npy` where each of them ends. A chunk is written
beside its place and then renamed, so it is whole or absent; a second run skips what is there.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...contract.errors import ErrorCode, OferError
from ...heads.open_head import OpenHead
from .ict_labels import IctLabels, fit_ict_labels
from .photo_head import PhotoHead, load_ict_photo_head, load_open_photo_head
from .scene import PICTURE_SIDE
from .studio import Studio, StudioPhoto
from .wardrobe import Wardrobe

_LOG: Final = logging.getLogger(__name__)
_CHUNK: Final = 1000
_VERSION: Final = 6
_CLOSER_QUALITY: Final = 93
_STORED: Final = tuple(name for name in StudioPhoto.__dataclass_fields__ if name != "closer")
_OF_OCCLUDED: Final = ("image", "visible", "occluder", "covered", "face_covered")
"""What differs between the pictures of one moment; the rest is stored once."""
_FILE: Final = {"image": "images"}
_CLOSER: Final = ("closer", "closer_ends")


@dataclass(frozen=True)
class PhotoPlan:
    """What a set is made of.

    head : sha256 of the head file; surface : "open" or "ict"; seed; paired : each moment clean and
    occluded; misfit_mm : shape noise outside the identity basis; identities : length of the label,
    which is the nearest open head's where the surface is another; version of the generator;
    moments : pictures of each person, who are then numbered in `person.npy`; yaw : degrees, of all
    heads; hidden : each moment clean, and with so many percent of the face hidden; wardrobe :
    sha256 of what tells its skins, or empty for painted ones; side : pixels of the closer pictures,
    128 for none.
    """

    head: str
    surface: str
    seed: int
    paired: bool
    misfit_mm: float
    identities: int
    version: int = _VERSION
    moments: int = 1
    yaw: float | None = None
    hidden: tuple[int, ...] = ()
    wardrobe: str = ""
    side: int = PICTURE_SIDE

    def record(self) -> dict[str, object]:
        """As it is written beside the pictures: what is as always goes unsaid."""
        changed = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name == "version" or getattr(self, field.name) != field.default
        }
        return json.loads(json.dumps(changed))


class ChunkWriter:
    """Writes chunks of one set into `folder`."""

    def __init__(
        self,
        folder: Path,
        studio: Studio,
        plan: PhotoPlan,
        ict_labels: IctLabels | None = None,
    ) -> None:
        """ict_labels : given where the studio photographs ICT's surface."""
        self.folder = folder
        self.studio = studio
        self.plan = plan
        self.ict_labels = ict_labels

    def write(self, first: int, count: int) -> bool:
        """Make pictures first … first + count - 1. False if they are there already.

        Raises OferError(RECONSTRUCTION_DAMAGED) if the chunk was made with another plan.
        """
        place = self.folder / f"{first:06d}"
        record = self.plan.record() | {"first": first, "count": count}
        if place.exists():
            if _same_record(place, record):
                return False
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{place} holds pictures that were made in another way.",
                "Choose an empty folder, or delete this chunk.",
                place=place,
            )
        unfinished = self.folder / f".{first:06d}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        sizes = {}
        for name, array in self._labels(first, count).items():
            path = unfinished / f"{name}.npy"
            np.save(path, array)
            sizes[path.name] = path.stat().st_size
        text = json.dumps(record | {"sizes": sizes}, indent=1, sort_keys=True)
        (unfinished / "complete.json").write_text(text, encoding="utf-8")
        unfinished.rename(place)
        return True

    def _labels(self, first: int, count: int) -> dict[str, np.ndarray]:
        indices = range(first, first + count)
        if self.plan.moments > 1:
            people = np.array([divmod(index, self.plan.moments) for index in indices], np.int32)
            taken = [self.studio.photograph_again(self.plan.seed, *who) for who in people]
            return self._columns(taken) | {"person": people[:, 0]}
        seed, hidden = self.plan.seed, self.plan.hidden
        if self.plan.paired:
            pairs = [self.studio.photograph_pair(seed, i) for i in indices]
            return self._together(pairs, ["occluded"])
        if hidden:
            sets = [self.studio.photograph_hidden(seed, i, hidden) for i in indices]
            return self._together(sets, [str(percent) for percent in hidden])
        return self._columns([self.studio.photograph(seed, i) for i in indices])

    def _together(
        self, moments: Sequence[tuple[StudioPhoto, ...]], suffixes: list[str]
    ) -> dict[str, np.ndarray]:
        """Columns of the clean pictures, and those that differ in the others of each moment."""
        clean, *others = (list(photos) for photos in zip(*moments, strict=True))
        labels = self._columns(clean)
        for suffix, photos in zip(suffixes, others, strict=True):
            columns = self._columns(photos)
            for field in _OF_OCCLUDED:
                name = _FILE.get(field, field)
                labels[f"{name}_{suffix}"] = columns[name]
            for name in _CLOSER:
                if name in columns:
                    labels[name.replace("closer", f"closer_{suffix}")] = columns[name]
        return labels

    def _columns(self, photos: list[StudioPhoto]) -> dict[str, np.ndarray]:
        labels = {
            _FILE.get(field, field): np.stack(
                [np.asarray(getattr(photo, field)) for photo in photos]
            )
            for field in _STORED
        }
        for name, array in labels.items():
            if array.dtype == np.float64:
                labels[name] = array.astype(np.float32)
        if photos[0].closer.size:
            labels |= _packed([photo.closer for photo in photos])
        if self.ict_labels is not None:
            labels["identity_ict"] = labels["identity"]
            labels["identity"] = self.ict_labels.of(labels["identity"])
            labels["expression_ict"] = labels["expression"]
            labels["expression"] = self.ict_labels.expression_of(labels["expression"])
        return labels


def _packed(pictures: list[np.ndarray]) -> dict[str, np.ndarray]:
    """JPEG files of pictures (S, S, 3) uint8, one after the other, and where each ends."""
    files = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=_CLOSER_QUALITY, subsampling=0)
        files.append(buffer.getvalue())
    ends = np.cumsum([len(file) for file in files])
    return dict(zip(_CLOSER, (np.frombuffer(b"".join(files), np.uint8), ends), strict=True))


def _same_record(place: Path, record: Mapping[str, object]) -> bool:
    """Whether a chunk is whole and was made from this record."""
    manifest = place / "complete.json"
    if not manifest.is_file():
        return False
    found = json.loads(manifest.read_text(encoding="utf-8"))
    sizes = found.pop("sizes", {})
    whole = all(
        (place / name).is_file() and (place / name).stat().st_size == size
        for name, size in sizes.items()
    )
    return whole and bool(sizes) and found == record


def _load(options: argparse.Namespace) -> tuple[PhotoHead, PhotoPlan]:
    if not options.head.is_file():
        raise OferError(ErrorCode.WEIGHTS_MISSING, "There is no head at {head}.", head=options.head)
    head = load_open_photo_head(options.head)
    plan = PhotoPlan(
        head=hashlib.sha256(options.head.read_bytes()).hexdigest(),
        surface="ict" if options.ict else "open",
        seed=options.seed,
        paired=options.paired,
        misfit_mm=options.misfit,
        identities=len(head.identity),
        moments=options.moments,
        yaw=options.yaw,
        hidden=tuple(options.hidden),
        wardrobe=_fingerprint(options.wardrobe) if options.wardrobe else "",
        side=options.side,
    )
    if options.ict:
        head = load_ict_photo_head(options.ict, options.ict_map, head)
    return head, plan


def _fingerprint(wardrobe: Path) -> str:
    """sha256 of the small files that tell which skins, cards and lights a wardrobe holds."""
    digest = hashlib.sha256()
    for name in ("skins.npz", "light.npz", "hair.npz"):
        if (wardrobe / name).is_file():
            digest.update((wardrobe / name).read_bytes())
    return digest.hexdigest()


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--head", type=Path, required=True, help="head.npz of the open head")
    parser.add_argument("--out", type=Path, required=True, help="folder of the set")
    parser.add_argument("--first", type=int, default=0, help="index of the first picture")
    parser.add_argument("--count", type=int, required=True, help="how many pictures")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--paired", action="store_true", help="each moment clean and occluded")
    parser.add_argument(
        "--moments", type=int, default=1, help="pictures of each person, one after the other"
    )
    parser.add_argument("--yaw", type=float, help="degrees that all heads are turned, either side")
    parser.add_argument(
        "--hidden", type=int, nargs="+", default=[], metavar="PERCENT",
        help="each moment clean, and with about so much of the face hidden",
    )  # fmt: skip
    parser.add_argument(
        "--wardrobe", type=Path, help="skins, hair, light and places: wardrobe.build makes it"
    )
    parser.add_argument(
        "--side", type=int, default=PICTURE_SIDE, help="also keep a closer picture of so many px"
    )
    parser.add_argument("--misfit", type=float, default=0.0, help="mm rms of extra shape noise")
    parser.add_argument("--ict", type=Path, help="ict_facekit_light.npz: photograph that instead")
    parser.add_argument("--ict-map", type=Path, help="correspondences of --ict")
    options = parser.parse_args(arguments)
    if options.ict and not options.ict_map:
        parser.error("--ict needs --ict-map")
    if options.paired + (options.moments > 1) + bool(options.hidden) > 1 or options.moments < 1:
        parser.error("choose one of --paired, --hidden and --moments (a number from 1)")
    if options.side < PICTURE_SIDE:
        parser.error(f"--side is {PICTURE_SIDE} or more")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    head, plan = _load(options)
    labels = None
    if options.ict:
        labels = fit_ict_labels(OpenHead.load(options.head), options.ict, options.ict_map)
    wardrobe = Wardrobe.read(options.wardrobe, head) if options.wardrobe else None
    studio = Studio(head, options.misfit, options.yaw, wardrobe, options.side)
    writer = ChunkWriter(options.out, studio, plan, labels)
    end = options.first + options.count
    for first in range(options.first, end, _CHUNK):
        count = min(_CHUNK, end - first)
        started = time.perf_counter()
        if writer.write(first, count):
            rate = count / (time.perf_counter() - started)
            _LOG.info("%s: %d to %d, %.1f a second", options.out, first, first + count, rate)


if __name__ == "__main__":
    main()
