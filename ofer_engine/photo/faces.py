"""The faces of a photo: every one that can be used, looked for ever more closely."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contract.errors import ErrorCode, OferError
from .face_networks import DetectorNetwork, LandmarkNetwork
from .face_weights import load_detector_network, load_landmark_network
from .landmarks import (
    DOUBTFUL,
    PRESENT,
    SURE_SCORE,
    TRUSTED,
    Face,
    LandmarkReader,
    LandmarkReading,
)
from .load import Photo
from .regions import (
    HALVES,
    OVERLAP_THRESHOLD,
    SEEN_SHARE,
    TILES,
    Region,
    find_regions,
    region_of_points,
)
from .shadows import lifted

MIN_FACE_SIDE: Final = 32
"""Pixels of the photo as it is worked on: 47 of the 6000 that a picture of 24 megapixels has."""
MEASURED_SMALL: Final = 0.96
"""A face of a certain size measures so much of it, at worst."""
_LEAST: Final = MEASURED_SMALL * MIN_FACE_SIDE
_LARGEST_BOX: Final = 4.0
"""Of the photo's longer side: a face of which a corner is seen is no larger."""
MAX_REGIONS: Final = 24
MAX_SMALL_REGIONS: Final = 96
GLANCED_REGIONS: Final = 6

# A region is a face when the landmark network says so from most of the shaken crops; where nothing
# else is found, also when the detector is sure and the landmark network at least in doubt. In the
# end a face is taken that can be trusted, or that both networks see and the detector for certain:
# of 282 pictures of other things, pumpkins and hands among them, it was so of none (0.79 at most).
HOPELESS: Final = 0.03
CERTAIN_SCORE: Final = 0.81
CLEAR: Final = 0.9
"""Confidence of a face that can be no other way up: those that seemed upright and hung had 0.7."""
CROWD: Final = 4
SAME_FACE: Final = 0.5
_SMALL_SHARE: Final = 0.18
"""Of a tile's side: where a face is hardly larger than what can be seen, others may be smaller."""
_TURNS: Final = (np.pi, np.pi / 2, -np.pi / 2)
_GLANCE: Final = 512
"""Pixels along a photo's longer side that tell whether there is anything in it."""
_BLANK: Final = 8
"""Levels of 255 that a picture of nothing may have between its darkest and its brightest."""

_PLACE_BY_HAND = "Draw a box around the face by hand, or choose another photo."


@dataclass(frozen=True)
class _Look:
    """turn, tile : as `find_regions` takes them; anew : whether a better face may replace one that
    is settled."""

    turn: float = 0.0
    tile: float = HALVES
    anew: bool = False


class FaceDetector:
    """Finds faces and their landmarks with the two networks of weights/faces."""

    def __init__(self, detector: DetectorNetwork, landmarks: LandmarkNetwork) -> None:
        self._detector = detector
        self._reader = LandmarkReader(landmarks)

    @classmethod
    def load(cls, folder: Path) -> FaceDetector:
        """folder : weights/faces. Raises OferError WEIGHTS_*, see `face_weights`."""
        return cls(load_detector_network(folder), load_landmark_network(folder))

    def detect(self, photo: Photo, check: Callable[[], None] = lambda: None) -> tuple[Face, ...]:
        """Every face, best first: large and trusted before small and doubtful.

        A photo without a certain face is looked at more closely, with its shadows lifted, sideways
        and upside down; one with small faces more closely, too.
        check : called now and again, may raise to stop.
        Raises OferError NO_FACE, or FACE_TOO_SMALL where only tiny faces are found.
        """
        if _is_blank(photo):
            raise OferError(
                ErrorCode.NO_FACE,
                "{name} shows nothing: all of it has one colour.",
                "Choose another photo.",
                name=photo.name,
            )
        found = self._closer(photo, self._look(photo, [], check), check)
        if not _any_settled(found):
            bright = replace(photo, pixels=lifted(photo.pixels))
            found = self._look(bright, found, check)
            found = self._look(bright, found, check, _Look(tile=TILES[0]))
            for picture in (photo, bright):
                if not _any_settled(found):
                    for turn in _TURNS:  # of all four the best, as a face makes some sense in two
                        found = self._look(picture, found, check, _Look(turn, anew=True))
        faces = [face for face in found if _taken(face) and face.side >= _LEAST]
        if not faces:
            faces = self._certain(photo, check)
        tiny = [face.side for face in found if face.side < _LEAST]
        if tiny and not faces:
            raise _too_small(photo, max(tiny))
        if not faces:
            raise OferError(
                ErrorCode.NO_FACE, "No face was found in {name}.", _PLACE_BY_HAND, name=photo.name
            )
        return tuple(sorted(faces, key=lambda face: -face.side * (0.1 + face.confidence)))

    def from_box(self, photo: Photo, box: Sequence[float]) -> Face:
        """The face in a box given by hand, whatever the networks think of it.

        box : x, y, width, height, photo pixels, around the face from forehead to chin.
        Raises OferError BAD_REQUEST for a box outside the photo or far larger, FACE_TOO_SMALL.
        """
        if len(box) != 4:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "A face box of {box} numbers makes no sense.",
                "Give x, y, width and height in pixels.",
                box=len(box),
            )
        x, y, width, height = (float(v) for v in box)
        if not (
            np.isfinite((x, y, width, height)).all()
            and min(width, height) > 0
            and max(width, height) <= _LARGEST_BOX * max(photo.width, photo.height)
            and min(x + width, photo.width) > max(x, 0)
            and min(y + height, photo.height) > max(y, 0)
        ):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The face box lies outside the photo.",
                "Draw it around the face.",
            )
        side = max(width, height)
        _check_side(photo, side)
        centre = np.array((x + width / 2, y + height / 2))
        return self._placed(photo, Region(1.0, centre, side, 0.0))

    def from_points(self, photo: Photo, points: ArrayLike) -> Face:
        """The face whose eyes and chin are given by hand, whatever the networks think of it.

        points : (6,) x and y of one eye, the other eye and the chin, photo pixels.
        Raises OferError BAD_REQUEST for points that are no face, FACE_TOO_SMALL.
        """
        region = region_of_points(points, photo.width, photo.height)
        _check_side(photo, region.side)
        return self._placed(photo, region)

    def again(self, photo: Photo, landmarks: NDArray[np.float64]) -> LandmarkReading:
        """Landmarks of a face that was there a moment ago; see `LandmarkReader.again`."""
        return self._reader.again(photo, landmarks)

    def glance(self, photo: Photo) -> tuple[LandmarkReading, ...]:
        """Faces that are seen at first sight, the surest first: one look at the whole photo."""
        regions = find_regions(self._detector, photo.pixels)[:GLANCED_REGIONS]
        readings = [self._reader.follow(photo, region) for region in regions]
        present = [reading for reading in readings if reading.presence >= PRESENT]
        return tuple(sorted(present, key=lambda reading: -reading.presence))

    def _placed(self, photo: Photo, region: Region) -> Face:
        """The face in a region given by hand, turned if it makes more sense so."""
        readings = [self._reader.follow(photo, region)]
        if readings[0].presence < PRESENT:
            turned = (replace(region, angle=region.angle + turn) for turn in _TURNS)
            readings += [self._reader.follow(photo, one) for one in turned]
        best = max(readings, key=lambda reading: reading.presence)
        return self._reader.face(photo, best, best.presence)

    def _closer(self, photo: Photo, found: list[Face], check: Callable[[], None]) -> list[Face]:
        """Look through ever smaller tiles, as long as smaller faces may be there."""
        before, longer = HALVES, max(photo.width, photo.height)
        for tile in TILES:
            settled = [face.side for face in found if face.settled]
            crowd = tile == TILES[0] and len(found) >= CROWD
            if settled and not crowd and min(settled) > _SMALL_SHARE * before * longer:
                break
            if before * longer * SEEN_SHARE < _LEAST:
                break
            found, before = self._look(photo, found, check, _Look(tile=tile)), tile
        return found

    def _certain(self, photo: Photo, check: Callable[[], None]) -> list[Face]:
        """The face that the detector is certain of, though its landmarks are in doubt: a profile,
        a bowed head. Where the landmark network sees none at all, there is nothing to go by.
        """
        for region in find_regions(self._detector, photo.pixels, check=check)[:1]:
            if region.score >= CERTAIN_SCORE and region.side >= _LEAST:
                face = self._reader.search(photo, region)
                return [face] if face.presence >= DOUBTFUL else []
        return []

    def _look(
        self, photo: Photo, known: list[Face], check: Callable[[], None], look: _Look = _Look()
    ) -> list[Face]:
        """The known faces and those seen by looking so; a place keeps its surest face."""
        faces = list(known)
        settled = [face for face in known if face.settled and not look.anew]
        most = MAX_REGIONS if look.tile >= TILES[0] else MAX_SMALL_REGIONS
        regions = find_regions(self._detector, photo.pixels, look.turn, look.tile, check)
        for region in regions[:most]:
            check()
            if any(region.overlap(face.region) > OVERLAP_THRESHOLD for face in settled):
                continue
            face = self._seen(photo, region)
            if face is None:
                continue
            rivals = [each for each in faces if _at_one_place(each, face)]
            if _likely(face) and all(_merit(face) > _merit(rival) for rival in rivals):
                faces = [f for f in faces if f not in rivals] + [face]
        return faces

    def _seen(self, photo: Photo, region: Region) -> Face | None:
        """The face in a region, the right way up, or None where there can be none.

        A face that hangs makes some sense the other way up, its brows for lips: both are tried,
        also where it seems upright but is not clear; it must be far clearer then.
        """
        reading = self._reader.follow(photo, region)
        if reading.presence < DOUBTFUL / 4:
            return None
        face = self._reader.face(photo, reading, region.score)
        upright = abs(face.angle) < np.pi / 4
        if not _likely(face) or (upright and face.confidence >= CLEAR):
            return face
        over = replace(region, angle=face.angle + np.pi)
        other = self._reader.face(photo, self._reader.follow(photo, over), region.score)
        if upright and other.confidence < max(CLEAR, face.confidence):
            return face
        return max(face, other, key=_merit)


def _is_blank(photo: Photo) -> bool:
    step = max(1, max(photo.width, photo.height) // _GLANCE)
    return int(np.ptp(photo.pixels[::step, ::step])) < _BLANK


def _any_settled(faces: list[Face]) -> bool:
    return any(face.settled for face in faces)


def _likely(face: Face) -> bool:
    """Whether it is worth remembering while others are looked for."""
    doubtful = face.presence >= DOUBTFUL and face.score >= SURE_SCORE
    return (face.presence >= PRESENT or doubtful) and face.confidence >= HOPELESS


def _taken(face: Face) -> bool:
    """Whether it may be offered; a face that may not is asked about."""
    return face.confidence >= TRUSTED


def _merit(face: Face) -> tuple[bool, float]:
    """By which of two faces at one place the better is kept."""
    return _taken(face), face.confidence


def _at_one_place(one: Face, other: Face) -> bool:
    """They are one face, perhaps read the wrong way up the second time, somewhat beside."""
    overlap = one.region.overlap(other.region)
    opposed = math.cos(one.angle - other.angle) < -0.5
    return overlap > (OVERLAP_THRESHOLD if opposed else SAME_FACE)


def _check_side(photo: Photo, side: float) -> None:
    if side < _LEAST:
        raise _too_small(photo, side)


def _too_small(photo: Photo, side: float) -> OferError:
    """In pixels of the file, which is what people can look up."""
    width, least = math.floor(side / photo.scale), math.ceil(MIN_FACE_SIDE / photo.scale)
    return OferError(
        ErrorCode.FACE_TOO_SMALL,
        "The face is only {side} pixels wide; {side_2} are the least.",
        "Choose a larger photo of this face, at least 100 pixels wide.",
        side=width,
        side_2=least,
    )
