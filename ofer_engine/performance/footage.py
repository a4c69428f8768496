"""Frames of a video file or of numbered pictures, one after the other, never all at once.

Video files are read by FFmpeg through PyAV, which is an extra (`setup --with perform`); pictures by
what reads photos. Pixels are upright sRGB, at most `WORKING_SIDE` on the longer side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
from PIL import Image

from ..contract.errors import ErrorCode, OferError
from ..contract.numbered_pictures import numbered_pictures, steps
from ..contract.photo_files import PHOTO_SUFFIXES
from ..photo.load import load_photo
from ..requirements import PinGroup, required

WORKING_SIDE: Final = 1920
MOST_FRAMES: Final = 400_000
"""Nearly four hours of thirty frames a second."""
_LEAST_SIDE: Final = 64
_LARGEST_SIDE: Final = 16384
_RATES: Final = (1.0, 480.0)
_UNKNOWN_RATE: Final = 25.0
_MOVING: Final = ".gif"
"""Of pictures that are videos of their own, however they are numbered."""
_MOST_ASPECT: Final = 4.0
_SET_BACK: Final = 3
"""Frames: less is one whose time stamp is wrong."""
_BLOCK: Final = 1 << 20
_LISTS: Final = frozenset({"hls", "concat", "dash", "imf", "sdp"})
"""What FFmpeg calls files that name others, which it would read in their stead."""


@dataclass(frozen=True, eq=False)
class Frame:
    """number : from 0; seconds : since the first; pixels : (H, W, 3) uint8; damaged : they are
    another frame's, since this one cannot be read."""

    number: int
    seconds: float
    pixels: np.ndarray
    damaged: bool = False


class Footage(Protocol):
    """rate : frames a second; expected : about how many frames there are, 0 where nobody knows;
    name : of the file or folder; sha256 : of its content."""

    name: str
    rate: float
    expected: int

    @property
    def sha256(self) -> str: ...

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """From a frame on. Raises OferError(PHOTO_UNREADABLE)."""
        ...


def open_footage(path: Path, rate: float | None = None) -> Footage:
    """A video file, a folder of numbered pictures, or one of them. rate : frames a second of
    pictures.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE | BAD_REQUEST), and ENGINE_MISSING for a video
    file where PyAV is not installed.
    """
    if rate is not None and not _RATES[0] <= rate <= _RATES[1]:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{rate} frames a second make no sense.",
            "Give a number from {least} to {most}.",
            rate=rate,
            least=int(_RATES[0]),
            most=int(_RATES[1]),
        )
    if path.is_dir():
        return NumberedPictures(path, rate or _UNKNOWN_RATE)
    still = path.suffix.lower() in PHOTO_SUFFIXES and path.suffix.lower() != _MOVING
    if still and path.is_file() and len(_numbered(path.parent, path)) > 1:
        return NumberedPictures(path.parent, rate or _UNKNOWN_RATE, path)
    if not path.is_file():
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            "There is no file {name}.",
            "Check its name, or choose it again.",
            name=path.name,
        )
    return Video(path)


class NumberedPictures:
    """The pictures of a folder that are one shot, in the order of their numbers. one : a picture of
    the shot; without it the longest."""

    def __init__(self, folder: Path, rate: float, one: Path | None = None) -> None:
        self.name, self.rate = folder.name, rate
        found = _numbered(folder, one)
        if not found:
            raise OferError(
                ErrorCode.PHOTO_MISSING,
                "There are no numbered pictures in {name}.",
                "Choose a video file, or a folder with pictures such as frame_0001.png.",
                name=folder.name,
            )
        self._files = [file for _, file in found]
        self._steps = steps([number for number, _ in found], MOST_FRAMES)
        self.expected = len(self._files)

    @property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for file in self._files:
            stat = file.stat()
            digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def frames(self, first: int = 0) -> Iterator[Frame]:
        whole, begin = self._first_whole()
        size = (begin.shape[1], begin.shape[0])
        for number, file in enumerate(self._files[first:], first):
            found = begin if file == whole else _picture(file)
            pixels = begin if found is None else found
            if (pixels.shape[1], pixels.shape[0]) != size:
                pixels = np.asarray(Image.fromarray(pixels).resize(size))
            yield Frame(number, self._steps[number] / self.rate, pixels, found is None)

    def _first_whole(self) -> tuple[Path, np.ndarray]:
        """The first picture that can be read, and its pixels (H, W, 3) uint8, whose size all others
        get."""
        for file in self._files:
            if (found := _picture(file)) is not None:
                return file, found
        return self._files[0], load_photo(self._files[0]).pixels  # which says why not


class Video:
    """A video file, by PyAV."""

    def __init__(self, path: Path) -> None:
        self._path, self.name = path, path.name
        self._av = required("av", "Reading a video file", PinGroup.PERFORM)
        with self._opened() as (container, stream):
            _check_size(path, stream.codec_context.width, stream.codec_context.height)
            self.rate = _sensible(stream.average_rate or stream.guessed_rate)
            seconds = _seconds(container, stream)
            self.expected = min(stream.frames or round(seconds * self.rate), MOST_FRAMES)

    @property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def frames(self, first: int = 0) -> Iterator[Frame]:
        clock = _Clock(self.rate)
        size: tuple[int, int] | None = None
        with self._opened() as (container, stream):
            for number, frame in enumerate(_decoded(self._av, container, stream, self._path)):
                if number >= MOST_FRAMES:
                    return
                size = size or _working_size(round(frame.width * _aspect(stream)), frame.height)
                seconds = clock.seconds(frame.time)
                if number >= first:
                    yield Frame(number, seconds, _pixels(frame, size))

    @contextmanager
    def _opened(self) -> Generator[tuple[Any, Any]]:
        """The container and its video stream: not the picture on the cover of a file."""
        try:
            # With its whole path, a file called take:1.mp4 is no protocol of that name.
            path = str(self._path.absolute())
            container = self._av.open(path, options={"protocol_whitelist": "file"})
        except (self._av.FFmpegError, OSError, ValueError) as cause:
            raise _unreadable(self._path) from cause
        with container:
            if not container.streams.video or _LISTS & set(container.format.name.split(",")):
                raise _unreadable(self._path)
            stream = container.streams.best("video") or container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = 2
            yield container, stream


class _Clock:
    """Seconds since the first frame of a video: they rise also where its own clock is set back, as
    where recordings were joined, and where it tells no time of a frame."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._begun: float | None = None
        self._last = 0.0

    def seconds(self, stamp: float | None) -> float:
        """Of the next frame, with the time stamp that its file gives, if any."""
        if self._begun is None:
            self._begun = float(stamp or 0.0)
            return 0.0
        follows = self._last + self._step
        at = follows if stamp is None else stamp - self._begun
        if at < self._last - _SET_BACK * self._step:
            self._begun += at - follows
            at = follows
        self._last = max(at, self._last)
        return self._last


def _decoded(av: ModuleType, container: Any, stream: Any, path: Path) -> Iterator[Any]:
    """Frames; damaged ones are left out as players leave them out, unless there are no others."""
    found = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            break
        except (av.FFmpegError, ValueError) as cause:
            if not found:
                raise _unreadable(path) from cause
            continue
        for frame in frames:
            found += 1
            yield frame
    if not found:
        raise _unreadable(path)


def _working_size(width: int, height: int) -> tuple[int, int]:
    factor = min(1.0, WORKING_SIDE / max(width, height))
    return max(2, round(width * factor)), max(2, round(height * factor))


def _aspect(stream: Any) -> float:
    """How many times as wide as high a pixel of a video is shown."""
    value = float(stream.sample_aspect_ratio or 1)
    return value if 1 / _MOST_ASPECT <= value <= _MOST_ASPECT else 1.0


def _pixels(frame: Any, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 upright, of that width and height before it is turned: scaled while its
    colours are converted, as is a frame of another size in the midst of a recording."""
    pixels = frame.reformat(width=size[0], height=size[1], format="rgb24").to_ndarray()
    shown = frame.side_data.get("DISPLAYMATRIX")
    return pixels if shown is None else _as_shown(pixels, np.frombuffer(shown, np.int32).tolist())


def _as_shown(pixels: np.ndarray, matrix: list[int]) -> np.ndarray:
    """Turned by quarters, and mirrored, as players do. matrix : its rows, of which column and row
    of a pixel, as one row vector, are multiplied with the first two."""
    across, down, turned_down, turned_across = (matrix[place] for place in (0, 4, 1, 3))
    if abs(turned_down) > abs(across):
        pixels, across, down = pixels.transpose(1, 0, 2), turned_across, turned_down
    return np.ascontiguousarray(pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def _sensible(rate: Any) -> float:
    value = float(rate or 0)
    return value if _RATES[0] <= value <= _RATES[1] else _UNKNOWN_RATE


def _seconds(container: Any, stream: Any) -> float:
    """Of the whole file, as it says, 0 where it does not."""
    if stream.duration and stream.time_base:
        return max(float(stream.duration * stream.time_base), 0.0)
    return max((container.duration or 0) / 1_000_000, 0.0)


def _check_size(path: Path, width: int, height: int) -> None:
    if not (_LEAST_SIDE <= width <= _LARGEST_SIDE and _LEAST_SIDE <= height <= _LARGEST_SIDE):
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            "{name} has frames of {width} x {height} pixels, which cannot be used.",
            "Convert it to a video of 720 lines, and choose that.",
            name=path.name,
            width=width,
            height=height,
        )


def _unreadable(path: Path) -> OferError:
    return OferError(
        ErrorCode.PHOTO_UNREADABLE,
        "{name} is damaged or not a video.",
        "Choose a video that other programs can play, or a folder of its frames as pictures.",
        name=path.name,
    )


def _picture(file: Path) -> np.ndarray | None:
    """(H, W, 3) uint8; None where it cannot be read, as one that is still being written."""
    try:
        return _fitted(load_photo(file).pixels)
    except OferError as error:
        if error.code in (ErrorCode.PHOTO_UNREADABLE, ErrorCode.PHOTO_MISSING):
            return None
        raise


def _numbered(folder: Path, one: Path | None = None) -> list[tuple[int, Path]]:
    return numbered_pictures(folder, one)[:MOST_FRAMES]


def _fitted(pixels: np.ndarray) -> np.ndarray:
    factor = WORKING_SIDE / max(pixels.shape[:2])
    if factor >= 1:
        return pixels
    size = _working_size(pixels.shape[1], pixels.shape[0])
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
