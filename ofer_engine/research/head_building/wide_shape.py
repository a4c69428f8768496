"""The open head's shape on a basis that real heads fit, and the prior over it.

First come modes of MakeHuman's sliders alone (CC0): principal components of a mixture of groups,
the scans' people as sliders can say them, pushed by macro targets to children, the old, heavy and
slight, of all ancestries. What the sliders cannot say of the scans comes after: one constant
offset, in the template, and the principal components of the rest. Leaving both off leaves a CC0
head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...heads.identity_prior import IdentityPrior
from ...heads.open_head import JOINT_NAMES
from .drawn_head import DrawnHead
from .group_prior import GroupStatistics, both_sides, parity, standardised
from .human_prior import SliderPrior
from .identity_basis import identity_basis, mirrored, without_similarity
from .makehuman import MakeHuman
from .phenotypes import GROUPS, macro_people, moves_from
from .scan_shapes import ScanShapes, Spread, eyes_of

SLIDER_MODES: Final = 60
SCAN_MODES: Final = 60
_PEOPLE: Final = 250
_SEED: Final = 11
_ASYMMETRY: Final = 0.18
"""Deviation of each of MakeHuman's sliders that pull one side."""
_FACE_TRUST, _OUTER_TRUST, _INNER_TRUST = 1.0, 0.25, 0.05
_RIDGE: Final = 30.0
"""Of a coefficient of 1, against squared millimetres summed over the face's vertices."""


@dataclass(frozen=True)
class WideShape:
    """P = V + 6 points, metres. template : (P, 3); scan_offset : (P, 3), the scans' part of it;
    modes : (K, P, 3), the first `free` of sliders alone, the others the scans'; prior : over them;
    lost_macro, lost_scan : mean metres on the face beyond the modes of each kind."""

    template: np.ndarray
    scan_offset: np.ndarray
    modes: np.ndarray
    free: int
    prior: IdentityPrior
    lost: tuple[float, float]

    def without_scans(self) -> WideShape:
        """The CC0 part."""
        return WideShape(
            self.template - self.scan_offset,
            np.zeros_like(self.scan_offset),
            self.modes[: self.free],
            self.free,
            self.prior.first(self.free),
            (self.lost[0], 0.0),
        )


@dataclass(frozen=True)
class _Frame:
    """mean : (P, 3) the average adult of the sliders; face : (n,) int; weights : (P,)."""

    drawn: DrawnHead
    mean: np.ndarray
    face: np.ndarray
    weights: np.ndarray

    @property
    def mirror(self) -> np.ndarray:
        return self.drawn.sliders.mirror

    def symmetric(self, shape: np.ndarray) -> np.ndarray:
        return (shape + mirrored(shape, self.mirror)) / 2


def average_adult(drawn: DrawnHead, prior: SliderPrior) -> np.ndarray:
    """(P, 3) metres: the scans' mean as the sliders say it, symmetric."""
    head = drawn.sliders
    mean = prior.metric_scale * (head.average + np.tensordot(prior.mean, head.columns, 1))
    return (mean + mirrored(mean, head.mirror)) / 2


def wide_shape(
    makehuman: MakeHuman, drawn: DrawnHead, prior: SliderPrior, scans: ScanShapes
) -> WideShape:
    """prior, scans : measured through the same registration."""
    frame = _frame(drawn, prior)
    moves = _group_moves(makehuman, frame, prior.metric_scale)
    asymmetry = _asymmetry(frame, prior.metric_scale)
    centre = sum(group.share * moves[group.name].mean(0) for group in GROUPS if group.pushed)
    centre = frame.symmetric(np.asarray(centre))
    columns = _mixture_columns(moves, centre, _own_columns(frame, prior), asymmetry)
    sliders = identity_basis(columns, frame.mirror, frame.weights, frame.face, SLIDER_MODES)
    fit, start = _Fit(sliders.modes, frame), frame.mean + centre
    adult = fit.of_scans(scans, start)
    left = Spread(drawn, start, scans.vertices)(adult.left, adult.eyes_left)
    offset = frame.symmetric(left[0])
    offset = offset - offset[drawn.sliders.vertex_count + JOINT_NAMES.index("head")]
    rest = without_similarity(start + offset, left[1:], frame.face)
    scan = identity_basis(rest, frame.mirror, frame.weights, frame.face, SCAN_MODES)
    own = _own_of_scans(frame, adult, rest, sliders.modes, scan.modes)
    made = standardised(_groups(fit, adult, own, moves, centre, asymmetry))
    modes = np.concatenate([sliders.modes, scan.modes])
    return WideShape(
        start + offset + np.tensordot(made.mean, modes, 1),
        offset,
        modes * made.deviation[:, None, None],
        len(sliders.modes),
        made.prior,
        (sliders.lost, scan.lost),
    )


def _frame(drawn: DrawnHead, prior: SliderPrior) -> _Frame:
    mean = average_adult(drawn, prior)
    face = np.flatnonzero(drawn.front)
    weights = np.full(len(mean), _INNER_TRUST)
    weights[: drawn.sliders.vertex_count][drawn.outer] = _OUTER_TRUST
    weights[face] = _FACE_TRUST
    return _Frame(drawn, mean, face, weights)


def _group_moves(makehuman: MakeHuman, frame: _Frame, scale: float) -> dict[str, np.ndarray]:
    """Group → (N, P, 3) moves of people without individual features from the average adult."""
    head = frame.drawn.sliders
    draw, rng = macro_people(makehuman, head), np.random.default_rng(_SEED)
    start = frame.mean - scale * head.average
    return {
        group.name: moves_from(frame.mean, start + scale * draw(group, _PEOPLE, rng), frame.face)
        for group in GROUPS
        if group.pushed
    }


def _own_columns(frame: _Frame, prior: SliderPrior) -> np.ndarray:
    columns = np.tensordot(prior.factor.T, frame.drawn.sliders.columns, 1)
    return without_similarity(frame.mean, prior.metric_scale * columns, frame.face)


def _asymmetry(frame: _Frame, scale: float) -> np.ndarray:
    """(A, P, 3) per 1 sd: MakeHuman's sliders of one side, less what both sides do alike."""
    head = frame.drawn.sliders
    one_sided = [number for number, name in enumerate(head.names) if name.startswith("asym/")]
    columns = _ASYMMETRY * scale * head.columns[one_sided]
    columns = (columns - mirrored(columns, frame.mirror)) / 2
    return without_similarity(frame.mean, columns, frame.face)


def _mixture_columns(
    moves: dict[str, np.ndarray], centre: np.ndarray, own: np.ndarray, asymmetry: np.ndarray
) -> np.ndarray:
    """Columns whose Σ c cᵀ is the mixture's covariance, as sliders say it."""
    kept = sum(group.share * group.own**2 for group in GROUPS)
    pushed = sum(group.share for group in GROUPS if group.pushed)
    columns = [np.sqrt(kept) * own, np.sqrt(pushed) * asymmetry]
    for group in GROUPS:
        if group.pushed:
            people = moves[group.name]
            columns.append(np.sqrt(group.share / len(people)) * (people - centre))
        else:
            columns.append(np.sqrt(group.share) * -centre[None])
    return np.concatenate(columns)


@dataclass(frozen=True)
class _Adult:
    """coefficients : (101, K) of the scans' mean and of each of their modes; left : (101, n, 3)
    and eyes_left : (101, 2, 4), what the slider modes do not say of them."""

    coefficients: np.ndarray
    left: np.ndarray
    eyes_left: np.ndarray


class _Fit:
    """The slider modes that come nearest to a shape, coefficients of 1 costing a little."""

    def __init__(self, modes: np.ndarray, frame: _Frame) -> None:
        self.modes, self.frame = modes, frame

    def __call__(self, moves: np.ndarray, vertices: np.ndarray | None = None) -> np.ndarray:
        """(N, K) of moves from the template (N, P, 3), or at some vertices (N, n, 3)."""
        at = np.arange(self.modes.shape[1]) if vertices is None else vertices
        weights = np.repeat(self.frame.weights[at], 3)
        flat = self.modes[:, at].reshape(len(self.modes), -1) * 1000
        system = (flat * weights) @ flat.T + _RIDGE * np.eye(len(flat))
        wanted = moves.reshape(len(moves), -1) * 1000
        return np.linalg.solve(system, (flat * weights) @ wanted.T).T

    def of_scans(self, scans: ScanShapes, template: np.ndarray) -> _Adult:
        moves = np.concatenate([(scans.mean - template[scans.vertices])[None], scans.modes])
        found = self(moves, scans.vertices)
        explained = np.tensordot(found, self.modes, 1)
        eyes = eyes_of(self.frame.drawn, template[None] + explained)
        rest = eyes_of(self.frame.drawn, template)
        theirs = np.concatenate([(scans.eye_mean - rest)[None], scans.eye_modes])
        return _Adult(found, moves - explained[:, scans.vertices], theirs - (eyes - rest))


def _own_of_scans(
    frame: _Frame, adult: _Adult, rest: np.ndarray, sliders: np.ndarray, scan: np.ndarray
) -> np.ndarray:
    """(200, K) the scans' modes, and their mirror images, in coefficients of both kinds; rest :
    (100, P, 3), what the slider modes leave."""
    root = np.sqrt(np.repeat(frame.weights, 3))
    flat, wanted = (shapes.reshape(len(shapes), -1) * root for shapes in (scan, rest))
    beyond = np.linalg.solve(flat @ flat.T, flat @ wanted.T).T
    sides = [parity(modes, frame.mirror) for modes in (sliders, scan)]
    whole = np.concatenate([adult.coefficients[1:], beyond], axis=1)
    return both_sides(whole, np.concatenate(sides))


def _groups(
    fit: _Fit,
    adult: _Adult,
    own: np.ndarray,
    moves: dict[str, np.ndarray],
    centre: np.ndarray,
    asymmetry: np.ndarray,
) -> list[GroupStatistics]:
    """People of macro targets deviate from the average adult, who in the modes is the scans' mean,
    by coefficients of the sliders alone."""
    even = parity(fit.modes, fit.frame.mirror) > 0
    scans_mean = np.where(even, adult.coefficients[0], 0.0)
    blank, uneven = own.shape[1] - len(even), fit(asymmetry)
    groups = []
    for group in GROUPS:
        mean, varied = scans_mean, np.zeros((0, len(even)))
        if group.pushed:
            people = fit(moves[group.name] - centre) - fit(-centre[None]) + scans_mean
            mean = np.where(even, people.mean(0), 0.0)
            varied = np.concatenate([(people - people.mean(0)) / np.sqrt(len(people)), uneven])
        columns = np.concatenate([group.own * own, np.pad(varied, ((0, 0), (0, blank)))])
        groups.append(GroupStatistics(group.name, group.share, np.pad(mean, (0, blank)), columns))
    return groups
