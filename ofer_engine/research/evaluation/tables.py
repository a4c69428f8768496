"""Figures as Markdown tables, each figure with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from .metrics import Interval
from .synthetic import WATCHED, ConditionFigures

Row = Callable[[ConditionFigures], Interval]
Cell = Callable[[Interval], str]

_ERRORS: Final = {
    "mean head (control)": "mean_head",
    "another person's photo (control)": "another_person",
    "best fit of the basis to the truth (floor)": "floor",
    "ranked first of 100": "ranked_first",
    "mean of 100 samples": "mean_of_samples",
    "medoid of the samples": "medoid",
    "densest sample (IdGen)": "densest",
    "sample nearest to the mean": "nearest_to_mean",
    "average sample": "average_sample",
    "best of 100 (oracle)": "best_sample",
}
_REMOVED: Final = {
    "mean of samples": "mean_of_samples",
    "rank 1": "ranked_first",
    "medoid": "medoid",
    "densest": "densest",
    "nearest to the mean": "nearest_to_mean",
    "best of 100": "best_sample",
}
_RECOVERED: Final = {
    "rank recovery (average - ranked) / (average - best)": "ranked_first",
    "the same for the mean of samples": "mean_of_samples",
    "the same for the medoid": "medoid",
    "the same for the densest": "densest",
    "the same for the nearest to the mean": "nearest_to_mean",
}

_POINTS: Final = {
    "visible points of the surface": "visible",
    "hidden points of the surface": "hidden",
    "outline, beside the true one": "outline",
    "irises, hidden ones too": "irises",
}


def millimetres(value: Interval) -> str:
    """1.64 (1.59 to 1.69)."""
    return _written(value, 1, 2)


def percent(value: Interval) -> str:
    """18.1 (16.0 to 20.2)."""
    return _written(value, 100, 1)


def number(value: Interval) -> str:
    """0.125 (0.120 to 0.131)."""
    return _written(value, 1, 3)


def _written(value: Interval, factor: float, digits: int) -> str:
    if math.isnan(value.mean):
        return "–"
    mean, low, high = (f"{factor * v:.{digits}f}" for v in (value.mean, value.low, value.high))
    return f"{mean} ({low} to {high})"


def identity_rows() -> list[tuple[str, Row, Cell]]:
    """Title, figure and its way of writing, for everything about neutral heads."""
    rows: list[tuple[str, Row, Cell]] = []
    for title, key in _ERRORS.items():
        rows.append((f"{title}, mm", lambda f, k=key: f.errors[k], millimetres))
    for title, key in _REMOVED.items():
        title = f"share of the mean head's error removed by {title}, %"
        rows.append((title, lambda f, k=key: f.removed[k], percent))
    for title, key in _RECOVERED.items():
        rows.append((f"{title}, %", lambda f, k=key: f.recovered[k], percent))
    return [
        *rows,
        ("own photo identified first among all, %", lambda f: f.identified, percent),
        ("own photo closer than another's, %", lambda f: f.closer, percent),
        ("5-95 % interval covers visible points, %", lambda f: f.interval_visible, percent),
        ("5-95 % interval covers hidden points, %", lambda f: f.interval_hidden, percent),
        ("widened by what the basis cannot say, visible, %", lambda f: f.wide_visible, percent),
        ("widened by what the basis cannot say, hidden, %", lambda f: f.wide_hidden, percent),
        ("spread of visible points, mm", lambda f: f.spread_visible, millimetres),
        ("the same without a photo (control), mm", lambda f: f.control_visible, millimetres),
        ("spread of hidden points, mm", lambda f: f.spread_hidden, millimetres),
        ("the same without a photo (control), mm", lambda f: f.control_hidden, millimetres),
        ("spread of a point when hidden / when visible", lambda f: f.spread_ratio, number),
        (
            "spread of a hidden point / in the clean picture of the moment",
            lambda f: f.spread_growth,
            number,
        ),
    ]


def expression_rows() -> list[tuple[str, Row, Cell]]:
    """The same for expressions."""
    rows: list[tuple[str, Row, Cell]] = [
        ("RMS error over the 52 units", lambda f: f.expression, number),
        ("always neutral (control)", lambda f: f.expression_neutral, number),
        ("ratio of the two", lambda f: f.expression_ratio, number),
    ]
    for name in WATCHED:
        rows.append((f"{name}, mean error where above 0.2", lambda f, n=name: f.watched[n], number))
        rows.append((f"{name}, always neutral", lambda f, n=name: f.watched_neutral[n], number))
    return rows


def point_rows() -> list[tuple[str, Row, Cell]]:
    """The same for the points that the conditioner finds."""
    rows: list[tuple[str, Row, Cell]] = []
    for title, key in _POINTS.items():
        rows.append((f"{title}, mm", lambda f, k=key: f.points[k], millimetres))
        if key in ("visible", "hidden"):
            expected = "as far as the conditioner itself expects, mm"
            rows.append((expected, lambda f, k=key: f.points_expected[k], millimetres))
        average = "always the average place in the crop (control), mm"
        rows.append((average, lambda f, k=key: f.points_average[k], millimetres))
    return rows


def table(figures: Mapping[str, ConditionFigures], rows: list[tuple[str, Row, Cell]]) -> str:
    """One column a condition."""
    lines = [["figure", *figures], ["---"] * (len(figures) + 1)]
    lines.append(["heads", *(str(f.heads) for f in figures.values())])
    covered = (f"{100 * f.face_covered:.0f}" for f in figures.values())
    lines.append(["face covered, %", *covered])
    lines += [[title, *(cell(row(f)) for f in figures.values())] for title, row, cell in rows]
    return _markdown(lines)


def occluder_table(figures: Mapping[str, ConditionFigures]) -> str:
    """One row a kind of occluder, over all shares hidden."""
    columns: dict[str, tuple[Row, Cell]] = {
        "mean head, mm": (lambda f: f.errors["mean_head"], millimetres),
        "mean of samples, mm": (lambda f: f.errors["mean_of_samples"], millimetres),
        "removed by the mean, %": (lambda f: f.removed["mean_of_samples"], percent),
        "removed by rank 1, %": (lambda f: f.removed["ranked_first"], percent),
        "interval covers hidden, %": (lambda f: f.interval_hidden, percent),
        "spread hidden, mm": (lambda f: f.spread_hidden, millimetres),
    }
    lines = [["occluder", "pictures", "face covered, %", *columns]]
    lines.append(["---"] * len(lines[0]))
    for kind, f in figures.items():
        cells = (cell(row(f)) for row, cell in columns.values())
        lines.append([kind, str(f.heads), f"{100 * f.face_covered:.0f}", *cells])
    return _markdown(lines)


def unit_table(figures: Mapping[str, ConditionFigures]) -> str:
    """RMS error of each unit beside always neutral, two columns a condition."""
    head = ["unit"]
    for name in figures:
        head += [name, "always neutral"]
    lines = [head, ["---"] * len(head)]
    for unit in next(iter(figures.values())).units:
        cells = [unit]
        for f in figures.values():
            cells += [f"{f.units[unit]:.3f}", f"{f.units_neutral[unit]:.3f}"]
        lines.append(cells)
    return _markdown(lines)


def compared(
    old: Mapping[str, ConditionFigures], new: Mapping[str, ConditionFigures], names: tuple[str, str]
) -> str:
    """Both versions of every identity and expression figure, side by side for each condition."""
    shared = [condition for condition in new if condition in old]
    head = ["figure"]
    for condition in shared:
        head += [f"{condition}, {names[0]}", names[1]]
    lines = [head, ["---"] * len(head)]
    for title, row, cell in (*identity_rows(), *expression_rows()):
        line = [title]
        for condition in shared:
            line += [cell(row(old[condition])), f"**{cell(row(new[condition]))}**"]
        lines.append(line)
    return _markdown(lines)


def _markdown(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
