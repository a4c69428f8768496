"""A photo for a first try: the public-domain portrait that scikit-image carries.

NASA's portrait of Eileen Collins, cropped by the scikit-image team; only the picture is taken out
of the package, which no environment gets.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.files.pieces import read_piece
from ..contract.names import free_name
from . import provision
from .console import Console
from .home import Home
from .lock import TEST
from .pins import Pins

FILE_NAME: Final = "astronaut.png"
_INSIDE: Final = "skimage/data/astronaut.png"
_MOST_BYTES: Final = 1 << 20
_SHA256: Final = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"


def fetch(home: Home, pins: Pins, folder: Path, console: Console) -> Path:
    """Put the portrait into `folder`, from this machine if it was here before; another file of its
    name stays. Returns its path.

    Raises OferError where it cannot be had or is not the picture that is meant.
    """
    kept = home.path / "portrait" / FILE_NAME
    if not _is_portrait(kept):
        console.step(1, 1, "Public-domain portrait")
        _download(home, pins, kept, console)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FILE_NAME
    if not _is_portrait(target):
        target = folder / (free_name(folder, target.stem, (target.suffix,)) + target.suffix)
        shutil.copyfile(kept, target)
    return target


def _download(home: Home, pins: Pins, kept: Path, console: Console) -> None:
    unpacked = kept.parent / "download"
    provision.unpack(home, pins, TEST, "scikit-image", unpacked, console)
    shutil.copyfile(unpacked / _INSIDE, kept)
    shutil.rmtree(unpacked)
    if not _is_portrait(kept):
        kept.unlink()
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "The portrait that came is not the one that is meant.",
            "Give a photo of your own: install.py run PHOTO.",
        )


def _is_portrait(path: Path) -> bool:
    try:
        return hashlib.sha256(read_piece(path, _MOST_BYTES)).hexdigest() == _SHA256
    except OSError:
        return False
