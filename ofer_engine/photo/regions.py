"""Where faces are: BlazeFace over a photo at several sizes, its answers merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..contract.errors import ErrorCode, OferError
from .align import Crop, cut_pixels, square_crop
from .face_networks import DETECTOR_SIZE, DetectorNetwork, anchor_centres

# The network was made for selfies: it misses a face that fills the picture and one below about a
# tenth of it. So the photo is shown with margins around it, and in overlapping tiles.
MARGINS = (0.0, 0.25, 0.6)
HALVES = 0.5
"""Side of the tiles that are looked at beside the whole photo, as a share of its longer side."""
TILES = (0.25, 0.11, 0.05)
"""Of ever smaller tiles, for ever smaller faces."""
SEEN_SHARE = 0.15
"""Of a tile's side that a face must have, to be seen in it."""
TILE_OVERLAP = 1 / 3
SCORE_THRESHOLD = 0.4
OVERLAP_THRESHOLD = 0.3
_AT_ONCE = 16
"""Windows in one call of the network, so that a cancel need not wait for them all."""
_CENTRE_BELOW_EYES = 0.26
_SIDE_OF_CHIN = 1.48
"""A face's square by the way from its eyes to its chin: medians over nine photos' landmarks."""
_FLATTEST = 0.1


@dataclass(frozen=True, eq=False)
class Region:
    """Where a face may be.

    score : 0..1, of the surest anchor
    centre, side : of the square that holds the face, photo pixels
    angle : radians, direction from the right to the left eye (x right, y down)
    """

    score: float
    centre: NDArray[np.float64]
    side: float
    angle: float

    def overlap(self, other: Region) -> float:
        """Intersection over union of the two upright squares."""
        reach = (self.side + other.side) / 2 - np.abs(self.centre - other.centre)
        inner = np.clip(reach, 0, min(self.side, other.side)).prod()
        return float(inner / (self.side**2 + other.side**2 - inner))


def region_of_points(points: ArrayLike, width: int, height: int) -> Region:
    """The square around a face whose eyes and chin are known.

    points : (6,) x and y of one eye, the other eye and the chin, pixels of a photo of this size.
    Raises OferError(BAD_REQUEST) for points outside the photo or that are no face.
    """
    flat = np.asarray(points, np.float64)
    if flat.shape != (6,) or not np.isfinite(flat).all():
        raise _no_face("A face placed by points is two eyes and a chin: six numbers.")
    one, other, chin = flat.reshape(3, 2)
    if not ((flat.reshape(3, 2) >= 0) & (flat.reshape(3, 2) <= (width, height))).all():
        raise _no_face("The points of the face lie outside the photo.")
    middle = (one + other) / 2
    down = chin - middle
    length = float(np.linalg.norm(down))
    across = other - one
    reach = abs(float(across[0] * down[1] - across[1] * down[0]))
    if reach < _FLATTEST * length**2:
        raise _no_face("These points cannot be a face: the chin is not below the eyes.")
    angle = float(np.arctan2(-down[0], down[1]))
    return Region(1.0, middle + down * _CENTRE_BELOW_EYES, _SIDE_OF_CHIN * length, angle)


def find_regions(
    network: DetectorNetwork,
    pixels: NDArray[np.uint8],
    turn: float = 0.0,
    tile: float = HALVES,
    check: Callable[[], None] = lambda: None,
) -> tuple[Region, ...]:
    """Look at the whole photo and its quarters, or at smaller tiles for small faces.

    pixels : (H, W, 3) uint8; turn : radians by which faces are expected to be turned;
    tile : HALVES, or one of TILES; check : called now and again, may raise to stop.
    → regions, best first, no two of the same face.
    """
    working_side = round(DETECTOR_SIZE / min(tile, TILES[0]))
    block = max(1, max(pixels.shape[:2]) // working_side)
    if block > 1:
        pixels = np.asarray(Image.fromarray(pixels).reduce(block))
    height, width = pixels.shape[:2]
    longer = max(width, height)
    windows = _tiles(width, height, longer * tile, turn)
    if tile == HALVES:
        middle = (width / 2, height / 2)
        sides = [longer * (1 + 2 * margin) for margin in MARGINS]
        windows = [square_crop(middle, side, turn, DETECTOR_SIZE) for side in sides] + windows
    return tuple(
        replace(region, centre=region.centre * block, side=region.side * block)
        for region in _merge(_look(network, pixels, windows, check))
    )


def _tiles(width: int, height: int, side: float, turn: float) -> list[Crop]:
    """Overlapping squares that cover the picture."""
    xs, ys = (_tile_centres(length, side) for length in (width, height))
    return [square_crop((x, y), side, turn, DETECTOR_SIZE) for y in ys for x in xs]


def _tile_centres(length: float, side: float) -> NDArray[np.float64]:
    if length <= side:
        return np.array((length / 2,))
    count = int(np.ceil((length - side) / (side * (1 - TILE_OVERLAP)))) + 1
    return np.linspace(side / 2, length - side / 2, count)


def _look(
    network: DetectorNetwork,
    pixels: NDArray[np.uint8],
    windows: list[Crop],
    check: Callable[[], None],
) -> list[Region]:
    """Run the detector on every window → what it found, unmerged."""
    found: list[Region] = []
    for first in range(0, len(windows), _AT_ONCE):
        check()
        found += _look_at(network, pixels, windows[first : first + _AT_ONCE])
    return found


def _look_at(
    network: DetectorNetwork, pixels: NDArray[np.uint8], windows: list[Crop]
) -> list[Region]:
    pictures = np.stack([cut_pixels(pixels, window, border=0.0) for window in windows])
    batch = torch.from_numpy(pictures).permute(0, 3, 1, 2) * 2 - 1
    with torch.inference_mode():
        logits, boxes = network(batch)
    scores = torch.sigmoid(logits.clamp(-100, 100))
    found: list[Region] = []
    anchors = anchor_centres()
    for window, score, box in zip(windows, scores, boxes, strict=True):
        keep = torch.nonzero(score > SCORE_THRESHOLD)[:, 0]
        points = box[keep].reshape(-1, 8, 2)
        points[:, 0] += anchors[keep]
        points[:, 2:] += anchors[keep][:, None]
        found += _decode(window, score[keep].numpy(), points.double().numpy())
    return found


def _decode(window: Crop, scores: NDArray[np.float32], points: NDArray[np.float64]) -> list[Region]:
    """points : (N, 8, 2) window pixels: centre, size, six keypoints → regions of the photo."""
    regions = []
    for score, (centre, size, *keypoints) in zip(scores, points, strict=True):
        right, left = window.to_photo(keypoints[:2])
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        side = float(size.max()) * window.photo_scale
        regions.append(Region(float(score), window.to_photo(centre), side, angle))
    return regions


def _merge(regions: list[Region]) -> list[Region]:
    """Weighted non-maximum suppression: each face keeps the mean of what overlaps its best."""
    left = sorted(regions, key=lambda region: -region.score)
    merged = []
    while left:
        group = [r for r in left if left[0].overlap(r) > OVERLAP_THRESHOLD]
        left = [r for r in left if left[0].overlap(r) <= OVERLAP_THRESHOLD]
        weights = np.array([r.score for r in group])
        weights /= weights.sum()
        turns = sum(w * np.exp(1j * r.angle) for w, r in zip(weights, group, strict=True))
        merged.append(
            Region(
                group[0].score,
                np.array([r.centre for r in group]).T @ weights,
                float(np.array([r.side for r in group]) @ weights),
                float(np.angle(turns)),
            )
        )
    return merged


def _no_face(message: str) -> OferError:
    return OferError(ErrorCode.BAD_REQUEST, message, "Click both eyes, then the tip of the chin.")
