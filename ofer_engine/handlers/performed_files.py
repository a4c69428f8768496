"""What a performance leaves beside its head, and whether it is still as it was left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..contract import performance, reconstruction
from ..contract.errors import ErrorCode, OferError
from ..contract.files.digest import sha256_of
from ..contract.files.live_link import RATES, live_link_text

FRAMES: Final = "_frames"
"""Ending of the folder of frames that the head is made from."""
TAKE: Final = ".csv"


def take_rate(rate: float) -> int:
    """Whole frames a second of a take's time code, the app's own where one is near."""
    return min(RATES, key=lambda own: abs(own - rate)) if 20 < rate < 70 else max(round(rate), 1)


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
    """It is what the performance would be written as."""
    record = performance.read(folder / performance.FOLDER)
    text = live_link_text(record.motion(), take_rate(record.rate))
    return place.is_file() and place.stat().st_size == len(text) and place.read_bytes() == text
