"""The lower neck of a head, eased to the edge of its body's mesh, in a shape key of its own.

A strip between edges of different widths at one height lies flat, as a fold around the neck, and
one under an edge that stands out is a ledge. So the head's edge comes to the body's, but for how
far a strip may widen downwards, and what is above it follows the less the higher it is.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..head import helper_keys, joint_anchors, shape_keys
from . import body_bones
from .at_rest import shape_at_rest

_LEAN: Final = 0.5
"""Metres outwards that the strip may go for each of its length; inwards it goes none."""
_RISE: Final = (0.9, 0.02)
"""Share of the strip's length that the head's edge takes over, and at most how many metres."""
_REACH: Final = (0.03, 5.0, 0.09)
"""Metres up the neck over which that fades: least, for each metre that the edge moves, most."""
_SHOWS: Final = 1e-5
"""Metres."""


def ease(
    head: bpy.types.Object, armature: bpy.types.Object, edge: np.ndarray, lower: np.ndarray
) -> bool:
    """Bring a head's edge to its body's; whether there was anything to move.

    edge : (n,) vertices of the head around its open neck; lower : (m, 3) metres, world, the body's
    edge, both in order.
    """
    keys = head.data.shape_keys
    helper_keys.remove(head, helper_keys.NECK_FIT)  # it is made anew
    with shape_at_rest(head, armature, modifiers=False) as mesh:
        points = np.array([head.matrix_world @ vert.co for vert in mesh.vertices])
    bones = body_bones.recognise(armature)
    names = (bones.chest, *bones.necks) if bones else ()
    follows = [joint_anchors.shares(head, name) for name in names if name in head.vertex_groups]
    moved = moves(points, edge, lower, np.clip(np.sum(follows, axis=0), 0, 1))
    if np.abs(moved).max() < _SHOWS:
        return False
    back = np.linalg.inv(np.array(head.matrix_world.to_3x3()))
    key = helper_keys.ensure(head, helper_keys.NECK_FIT)
    basis = shape_keys.points(keys.reference_key)
    shape_keys.set_points(key, basis + (moved @ back.T).astype(np.float32))
    head.data.update()
    return True


def moves(
    points: np.ndarray, edge: np.ndarray, lower: np.ndarray, follows: np.ndarray
) -> np.ndarray:
    """(V, 3) metres that the points of a head (V, 3) move; follows : (V,) 0..1, how far each
    belongs to the neck. As `ease`; all in one frame."""
    axes = _axes(lower, points)
    around, flat, high = _polar(lower - lower.mean(0), axes)
    goal = around, np.column_stack((flat, high))
    shown = points - lower.mean(0)
    middle = (shown[edge] @ axes.T)[:, :2].mean(0) @ axes[:2]
    here, flat, high = _polar(shown - middle, axes)
    wanted = _around(*goal, here[edge])
    away = wanted - shown[edge] @ axes.T
    far = np.maximum(np.linalg.norm(away[:, :2], axis=1), 1e-9)
    share, most = _RISE
    rise = np.clip(share * away[:, 2], -most, most)
    left_to_strip = _LEAN * np.abs(away[:, 2] - rise)
    widens = (away[:, :2] * wanted[:, :2]).sum(axis=1) > 0
    away[:, :2] *= np.where(widens, np.clip(1 - left_to_strip / far, 0, 1), 1)[:, None]
    away[:, 2] = rise
    of_edge = _around(here[edge], np.column_stack((away, high[edge])), here)
    least, each, most = _REACH
    reach = min(max(least, each * float(np.linalg.norm(away, axis=1).max())), most)
    up = np.clip((high - of_edge[:, 3]) / reach, 0, 1)
    share = (1 - up * up * (3 - 2 * up)) * follows
    share[edge] = 1
    return share[:, None] * (of_edge[:, :3] @ axes)


def _around(angles: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(N, C) at angles (N,), linear between values (n, C) at their angles (n,)."""
    return np.column_stack([np.interp(at, angles, each, period=2 * np.pi) for each in values.T])


def _axes(lower: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(3, 3) rows: two across the body's edge, and up along the neck."""
    axes = np.linalg.svd(lower - lower.mean(0))[2]
    up = axes[2] * np.sign(axes[2] @ (points.mean(0) - lower.mean(0)))
    return np.stack((axes[0], np.cross(up, axes[0]), up))


def _polar(points: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angles (N,), places across (N, 2) and heights (N,) of points (N, 3)."""
    local = points @ axes.T
    return np.arctan2(local[:, 1], local[:, 0]), local[:, :2], local[:, 2]
