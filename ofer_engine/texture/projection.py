"""One photo laid over the head: where each vertex is in it, and how far pixels can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.smooth_step import smooth_step
from ..geometry.triangles import vertex_normals
from .alignment import PointEvidence, photo_places
from .brow_view import BrowView, brow_view
from .details import details
from .drawn_brows import without_brows
from .explanation import Explanation, VertexAlbedo, explain, opponent
from .features import Features
from .fields import spread
from .folds import beside_lips, folded, pressed
from .laid_photo import Laid, averaged, in_sight, lay, sample
from .photo_view import PhotoView
from .sclera import sclera_colour
from .shape import Shape
from .trust import DepthMap

_GRAZING, _FACING = 0.15, 0.65
"""Cosines between normal and view: nothing is believed below the first, all above the second."""
_HIDDEN, _SEEN = 0.30, 0.70
_UNTOLD = 0.6
"""How far a place is believed about which the evidence says nothing: ears, crown, neck."""
_FEATHER = 5.0
"""Millimetres over which belief fades on the skin, and skin shares its folds."""
_ON_SCALP, _PLAIN, _FEW = 0.7, 0.5, 30
"""Where hair is looked for: belonging to the scalp, clear of edges, and the least vertices."""
_BALD = -0.35
"""Log luminance beside skin above which a scalp is bald, or white."""
_VERTEX = 0.0025
"""Metres over which the colour of a vertex is averaged."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A photo cut to the head and scaled to the texture's density, without what is explained.

    detail : (h, w, 4) float32, what the skin has beyond the prior's albedo (log luminance, log R/G,
    log B/G), and the finest of its luminance; trust : (h, w) float32; depth : of the head; places :
    (V, 2) pixels of `detail`; distance : (V,) metres; sure : (V,) 0..1, what angle and evidence
    leave; broad : (V, 3) the same of differences too broad for `detail`, and known : (V,) 0..1, how
    far the photo tells them; explanation : what explains the photo; lips : (3,) by which lips
    differ from it; uneven : deviation of the finest luminance; hair : (3,) of the hair that it
    shows, beside its skin, or None; brows : what it shows around them; sclera : (3,) of the whites
    of the eyes, log luminance, log R/G, log B/G, or None.
    """

    detail: np.ndarray
    trust: np.ndarray
    depth: DepthMap
    places: np.ndarray
    distance: np.ndarray
    sure: np.ndarray
    broad: np.ndarray
    known: np.ndarray
    explanation: Explanation
    lips: np.ndarray
    uneven: float
    hair: np.ndarray | None
    brows: BrowView
    sclera: np.ndarray | None

    def at_vertices(self) -> np.ndarray:
        """(V, 4) float32: place x, y, distance, sure; what `details` reads."""
        columns = (self.places, self.distance, self.sure)
        return np.column_stack(columns).astype(np.float32)

    def details(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Details (N, 4) and how far they are believed (N,). at : (N, 4) as `at_vertices`."""
        place, distance, sure = at[:, :2], at[:, 2], at[:, 3]
        near = in_sight(self.depth, place, distance)
        weight = sure * near * sample(self.trust[..., None], place)[:, 0]
        return sample(self.detail, place), weight


def project(
    shape: Shape,
    features: Features,
    view: PhotoView,
    albedo: VertexAlbedo,
    places: np.ndarray,
    resolution: int,
    wanted: np.ndarray | float = 1.0,
) -> Projection:
    """Lay a photo over the head. albedo : the prior on this head; places : (V, 3), as
    `DrawnBrows.places`; resolution : side of the texture, pixels; wanted : (V,) 0..1, where the
    artist wants anything of photos."""
    laid_at = photo_places(view.vertices, view.camera, view.evidence)
    towards = view.camera.to_camera(view.vertices)
    normals = vertex_normals(view.vertices, shape.triangles) @ view.camera.rotation.T
    towards = -towards / np.linalg.norm(towards, axis=1, keepdims=True)
    facing = (normals * towards).sum(1)
    seen = _seen_by_evidence(shape, view.evidence)
    shown = smooth_step(facing, _GRAZING, _FACING) * seen
    sure = shown * (1 - np.clip(features.cavity * 2, 0, 1)) * (1 - np.clip(features.neck, 0, 1))
    shorter = pressed(shape, view.calm, view.vertices)
    feathered, shorter = spread(shape, np.c_[sure, shorter], _FEATHER).T
    sure = np.minimum(sure, np.clip(feathered, 0, 1))
    laid = lay(shape, view, laid_at, facing, resolution)
    explanation = explain(albedo, normals, *_vertex_colours(laid, features, sure * seen))
    folds = np.maximum(folded(shorter), beside_lips(shape, features, view.calm, view.vertices))
    bare = without_brows(shape, features, np.c_[albedo.at(explanation.weights), albedo.spread])
    skin = explanation.level + explanation.light + bare[:, :3]
    found = details(laid, shape, features, folds, sure, skin, bare[:, 3:], explanation)
    brows = brow_view(
        laid, shape, places, skin, shown * wanted, features.lids, explanation.coloured
    )
    return Projection(
        found.detail, laid.plain * found.trust, laid.depth, laid.places, laid.distance, sure,
        found.broad, found.known, explanation, found.lips, found.uneven,
        _hair(laid, features, explanation, facing), brows,
        sclera_colour(laid, shape, features.eyeballs, seen, explanation),
    )  # fmt: skip


def _vertex_colours(
    laid: Laid, features: Features, sure: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) linear, averaged, and (V,) how far they tell of skin and light."""
    soft = averaged(laid.picture, laid.plain, _VERTEX / laid.pixel)
    hair = np.clip(features.scalp + 0.7 * features.ears + 0.8 * features.neck, 0, 1)
    weight = sure * (1 - hair) * sample(laid.plain[..., None], laid.places)[:, 0]
    weight = weight * in_sight(laid.depth, laid.places, laid.distance)
    return sample(soft, laid.places), weight


def _hair(
    laid: Laid, features: Features, explanation: Explanation, facing: np.ndarray
) -> np.ndarray | None:
    """(3,) log luminance, log R/G, log B/G of the hair on the scalp, less the skin's."""
    near = in_sight(laid.depth, laid.places, laid.distance)
    scalp = (features.scalp > _ON_SCALP) & (facing > _GRAZING) & near
    scalp &= sample(laid.plain[..., None], laid.places)[:, 0] > _PLAIN
    if scalp.sum() < _FEW:
        return None
    shown = sample(laid.picture, laid.places[scalp])
    beside = np.median(opponent(shown) - explanation.level, axis=0)
    if not explanation.coloured:
        beside[1:] = 0
    return beside if beside[0] < _BALD else None


def _seen_by_evidence(shape: Shape, evidence: PointEvidence) -> np.ndarray:
    """(V,) 0..1: how far the evidence says that a vertex is seen."""
    visible, away = evidence.seen_at(shape.template, shape.template)
    known = smooth_step(-away, -0.035, -0.012)
    return smooth_step(visible, _HIDDEN, _SEEN) * known + _UNTOLD * (1 - known)
