"""Through a video, frame by frame: the face followed, and what is read of it kept on disk.

Whatever ends the work, what was read stays there, a part at a time, and the next call goes on from
it. At most one part of rows and a few frames are in memory besides the arrays of what was read.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from ..contract.errors import ErrorCode, OferError
from ..contract.files.array_archive import read_archive
from ..contract.files.whole_file import write_whole
from ..contract.sentence import Sentence
from ..heads.lip_opening import LipOpening
from ..packs.open_pack import OpenPack, crop_around
from ..photo.align import cut_pixels
from ..photo.faces import Face, FaceDetector
from ..photo.load import Photo
from .follow import WATCHED, Follower, Sighting
from .footage import Footage, Frame
from .read_frames import FaceCrop, read_crops, sharpness, stacked
from .readings import Readings

_PART: Final = 256
_MOST_BYTES: Final = 64 << 20
"""Of a part; real ones have two million."""
TOGETHER: Final = 4
"""Frames whose faces are read at once; a divisor of a part's."""
_LOOK_EVERY: Final = 15
"""Frames between thorough looks for the first face, where no more faces are seen at a glance than
at the look before."""

_STATE: Final = "state_"

Row = dict[str, Any]
Start = Callable[[Photo], Face | None]
"""Gives the face to follow in a photo, None where there is none; may raise OferError."""


def photo_of(frame: Frame, name: str) -> Photo:
    """A frame as everything that reads photos takes it."""
    height, width = frame.pixels.shape[:2]
    return Photo(frame.pixels, name, "", None, (width, height))


@dataclass(frozen=True)
class Watch:
    """Reads a video with one pack. kept : folder for what was read so far, this video's alone;
    start : which face; on_frame : called with the number of frames read, may raise to stop."""

    pack: OpenPack
    detector: FaceDetector
    kept: Path
    start: Start
    on_frame: Callable[[int], None]

    def readings(self, footage: Footage) -> tuple[Readings, tuple[int, int]]:
        """What all frames show, and the frames' width and height.

        Raises OferError(NO_FACE) where none is ever seen, and as `Footage.frames`.
        """
        parts, follower, started = self._earlier()
        first = sum(map(len, parts))
        rows: list[Row] = []
        states: dict[int, dict[str, np.ndarray]] = {}
        size, glimpsed = (0, 0), 0
        with _Reader(self.pack, rows, follower) as reader:
            for frame in footage.frames(max(first - 1, 0)):
                size = (frame.pixels.shape[1], frame.pixels.shape[0])
                if frame.number < first:  # the last one that was read: only its size was missing
                    continue
                if frame.number % _PART == 0:
                    reader.finish()
                    states[frame.number], glimpsed = follower.state(), 0
                photo = photo_of(frame, footage.name)
                if not (started or frame.damaged):
                    there = len(self.detector.glance(photo))
                    if there > glimpsed or frame.number % _LOOK_EVERY == 0:
                        started, glimpsed = self._begin(follower, photo), there
                watched = started and not frame.damaged
                sighting = follower.next(photo) if watched else Sighting(None, 0.0, False)
                reader.take(self._glimpse(frame, sighting))
                self.on_frame(frame.number + 1)
                while len(rows) >= _PART + WATCHED:
                    state = states.pop((len(parts) + 1) * _PART)
                    parts.append(self._keep(rows[:_PART], len(parts), state))
                    del rows[:_PART]
            reader.finish()
        if rows:
            parts.append(stacked(rows, self.pack))
        readings = Readings.joined(parts) if parts else None
        if readings is None or not readings.seen.any():
            raise OferError(
                ErrorCode.NO_FACE,
                "No face was found in {name}.",
                "Choose a video in which a face is larger or better lit.",
                name=footage.name,
            )
        return readings, size

    def forget(self) -> None:
        """Take away what was kept: the work is done."""
        shutil.rmtree(self.kept, ignore_errors=True)

    def _begin(self, follower: Follower, photo: Photo) -> bool:
        face = self.start(photo)
        if face is not None:
            follower.begin(face.landmarks)
        return face is not None

    def _glimpse(self, frame: Frame, sighting: Sighting) -> _Glimpse:
        row: Row = {
            "seconds": frame.seconds, "presence": sighting.presence, "cut": sighting.cut
        }  # fmt: skip
        if sighting.landmarks is None:
            return _Glimpse(row, None)
        crop = crop_around(sighting.landmarks)
        pixels = cut_pixels(frame.pixels, crop.resized(self.pack.sizes.crop))
        low, high = sighting.landmarks[:, :2].min(0), sighting.landmarks[:, :2].max(0)
        opening = LipOpening.of(sighting.landmarks)
        row |= {
            "sharpness": sharpness(pixels),
            "box": np.concatenate((low, high - low)),
            "lips": opening.apart,
            "lips_deviation": opening.deviation,
        }
        return _Glimpse(row, FaceCrop(crop, pixels))

    def _code(self, photo: Photo, landmarks: np.ndarray) -> np.ndarray:
        evidence = self.pack.read_around(photo.pixels, landmarks)[1]
        return evidence.identity[0].cpu().numpy()

    def _keep(self, rows: list[Row], number: int, state: dict[str, np.ndarray]) -> Readings:
        """Write a part, and the state that the follower had behind its last frame."""
        part = stacked(rows, self.pack)
        file = io.BytesIO()
        kept = {f"{_STATE}{name}": values for name, values in state.items()}
        np.savez(file, allow_pickle=False, **part.arrays(), **kept)
        self.kept.mkdir(parents=True, exist_ok=True)
        write_whole(self.kept / f"{number:06d}.npz", file.getvalue())
        return part

    def _earlier(self) -> tuple[list[Readings], Follower, bool]:
        """The parts that an earlier call left, as far as they can be read, the follower as it was
        behind them, and whether it had begun."""
        parts: list[Readings] = []
        follower, started = self._follower(), False
        while True:
            try:
                arrays = read_archive(self.kept / f"{len(parts):06d}.npz", _MOST_BYTES)
                part = Readings.of(arrays)
                next_follower = self._follower()
                started = next_follower.resume(
                    {
                        name.removeprefix(_STATE): values
                        for name, values in arrays.items()
                        if name.startswith(_STATE)
                    }
                )
            except (OSError, ValueError):
                return parts, follower, started
            parts.append(part)
            follower = next_follower

    def _follower(self) -> Follower:
        return Follower(self.detector, self._code)


@dataclass(frozen=True, eq=False)
class _Glimpse:
    """A frame's row as far as it is known, and the face to be read in it."""

    row: Row
    face: FaceCrop | None


class _Reader:
    """Reads faces in a thread of its own, some frames together, which takes half the time that they
    would take one by one, while others are followed. Rows come in their order."""

    def __init__(self, pack: OpenPack, rows: list[Row], follower: Follower) -> None:
        self._pack, self._rows, self._follower = pack, rows, follower
        self._together: list[_Glimpse] = []
        self._waiting: Future[list[Row]] | None = None
        self._taken = self._read = self._doubtful = 0
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def take(self, glimpse: _Glimpse) -> None:
        """The next frame. How many are read together does not depend on the parts that are kept:
        the same frames are always read together, and so to the same bits."""
        self._together.append(glimpse)
        self._taken += 1
        if len(self._together) == TOGETHER:
            self._submit()

    def finish(self) -> None:
        """All rows are there afterwards."""
        self._submit()
        self._collect()

    def _submit(self) -> None:
        """Only then is the answer before it waited for."""
        together, self._together = self._together, []
        job = self._thread.submit(_read, self._pack, together) if together else None
        self._collect()
        self._waiting = job

    def _collect(self) -> None:
        waiting, self._waiting = self._waiting, None
        for row in waiting.result() if waiting else ():
            self._rows.append(row)
            self._read += 1
            if self._read <= self._doubtful:  # followed before it was known to be somebody else
                _discard_reading([row])
            elif "identity" in row and (strange := self._learn(row)):
                _discard_reading(self._rows[-strange:])
                self._doubtful = self._taken

    def _learn(self, row: Row) -> int:
        sureness = row["presence"] * float(row["visible"].mean())
        return self._follower.learn(row["identity"], sureness)


def _read(pack: OpenPack, glimpses: list[_Glimpse]) -> list[Row]:
    faces = [each.face for each in glimpses if each.face is not None]
    answers = iter(read_crops(pack, faces) if faces else ())
    return [each.row if each.face is None else each.row | next(answers) for each in glimpses]


def _discard_reading(rows: list[Row]) -> None:
    """Leave nothing of what was read from somebody else's face but the times and cuts."""
    for row in rows:
        for name in set(row) - {"seconds", "cut"}:
            del row[name]


def notes_of(readings: Readings) -> tuple[str, ...]:
    """What the user should know of how a face was followed."""
    cuts, unseen = int(readings.cut.sum()), int((~readings.seen).sum())
    found: list[str] = []
    if cuts:
        found.append(
            Sentence("Cuts in the video: {cuts}; each shot is smoothed by itself.", cuts=cuts)
        )
    if unseen:
        found.append(
            Sentence(
                "The face is not seen in {unseen} of {frames} frames; those are interpolated.",
                unseen=unseen,
                frames=len(readings),
            )
        )
    return tuple(found)
