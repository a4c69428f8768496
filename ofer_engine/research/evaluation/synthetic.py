"""Figures of a pack on synthetic heads that no network was trained on, where the truth is known.

100 heads are drawn for each picture, ranked and compared with the truth after a similarity on the
face, in millimetres, beside the mean head and another person's photo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ...contract.arkit import ARKIT_52
from .measured import HeadMeasurements
from .metrics import UNKNOWN, Interval, bootstrap, bootstrap_statistic, recovery, removed

ERRORS: Final = (
    "mean_head",
    "another_person",
    "floor",
    "ranked_first",
    "mean_of_samples",
    "medoid",
    "densest",
    "nearest_to_mean",
    "average_sample",
    "best_sample",
)
CHOICES: Final = ("ranked_first", "mean_of_samples", "medoid", "densest", "nearest_to_mean")
WATCHED: Final = {
    "jawOpen": ("jawOpen",),
    "blinks": ("eyeBlinkLeft", "eyeBlinkRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
}
POINTS: Final = ("visible", "hidden", "outline", "irises")
_ACTIVE: Final = 0.2
_FEW: Final = 4


@dataclass(frozen=True)
class ConditionFigures:
    """What the heads of one condition come to, each with its 95 % interval.

    errors : mm, by the names of ERRORS; removed : share of the mean head's error that a choice
    removes, by CHOICES and best_sample; recovered : (average - choice) / (average - best), by
    CHOICES; identified : own photo first among all; closer : own photo nearer than another's;
    interval_visible, interval_hidden : share of coordinates within 5-95 %, and wide_visible,
    wide_hidden where what the basis cannot say widens it; spread_visible,
    spread_hidden : mm, and control_visible, control_hidden of heads drawn without a photo at the
    same points; spread_ratio : of a point when hidden to the same point when visible;
    spread_growth : of a point that an occluder hides to itself in the moment's clean picture;
    expression : RMS over the units, expression_neutral : of always neutral, expression_ratio;
    watched, watched_neutral : mean error of units where they act, by the names of WATCHED; units,
    units_neutral : RMS of each unit; points : mm from where they truly are, by the names of POINTS,
    points_average : of their average places in the crop, points_expected : by the conditioner's own
    deviations, of points visible and hidden.
    """

    heads: int
    face_covered: float
    errors: dict[str, Interval]
    removed: dict[str, Interval]
    recovered: dict[str, Interval]
    identified: Interval
    closer: Interval
    interval_visible: Interval
    interval_hidden: Interval
    spread_visible: Interval
    spread_hidden: Interval
    spread_ratio: Interval
    expression: Interval
    expression_neutral: Interval
    expression_ratio: Interval
    watched: dict[str, Interval]
    watched_neutral: dict[str, Interval]
    units: dict[str, float]
    units_neutral: dict[str, float]
    spread_growth: Interval = UNKNOWN
    control_visible: Interval = UNKNOWN
    control_hidden: Interval = UNKNOWN
    wide_visible: Interval = UNKNOWN
    wide_hidden: Interval = UNKNOWN
    points: dict[str, Interval] = field(default_factory=dict)
    points_average: dict[str, Interval] = field(default_factory=dict)
    points_expected: dict[str, Interval] = field(default_factory=dict)


def figures(measured: HeadMeasurements, clean: HeadMeasurements | None = None) -> ConditionFigures:
    """Averages over the heads. clean : the same moments, and perhaps more, with nothing hidden."""
    errors = {name: getattr(measured, name) for name in ERRORS}
    heads = len(measured)

    def share(name: str) -> Interval:
        return bootstrap_statistic(
            lambda rows: removed(errors[name][rows].mean(), errors["mean_head"][rows].mean()), heads
        )

    def recovered(name: str) -> Interval:
        compared = [errors[key] for key in (name, "average_sample", "best_sample")]
        return bootstrap_statistic(
            lambda rows: recovery(*(e[rows].mean() for e in compared)), heads
        )

    return ConditionFigures(
        heads=heads,
        face_covered=float(measured.face_covered.mean()),
        errors={name: bootstrap(error) for name, error in errors.items()},
        removed={name: share(name) for name in (*CHOICES, "best_sample")},
        recovered={name: recovered(name) for name in CHOICES},
        identified=bootstrap((measured.ranks == 0).astype(float)),
        closer=bootstrap(1 - measured.ranks / max(heads - 1, 1)),
        **_spread_figures(measured),
        **_expression_figures(measured),
        **_point_figures(measured),
        spread_growth=UNKNOWN if clean is None else _spread_growth(measured, clean),
    )


def _spread_growth(measured: HeadMeasurements, clean: HeadMeasurements) -> Interval:
    before = clean.rows(np.arange(len(measured)))
    newly = before.visible & ~measured.visible
    sums = np.where(newly, measured.spread / before.spread, 0).sum(axis=1)
    counts = newly.sum(axis=1)
    return bootstrap_statistic(lambda rows: _quotient(sums[rows], counts[rows]), len(measured))


def _spread_figures(measured: HeadMeasurements) -> dict[str, Interval]:
    seen, hidden = measured.visible, ~measured.visible
    inside, widely = measured.covered.mean(axis=2), measured.covered_widely.mean(axis=2)
    return {
        "interval_visible": _mean_where(inside, seen),
        "interval_hidden": _mean_where(inside, hidden),
        "wide_visible": _mean_where(widely, seen),
        "wide_hidden": _mean_where(widely, hidden),
        "spread_visible": _mean_where(measured.spread, seen),
        "spread_hidden": _mean_where(measured.spread, hidden),
        "control_visible": _mean_where(measured.control_spread, seen),
        "control_hidden": _mean_where(measured.control_spread, hidden),
        "spread_ratio": _spread_ratio(measured.spread, measured.visible),
    }


def _point_figures(measured: HeadMeasurements) -> dict[str, Any]:
    seen, shown = measured.seen, measured.visible
    always, eyes = (np.ones(mm.shape, bool) for mm in (seen.contour, seen.irises))
    parts = {
        "visible": (seen.surface, seen.average_surface, shown),
        "hidden": (seen.surface, seen.average_surface, ~shown),
        "outline": (seen.contour, seen.average_contour, always),
        "irises": (seen.irises, seen.average_irises, eyes),
    }
    return {
        "points": {name: _mean_where(mm, where) for name, (mm, _, where) in parts.items()},
        "points_average": {name: _mean_where(mm, where) for name, (_, mm, where) in parts.items()},
        "points_expected": {
            name: _mean_where(seen.expected_surface, parts[name][2]) for name in POINTS[:2]
        },
    }


def _mean_where(values: np.ndarray, where: np.ndarray) -> Interval:
    """Mean of values (N, P) at the points where (N, P) is true; photos are drawn again."""
    sums, counts = np.where(where, values, 0).sum(axis=1), where.sum(axis=1)
    return bootstrap_statistic(lambda rows: _quotient(sums[rows], counts[rows]), len(values))


def _quotient(sums: np.ndarray, counts: np.ndarray) -> float:
    total = counts.sum()
    return float(sums.sum() / total) if total else float("nan")


def _spread_ratio(spread: np.ndarray, visible: np.ndarray) -> Interval:
    """Each point against itself, hidden in some pictures and visible in others, so that a region's
    own variety does not count."""

    def ratio(rows: np.ndarray) -> float:
        seen, mm = visible[rows], spread[rows]
        often, seldom = (~seen).sum(axis=0), seen.sum(axis=0)
        both = (often > _FEW) & (seldom > _FEW)
        if not both.any():
            return float("nan")
        when_hidden = np.where(seen, 0, mm).sum(axis=0)[both] / often[both]
        when_visible = np.where(seen, mm, 0).sum(axis=0)[both] / seldom[both]
        return float((when_hidden / when_visible).mean())

    return bootstrap_statistic(ratio, len(spread))


def _expression_figures(measured: HeadMeasurements) -> dict[str, Any]:
    true = measured.true_expression
    missed = np.square(measured.expression - true)
    moved = np.square(true)
    by_head, by_head_neutral = missed.mean(axis=1), moved.mean(axis=1)
    heads = len(measured)

    def root(squares: np.ndarray) -> Interval:
        return bootstrap_statistic(lambda rows: float(np.sqrt(squares[rows].mean())), heads)

    def ratio(rows: np.ndarray) -> float:
        neutral = by_head_neutral[rows].mean()
        return float(np.sqrt(by_head[rows].mean() / neutral)) if neutral else float("nan")

    def acting(found: np.ndarray, units: tuple[str, ...]) -> Interval:
        columns = [ARKIT_52.index(unit) for unit in units]
        acts = true[:, columns] > _ACTIVE
        away = np.abs(found[:, columns] - true[:, columns])
        sums, counts = np.where(acts, away, 0).sum(axis=1), acts.sum(axis=1)
        return bootstrap_statistic(lambda rows: _quotient(sums[rows], counts[rows]), heads)

    roots, roots_neutral = np.sqrt(missed.mean(axis=0)), np.sqrt(moved.mean(axis=0))
    return {
        "expression": root(by_head),
        "expression_neutral": root(by_head_neutral),
        "expression_ratio": bootstrap_statistic(ratio, heads),
        "watched": {name: acting(measured.expression, units) for name, units in WATCHED.items()},
        "watched_neutral": {
            name: acting(np.zeros_like(true), units) for name, units in WATCHED.items()
        },
        "units": dict(zip(ARKIT_52, roots.tolist(), strict=True)),
        "units_neutral": dict(zip(ARKIT_52, roots_neutral.tolist(), strict=True)),
    }
