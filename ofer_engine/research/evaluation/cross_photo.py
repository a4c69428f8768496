"""A known head fitted to another photo's landmarks: pose, camera and expression, nothing else.

A head that is somebody's leaves less of their other photos unexplained than a stranger's head. What
the landmarks of all photos have in common beside the mean head is the detector's own idea of where
they lie, and is taken away first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...geometry.rotations import rotation_matrix
from ...geometry.triangles import triangulate, vertex_normals
from ...heads.camera import Camera, default_focal, solve_camera
from ...heads.open_head import OpenHead

_FAR: Final = 1.5
"""Metres at which most portraits are taken; the focal length is guessed to put the head there."""
_FOCAL_DEVIATION: Final = 0.5
_LANDMARK_DEVIATION: Final = 0.06
"""Share of the face by which one landmark may be off for a unit to be moved by its deviation:
landmarks err together, so that hundreds of them weigh as few."""
_UNIT_DEVIATION: Final = 0.4
_ROUNDS: Final = 12
_SHARES: Final = (1.0, 0.5, 0.25, 0.1)
"""Of a step, the first that helps is taken."""
_ENOUGH: Final = 1e-4
_FACING: Final = 0.2


@dataclass(frozen=True, eq=False)
class SeenLandmarks:
    """Landmarks of one face in a photo. places : (468, 2) photo pixels; size : width, height."""

    places: np.ndarray
    size: tuple[int, int]

    @property
    def side(self) -> float:
        """Larger side of the landmarks' box, pixels."""
        return float(np.ptp(self.places, axis=0).max())


@dataclass(frozen=True, eq=False)
class LandmarkHead:
    """A head at the detector's 468 landmarks.

    neutral : (468, 3) of the mean head; identity : (K, 468, 3); units : (X, 468, 3); normals :
    (468, 3) of the mean head. Metres, float64.
    """

    neutral: np.ndarray
    identity: np.ndarray
    units: np.ndarray
    normals: np.ndarray

    @staticmethod
    def of(head: OpenHead) -> LandmarkHead:
        """Of a pack's head."""
        normals = vertex_normals(head.template, triangulate(head.polygons), float)
        found = (head.template, head.identity, head.expression, normals)
        return LandmarkHead(*(head.landmarks(each).astype(float) for each in found))

    def shape(self, identity: np.ndarray) -> np.ndarray:
        """(468, 3) of a neutral face. identity : (K,)."""
        return self.neutral + np.tensordot(identity, self.identity, 1)

    def without_common(self, photos: Sequence[SeenLandmarks]) -> tuple[SeenLandmarks, ...]:
        """The photos' landmarks, moved by what their mean is off the mean head's, whose pose,
        camera and expression were fitted to each."""
        away, frames = [], []
        for seen in photos:
            expression, camera = fitted(self.neutral, self.units, seen, self._everything)
            surface = self.neutral + np.tensordot(expression, self.units, 1)
            frames.append(_upright(camera, surface))
            away.append((seen.places - camera.project(surface)) @ np.linalg.inv(frames[-1]))
        common = np.mean(away, axis=0)
        return tuple(
            SeenLandmarks(seen.places - common @ frame, seen.size)
            for seen, frame in zip(photos, frames, strict=True)
        )

    @property
    def _everything(self) -> np.ndarray:
        return np.ones(len(self.neutral), bool)

    def residuals(self, seen: SeenLandmarks, identities: Sequence[np.ndarray]) -> np.ndarray:
        """(H,) mm, root mean square over the landmarks that the mean head turns to the camera, of
        each of H heads (K,) at its own best pose, camera and expression."""
        _, camera = fitted(self.neutral, self.units, seen, self._everything)
        towards = -camera.to_camera(self.neutral)
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        shown = np.einsum("ij,ij->i", self.normals @ camera.rotation.T, towards) > _FACING
        return np.array([_residual(self.shape(one), self.units, seen, shown) for one in identities])


def _upright(camera: Camera, surface: np.ndarray) -> np.ndarray:
    """(2, 2) pixels of a metre to the right and a metre down, as the head is rolled."""
    up = camera.rotation[:2, 1] / np.linalg.norm(camera.rotation[:2, 1])
    pixels = camera.focal / float(-camera.to_camera(surface)[:, 2].mean())
    return pixels * np.array([[up[1], up[0]], [-up[0], up[1]]])


def _residual(
    shape: np.ndarray, units: np.ndarray, seen: SeenLandmarks, shown: np.ndarray
) -> float:
    expression, camera = fitted(shape, units, seen, shown)
    surface = shape[shown] + np.tensordot(expression, units[:, shown], 1)
    away = np.square(camera.project(surface) - seen.places[shown]).sum(axis=1)
    metres = -camera.to_camera(surface)[:, 2].mean() / camera.focal
    return float(1000 * metres * np.sqrt(away.mean()))


def fitted(
    shape: np.ndarray, units: np.ndarray, seen: SeenLandmarks, shown: np.ndarray
) -> tuple[np.ndarray, Camera]:
    """Unit weights (X,) in 0..1 and the camera under which a shape (L, 3) best explains a photo.

    Gauss-Newton on pose, log focal length and units together, projected on the units' bounds
    (Bertsekas 1982).
    """
    shape, units, places = shape[shown], units[:, shown], seen.places[shown]
    camera = _start(shape, seen, places)
    problem = _Problem(
        shape,
        units,
        places,
        1 / (_LANDMARK_DEVIATION * seen.side) ** 2,
        float(np.log(camera.focal)),
    )
    expression = np.zeros(len(units))
    now = problem.cost(expression, camera)
    for _ in range(_ROUNDS):
        step, before = problem.step(expression, camera), now
        for share in _SHARES:
            moved = np.clip(expression + share * step[7:], 0, 1)
            turned = _moved(camera, share * step[:7])
            then = problem.cost(moved, turned)
            if then < now:
                expression, camera, now = moved, turned, then
                break
        if before - now < _ENOUGH * before:
            break
    return expression, camera


@dataclass(frozen=True, eq=False)
class _Problem:
    """shape : (L, 3); units : (X, L, 3); places : (L, 2) photo pixels, of `weight` each; guess : of
    the log focal length."""

    shape: np.ndarray
    units: np.ndarray
    places: np.ndarray
    weight: float
    guess: float

    def cost(self, expression: np.ndarray, camera: Camera) -> float:
        """Squared errors in deviations, those of the priors too."""
        away = np.square(camera.project(self._surface(expression)) - self.places).sum()
        return float(
            self.weight * away + self._prior @ np.square(self._free_parameters(expression, camera))
        )

    def step(self, expression: np.ndarray, camera: Camera) -> np.ndarray:
        """(7 + X,) of turn, shift, log focal length and units; a unit at a bound that would leave
        it stays there."""
        surface = self._surface(expression)
        slopes = _slopes(camera, surface, self.units)
        away = (self.places - camera.project(surface)).ravel()
        uphill = self.weight * slopes.T @ away - self._prior * self._free_parameters(
            expression, camera
        )
        leaving = ((expression <= 0) & (uphill[7:] < 0)) | ((expression >= 1) & (uphill[7:] > 0))
        free = np.r_[np.ones(7, bool), ~leaving]
        normal = self.weight * slopes[:, free].T @ slopes[:, free] + np.diag(self._prior[free])
        normal[np.diag_indices_from(normal)] *= 1 + 1e-9
        step = np.zeros(len(free))
        step[free] = np.linalg.solve(normal, uphill[free])
        return step

    def _surface(self, expression: np.ndarray) -> np.ndarray:
        return self.shape + np.tensordot(expression, self.units, 1)

    def _free_parameters(self, expression: np.ndarray, camera: Camera) -> np.ndarray:
        return np.r_[np.zeros(6), np.log(camera.focal) - self.guess, expression]

    @property
    def _prior(self) -> np.ndarray:
        units = np.full(len(self.units), _UNIT_DEVIATION**-2)
        return np.r_[np.zeros(6), _FOCAL_DEVIATION**-2, units]


def _start(shape: np.ndarray, seen: SeenLandmarks, places: np.ndarray) -> Camera:
    """A camera as far away as portraits are taken from."""
    centre = np.array(seen.size) / 2
    flat = np.ones(len(shape))
    focal = default_focal(*seen.size)
    near = solve_camera(shape, places, flat, focal, centre, seen.size)
    distance = float(-near.to_camera(shape)[:, 2].mean())
    return solve_camera(shape, places, flat, focal * _FAR / distance, centre, seen.size)


def _slopes(camera: Camera, surface: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(2L, 7 + X) pixels by turn, shift, log focal length and unit weights."""
    seen = camera.to_camera(surface)
    depth = -seen[:, 2]
    plane = seen[:, :2] * (camera.focal / depth)[:, None]
    by_seen = np.zeros((len(seen), 2, 3))
    by_seen[:, 0, 0] = by_seen[:, 1, 1] = camera.focal / depth
    by_seen[:, :, 2] = plane / depth[:, None]
    turned = seen - camera.translation
    by_units = np.einsum("lij,xlj->lix", by_seen, units @ camera.rotation.T)
    parts = (np.cross(turned[:, None], by_seen), by_seen, plane[..., None], by_units)
    slopes = np.concatenate(parts, axis=2) * np.array([1, -1])[:, None]
    return slopes.reshape(-1, slopes.shape[2])


def _moved(camera: Camera, step: np.ndarray) -> Camera:
    """`camera` turned (3), shifted (3) and zoomed (1, logarithm)."""
    return Camera(
        camera.focal * float(np.exp(step[6])),
        camera.centre,
        rotation_matrix(step[:3]) @ camera.rotation,
        camera.translation + step[3:6],
        camera.width,
        camera.height,
    )
