"""Clicking a face on a photo, drawing a box around one, or placing eyes and chin. No bpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

Point = tuple[float, float]
Box = tuple[float, float, float, float]
_SMALLEST: Final = 8.0  # screen pixels; a shorter drag is a click that trembled
_MARGIN: Final = 24.0


@dataclass(frozen=True)
class PhotoFrame:
    """Where a photo of width x height pixels lies on a screen whose y goes up.

    left, bottom : its corner, screen pixels; scale : screen pixels a photo pixel.
    """

    width: int
    height: int
    left: float
    bottom: float
    scale: float

    @classmethod
    def fitted(cls, photo: tuple[int, int], region: tuple[int, int], foot: float) -> PhotoFrame:
        """As large as the region allows, above a foot for words."""
        room = region[0] - 2 * _MARGIN, region[1] - 2 * _MARGIN - foot
        scale = max(min(room[0] / photo[0], room[1] / photo[1]), 1e-3)
        left = (region[0] - photo[0] * scale) / 2
        bottom = foot + _MARGIN + (room[1] - photo[1] * scale) / 2
        return cls(*photo, left, bottom, scale)

    def to_photo(self, point: Point) -> Point:
        """Photo pixels, y down, of a place on the screen; outside places move to the edge."""
        x = (point[0] - self.left) / self.scale
        y = self.height - (point[1] - self.bottom) / self.scale
        return min(max(x, 0.0), float(self.width)), min(max(y, 0.0), float(self.height))

    def holds(self, point: Point) -> bool:
        """Whether a place on the screen lies on the photo."""
        x, y = point[0] - self.left, point[1] - self.bottom
        return 0 <= x <= self.width * self.scale and 0 <= y <= self.height * self.scale

    def to_screen(self, point: Point) -> Point:
        """Where a photo pixel is on the screen."""
        x = self.left + point[0] * self.scale
        return x, self.bottom + (self.height - point[1]) * self.scale

    def corners(self, box: Box) -> tuple[Point, Point]:
        """Lower left and upper right of a box x, y, w, h in photo pixels, on the screen."""
        x, y, w, h = box
        return self.to_screen((x, y + h)), self.to_screen((x + w, y))


@dataclass(frozen=True)
class Picked:
    """One of the three: the index of a face, a box (x, y, w, h), or points (6,), photo pixels."""

    face: int | None = None
    box: Box | None = None
    points: tuple[float, ...] | None = None


@dataclass
class FacePicker:
    """What the pointer has done so far.

    faces : boxes of those found, photo pixels; placing : clicks are eyes and chin; at : where the
    pointer is, photo pixels; points : those placed.
    """

    frame: PhotoFrame
    faces: tuple[Box, ...]
    placing: bool = False
    at: Point = (0.0, 0.0)
    points: list[Point] = field(default_factory=list)
    _pressed: Point | None = None

    @property
    def hovered(self) -> int | None:
        """The face under the pointer; the smallest, where boxes overlap."""
        if self.placing or self.drawn:
            return None
        x, y = self.at
        under = [
            index
            for index, (left, top, w, h) in enumerate(self.faces)
            if left <= x <= left + w and top <= y <= top + h
        ]
        return min(under, key=lambda i: self.faces[i][2] * self.faces[i][3], default=None)

    @property
    def drawn(self) -> Box | None:
        """The box being drawn, once it is one."""
        if self._pressed is None or self.placing:
            return None
        x, y = (min(a, b) for a, b in zip(self._pressed, self.at, strict=True))
        w, h = (abs(a - b) for a, b in zip(self._pressed, self.at, strict=True))
        return (x, y, w, h) if min(w, h) * self.frame.scale >= _SMALLEST else None

    @property
    def wanted(self) -> str:
        """What to do next, for people."""
        if self.placing:
            steps = ("Click one eye", "Click the other eye", "Click the tip of the chin")
            return steps[len(self.points)]
        if self.faces:
            return "Click a face, or drag a box around another"
        return "Drag a box around the face"

    def move(self, screen: Point) -> None:
        """The pointer is here."""
        self.at = self.frame.to_photo(screen)

    def press(self, screen: Point) -> None:
        """The button went down here."""
        self.move(screen)
        self._pressed = self.at

    def release(self, screen: Point) -> Picked | None:
        """The button came up here; what that decides, if anything."""
        self.move(screen)
        if self._pressed is None:
            return None
        box, face = self.drawn, self.hovered
        self._pressed = None
        if self.placing:
            self.points.append(self.at)
            if len(self.points) == 3:
                return Picked(points=tuple(value for point in self.points for value in point))
            return None
        if box:
            return Picked(box=box)
        return None if face is None else Picked(face=face)

    def place(self) -> None:
        """Change between boxes and points."""
        self.placing, self._pressed = not self.placing, None
        self.points.clear()

    def remove_last(self) -> None:
        """Forget the point placed last."""
        if self.points:
            self.points.pop()
