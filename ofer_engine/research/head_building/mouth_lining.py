"""Keeps the lining of mouth and nostrils behind the skin, whoever the head is.

MakeHuman's sliders move the lining little by little otherwise than the skin in front of it; one or
two millimetres apart, it came through under the nostrils in 13 of 100 random heads. So lining that
lies close behind the skin takes over the skin's movement, and keeps the template's distance. On a
template whose skin was moved, lining that came through is tucked behind it first.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ...geometry.smooth_step import smooth_step
from ...geometry.triangles import vertex_normals
from .head_cut import HeadCut

_CLOSE, _FAR = 0.004, 0.010
"""Metres behind the skin at which the lining follows wholly, and no more."""
_NEIGHBOURS: Final = 8
_BEHIND_LIPS, _BEHIND_NOSE = 0.0010, 0.0030
_FORWARD: Final = 0.15
_AROUND, _BEFORE = 0.004, 12


def lining_and_skin(
    cut: HeadCut, outer: np.ndarray, cavity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which vertices line the mouth, and which are skin that is seen, (V,) bool each.

    outer : (V,) bool; cavity : (V,) in 0..1, MakeHuman's inside of the mouth.
    """
    skin = np.zeros(len(outer), bool)
    skin[cut.vertices_of("skin")] = True
    return skin & ~outer & (cavity > 0.5), skin & outer


def tucked(
    template: np.ndarray,
    lining: np.ndarray,
    skin: np.ndarray,
    triangles: np.ndarray,
    lips: np.ndarray,
) -> np.ndarray:
    """The template (V, 3) metres, lining that stands before the skin pushed back behind it.

    lining, skin : (V,) bool; triangles : (T, 3) of either; lips : (V,) in 0..1. The nose, above the
    lips, varies more, and its lining goes deeper.
    """
    changed = template.copy()
    seen = skin & (vertex_normals(template, triangles, float)[:, 2] > _FORWARD)
    front = np.flatnonzero(seen & (template[:, 2] > template[lining, 2].mean()))
    moved = np.flatnonzero(lining)
    distance, nearest = KDTree(template[front, :2]).query(template[moved, :2], k=_BEFORE)
    depth = np.where(distance < _AROUND, template[front[nearest], 2], np.inf).min(1)
    in_nose = template[moved, 1] > template[lips > 0.5, 1].max()
    behind = np.where(in_nose, _BEHIND_NOSE, _BEHIND_LIPS)
    changed[moved, 2] = np.minimum(template[moved, 2], depth - behind)
    return changed


def lining_behind_skin(
    template: np.ndarray,
    identity: np.ndarray,
    lining: np.ndarray,
    skin: np.ndarray,
    mirror: np.ndarray,
) -> np.ndarray:
    """(K, V, 3): the modes, the lining's movement replaced where it lies close behind the skin.

    template : (V, 3) metres; identity : (K, V, 3), each mode even or odd under mirror (V,) int;
    lining, skin : (V,) bool.
    """
    own, front = np.flatnonzero(lining), np.flatnonzero(skin)
    distance, nearest = KDTree(template[front]).query(template[own], k=_NEIGHBOURS)
    distance = np.asarray(distance)
    shares = 1 / np.maximum(distance, 1e-4) ** 2
    shares /= shares.sum(axis=1, keepdims=True)
    near = smooth_step(distance[:, 0], _FAR, _CLOSE)
    followed = np.einsum("cn,kcnx->kcx", shares, identity[:, front[nearest]])
    changed = identity.copy()
    changed[:, own] += near[:, None] * (followed - identity[:, own])
    mirrored = changed[:, mirror] * [-1, 1, 1]
    parity = np.sign((identity * (identity[:, mirror] * [-1, 1, 1])).sum(axis=(1, 2)))
    return (changed + parity[:, None, None] * mirrored) / 2
