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
from typing import Any, Final

import numpy as np

from ..contract.errors import ErrorCode, OferError
from ..contract.files.array_archive import read_archive
from ..contract.files.whole_file import write_whole
from ..contract.sentence import Sentence
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
_LOOK_EVERY: Final = 15
"""Frames between thorough looks for the first face."""

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
        state = follower.state()
        size = (0, 0)
        with ThreadPoolExecutor(1) as reader:
            waiting: Future[Row] | None = None
            for frame in footage.frames(max(first - 1, 0)):
                size = (frame.pixels.shape[1], frame.pixels.shape[0])
                if frame.number < first:  # the last one that was read: only its size was missing
                    continue
                if frame.number % _PART == 0:
                    _take(waiting, rows, follower)
                    waiting, state = None, follower.state()
                photo = photo_of(frame, footage.name)
                if not started:
                    started = self._begin(follower, photo, frame.number)
                sighting = follower.next(photo) if started else Sighting(None, 0.0, False)
                job = reader.submit(self._read, frame, sighting)
                _take(waiting, rows, follower)
                waiting = job
                self.on_frame(frame.number + 1)
                if len(rows) >= _PART + WATCHED:
                    parts.append(self._keep(rows[:_PART], len(parts), state))
                    del rows[:_PART]
            _take(waiting, rows, follower)
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

    def _begin(self, follower: Follower, photo: Photo, number: int) -> bool:
        if number % _LOOK_EVERY:
            return False
        face = self.start(photo)
        if face is not None:
            follower.begin(face.landmarks)
        return face is not None

    def _read(self, frame: Frame, sighting: Sighting) -> Row:
        row: Row = {
            "seconds": frame.seconds, "presence": sighting.presence, "cut": sighting.cut
        }  # fmt: skip
        if sighting.landmarks is None:
            return row
        crop = crop_around(sighting.landmarks)
        pixels = cut_pixels(frame.pixels, crop.resized(self.pack.sizes.crop))
        low, high = sighting.landmarks[:, :2].min(0), sighting.landmarks[:, :2].max(0)
        row |= read_crops(self.pack, [FaceCrop(crop, pixels)])[0]
        return row | {"sharpness": sharpness(pixels), "box": np.concatenate((low, high - low))}

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


def _take(waiting: Future[Row] | None, rows: list[Row], follower: Follower) -> None:
    """The row of the frame before. One that turns out to be somebody else's is blotted out, with
    those that led there."""
    if waiting is None:
        return
    row = waiting.result()
    rows.append(row)
    if "identity" not in row:
        return
    if not follower.learn(row["identity"], row["presence"] * float(row["visible"].mean())):
        for each in rows[-WATCHED:]:
            for name in set(each) - {"seconds", "cut"}:
                del each[name]


def notes_of(readings: Readings) -> tuple[str, ...]:
    """What the user should know of how a face was followed."""
    cuts, unseen = int(readings.cut.sum()), int((~readings.seen).sum())
    found: list[str] = []
    if cuts:
        found.append(
            Sentence("The video has {cuts} cuts; each shot is smoothed by itself.", cuts=cuts)
        )
    if unseen:
        found.append(
            Sentence(
                "The face is not seen in {unseen} of {frames} frames; those are bridged.",
                unseen=unseen,
                frames=len(readings),
            )
        )
    return tuple(found)
