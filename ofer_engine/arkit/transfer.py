"""The open head's 52 units carried to another head model through a registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..geometry.deformation_gradients import GradientSolver, displacement_gradients
from ..geometry.surface import closest_facing, closest_vertices
from ..geometry.triangles import triangulate, vertex_normals
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..heads.placement import place
from .contacts import eyeball
from .registration import Registration, part_triangles
from .unit_model import STILL, UnitModel, fitted_units

_TRUSTED_FOLLOW: Final = 1.0
_UNSURE_FOLLOW: Final = 1e-4
_PATIENCE: Final = 0.004
_RIGID: Final = ("eye_left", "eye_right", "teeth_upper", "teeth_lower")
_EYES: Final = ("eye_left", "eye_right")


def transferred_units(
    head: Head,
    open_head: OpenHead,
    registration: Registration,
    check: Callable[[], None] = lambda: None,
) -> UnitModel:
    """The head model with the units of the open head.

    Skin follows the open head's surface where they correspond and bends as it does elsewhere;
    eyeballs and teeth move as whole pieces, a tongue with the surface of the open head's. What the
    head lacks does not move: without a tongue, `tongueOut` is empty. check : may raise to stop.
    """
    donor = UnitModel.of_open_head(open_head)
    template = registration.template
    eyes = tuple(np.unique(part_triangles(head, name)) for name in _EYES)
    balls = tuple(eyeball(template[ids]) for ids in eyes if len(ids))
    laid = fitted_units(donor, registration.shape, balls or None, check).astype(np.float64)
    triangles = triangulate(head.polygons)
    units = _skin_units(registration, laid, donor, head, check)
    for name in head.part_names:
        ids = np.unique(part_triangles(head, name))
        if name == "skin" or not len(ids):
            continue
        source = open_head.part_polygons(name) if name in open_head.part_names else None
        if source is None:
            near = registration.skin[closest_vertices(template[ids], template[registration.skin])]
            units[:, ids] = units[:, near]
            continue
        theirs = np.unique(source[source >= 0])
        if name in _RIGID:
            units[:, ids] = _rigid(registration.shape[theirs], laid[:, theirs], template[ids])
        else:
            near = closest_vertices(template[ids], registration.shape[theirs])
            units[:, ids] = laid[:, theirs[near]]
    units[np.linalg.norm(units, axis=2) < STILL] = 0.0
    outer = np.zeros(len(template), bool)
    outer[registration.skin] = registration.points.interpolate(open_head.outer.astype(float)) > 0.5
    outer[registration.skin] &= registration.trust > 0
    corners, weights = carried_landmarks(registration, open_head, part_triangles(head, "skin"))
    return UnitModel(
        head.template.astype(np.float64), triangles, registration.placement.undo_moves(units),
        outer, corners, weights, tuple(ids for ids in eyes if len(ids)),
    )  # fmt: skip


def nearest_units(head: Head, open_head: OpenHead) -> UnitModel:
    """The units for a mesh that is no surface: each vertex moves as the open head's nearest one
    does, laid over it by joints alone."""
    placement = place(head, open_head, open_head.face)
    placed = placement.apply(head.template.astype(np.float64))
    common = [name for name in open_head.part_names if name in head.part_names]
    donors = np.unique(triangulate(open_head.part_polygons(*common)))
    near = donors[closest_vertices(placed, open_head.template[donors])]
    units = open_head.expression[:, near]
    none = np.zeros((0, 3))
    return UnitModel(
        head.template.astype(np.float64), triangulate(head.polygons),
        placement.undo_moves(units.astype(np.float64)), np.ones(len(placed), bool),
        none.astype(np.int64), none, (),
    )  # fmt: skip


def _skin_units(
    registration: Registration,
    laid: np.ndarray,
    donor: UnitModel,
    head: Head,
    check: Callable[[], None],
) -> np.ndarray:
    """(52, V', 3) of the skin, in the open head's frame; 0 elsewhere."""
    template, skin = registration.template, registration.skin
    triangles = part_triangles(head, "skin")
    follow = np.full(len(template), _UNSURE_FOLLOW)
    follow[skin] += _TRUSTED_FOLLOW * registration.trust
    solver = GradientSolver(template, triangles, follow)
    units = np.zeros((len(ARKIT_52), *template.shape))
    goal = np.zeros_like(template)
    at_vertex = np.zeros((len(template), 3, 3))
    for number in range(len(units)):
        if not laid[number].any():
            continue
        check()
        gradient = displacement_gradients(registration.shape, donor.triangles, laid[number])
        at_vertex[skin] = (
            registration.points.interpolate(
                _at_vertices(gradient, donor.triangles, len(registration.shape))
            )
            * (registration.trust > 0)[:, None, None]
        )
        goal[skin] = registration.points.interpolate(laid[number])
        units[number] = solver.solve(at_vertex[triangles].mean(1), goal)
    inside = np.zeros(len(template), bool)
    inside[skin] = True
    units[:, ~inside] = 0.0
    return units


def _at_vertices(gradient: np.ndarray, triangles: np.ndarray, count: int) -> np.ndarray:
    """(V, 3, 3) means of the triangles' gradients (T, 3, 3) around each vertex."""
    total = np.zeros((count, 9))
    for entry in range(9):
        total[:, entry] = np.bincount(
            triangles.ravel(), np.repeat(gradient[:, entry // 3, entry % 3], 3), count
        )
    around = np.maximum(np.bincount(triangles.ravel(), minlength=count), 1)
    return (total / around[:, None]).reshape(count, 3, 3)


def _rigid(source: np.ndarray, moved: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(U, N, 3): how whole pieces at points (N, 3) move as source (M, 3) does by (U, M, 3)."""
    middle = source.mean(0)
    centred = source - middle
    out = np.zeros((len(moved), *points.shape))
    for number, displacement in enumerate(moved):
        if not displacement.any():
            continue
        shift = displacement.mean(0)
        left, _, right = np.linalg.svd((centred + displacement - shift).T @ centred)
        flip = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
        turn = (left * flip) @ right
        offset = points - points.mean(0)
        out[number] = offset @ turn.T - offset + shift
    return out


def carried_landmarks(
    registration: Registration, open_head: OpenHead, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Corners (468, 3) and weights (468, 3) of the landmarks on the model's skin."""
    normals = vertex_normals(registration.shape, triangulate(open_head.part_polygons("skin")))
    points = open_head.landmarks(registration.shape)
    facing = open_head.landmarks(normals)
    facing = facing / np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    found = closest_facing(points, facing, registration.template, skin, _PATIENCE)
    return found.corners, found.weights
