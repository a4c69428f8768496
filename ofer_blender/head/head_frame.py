"""Where a head stands in its own mesh: what the engine sends later is laid on it as it is now.

An artist sculpts the head, applies its transforms, moves its origin, joins a hat to it. The engine
knows nothing of that; it sends shapes as they were drawn. Those of the identity that is the Basis
are known here too, so both are compared: which vertices are the head's, what map moved them, and
what was sculpted. Every later shape becomes Basis + map(shape - the engine's neutral head).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from ...ofer_engine.client.head_arrays import damaged
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.reconstruction import RECORD, Reconstruction
from ...ofer_engine.contract.sentence import Sentence
from ...ofer_engine.geometry import affine_map
from ...ofer_engine.geometry.affine_map import Affine
from . import hypotheses, packed_reconstruction, shape_keys

_SMALLEST: Final = 1e-5
_FLATTEST: Final = 50.0
"""Scale, and scale of one direction against another: beyond them nothing of a face is left."""
_SAME_PLACE: Final = 1e-5
"""Metres: the grid on which vertices of a head that was cut are found again."""
_LEAST_SHARE: Final = 0.15
"""Of such a head's vertices, which must lie where they were."""


@dataclass(frozen=True, eq=False)
class HeadFrame:
    """record : of the head's reconstruction; neutral : (V, 3) float32, metres, Blender frame: the
    engine's shape of the Basis's identity; joints : name -> (3,) float64, likewise; basis : (N, 3)
    float32, object frame: the Basis as it is, the V vertices of the head first, then what was
    joined to it; placed : from the engine's shapes, in Blender's frame, to the object's.
    """

    record: Reconstruction
    neutral: np.ndarray
    joints: Mapping[str, np.ndarray]
    basis: np.ndarray
    placed: Affine

    @property
    def vertices(self) -> int:
        """How many are the head's own."""
        return len(self.neutral)

    def shape(self, shape: np.ndarray, neutral: np.ndarray | None = None) -> np.ndarray:
        """(N, 3) float32, object frame: a shape of the engine (V, 3), Blender frame, on this head.

        neutral : what the engine held for the Basis when it drew that shape; None: this frame's.
        """
        neutral = self.neutral if neutral is None else neutral
        if self.placed is not affine_map.UNMOVED:
            return self.moved(np.asarray(shape, np.float64) - neutral)
        laid = self.basis.copy()  # an untouched head gets the very bits of the engine
        laid[: self.vertices] = shape + (self.basis[: self.vertices] - neutral)
        return laid

    def moved(self, moves: np.ndarray, further: np.ndarray | float = 0.0) -> np.ndarray:
        """(N, 3) float32, object frame: this head moved by (V, 3) metres of the engine's, and
        further by metres of the object's."""
        laid = self.basis.copy()
        laid[: self.vertices] = laid[: self.vertices] + (self.placed.moves(moves) + further)
        return laid


def of(head: bpy.types.Object) -> HeadFrame:
    """The frame of a head as its mesh is now.

    Raises OferError(BAD_REQUEST) where vertices of the head were removed, reordered or made no
    number, its Basis was deleted, its keys are absolute, or it was mirrored or flattened, and
    OferError(RECONSTRUCTION_DAMAGED | READ_ONLY | DISK_FULL) as `packed_reconstruction.ensure`.
    """
    record = packed_reconstruction.record(head)
    neutral, joints = _neutral(head, record)
    basis = shape_keys.points(head.data.shape_keys.reference_key)
    if not _is_whole(head.data, record, len(neutral)):
        raise _changed(head)
    if not head.data.shape_keys.use_relative:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has absolute shape keys, which play one after the other: new shapes do not"
            " fit among them.",
            "Turn on Relative above its shape keys (Object Data Properties).",
            name=head.name,
        )
    if not np.isfinite(basis).all():  # as a script or a driver may leave it
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has vertices whose place is no number: new shapes do not fit it.",
            "Undo that, or open the reconstruction again.",
            name=head.name,
        )
    placed = affine_map.find(neutral, basis[: len(neutral)])
    if placed.scale < _SMALLEST or placed.stretch > _FLATTEST:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} was flattened, or scaled to nothing: new shapes do not fit it.",
            "Undo that, or open the reconstruction again.",
            name=head.name,
        )
    if placed.mirrors:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} was mirrored: left and right of new shapes would be swapped.",
            "Mirror it back first: scale it by -1 along X and apply the scale.",
            name=head.name,
        )
    return HeadFrame(record, neutral, joints, basis, placed)


def placement(head: bpy.types.Object, unpack: bool = True) -> Affine:
    """From the engine's shapes, in Blender's frame, to the object's; known of more heads than `of`:
    of those whose reconstruction is lost, and those that were cut, where they still stand.

    unpack : the reconstruction may be brought out of the .blend where its folder is missing.
    Raises OferError(BAD_REQUEST), or as `packed_reconstruction.ensure` where there is no room to
    unpack: how the head was moved is not known then.
    """
    if not unpack and not (Path(bpy.path.abspath(head.ofer.folder)) / RECORD).is_file():
        return affine_map.UNMOVED
    try:
        frame = or_unmoved(head)
    except OferError as error:
        if error.code == ErrorCode.BAD_REQUEST and _was_cut_where_it_stands(head):
            return affine_map.UNMOVED
        raise
    return frame.placed if frame else affine_map.UNMOVED


def in_world(head: bpy.types.Object) -> np.ndarray:
    """(3, 3) float64: how the scene turns and scales a head. Raises OferError(BAD_REQUEST) where
    that is no number, as a script or a driver may leave it."""
    linear = np.array(head.matrix_world.to_3x3())
    if not np.isfinite(linear).all():
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is turned or scaled by what is no number.",
            "Clear its rotation and scale.",
            name=head.name,
        )
    return linear


def or_unmoved(head: bpy.types.Object) -> HeadFrame | None:
    """As `of`; None where the reconstruction is lost."""
    try:
        return of(head)
    except OferError as error:
        if error.code != ErrorCode.RECONSTRUCTION_DAMAGED:
            raise
        return None


def polygons(head: bpy.types.Object) -> int:
    """How many polygons of the mesh are the head's own; those of what was joined to it come after.

    Raises OferError(BAD_REQUEST) unless they are the engine's, one by one, and otherwise as `of`.
    """
    record = packed_reconstruction.record(head)
    drawn = _polygons(record, len(_neutral(head, record)[0]))
    corners = drawn >= 0
    wanted, mesh = drawn[corners], head.data
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    found = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", found)
    same_sizes = np.array_equal(sizes[: len(drawn)], corners.sum(axis=1))
    if not (same_sizes and np.array_equal(found[: len(wanted)], wanted)):
        raise _changed(head)
    return len(drawn)


def _neutral(
    head: bpy.types.Object, record: Reconstruction
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(V, 3) float32 and the joints, Blender frame: what the engine drew for the Basis."""
    hypotheses.check_basis(head)
    rows = {item.candidate: row for row, item in enumerate(record.identities)}
    shares = hypotheses.rows_of(head, head.ofer.basis)
    total = sum(shares.values())
    if not shares or not shares.keys() <= rows.keys() or not total > 0:
        raise damaged(
            record, Sentence("it does not hold the head {basis}", basis=repr(head.ofer.basis))
        )
    shapes = record.numbers("identity_vertices", (len(record.identities), None, 3))
    joints = record.numbers("identity_joints", (len(shapes), len(record.joints), 3))
    parts = [(rows[candidate], share / total) for candidate, share in shares.items()]
    if len(parts) == 1:
        mixed = shapes[parts[0][0]], joints[parts[0][0]]
    else:
        mixed = tuple(sum(share * each[row] for row, share in parts) for each in (shapes, joints))
    places = to_blender(mixed[1]).astype(np.float64)
    return to_blender(mixed[0]), dict(zip(record.joints, places, strict=True))


def _polygons(record: Reconstruction, vertices: int) -> np.ndarray:
    """(F, 4) int64, -1 last in a triangle."""
    polygons = record.numbers("polygons", (None, 4)).astype(np.int64)
    if polygons.min(initial=-1) < -1 or polygons.max(initial=0) >= vertices:
        raise damaged(record, "its polygons name vertices or parts that do not exist")
    return polygons


def _is_whole(mesh: bpy.types.Mesh, record: Reconstruction, vertices: int) -> bool:
    """The mesh begins with the head's vertices: all edges between them are there."""
    polygons, count = _polygons(record, vertices), len(mesh.vertices)
    if count < vertices:
        return False
    found = np.empty(2 * len(mesh.edges), np.int32)
    mesh.edges.foreach_get("vertices", found)
    following = np.roll(polygons, -1, axis=1)
    triangle = polygons[:, 3] < 0
    following[triangle, 2] = polygons[triangle, 0]
    pairs = np.stack((polygons, following), axis=-1)[polygons >= 0]
    return bool(np.isin(_codes(pairs, count), _codes(found.reshape(-1, 2), count)).all())


def _codes(edges: np.ndarray, count: int) -> np.ndarray:
    """One number for each edge (E, 2), whichever way round."""
    low, high = np.sort(edges.astype(np.int64), axis=1).T
    return np.unique(low * count + high)


def _was_cut_where_it_stands(head: bpy.types.Object) -> bool:
    """Some of the head is gone, and what is left of it lies where the engine drew it."""
    record = packed_reconstruction.record(head)
    neutral, _ = _neutral(head, record)
    if _is_whole(head.data, record, len(neutral)):
        return False
    basis = shape_keys.points(head.data.shape_keys.reference_key)
    wanted, found = (
        np.ascontiguousarray(np.rint(points / _SAME_PLACE).astype(np.int64)).view("i8,i8,i8")
        for points in (neutral, basis)
    )
    return bool(np.isin(found, wanted).mean() >= _LEAST_SHARE)


def _changed(head: bpy.types.Object) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST,
        "The mesh of {name} was changed: vertices of the head were removed or reordered, "
        "and new shapes do not fit it.",
        "Undo that, or open the reconstruction again.",
        name=head.name,
    )
