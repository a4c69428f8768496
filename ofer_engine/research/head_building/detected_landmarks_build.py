"""Measures where on the head the face detector sees its landmarks, on pictures of known heads.

`python -m ofer_engine.research.head_building.detected_landmarks_build HEAD.npz --photos SET SET`
reads sets of `studio.photos --side 256` and writes detected_landmarks.npy. Each landmark, with its
mirror image, goes to the place of the skin from which the detector's answers are least far in the
pictures that show it (mean of squares, each at most `_FAR`).
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from ...conditioning.evidence import CROP
from ...contract.errors import OferError
from ...geometry.triangles import vertex_normals
from ...heads.camera import Camera, solve_camera
from ...heads.open_head import OpenHead
from ...photo.align import EYE_CORNERS
from ...photo.faces import FaceDetector
from ...photo.load import photo_from_pixels
from ..training.photo_set import PhotoSet, read_photo_set
from .detected_landmarks import PLACES, seen_skin

_LOG: Final = logging.getLogger(__name__)
_ACROSS: Final = np.array([-1, 1, 1])
_FAR: Final = 0.006
"""Metres: a landmark farther off is hidden or mistaken."""
_TURNED: Final = 50.0
"""Degrees to the side from which on nothing is learnt of a picture."""
_FACING: Final = 0.35
"""Cosine to the view that a landmark's skin has at least where it is shown."""
_AROUND: Final = 0.016
"""Metres from the first place within which the new one is looked for."""
_FINE: Final = (0.006, 0.002)
"""Metres around the best place within which triangles, then points, are tried again."""


@dataclass(frozen=True, eq=False)
class SeenHead:
    """vertices : (V, 3) metres, the head of a picture; camera : of it; landmarks : (468, 2) pixels,
    where the detector sees them."""

    vertices: np.ndarray
    camera: Camera
    landmarks: np.ndarray

    def distances(self, places: np.ndarray, landmark: int | slice) -> np.ndarray:
        """(N,) metres, parallel to the picture, from places (N, 3) on the head to where one
        landmark is seen, or each place's own."""
        away = np.linalg.norm(self.camera.project(places) - self.landmarks[landmark], axis=1)
        return away * -self.camera.to_camera(places)[:, 2] / self.camera.focal

    @property
    def turned(self) -> float:
        """Degrees to the side."""
        ahead = self.camera.rotation[:, 2]
        return float(np.degrees(np.arctan2(abs(ahead[0]), ahead[2])))


def sightings(head: OpenHead, photos: PhotoSet, detector: FaceDetector) -> list[SeenHead]:
    """Of the pictures in which the detector finds a face."""
    found, side = [], photos.side
    for row in range(len(photos)):
        crop = photos.crops(np.array([row]), side)[0].permute(1, 2, 0).numpy()
        try:
            face = detector.detect(photo_from_pixels(crop, "render"))[0]
        except OferError:
            continue
        vertices = head.vertices(photos.identity[row].numpy(), photos.expression[row].numpy())
        known = vertices[head.point_vertices]
        places = photos.points[row].numpy() * (side / CROP)
        focal = float(photos.distance[row] / photos.mm_per_pixel[row]) * 1000 * side / CROP
        camera = solve_camera(
            known, places, np.ones(len(known)), focal, (side / 2, side / 2), (side, side)
        )
        found.append(SeenHead(vertices, camera, np.asarray(face.landmarks[:, :2], float)))
    return found


def mirror_pairs(shapes: np.ndarray) -> np.ndarray:
    """(468,) int, each landmark's mirror image. shapes : (N, 468, 2) pixels, of faces that are on
    average even."""
    left, right = (shapes[:, each] for each in EYE_CORNERS)
    across = (right - left) / np.square(right - left).sum(axis=1, keepdims=True)
    upright = np.stack([across, across[:, ::-1] * (-1, 1)], axis=1)
    even = np.einsum("nij,nlj->nli", upright, shapes - ((left + right) / 2)[:, None])
    open_mouth = np.linalg.norm(even[:, 13] - even[:, 14], axis=1)
    wide = even[open_mouth >= np.median(open_mouth)].mean(axis=0)
    mean = np.hstack([even.mean(axis=0), wide])
    apart = np.linalg.norm(mean[:, None] - mean * (-1, 1, -1, 1), axis=2)
    return np.asarray(linear_sum_assignment((apart + apart.T) / 2)[1])


def detected_places(head: OpenHead, seen: Sequence[SeenHead]) -> np.ndarray:
    """(468, 3) metres on the template, both sides alike."""
    chosen = [one for one in seen if one.turned < _TURNED and _agrees(head, one)]
    pairs = mirror_pairs(np.stack([one.landmarks for one in chosen]))
    search, places = _Search.on(head, chosen), head.landmarks(head.template).astype(float)
    for landmark, twin in enumerate(pairs):
        if twin < landmark:
            continue
        start = (places[landmark] + places[twin] * _ACROSS) / 2
        found = search.best(start, landmark, int(twin))
        if twin == landmark:
            found[0] = 0
        places[landmark], places[twin] = found, found * _ACROSS
    return places


def _agrees(head: OpenHead, one: SeenHead) -> bool:
    """Whether the detector sees about what is there."""
    away = one.distances(head.landmarks(one.vertices), slice(None))
    return bool(np.median(away) < _FAR)


@dataclass(frozen=True, eq=False)
class _Search:
    """triangles : (T, 3) of the skin; middles : of them, on the template; normals, facing : (V, 3)
    and (468, 3) on the template."""

    head: OpenHead
    seen: Sequence[SeenHead]
    triangles: np.ndarray
    middles: KDTree
    normals: np.ndarray
    facing: np.ndarray

    @staticmethod
    def on(head: OpenHead, seen: Sequence[SeenHead]) -> _Search:
        triangles = seen_skin(head)
        normals = vertex_normals(head.template, triangles)
        middles = KDTree(head.template[triangles].mean(axis=1))
        return _Search(head, seen, triangles, middles, normals, head.landmarks(normals))

    def best(self, start: np.ndarray, landmark: int, twin: int) -> np.ndarray:
        """(3,) the place around `start` that explains what is seen of both landmarks."""
        corners, weights = self._points(start, _AROUND, landmark, 4)
        place = self._least(corners, weights, landmark, twin)
        corners, weights = self._points(place, _FINE[0], landmark, 10)
        at = np.einsum("nk,nkc->nc", weights, self.head.template[corners])
        near = np.linalg.norm(at - place, axis=1) < _FINE[1]
        return self._least(corners[near], weights[near], landmark, twin)

    def _points(
        self, place: np.ndarray, reach: float, landmark: int, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Corners (N, 3) and weights (N, 3) of points all over the triangles around a place."""
        near = self.triangles[self.middles.query_ball_point(place, reach)]
        towards = self.normals[near].mean(axis=1) @ self.facing[landmark]
        near = near[towards > 0.2]
        grid = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
        weights = np.array(grid) / steps
        return np.repeat(near, len(weights), axis=0), np.tile(weights, (len(near), 1))

    def _least(
        self, corners: np.ndarray, weights: np.ndarray, landmark: int, twin: int
    ) -> np.ndarray:
        cost = np.zeros(len(corners))
        for mark, vertices in ((landmark, corners), (twin, self.head.mirror[corners])):
            ahead = self.facing[landmark] * (1 if mark == landmark else _ACROSS)
            for one in self.seen:
                if one.camera.rotation[2] @ ahead > _FACING:
                    places = np.einsum("nk,nkc->nc", weights, one.vertices[vertices])
                    cost += np.square(np.minimum(one.distances(places, mark), _FAR))
        best = int(cost.argmin())
        return weights[best] @ self.head.template[corners[best]].astype(float)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    from ...pack_registry import BUNDLED

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("head", type=Path, help="head.npz of the sets")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="sets of pictures")
    parser.add_argument("--out", type=Path, default=PLACES)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    head, detector = OpenHead.load(options.head), FaceDetector.load(BUNDLED / "faces")
    seen = [
        one for each in options.photos for one in sightings(head, read_photo_set(each), detector)
    ]
    places = detected_places(head, seen)
    np.save(options.out, places.astype(np.float32))
    away = np.linalg.norm(places - head.landmarks(head.template), axis=1)
    _LOG.info("%d faces; landmarks go %.1f mm (median)", len(seen), 1000 * np.median(away))


if __name__ == "__main__":
    main()
