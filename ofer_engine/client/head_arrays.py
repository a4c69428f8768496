"""The arrays of a reconstruction, checked and in Blender's frame. No bpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..contract.certainty import Certainty, certainty, decided, spread
from ..contract.errors import ErrorCode, OferError
from ..contract.reconstruction import Reconstruction
from ..contract.sentence import Sentence
from .frame import to_blender

FARTHEST = 10.0
"""Metres; a head with a vertex beyond is no head."""
_WHOLE = 2**31
"""Blender keeps whole numbers below it."""


@dataclass(frozen=True)
class HeadArrays:
    """identity_vertices : (I, V, 3), expression_vertices : (E, V, 3), identity_joints : (I, J, 3),
    float32, metres, Blender frame; polygons : (F, 4) int32, -1 last in a triangle;
    uv : (F, 4, 2) float32; part : (F,) uint8; skin_weights : (V, J) float32;
    decided : (V,) float32 in 0..1, how much the photos decide of each point; spread : (V,) float32,
    metres, how far the heads drawn differ there; certainty : both in few numbers;
    identity_scores : (N,) float32; expression_arkit : (E, 52) float32 units in 0..1, None where
    they are not known; iris_colour : (3,) float32 sRGB in 0..1, None where the photos
    show none.
    """

    identity_vertices: np.ndarray
    expression_vertices: np.ndarray
    identity_joints: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    skin_weights: np.ndarray
    decided: np.ndarray
    spread: np.ndarray
    certainty: Certainty
    identity_scores: np.ndarray
    iris_colour: np.ndarray | None = None
    expression_arkit: np.ndarray | None = None


def read(reconstruction: Reconstruction) -> HeadArrays:
    """Read what a head needs. Raises OferError(RECONSTRUCTION_DAMAGED) unless all fits together.

    Indices beyond their arrays would crash Blender, so nothing is taken on trust.
    """
    arrays = HeadArrays(
        identity_vertices=to_blender(_points(reconstruction, "identity_vertices")),
        expression_vertices=to_blender(_points(reconstruction, "expression_vertices")),
        identity_joints=to_blender(_points(reconstruction, "identity_joints")),
        polygons=_table(reconstruction, "polygons", 2, np.int32),
        uv=_table(reconstruction, "uv", 3, np.float32),
        part=_table(reconstruction, "part", 1, np.uint8),
        skin_weights=_table(reconstruction, "skin_weights", 2, np.float32),
        decided=decided(reconstruction),
        spread=spread(reconstruction),
        certainty=certainty(reconstruction),
        identity_scores=_table(reconstruction, "identity_scores", 1, np.float32),
        iris_colour=_iris_colour(reconstruction),
        expression_arkit=_units(reconstruction),
    )
    _check_shapes(reconstruction, arrays)
    _check_polygons(reconstruction, arrays)
    return arrays


def _points(reconstruction: Reconstruction, name: str) -> np.ndarray:
    points = _table(reconstruction, name, 3, np.float32)
    if points.shape[-1] != 3 or not (np.abs(points) < FARTHEST).all():  # also catches NaN
        raise damaged(reconstruction, Sentence("{name} holds no points of a head", name=name))
    return points


def _iris_colour(reconstruction: Reconstruction) -> np.ndarray | None:
    if not reconstruction.has("iris_colour"):
        return None
    return np.clip(_table(reconstruction, "iris_colour", 1, np.float32), 0.0, 1.0)


def _units(reconstruction: Reconstruction) -> np.ndarray | None:
    if not reconstruction.has("expression_arkit"):
        return None
    return _table(reconstruction, "expression_arkit", 2, np.float32)


def _table(
    reconstruction: Reconstruction, name: str, axes: int, kind: type[np.generic]
) -> np.ndarray:
    values = reconstruction.array(name)
    if values.ndim != axes or not np.issubdtype(values.dtype, np.number):
        raise damaged(reconstruction, Sentence("{name} has the wrong form", name=name))
    return np.ascontiguousarray(values, dtype=kind)


def _check_shapes(reconstruction: Reconstruction, arrays: HeadArrays) -> None:
    identities, vertices = arrays.identity_vertices.shape[:2]
    faces, joints = len(arrays.polygons), len(reconstruction.joints)
    hypotheses = (*reconstruction.identities, *reconstruction.expressions)
    names = [item.name for item in hypotheses]
    fits = (
        identities == len(reconstruction.identities) >= 1
        and arrays.expression_vertices.shape[:2] == (len(reconstruction.expressions), vertices)
        and arrays.identity_joints.shape[:2] == (identities, joints)
        and arrays.polygons.shape == (faces, 4)
        and arrays.uv.shape == (faces, 4, 2)
        and arrays.part.shape == (faces,)
        and arrays.skin_weights.shape == (vertices, joints)
        and arrays.decided.shape == arrays.spread.shape == (vertices,)
        and all(0 <= i.candidate < len(arrays.identity_scores) for i in reconstruction.identities)
        and np.isfinite(arrays.identity_scores).all()
        and np.isfinite(arrays.uv).all()
        and np.isfinite(arrays.skin_weights).all()
        and len(set(names)) == len(names)
        and max(max(item.rank, item.candidate) for item in hypotheses) < _WHOLE
    )
    if not fits:
        raise damaged(reconstruction, "its arrays do not fit together")


def _check_polygons(reconstruction: Reconstruction, arrays: HeadArrays) -> None:
    vertices = arrays.identity_vertices.shape[1]
    corners = arrays.polygons
    triangle = corners[:, 3] == -1
    fourth = np.where(triangle, 0, corners[:, 3])
    ordered = np.sort(np.where(triangle[:, None] & (np.arange(4) == 3), -1, corners), axis=1)
    fits = (
        ((corners[:, :3] >= 0) & (corners[:, :3] < vertices)).all()
        and ((fourth >= 0) & (fourth < vertices)).all()
        and (np.diff(ordered, axis=1) > 0).all()
        and (arrays.part < len(reconstruction.parts)).all()
    )
    if not fits:
        raise damaged(reconstruction, "its polygons name vertices or parts that do not exist")


def damaged(reconstruction: Reconstruction, why: str) -> OferError:
    """That a reconstruction cannot be used; `why` ends the sentence."""
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "{name} is not a usable reconstruction: {why}.",
        "Reconstruct the photo again, or choose another NAME.ofer folder.",
        name=reconstruction.folder.name,
        why=Sentence(why),
    )
