"""How far a pack's points lie from the packaged landmark network's on real photos.

Neither is the truth: where the packaged network is right, its visible landmarks are a check of our
points; what it says of hidden ones is invented, so there only our own uncertainty is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import KDTree

from ...contract.errors import OferError
from ...packs.open_pack import OpenPack
from ...packs.pack import MovingPoints, PhotoEvidence
from ...photo.faces import Face, FaceDetector
from ...photo.load import Photo, load_photo

_NEIGHBOURS: Final = 4
_REACH: Final = 0.012
"""Metres on the head within which an evidence point speaks for a landmark."""
_TILE: Final = 360
_MARGIN: Final = 1.5
_SURE, _UNSURE = 0.01, 0.05
"""Predicted deviation, as a share of the face, that is drawn green and red."""
_IRIS: Final = (60, 130, 255)


@dataclass(frozen=True, eq=False)
class RealPhoto:
    """One face. Lengths are shares of the larger side of the packaged landmarks' box.

    disagreement : mean over landmarks that our points call visible; landmarks : how many;
    deviation_visible, deviation_hidden : mean predicted deviation of points that are called so;
    hidden : share of the points; doubtful : the packaged network mistrusts itself; drawn : a
    picture of the points, (S, S, 3) uint8.
    """

    name: str
    disagreement: float
    landmarks: int
    deviation_visible: float
    deviation_hidden: float
    hidden: float
    doubtful: bool
    drawn: np.ndarray


def read_photos(
    pack: OpenPack, detector: FaceDetector, paths: Sequence[Path]
) -> Iterator[RealPhoto]:
    """The foremost face of each photo; photos without one are passed over."""
    for path in paths:
        photo = load_photo(path)
        try:
            face = detector.detect(photo)[0]
        except OferError:
            continue
        yield _read(pack, photo, face)


def _read(pack: OpenPack, photo: Photo, face: Face) -> RealPhoto:
    evidence = pack.encode(photo, face)
    ids, ours, seen = landmarks_from_points(pack, evidence)
    away = np.linalg.norm(ours - face.landmarks[ids, :2], axis=1) / face.side
    hidden = evidence.visible < 0.5
    deviation = evidence.deviation / face.side
    return RealPhoto(
        photo.name,
        float(away[seen].mean()) if seen.any() else float("nan"),
        int(seen.sum()),
        float(deviation[~hidden].mean()) if not hidden.all() else float("nan"),
        float(deviation[hidden].mean()) if hidden.any() else float("nan"),
        float(hidden.mean()),
        face.low_confidence,
        drawn_face(photo, face, evidence),
    )


def landmarks_from_points(
    pack: OpenPack, evidence: PhotoEvidence
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the 468 landmarks our points tell (n,), where (n, 2) photo pixels, and whether they
    are called visible (n,) bool.

    A landmark lies beside its nearest points as on the mean head, seen by the photo's camera.
    """
    head = pack.head
    points = head.template[evidence.vertices] + evidence.shift
    marks = head.landmarks(head.template)
    distance, near = map(
        np.asarray, KDTree(head.template[evidence.vertices]).query(marks, _NEIGHBOURS)
    )
    ids = np.flatnonzero(distance[:, -1] < _REACH)
    weight = 1 / (np.square(distance[ids]) + 1e-6)
    weight /= weight.sum(axis=1, keepdims=True)
    near = near[ids]
    moved = marks[ids] + np.einsum("nk,nkc->nc", weight, evidence.shift[near])
    beside = evidence.camera.project(moved)[:, None] - evidence.camera.project(points)[near]
    places = np.einsum("nk,nkc->nc", weight, evidence.points[near] + beside)
    seen = np.einsum("nk,nk->n", weight, evidence.visible[near]) > 0.5
    return ids, places, seen


def drawn_face(photo: Photo, face: Face, evidence: PhotoEvidence) -> np.ndarray:
    """(360, 360, 3) uint8: the face with its points. A point is as large as its deviation, green
    when sure, red when not, and hollow when hidden. The outline is a line of the same colours,
    irises are blue."""
    middle = face.landmarks[:, :2].mean(axis=0)
    half = face.side * _MARGIN / 2
    corners = (middle - half, middle + half)
    tile = Image.fromarray(photo.pixels).crop(tuple(np.concatenate(corners).round().astype(int)))
    tile = tile.resize((_TILE, _TILE))
    scale = _TILE / (2 * half)
    canvas = ImageDraw.Draw(tile)
    doubt = _doubt(evidence.deviation / face.side)
    places = (evidence.points - corners[0]) * scale
    for place, own, seen, radius in zip(
        places, doubt, evidence.visible > 0.5, evidence.deviation * scale, strict=True
    ):
        colour = _colour(own)
        reach = max(float(radius) / 2, 1.5)
        box = [*(place - reach), *(place + reach)]
        canvas.ellipse(box, outline=colour, fill=colour if seen else None)
    if evidence.moving is not None:
        _draw_moving(
            canvas, evidence.moving, face.side, lambda places: (places - corners[0]) * scale
        )
    return np.asarray(tile.convert("RGB"))


def _draw_moving(
    canvas: ImageDraw.ImageDraw,
    moving: MovingPoints,
    side: float,
    to_tile: Callable[[np.ndarray], np.ndarray],
) -> None:
    line = to_tile(moving.contour)
    doubt = _doubt(moving.contour_deviation / side)
    for start, end, own in zip(line[:-1], line[1:], doubt, strict=False):
        canvas.line([*start, *end], fill=_colour(own), width=2)
    for place in to_tile(moving.irises):
        canvas.ellipse([*(place - 1.5), *(place + 1.5)], fill=_IRIS)


def _doubt(deviation: np.ndarray) -> np.ndarray:
    return np.clip((deviation - _SURE) / (_UNSURE - _SURE), 0, 1)


def _colour(doubt: float) -> tuple[int, int, int]:
    return int(255 * doubt), int(255 * (1 - doubt)), 40


def sheet(photos: Sequence[RealPhoto]) -> Image.Image:
    """All drawn faces, four in a row."""
    columns = 4
    rows = -(-len(photos) // columns)
    page = Image.new("RGB", (columns * _TILE, rows * _TILE), "white")
    for number, photo in enumerate(photos):
        row, column = divmod(number, columns)
        page.paste(Image.fromarray(photo.drawn), (column * _TILE, row * _TILE))
    return page


def photo_table(photos: Sequence[RealPhoto], left_out: Sequence[str]) -> str:
    """Markdown: one row a photo, numbered, and the mean of those where the packaged network is
    right. left_out : names of photos where it is not, as somebody saw."""
    lines = [
        "| photo | disagreement of visible landmarks, % of face | predicted deviation, visible, %"
        " | hidden, % | points called hidden, % | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, photo in enumerate(photos, 1):
        note = "packaged network wrong" if photo.name in left_out else ""
        cells = [
            str(number),
            _percent(photo.disagreement),
            _percent(photo.deviation_visible),
            _percent(photo.deviation_hidden),
            f"{100 * photo.hidden:.0f}",
            note or ("packaged network in doubt" if photo.doubtful else ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    right = [photo for photo in photos if photo.name not in left_out]
    cells = []
    for field in ("disagreement", "deviation_visible", "deviation_hidden", "hidden"):
        values = np.array([getattr(photo, field) for photo in right])
        known = values[~np.isnan(values)]
        cells.append(_percent(float(known.mean()) if len(known) else float("nan")))
    lines.append(f"| mean of {len(right)} where it is right | {' | '.join(cells)} | |")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.1f}"
