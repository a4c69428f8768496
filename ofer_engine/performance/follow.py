"""One face followed from frame to frame; the wrong person is never taken for it.

From a frame to the next a face is where it was: its landmarks are read from the crop that the last
ones span. Where it cannot be (another picture begins, it was hidden for long), faces are looked for
anew and told apart by the identity that the conditioner reads in them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from ..photo.faces import FaceDetector
from ..photo.landmarks import DOUBTFUL, PRESENT, LandmarkReading
from ..photo.load import Photo
from ..photo.regions import Region

SAME_PERSON: Final = 2.6
"""Distance of identities, in standard deviations over all coefficients together, up to which a
face that is met anew is taken for the person. Of fourteen people with two press photos each, more
than half lie nearer (median 2.4), and of the 182 pairs of two people none (2.7 and more)."""
STRANGER: Final = 3.0
"""Distance of the identities of a second from the person's, from which the face is somebody's who
has come before it; a person's own in a video lay 1.5 away at most."""
_THUMBNAIL: Final = (32, 18)
_CUT_LEAST: Final = 0.09
_CUT_RATIO: Final = 5.0
"""Difference of two frames, of 1, and how many times that of the frames before, of a cut."""
_REMEMBERED: Final = 12
_OVERLAP: Final = 0.25
"""Intersection over union of the same face's squares in two frames."""
_NEAR_FRAMES: Final = 30
"""As long a face that was lost is believed to be the same where it comes back at its place."""
_LOOK_EVERY: Final = 4
WATCHED: Final = 24
"""Frames whose identities together tell whether it is still the person."""
_FEW: Final = 8
"""As many, before so many were met: the latest against those before them."""
_SURE: Final = 0.8
_LONGEST: Final = 1000
"""Frames that the mean of the person's identities runs over, at most."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """landmarks : (468, 3) photo pixels, None where the face is not seen; presence : 0..1;
    cut : another picture begins with this frame."""

    landmarks: np.ndarray | None
    presence: float
    cut: bool


class Follower:
    """Follows the face that it is started on.

    code : reads the identity (K,) of a face, given a photo and landmarks (468, 3).
    """

    def __init__(
        self,
        detector: FaceDetector,
        code: Callable[[Photo, np.ndarray], np.ndarray],
    ) -> None:
        self._detector, self._code = detector, code
        self._cuts = CutFinder()
        self._last: np.ndarray | None = None
        self._lost = 0
        self._person: np.ndarray | None = None
        self._met = 0
        self._latest: deque[np.ndarray] = deque(maxlen=WATCHED)

    def begin(self, landmarks: np.ndarray) -> None:
        """The face to be followed, as it is in the next frame. landmarks : (468, 3)."""
        self._last, self._lost = landmarks, 0

    def state(self) -> dict[str, np.ndarray]:
        """All that `resume` needs."""
        none = np.zeros(0)
        return {
            "last": none if self._last is None else self._last,
            "person": none if self._person is None else self._person,
            "counts": np.array([self._lost, self._met], np.float64),
            "latest": np.array(self._latest, np.float64),
            "before": none if self._cuts.before is None else self._cuts.before,
            "differences": np.array(self._cuts.differences, np.float64),
        }

    def resume(self, state: Mapping[str, np.ndarray]) -> bool:
        """Go on as an earlier follower of the same video; False where there was none: then the face
        is to be begun with. Raises ValueError for what is no state."""
        if not state:
            return False
        last, person, counts, latest, before, differences = (
            _number(state, name)
            for name in ("last", "person", "counts", "latest", "before", "differences")
        )
        if counts.shape != (2,) or differences.ndim != 1:
            raise ValueError("no counts")
        if last.size and (last.ndim != 2 or last.shape[1] != 3):
            raise ValueError("no landmarks")
        if before.size and before.shape != (*_THUMBNAIL[::-1], 3):
            raise ValueError("no thumbnail")
        if latest.size and person.size and latest.shape[1:] != person.shape:
            raise ValueError("other identities")
        self._last = last if last.size else None
        self._person = person if person.size else None
        self._lost, self._met = (int(value) for value in counts)
        self._latest.extend(latest if latest.size else ())
        self._cuts.before = before.astype(np.float32) if before.size else None
        self._cuts.differences.extend(float(value) for value in differences)
        return self._last is not None or self._known is not None

    def next(self, photo: Photo) -> Sighting:
        """The face in the next frame."""
        cut = self._cuts.is_cut(photo.pixels)
        if cut:
            self._last = None
            self._lost = _NEAR_FRAMES
            self._settle()
        reading = self._near(photo) if self._last is not None else None
        if reading is None:
            reading = self._anew(photo) if cut or self._lost % _LOOK_EVERY == 0 else None
        if reading is None:
            self._lost += 1
            if self._lost > _NEAR_FRAMES:
                self._last = None
            return Sighting(None, 0.0, cut)
        self._last, self._lost = reading.landmarks, 0
        return Sighting(reading.landmarks, reading.presence, cut)

    def learn(self, identity: np.ndarray, sureness: float) -> int:
        """What was read in the frame that `next` was last called for. Gives how many of the latest
        frames may show somebody else: where it is any, the face is let go of.

        identity : (K,); sureness : 0..1, of what is seen of the face.
        """
        if sureness < _SURE:
            return 0
        if len(self._latest) == WATCHED:  # who is watched does not yet count
            self._remember(self._latest.popleft())
        self._latest.append(np.asarray(identity, np.float64))
        watched = WATCHED if self._met >= WATCHED else _FEW
        known, latest = self._parted(watched)
        if len(latest) < watched or known is None or _distance(latest.mean(0), known) <= STRANGER:
            return 0
        self._last, self._lost = None, _NEAR_FRAMES
        for _ in range(watched):
            self._latest.pop()
        return max(watched, min(2 * watched, WATCHED))

    def _parted(self, watched: int) -> tuple[np.ndarray | None, np.ndarray]:
        """(K,) the person as known before the latest identities, None of too few; and those, at
        most `watched`, (n, K)."""
        all_latest = np.array(self._latest)
        before, latest = all_latest[:-watched], all_latest[-watched:]
        count = self._met + len(before)
        if count < watched:
            return None, latest
        if self._person is None:
            return before.mean(0), latest
        return self._person + (before - self._person).sum(0) / count, latest

    def _settle(self) -> None:
        """What was watched until a cut was the person."""
        while self._latest:
            self._remember(self._latest.popleft())

    def _remember(self, identity: np.ndarray) -> None:
        if self._person is None:
            self._person = np.zeros_like(identity)
        self._met += 1
        self._person = self._person + (identity - self._person) / min(self._met, _LONGEST)

    @property
    def _known(self) -> np.ndarray | None:
        """(K,) identity of the person, as far as anything was learnt of it."""
        if self._person is not None:
            return self._person
        return np.mean(self._latest, axis=0) if self._latest else None

    def _near(self, photo: Photo) -> LandmarkReading | None:
        """The face where it was, if it still is."""
        last = self._last
        if last is None:
            return None
        reading = self._detector.again(photo, last)
        if reading.presence >= DOUBTFUL and _overlap(last, reading.landmarks) > _OVERLAP:
            return reading
        return None

    def _anew(self, photo: Photo) -> LandmarkReading | None:
        """The person among the faces that are seen, wherever."""
        faces = self._detector.glance(photo)
        if self._last is not None:
            last = self._last
            near = [each for each in faces if _overlap(last, each.landmarks) > _OVERLAP]
            if len(near) == 1:
                return near[0]
        person = self._known
        if person is None:
            return faces[0] if len(faces) == 1 and faces[0].presence >= PRESENT else None
        away = [_distance(self._code(photo, each.landmarks), person) for each in faces]
        if not away or min(away) > SAME_PERSON:
            return None
        return faces[int(np.argmin(away))]


class CutFinder:
    """Tells where another picture begins: the frame differs from the one before far more than
    those before it did.

    before : thumbnail of the last frame; differences : of the latest ones.
    """

    def __init__(self) -> None:
        self.before: np.ndarray | None = None
        self.differences: deque[float] = deque(maxlen=_REMEMBERED)

    def is_cut(self, pixels: np.ndarray) -> bool:
        """pixels : (H, W, 3) uint8 of the next frame."""
        step = max(1, min(pixels.shape[0] // 180, pixels.shape[1] // 320))
        small = Image.fromarray(np.ascontiguousarray(pixels[::step, ::step]))
        now = np.asarray(small.resize(_THUMBNAIL, Image.Resampling.BOX), np.float32) / 255
        before, self.before = self.before, now
        if before is None:
            return False
        difference = float(np.abs(now - before).mean())
        usual = float(np.median(self.differences)) if self.differences else 0.0
        cut = difference > max(_CUT_LEAST, _CUT_RATIO * usual)
        self.differences.append(difference)
        return cut


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return _square(one).overlap(_square(other))


def _square(landmarks: np.ndarray) -> Region:
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    return Region(1.0, (low + high) / 2, float(max(high - low)), 0.0)


def _number(state: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    values = state.get(name)
    if values is None or values.dtype.kind != "f" or not np.isfinite(values).all():
        raise ValueError(name)
    return values


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(np.asarray(one, np.float64) - other))
