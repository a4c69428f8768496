"""What the engine saw in the photos opened last, and their pictures. In memory only; no bpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.files.array_file import array_of
from ..contract.protocol import PhotoOpened

_MOST: Final = 16


@dataclass(frozen=True, eq=False)
class OpenedPhoto:
    """picture : (H, W, 3) uint8 sRGB, upright, smaller than the photo; None where it was lost."""

    event: PhotoOpened
    picture: np.ndarray | None


@dataclass
class OpenedPhotos:
    """Photos by `PhotoSource.key`; the oldest give way. on_change : called after every change."""

    on_change: Callable[[], None] = lambda: None
    _photos: dict[str, OpenedPhoto] = field(default_factory=dict[str, OpenedPhoto])

    def keep(self, key: str, event: PhotoOpened, picture: Path) -> None:
        """picture : file of the pixels, which the caller deletes."""
        self._photos.pop(key, None)
        while len(self._photos) >= _MOST:
            self._photos.pop(next(iter(self._photos)))
        self._photos[key] = OpenedPhoto(event, _pixels(picture))
        self.on_change()

    def get(self, key: str) -> OpenedPhoto | None:
        """The photo of this key, if it was opened."""
        return self._photos.get(key) if key else None

    def event(self, key: str) -> PhotoOpened | None:
        """What the engine saw in it."""
        found = self.get(key)
        return found.event if found else None

    def keys(self) -> tuple[str, ...]:
        """Of all that are kept."""
        return tuple(self._photos)

    def forget(self) -> None:
        """Of a face nothing is kept longer than it is needed."""
        self._photos.clear()
        self.on_change()


def _pixels(path: Path) -> np.ndarray | None:
    try:
        pixels = array_of(path.read_bytes())
    except (OSError, ValueError):
        return None
    return (
        pixels if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8 else None
    )
