"""Any head model as a head that packs are trained on: the open head's knowledge carried over to it.

Pictures of the model, the detector's landmarks on them cast back onto its surface, the open head
laid over it by these: so regions, evidence points, units and joints find their places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ...arkit.landmark_cast import cast_landmarks
from ...arkit.registration import Registration, part_triangles, register
from ...arkit.transfer import carried_landmarks, transferred_units
from ...contract.errors import ErrorCode, OferError
from ...geometry.triangles import triangulate
from ...heads.head import Head
from ...heads.identity_prior import IdentityPrior
from ...heads.open_head import JOINT_NAMES, OpenHead
from ...photo.faces import FaceDetector
from .source_heads import SourceHead

_NEAR_JOINT: Final = 0.03
"""Metres about a joint within which the skin says how an identity moves it."""
_TRUSTED: Final = 0.3
_MOST_INFLUENCES: Final = 4
_JAW_PARTS: Final = ("teeth_lower", "tongue")


def adopt_head(
    source: SourceHead,
    open_head: OpenHead,
    detector: FaceDetector,
    check: Callable[[], None] = lambda: None,
) -> OpenHead:
    """The source's surface and modes in the form of `OpenHead`, its head joint at the origin.

    check : called now and again, may raise to stop. Raises OferError(BAD_REQUEST) where no face is
    seen on the model.
    """
    model = source.model
    marks = cast_landmarks(model, detector, check)
    if marks is None:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "No face can be seen on this head model.",
            "Y must be up and the face look along +Z.",
        )
    laid = register(model, open_head, marks, check)
    units = source.units
    if units is None:
        units = transferred_units(model, open_head, laid, check).units
    return _assembled(source, open_head, laid, units.astype(np.float32))


def _assembled(
    source: SourceHead, open_head: OpenHead, laid: Registration, units: np.ndarray
) -> OpenHead:
    model = source.model
    template = np.asarray(model.template, np.float32)
    joints, shifts = _joints(source, open_head, laid)
    origin = joints[JOINT_NAMES.index("head")].astype(np.float32)
    corners, weights = carried_landmarks(laid, open_head, part_triangles(model, "skin"))
    points = _chosen(open_head.point_vertices, laid)
    return OpenHead(
        template=template - origin,
        identity=np.asarray(source.identity, np.float32),
        expression=units,
        polygons=np.asarray(model.polygons, np.int32),
        uv=np.asarray(model.uv, np.float32),
        part=np.asarray(model.part, np.uint8),
        part_names=model.part_names,
        regions=_carried(open_head.regions.T, laid, len(template)).T.astype(np.float32),
        region_names=open_head.region_names,
        mean_joints=(joints - origin).astype(np.float32),
        joints_identity=shifts.astype(np.float32),
        joint_names=JOINT_NAMES,
        joint_parents=open_head.joint_parents,
        skin_weights=_skin_weights(source, open_head, laid),
        outer=_carried(open_head.outer, laid, len(template)) > 0.5,
        face=_carried(open_head.face, laid, len(template)) > 0.5,
        landmark_triangles=corners.astype(np.int32),
        landmark_barycentric=weights.astype(np.float32),
        point_vertices=points,
        rank_vertices=_chosen(open_head.rank_vertices, laid),
        mirror=_mirror(template - origin),
        neck_loop=_lowest_border(template, triangulate(model.polygons)),
        free_modes=0,
        scan_offset=np.zeros(template.shape, np.float32),
        prior=IdentityPrior.independent(len(source.identity)),
    )


def _carried(values: np.ndarray, laid: Registration, count: int) -> np.ndarray:
    """(V', ...) values of the open head's vertices (V, ...) on the model; 0 beside its skin and
    where the two do not meet."""
    known = laid.points.interpolate(np.asarray(values, np.float64))
    known = known * (laid.trust > _TRUSTED).reshape(-1, *[1] * (known.ndim - 1))
    carried = np.zeros((count, *known.shape[1:]))
    carried[laid.skin] = known
    return carried


def _chosen(ids: np.ndarray, laid: Registration) -> np.ndarray:
    """(n,) int32: for each of the open head's vertices one of the model's own that lies nearest and
    is not taken yet."""
    trusted = laid.skin[laid.trust > _TRUSTED]
    places = laid.template[trusted]
    free = np.ones(len(trusted), bool)
    chosen = []
    for point in laid.shape[ids]:
        away = np.square(places - point).sum(axis=1)
        away[~free] = np.inf
        nearest = int(away.argmin())
        free[nearest] = False
        chosen.append(trusted[nearest])
    return np.array(chosen, np.int32)


def _joints(
    source: SourceHead, open_head: OpenHead, laid: Registration
) -> tuple[np.ndarray, np.ndarray]:
    """Mean joints (6, 3) in the model's frame, and how each mode moves them, (K, 6, 3)."""
    if source.joints is not None:
        return source.joints[0], source.joints[1:] - source.joints[0]
    placement = laid.placement
    mean = placement.undo(open_head.mean_joints)
    template = np.asarray(source.model.template, np.float64)
    shifts = np.zeros((len(source.identity), len(mean), 3))
    for number, name in enumerate(JOINT_NAMES):
        eyeball = _eyeball(source.model, name)
        if len(eyeball):
            mean[number] = (template[eyeball].min(0) + template[eyeball].max(0)) / 2
            shifts[:, number] = source.identity[:, eyeball].mean(axis=1)
            continue
        away = np.square(template[laid.skin] - mean[number]).sum(axis=1)
        share = np.exp(-(away - away.min()) / (2 * _NEAR_JOINT**2))
        share /= share.sum()
        shifts[:, number] = np.einsum("v,kvc->kc", share, source.identity[:, laid.skin])
    return mean, shifts


def _eyeball(model: Head, joint: str) -> np.ndarray:
    part = {"eye_L": "eye_left", "eye_R": "eye_right"}.get(joint)
    return np.unique(part_triangles(model, part)) if part else np.zeros(0, int)


def _skin_weights(source: SourceHead, open_head: OpenHead, laid: Registration) -> np.ndarray:
    """(V', 6) float32, at most four a row, rows sum to 1."""
    if source.skin_weights is not None:
        return source.skin_weights
    model = source.model
    weights = np.zeros((len(model.template), len(JOINT_NAMES)))
    weights[:, JOINT_NAMES.index("head")] = 1.0
    for name in _JAW_PARTS:
        ids = np.unique(part_triangles(model, name))
        weights[ids] = np.eye(len(JOINT_NAMES))[JOINT_NAMES.index("jaw")]
    for name in ("eye_L", "eye_R"):
        weights[_eyeball(model, name)] = np.eye(len(JOINT_NAMES))[JOINT_NAMES.index(name)]
    weights[laid.skin] = laid.points.interpolate(open_head.skin_weights.astype(np.float64))
    rank = np.argsort(np.argsort(-weights, axis=1, kind="stable"), axis=1)
    weights[rank >= _MOST_INFLUENCES] = 0.0
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _mirror(template: np.ndarray) -> np.ndarray:
    """(V,) int32 vertex nearest to each one's mirror image."""
    nearest = KDTree(template).query(template * [-1.0, 1.0, 1.0])[1]
    return np.asarray(nearest, np.int32)


def _lowest_border(template: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(L,) int32 vertices of the lowest open border in walking order; empty for a closed head."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ends = np.sort(edges, axis=1)
    _, first, count = np.unique(ends, axis=0, return_index=True, return_counts=True)
    after = dict(edges[first[count == 1]].tolist())
    loops = []
    while after:
        start, _ = next(iter(after.items()))
        loop = [start]
        while (following := after.pop(loop[-1], None)) not in (None, start):
            loop.append(following)
        loops.append(loop)
    if not loops:
        return np.zeros(0, np.int32)
    # A border shorter than a handful of edges is a flaw of the mesh, not a neck.
    wide = [loop for loop in loops if len(loop) > 12] or loops
    return np.array(min(wide, key=lambda loop: template[loop, 1].mean()), np.int32)
