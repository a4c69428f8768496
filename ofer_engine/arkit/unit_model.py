"""A head model with its 52 units, and the units fitted to one face of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from ..contract.arkit import ARKIT_52
from ..geometry.deformation_gradients import GradientSolver, displacement_gradients
from ..geometry.triangles import triangulate
from ..heads.open_head import OpenHead
from ..heads.teeth import Teeth
from .contacts import LID_PAIRS, LIP_PAIRS, Eyeball, clear_eyeballs, eyeball
from .gaze import turned_eyeballs
from .lips import ALLOWED, Lips, part_lips
from .open_smiles import clear_open_smiles
from .upright import upright_units

_FOLLOW: Final = 0.05
"""How strongly vertices keep to the template's own displacement beside its gradients."""
STILL: Final = 2e-5
"""Metres below which a displacement is none."""
_LID_ROOTS: Final = 8
"""Vertices of a lid with which, on average, a lash goes: one alone would crumple its row."""
_LIP_HEIGHT: Final = 0.010
_MOUTH: Final = 0.025
_MENDINGS: Final = 2
"""Rounds of clearing the eyeballs and turning triangles back: each undoes a little of the other."""
_SPARE: Final = np.radians(14)
_APART: Final = -0.0002
"""Of the template's own units: angle away from turning over, and metres deeper than at rest that
lips may press into each other."""
_CORNERS: Final = (78, 308)
"""Landmarks of the mouth's inner corners."""
_CLOSE: Final = ARKIT_52.index("mouthClose")
_JAW: Final = ARKIT_52.index("jawOpen")


@dataclass(frozen=True, eq=False)
class UnitModel:
    """A topology, its template and the template's units; metres, engine frame.

    template : (V, 3) float64; triangles : (T, 3) int; units : (52, V, 3) float64 in ARKIT_52
    order; outer : (V,) bool, skin that is seen; landmark_corners : (468, 3) int and
    landmark_weights : (468, 3), the detector's landmarks, none where the mesh is no surface;
    eyes : vertex ids of each eyeball; lashes : vertex ids, none where the head has none;
    teeth : where the head has them.
    """

    template: np.ndarray
    triangles: np.ndarray
    units: np.ndarray
    outer: np.ndarray
    landmark_corners: np.ndarray
    landmark_weights: np.ndarray
    eyes: tuple[np.ndarray, ...]
    lashes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    teeth: Teeth | None = None

    @staticmethod
    def of_open_head(head: OpenHead) -> UnitModel:
        """The open head's own units."""
        return UnitModel(
            head.template.astype(np.float64),
            triangulate(head.polygons),
            head.expression.astype(np.float64),
            head.outer,
            head.landmark_triangles,
            head.landmark_barycentric.astype(np.float64),
            (_part_vertices(head, "eye_left"), _part_vertices(head, "eye_right")),
            _part_vertices(head, "lashes"),
            Teeth.of(head),
        )

    def eyeballs(self, neutral: np.ndarray) -> tuple[Eyeball, ...]:
        """The spheres of a face's eyeballs. neutral : (V, 3)."""
        return tuple(eyeball(neutral[ids]) for ids in self.eyes)

    @cached_property
    def gradients(self) -> tuple[tuple[np.ndarray, np.ndarray] | None, ...]:
        """Of each unit the triangles that it bends (N,) and their displacement gradients (N, 3, 3)
        float32 on the template, None where it moves nothing: the same for every face."""

        def bent(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            gradient = displacement_gradients(self.template, self.triangles, unit)
            chosen = np.flatnonzero(gradient.any((1, 2)))
            return chosen, gradient[chosen].astype(np.float32)

        return tuple(bent(unit) if unit.any() else None for unit in self.units)

    @cached_property
    def skin(self) -> np.ndarray:
        """(T, 3) triangles of the skin that is seen."""
        return self.triangles[self.outer[self.triangles].all(1)]

    @cached_property
    def lips(self) -> Lips:
        """Both lips: near the line where they touch, told apart by how far the jaw takes them."""
        marks = (self.template[self.landmark_corners] * self.landmark_weights[..., None]).sum(1)
        line = marks[[mark for pair in LIP_PAIRS for mark in pair] + list(_CORNERS)]
        away = np.asarray(KDTree(line).query(self.template)[0])
        near = (away < _LIP_HEIGHT) & self.outer
        opened = np.linalg.norm(self.units[_JAW], axis=1)
        half = opened[near].max() / 2 if near.any() else 0.0
        upper, lower = near & (opened < 0.6 * half), near & (opened > 0.9 * half)
        return Lips.around(self.triangles, away < _MOUTH, upper, lower)

    def pair_rows(self, pairs: tuple[tuple[int, int], ...]) -> sparse.csr_matrix:
        """(P, V): the first landmark minus the second of each pair, over the vertices."""
        count = len(self.template)

        def rows(marks: list[int]) -> sparse.csr_matrix:
            where = (np.repeat(np.arange(len(marks)), 3), self.landmark_corners[marks].ravel())
            return sparse.csr_matrix(
                (self.landmark_weights[marks].ravel(), where), (len(marks), count)
            )

        return (rows([one for one, _ in pairs]) - rows([other for _, other in pairs])).tocsr()


def _part_vertices(head: OpenHead, name: str) -> np.ndarray:
    """(N,) vertex ids of a part; none where the head has no such part."""
    known = name in head.part_names
    return np.unique(triangulate(head.part_polygons(name))) if known else np.zeros(0, np.int32)


def settled_units(model: UnitModel) -> np.ndarray:
    """The template's units, mended once for all with something to spare: on faces that are like it
    little is left to mend. (52, V, 3) float32 metres."""
    balls = model.eyeballs(model.template)
    mended = _mended(model, model.template, model.units, balls, lambda: None, _SPARE, _APART)
    mended[np.linalg.norm(mended, axis=2) < STILL] = 0.0
    return mended.astype(np.float32)


def fitted_units(
    model: UnitModel,
    neutral: np.ndarray,
    eyeballs: tuple[Eyeball, ...] | None = None,
    check: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """The 52 units of one face: each bends it as it bends the template.

    Closed lids meet as the template's do, `mouthClose` closes the lips of an open jaw as they
    rest, lids slide over the eyeballs, and these turn about their centres. A unit that does not
    move the template is empty. The units of a mesh that is no surface are given as they are.
    neutral : (V, 3) metres, the model's topology; eyeballs : to slide over, if not the model's own;
    check : called now and again, may raise to stop.
    Returns (52, V, 3) float32 metres.
    """
    if not len(model.landmark_corners):
        return model.units.astype(np.float32)
    neutral = np.asarray(neutral, np.float64)
    free = GradientSolver(neutral, model.triangles, np.full(len(neutral), _FOLLOW))
    fitted = np.zeros_like(model.units)
    for number, name in enumerate(ARKIT_52):
        unit, bending = model.units[number], model.gradients[number]
        if bending is None:
            continue
        bent, gradient = bending
        check()
        if name in LID_PAIRS:
            rows = model.pair_rows(LID_PAIRS[name])
            fitted[number] = free.holding(rows).solve(
                gradient, unit, rows @ (model.template + unit) - rows @ neutral, bent
            )
        else:
            fitted[number] = free.solve(gradient, unit, bent=bent)
    if fitted[_CLOSE].any():
        rows = model.pair_rows(LIP_PAIRS)
        gradient = displacement_gradients(neutral, model.triangles, fitted[_CLOSE])
        fitted[_CLOSE] = free.holding(rows).solve(gradient, fitted[_CLOSE], -(rows @ fitted[_JAW]))
    fitted[np.linalg.norm(fitted, axis=2) < STILL] = 0.0
    own = model.eyeballs(neutral)
    mended = _mended(model, neutral, fitted, own if eyeballs is None else eyeballs, check)
    return turned_eyeballs(neutral, mended, model.eyes, own).astype(np.float32)


def _mended(
    model: UnitModel,
    neutral: np.ndarray,
    fitted: np.ndarray,
    balls: tuple[Eyeball, ...],
    check: Callable[[], None],
    spare: float = 0.0,
    allowed: float = ALLOWED,
) -> np.ndarray:
    """Units whose lips keep out of each other, whose lids slide over the eyeballs, in which no
    triangle turns over and no tooth leaves the mouth; `mouthClose` does so on an open jaw."""
    whole = fitted.copy()
    whole[_CLOSE] += fitted[_JAW]
    if len(model.lips.upper) and len(model.lips.lower):
        whole = part_lips(neutral, whole, model.lips, check, allowed)
    before, known = whole, None
    for _ in range(_MENDINGS):
        cleared = clear_eyeballs(neutral, whole, model.outer, balls)
        whole = upright_units(neutral, cleared, model.skin, check, spare, known)
        known = cleared
    if len(model.lashes):
        lids = np.flatnonzero(model.outer)
        near = lids[KDTree(model.template[lids]).query(model.template[model.lashes], _LID_ROOTS)[1]]
        whole[:, model.lashes] += (whole - before)[:, near].mean(2)
    if model.teeth:
        rest = model.teeth.clearances(neutral)
        for number in np.flatnonzero(whole[:, model.teeth.around].any((1, 2))):
            check()
            whole[number] = model.teeth.withdrawn(neutral + whole[number], rest) - neutral
        clear_open_smiles(model.teeth, neutral, whole, rest, check)
    whole[_CLOSE] -= whole[_JAW]
    return whole
