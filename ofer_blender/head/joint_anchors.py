"""Where a head's joints are, told by its vertices, so that blends and moved heads know theirs.

A joint is an affine sum of anchor vertices, fitted to the identities of the reconstruction: exact
on each of them and on every blend.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.reconstruction import Reconstruction
from . import shape_keys

PROPERTY: Final = "ofer_joints"
_ANCHORS: Final = 160
_MOST_IDENTITIES: Final = 50
_RIDGE: Final = 1e-8
_ASIDE: Final = "joint "
"""Before the name of a joint: the group that keeps its shares while a bone of a body, which is
called as the joint, has others."""


def store(head: bpy.types.Object, reconstruction: Reconstruction, arrays: HeadArrays) -> None:
    """Keep names, parents and anchors with the head, as the custom property `ofer_joints`."""
    vertices = arrays.identity_vertices[:_MOST_IDENTITIES]
    anchors = np.linspace(0, vertices.shape[1] - 1, min(_ANCHORS, vertices.shape[1])).astype(int)
    weights = _weights(vertices[:, anchors], arrays.identity_joints[:_MOST_IDENTITIES])
    head[PROPERTY] = {
        "names": list(reconstruction.joints),
        "parents": list(reconstruction.joint_parents),
        "anchors": anchors.tolist(),
        "weights": weights.ravel().tolist(),
    }


def places(head: bpy.types.Object) -> dict[str, np.ndarray]:
    """Joint → (3,) float64, metres, object frame, of the Basis as it is now.

    Raises OferError(RECONSTRUCTION_DAMAGED) where the custom property was deleted.
    """
    kept = _kept(head)
    shape = shape_keys.points(head.data.shape_keys.reference_key).astype(np.float64)
    weights = np.array(kept["weights"]).reshape(len(kept["names"]), -1)
    return dict(zip(kept["names"], weights @ shape[list(kept["anchors"])], strict=True))


def parents(head: bpy.types.Object) -> dict[str, str]:
    """Joint → its parent, "" for the root. Raises as `places`."""
    kept = _kept(head)
    names = list(kept["names"])
    return {
        name: names[parent] if parent >= 0 else ""
        for name, parent in zip(names, kept["parents"], strict=True)
    }


def known(head: bpy.types.Object) -> bool:
    """The head still says where its joints are."""
    return PROPERTY in head


def groups_missing(head: bpy.types.Object) -> tuple[str, ...]:
    """Joints whose vertex groups an artist deleted."""
    return tuple(name for name in _kept(head)["names"] if name not in head.vertex_groups)


def shares(head: bpy.types.Object, joint: str) -> np.ndarray:
    """(V,) float64, how much each vertex follows a joint, 0..1."""
    group = head.vertex_groups[joint].index
    return np.array([
        next((entry.weight for entry in vertex.groups if entry.group == group), 0.0)
        for vertex in head.data.vertices
    ])  # fmt: skip


def own_shares(head: bpy.types.Object, joint: str) -> np.ndarray:
    """As `shares`, also while a body's bone has a joint's group."""
    return shares(head, _ASIDE + joint if _ASIDE + joint in head.vertex_groups else joint)


def set_aside(head: bpy.types.Object, joints: Collection[str]) -> None:
    """Keep the shares of these joints, and of no others, while a body has their groups."""
    take_back(head)
    drop_aside(head)
    for joint in joints:
        set_shares(head, _ASIDE + joint, shares(head, joint))


def take_back(head: bpy.types.Object) -> None:
    """Give the joints' groups what was set aside; it stays there until `drop_aside`."""
    for joint in _kept(head)["names"]:
        if _ASIDE + joint in head.vertex_groups:
            set_shares(head, joint, own_shares(head, joint))


def drop_aside(head: bpy.types.Object) -> None:
    """Remove what was set aside."""
    for joint in _kept(head)["names"]:
        if group := head.vertex_groups.get(_ASIDE + joint):
            head.vertex_groups.remove(group)


def set_shares(head: bpy.types.Object, name: str, weights: np.ndarray, least: float = 0.0) -> None:
    """Give a vertex group, made where it is missing, weights (V,), those of more than `least`."""
    group = head.vertex_groups.get(name) or head.vertex_groups.new(name=name)
    group.remove(range(len(weights)))
    for vertex in np.flatnonzero(weights > least).tolist():
        group.add([vertex], float(weights[vertex]), "REPLACE")


def _kept(head: bpy.types.Object) -> dict:
    if not known(head):
        raise OferError(
            ErrorCode.RECONSTRUCTION_DAMAGED,
            "{name} does not say where its joints are: its property {property} is gone.",
            "Open its reconstruction again.",
            name=head.name,
            property=PROPERTY,
        )
    return head[PROPERTY].to_dict()


def _weights(points: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """(J, A) affine weights of anchors (I, A, 3) that give joints (I, J, 3) best, small ones."""
    count = points.shape[1]
    mean, spread = points.mean(0), points - points.mean(0)
    # The mean head and each identity's way from it, told apart so that both are met.
    rows = np.concatenate([mean.T, *(each.T for each in spread), np.ones((1, count))])
    goal_mean, goal = joints.mean(0), joints - joints.mean(0)
    wanted = np.concatenate(
        [goal_mean.T, *(each.T for each in goal), np.ones((1, joints.shape[1]))]
    )
    rows, wanted = rows.astype(np.float64), wanted.astype(np.float64)
    system = rows @ rows.T + _RIDGE * np.eye(len(rows))
    return (rows.T @ np.linalg.solve(system, wanted)).T
