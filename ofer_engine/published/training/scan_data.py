"""The training data: people (or frames of them) with their pictures and FLAME parameters.

Two layouts: MICA's, as the published trainers read it (docs/method.md §4, §11), and a plain one
(docs/training.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ..pickle_reader.safe_load import load_array
from .parameters import expression_of, identity_of, read_parameters

PEOPLE_FILE: Final = "people.json"
PARAMETER_FILE: Final = "parameters.npz"
_INDEX: Final = Path("image_paths", "arcface23")
_PICTURES: Final = "arcface_input"
_PARAMETERS: Final = "FLAME23_parameters"
_FRAMES: Final = ("TEMPEH", "COMA")
"""Sets whose entries are frames; their parameter files are named from the set's folder."""


@dataclass(frozen=True, eq=False)
class Example:
    """One person, or one frame of one.

    images : pictures, at least one; identity : (300,) float32; expression : (53,) float32 or None;
    prepared : the pictures are 224 px crops with a blob beside each, not photos;
    swapped : red and blue are exchanged in crop and blob.
    """

    name: str
    images: tuple[Path, ...]
    identity: np.ndarray
    expression: np.ndarray | None
    prepared: bool
    swapped: bool = False


@dataclass(frozen=True)
class ScanData:
    """examples, and how many pictures the index names that are not there."""

    examples: tuple[Example, ...]
    absent: int


def read_scan_data(root: Path, sets: Sequence[str] = (), swapped: Sequence[str] = ()) -> ScanData:
    """Read a folder in whichever of the two layouts it is.

    sets : names of MICA's indices, all by default; swapped : the sets whose crops were read with
    red and blue exchanged (docs/method.md §4: LYHM and FRGC, in the published preparation).
    Raises OferError(BAD_REQUEST) where there is nothing to train on, or the errors of a file.
    """
    if (root / PEOPLE_FILE).is_file():
        data = _read_plain(root)
    elif (root / _INDEX).is_dir():
        data = _read_mica(root, sets, swapped)
    else:
        raise _nothing(f"{root} has neither {PEOPLE_FILE} nor {_INDEX}")
    if not data.examples:
        raise _nothing(f"No picture that {root} names is there")
    return data


def blob_path(image: Path) -> Path:
    """Where MICA's layout keeps the 112 px blob of a picture."""
    return image.with_suffix(".npy")


def _read_mica(root: Path, sets: Sequence[str], swapped: Sequence[str]) -> ScanData:
    names = sets or sorted(path.stem for path in (root / _INDEX).glob("*.npy"))
    examples: list[Example] = []
    absent = 0
    for name in names:
        folder = root / _folder(name)
        for actor, entry in _index(root / _INDEX / f"{name}.npy").items():
            parameters, listed = _entry(name, actor, entry)
            images = [folder / _PICTURES / image for image in listed]
            there = tuple(path for path in images if path.is_file() and blob_path(path).is_file())
            absent += len(images) - len(there)
            if there:
                path = folder / ("" if _folder(name) in _FRAMES else _PARAMETERS) / parameters
                read = read_parameters(path)
                examples.append(
                    Example(
                        name=f"{name}/{actor}",
                        images=there,
                        identity=identity_of(read, path.name),
                        expression=expression_of(read, path.name),
                        prepared=True,
                        swapped=name in swapped,
                    )
                )
    return ScanData(tuple(examples), absent)


def _folder(name: str) -> str:
    """STIRLING_HQ, LYHM_TRAIN … are parts of one set's folder."""
    first, _, part = name.partition("_")
    return first if part in ("HQ", "LQ", "TRAIN", "VAL") or first == "STIRLING" else name


def _index(path: Path) -> dict[str, Any]:
    content = load_array(path)
    if not isinstance(content, dict):
        raise _wrong(path.name, "is no index: a dict of actors")
    return {str(actor): entry for actor, entry in content.items()}


def _entry(name: str, actor: str, entry: Any) -> tuple[str, list[str]]:
    try:
        parameters, images = entry
        return str(parameters), [str(image).lstrip("/") for image in images]
    except (TypeError, ValueError) as cause:
        raise _wrong(name, f"has for {actor} no parameter file with a list of pictures") from cause


def _read_plain(root: Path) -> ScanData:
    people = _people(root / PEOPLE_FILE)
    arrays = read_parameters(root / PARAMETER_FILE)
    for key in ("identity", "expression", "jaw"):
        rows = len(np.atleast_1d(arrays[key])) if key in arrays else len(people)
        if rows != len(people):
            raise _wrong(PARAMETER_FILE, f"has {rows} rows of {key} for {len(people)} people")
    examples: list[Example] = []
    absent = 0
    for row, (name, listed) in enumerate(people):
        images = [root / image for image in listed]
        there = tuple(path for path in images if path.is_file())
        absent += len(images) - len(there)
        own = {key: array[row] for key, array in arrays.items()}
        if there:
            examples.append(
                Example(
                    name=name,
                    images=there,
                    identity=identity_of(own, PARAMETER_FILE),
                    expression=expression_of(own, PARAMETER_FILE),
                    prepared=False,
                )
            )
    return ScanData(tuple(examples), absent)


def _people(path: Path) -> list[tuple[str, list[str]]]:
    try:
        people = json.loads(path.read_text(encoding="utf-8"))["people"]
        return [(str(one["name"]), [str(image) for image in one["images"]]) for one in people]
    except (OSError, ValueError, TypeError, KeyError) as cause:
        raise _wrong(path.name, "is no list of people with their images") from cause


def _wrong(name: str, what: str) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST,
        "{name} {what}.",
        "docs/training.md shows both layouts.",
        name=name,
        what=what,
    )


def _nothing(what: str) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST, "{what}.", "docs/training.md shows both layouts.", what=what
    )
