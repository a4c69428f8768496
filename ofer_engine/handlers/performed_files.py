"""What a performance leaves beside its head, and whether it is still as it was left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from ..contract import performance, reconstruction
from ..contract.errors import ErrorCode, OferError
from ..contract.files.digest import sha256_of
from ..contract.files.live_link import read_live_link
from ..contract.reconstruction import FRAMES

TAKE: Final = ".csv"
_ROUNDED: Final = 1e-8
"""How far the values of a take that was written are from the performance's, at most."""


def check_replaceable(out: Path, name: str) -> None:
    """Raises OferError(BAD_REQUEST) where frames or a take of that name are there that no
    performance of that name left so: the video itself may be called like that, or the phone's own
    take of it."""
    folder = out / (name + reconstruction.SUFFIX)
    for place, as_left in ((out / (name + FRAMES), _frames), (out / (name + TAKE), _take)):
        if place.is_symlink() or (place.exists() and not _holds(as_left, folder, place)):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} is there, not as a performance of that name left it, and is not replaced.",
                "Choose another name, or move it away.",
                name=place.name,
            )


def _holds(as_left: Callable[[Path, Path], bool], folder: Path, place: Path) -> bool:
    try:
        return as_left(folder, place)
    except (OferError, OSError):
        return False


def _frames(folder: Path, place: Path) -> bool:
    """All in it are photos of the head."""
    photos = {view.photo.name: view.photo.sha256 for view in reconstruction.read(folder).views}
    return all(each.is_file() and photos.get(each.name) == sha256_of(each)
               for each in place.iterdir())  # fmt: skip


def _take(folder: Path, place: Path) -> bool:
    """It holds the motion of the performance."""
    if not place.is_file():
        return False
    ours = performance.read(folder / performance.FOLDER).motion()
    theirs = read_live_link(place)
    return len(ours.times) == len(theirs.times) and all(
        np.allclose(getattr(ours, name), getattr(theirs, name), rtol=0, atol=_ROUNDED)
        for name in ("weights", "head", "left_eye", "right_eye")
    )
