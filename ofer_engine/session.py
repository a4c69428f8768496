"""What an engine process keeps between requests: the loaded pack, the detector, the photos."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from . import __version__
from .arkit.unit_library import UnitLibrary
from .batch_sizes import LARGE, SMALL
from .contract import protocol
from .contract.errors import ErrorCode, OferError
from .contract.sentence import Sentence
from .device import choose_device, resident_megabytes, set_threads
from .heads.open_head import OpenHead
from .pack_registry import BUNDLED, find_packs, load_pack, pack_record
from .packs.open_description import HEAD
from .photo.faces import Face, FaceDetector
from .photo.load import Photo, load_photo
from .pipeline import Reconstructor
from .progress import Pace

_PHOTOS = 4
"""Photos kept open, the latest: reading and finding faces again costs seconds."""


@dataclass(frozen=True)
class PhotoWithFaces:
    """A photo that has been read, and the faces found in it, best first; maybe none."""

    path: str
    stamp: tuple[int, int]
    photo: Photo
    faces: tuple[Face, ...]
    notes: tuple[str, ...]


class Session:
    """Everything is loaded on first use.

    home : the user's data folder, if there is one; device : where the networks are; threads :
    torch's, those that the pack gains from unless the user named a number; pace : how fast
    requests were so far;
    notes : what the user should know of every result; units : the ARKit units of head models.
    """

    def __init__(self, device: str, home: Path | None, threads: int | None) -> None:
        self.device, self.notes = _device(device)
        self._threads = threads
        set_threads(threads or 1)
        self.pace = Pace()
        self.batch_sizes = LARGE
        self.home = home
        self.units = UnitLibrary(lambda: OpenHead.load(BUNDLED / "open" / HEAD), self.detector)
        self._detector: FaceDetector | None = None
        self._reconstructors: dict[str, Reconstructor] = {}
        self._photos: dict[str, PhotoWithFaces] = {}

    @property
    def threads(self) -> int:
        """Torch's threads now."""
        return torch.get_num_threads()

    def ready(self) -> protocol.Ready:
        """Who is speaking, and with what."""
        packs = tuple(find_packs(self.home))
        return protocol.Ready(
            protocol.PROTOCOL_VERSION,
            __version__,
            str(self.device),
            resident_megabytes(),
            packs,
            tuple(pack for pack in packs if self._takes_hints(pack)),
        )

    def unload(self) -> None:
        """Forget the packs and the photos."""
        self._detector = None
        self.units.forget()
        self._reconstructors.clear()
        self._photos.clear()

    def reduce_memory(self) -> bool:
        """Go on with less memory, which has just run out; False where there is no less."""
        if self.device.type != "cpu":
            self.notes = (
                Sentence(
                    "The device {device} ran out of memory; the processor was used instead.",
                    device=self.device,
                ),
            )
            self.device = torch.device("cpu")
        elif self.batch_sizes is not SMALL:
            self.notes = (*self.notes, "Memory was short: the work was done in small parts.")
            self.batch_sizes = SMALL
        else:
            return False
        self.unload()
        gc.collect()
        return True

    def has_pack(self, pack: str) -> bool:
        """Whether the pack is loaded already."""
        return pack in self._reconstructors

    def reconstructor(self, pack: str) -> Reconstructor:
        """The reconstructor of a pack, loaded on first use.

        Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED).
        """
        if pack not in self._reconstructors:
            loaded = load_pack(pack, self.home, self.device)
            self._reconstructors = {pack: Reconstructor(loaded, self.batch_sizes)}
            set_threads(self._threads or loaded.threads)
        return self._reconstructors[pack]

    def detector(self) -> FaceDetector:
        """The bundled face networks. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
        if self._detector is None:
            self._detector = FaceDetector.load(BUNDLED / "faces")
        return self._detector

    def is_open(self, path: str) -> bool:
        """Whether `photo` would answer at once. Raises OferError(PHOTO_MISSING)."""
        return path in self._photos and self._photos[path].stamp == _stamp(path)

    def photo(self, path: str, check: Callable[[], None] = lambda: None) -> PhotoWithFaces:
        """The photo at `path`, read again only when the file has changed.

        check : called now and again, may raise to stop. That no face was found is said in the
        notes. Raises OferError as `load_photo`.
        """
        if self.is_open(path):
            opened = self._photos.pop(path)
        else:
            self._photos.pop(path, None)
            opened = self._read(path, check)
        while len(self._photos) >= _PHOTOS:
            self._photos.pop(next(iter(self._photos)))
        self._photos[path] = opened
        return opened

    def face(self, opened: PhotoWithFaces, wanted: protocol.PhotoFace) -> Face:
        """The face asked for: placed by hand, or one of those found.

        Raises OferError(BAD_REQUEST | NO_FACE | FACE_TOO_SMALL).
        """
        if wanted.points:
            return self.detector().from_points(opened.photo, wanted.points)
        if wanted.box:
            return self.detector().from_box(opened.photo, wanted.box)
        if not opened.faces:
            raise OferError(
                ErrorCode.NO_FACE,
                "No face was found in {name}.",
                "Place the face by hand with a box around it, or choose another photo.",
                name=opened.photo.name,
            )
        if not 0 <= wanted.face < len(opened.faces):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "There is no face {face}: {faces} were found.",
                "Choose one of the faces listed.",
                face=wanted.face + 1,
                faces=len(opened.faces),
            )
        return opened.faces[wanted.face]

    def _read(self, path: str, check: Callable[[], None]) -> PhotoWithFaces:
        stamp, photo = _stamp(path), load_photo(Path(path))
        notes = photo.notes
        try:
            check()
            faces = self.detector().detect(photo, check)
        except OferError as error:
            if error.code is not ErrorCode.NO_FACE:
                raise
            faces, notes = (), (*notes, error.sentence)
        return PhotoWithFaces(path, stamp, photo, faces, notes)

    def _takes_hints(self, pack: str) -> bool:
        """A damaged pack is reported when it is used."""
        try:
            return bool(pack_record(pack, self.home).hints)
        except OferError:
            return False


def _device(name: str) -> tuple[torch.device, tuple[str, ...]]:
    """The device asked for, or the CPU and a note where a driver is missing or too old."""
    try:
        return choose_device(name), ()
    except OferError as error:
        return torch.device("cpu"), (
            Sentence("{message} The processor was used instead.", message=error.message),
        )


def _stamp(path: str) -> tuple[int, int]:
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as cause:
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            "There is no photo {name}.",
            "Choose the photo again.",
            name=Path(path).name,
        ) from cause
    return status.st_mtime_ns, status.st_size
