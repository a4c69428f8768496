"""The conditions of a folder of test photos, and measuring a pack in all of them.

FOLDER/own, FOLDER/ict            sets made with --hidden 20 40 60 (any percents), of the head's own
                                  prior and of ICT-FaceKit's surfaces
FOLDER/own_yaw_30, ict_yaw_30, …  sets made with --paired --yaw 30
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...heads.open_head import OpenHead
from ...packs.open_pack import OpenPack
from ..studio.occluders import OCCLUDERS
from ..training.photo_set import PhotoSet, read_photo_set
from .measured import HeadMeasurements, joined, measure
from .synthetic import ConditionFigures, figures
from .truths import IctPeople, Truth, own_truth

SURFACES: Final = ("own", "ict")
_FRONTAL: Final = 30.0


@dataclass(frozen=True)
class Counts:
    """Heads of each condition, at most: clean, hidden by each share, turned to each angle; samples
    drawn for each."""

    clean: int = 300
    hidden: int = 100
    turned: int = 60
    samples: int = 100


@dataclass(frozen=True)
class Scans:
    """ICT-FaceKit, without which its surfaces' truth is unknown: ict_facekit_light.npz and the
    correspondence that training/head/measure_prior writes with --map."""

    model: Path
    places: Path


@dataclass(frozen=True)
class _Set:
    """Pictures of one condition: their folder, and what their files' names end in."""

    name: str
    folder: Path
    ending: str
    heads: int

    def photos(self) -> PhotoSet:
        """The pictures with their labels."""
        return read_photo_set(
            self.folder, images=f"images{self.ending}", visible=f"visible{self.ending}"
        )

    def column(self, label: str) -> np.ndarray:
        """(N, …) of all pictures: a label that photo sets do not read."""
        chunks = sorted(self.folder.glob("*/complete.json"))
        return np.concatenate([np.load(chunk.parent / f"{label}.npy") for chunk in chunks])


@dataclass(frozen=True, eq=False)
class Condition:
    """Photos of N heads, the true faces in them, which occluder hides them (N,), and what share of
    the face (N,)."""

    name: str
    photos: PhotoSet
    truth: Truth
    occluder: np.ndarray
    face_covered: np.ndarray


def read_conditions(
    head: OpenHead, folder: Path, scans: Scans | None, counts: Counts
) -> Iterator[Condition]:
    """Conditions in the order of the tables, those of ICT's surfaces where `scans` are given.

    Raises OferError(BAD_REQUEST) where the folder holds no test photos.
    """
    any_found = False
    for surface in SURFACES:
        if surface == "ict" and scans is None:
            continue
        people = None
        for one in _sets(folder, surface, counts):
            any_found = True
            photos = one.photos()
            photos = photos.first(min(one.heads, len(photos)))
            if surface == "own":
                truth = own_truth(head, photos)
            else:
                assert scans is not None
                people = people or IctPeople.read(head, scans.model, scans.places)
                truth = people.truth(one.column("identity_ict")[: len(photos)])
            labels = [one.column(f"{name}{one.ending}") for name in ("occluder", "face_covered")]
            yield Condition(one.name, photos, truth, *labels)
    if not any_found:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There are no test photos in {folder}.",
            "docs/evaluation.md says how they are made.",
            folder=folder,
        )


def measure_conditions(
    pack: OpenPack,
    folder: Path,
    scans: Scans | None,
    counts: Counts,
    on_condition: Callable[[str], None],
) -> dict[str, HeadMeasurements]:
    """Condition → its heads, in the order of the tables.

    on_condition : called with the name of each before it is measured. Raises as `read_conditions`.
    """
    found: dict[str, HeadMeasurements] = {}
    for one in read_conditions(pack.head, folder, scans, counts):
        on_condition(one.name)
        found[one.name] = measure(
            pack, one.photos, one.truth, counts.samples, one.occluder, one.face_covered
        )
    return found


def _sets(folder: Path, surface: str, counts: Counts) -> list[_Set]:
    main = folder / surface
    chunks = sorted(main.glob("*/complete.json"))
    if not chunks:
        return []
    sets = [_Set(f"{surface}: clean", main, "", counts.clean)]
    for percent in _numbers(chunks[0].parent.glob("images_*.npy"), "images_"):
        sets.append(_Set(f"{surface}: {percent} % hidden", main, f"_{percent}", counts.hidden))
    for angle in _numbers(folder.glob(f"{surface}_yaw_*"), f"{surface}_yaw_"):
        turned = folder / f"{surface}_yaw_{angle}"
        sets.append(_Set(f"{surface}: yaw {angle}°", turned, "", counts.turned))
    return sets


def _numbers(paths: Iterable[Path], prefix: str) -> list[int]:
    ends = [path.stem.removeprefix(prefix) for path in paths]
    return sorted(int(end) for end in ends if end.isdecimal())


def grouped(measured: Mapping[str, HeadMeasurements]) -> dict[str, HeadMeasurements]:
    """The conditions, and the clean pictures of heads that are turned by at most 30°."""
    groups: dict[str, HeadMeasurements] = {}
    for name, heads in measured.items():
        groups[name] = heads
        if name.endswith(": clean"):
            groups[f"{name}, yaw ≤ 30°"] = heads.rows(np.abs(heads.yaw) <= _FRONTAL)
    return groups


def figures_of(measured: Mapping[str, HeadMeasurements]) -> dict[str, ConditionFigures]:
    """Condition → figures; hidden ones beside the clean pictures of the same moments."""
    found: dict[str, ConditionFigures] = {}
    for name, heads in grouped(measured).items():
        clean = measured.get(f"{name.split(':')[0]}: clean") if "hidden" in name else None
        known = clean is not None and len(clean) >= len(heads)
        found[name] = figures(heads, clean if known else None)
    return found


def by_occluder(
    measured: Mapping[str, HeadMeasurements], surface: str
) -> dict[str, HeadMeasurements]:
    """Kind of occluder → heads, over all hidden shares of a surface."""
    hidden = [m for name, m in measured.items() if name.startswith(surface) and "hidden" in name]
    if not hidden:
        return {}
    every = joined(hidden)
    return {
        OCCLUDERS[kind]: every.rows(every.occluder == kind) for kind in np.unique(every.occluder)
    }
