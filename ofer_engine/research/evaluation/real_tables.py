"""Figures on real faces as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .metrics import Interval
from .people import CrossPhoto, Gain, PeopleFigures
from .scans import CONTENDERS, ScanFigures
from .warps import ShareRead, WarpFigures

_TOLD = {
    "auc": "AUC",
    "accuracy": "accuracy, %",
    "first": "first among all, %",
}
_CROSS = {
    "own": "own head, mm",
    "itself": "head read from this very photo, mm",
    "another": "another person's head (control), mm",
    "mean_head": "mean head (control), mm",
    "nearer": "own better than another's, %",
    "nearer_than_mean": "own better than the mean head, %",
}
_READ = {"removed": "of the difference read, %", "slope": "slope, read against true"}


def people_table(packs: Sequence[PeopleFigures], gained: Gain | None, left_out: int) -> str:
    """One column a pack, and what the first gains over the second."""
    titles = [f"{one.pack} {one.version}" for one in packs]
    heading = [f"{packs[0].people} people", *titles, *(["gain"] if gained else [])]
    rows = [heading, ["---"] * len(heading)]
    for kind, name in (("coefficients", "coefficients"), ("geometry", "geometry")):
        for key, title in _TOLD.items():
            cells = [_verification_cell(getattr(getattr(one, kind), key), key) for one in packs]
            if gained:
                cells.append(
                    _verification_cell(getattr(getattr(gained, kind), key), key, signed=True)
                )
            rows.append([f"{title}, in {name}", *cells])
    for key, title in (
        ("own_millimetres", "two photos of a person, mm over the face"),
        ("other_millimetres", "photos of two people, mm over the face"),
    ):
        cells = [_plain(getattr(one, key)) for one in packs]
        rows.append([title, *cells, *(["–"] if gained else [])])
    for key, title in _CROSS.items():
        cells = [_cross(one.cross_photo, key) for one in packs]
        if gained:
            better = _percent(gained.nearer, signed=True)
            cells.append(better if key == "nearer" else "–")
        rows.append([f"other photo's landmarks: {title}", *cells])
    note = f"\n\n{left_out} people without a face in both photos do not count." if left_out else ""
    return _lines(rows) + note


def warps_table(packs: Mapping[str, Mapping[str, WarpFigures]]) -> str:
    """One row a figure, one column a kind of picture."""
    kinds = list(next(iter(packs.values())))
    rows = []
    for pack, found in packs.items():
        counts = (f"{found[kind].pictures} {kind}, three warps each" for kind in kinds)
        rows += [[pack, *counts], ["---"] * (1 + len(kinds))] if not rows else [[f"**{pack}**"]]
        for field, title in (
            ("regressed", "conditioner"),
            ("samples", "mean of the samples"),
            ("one_size", "conditioner, faces of one size"),
        ):
            for key, what in _READ.items():
                read: list[ShareRead] = [getattr(found[kind], field) for kind in kinds]
                cells = [_read(getattr(one, key), key) for one in read]
                rows.append([f"{title}: {what}", *cells])
        rows.append(["true differences, mm", *(f"{found[kind].true_mm:.2f}" for kind in kinds)])
    return _lines(rows)


def scans_table(title: str, scans: Sequence[ScanFigures]) -> str:
    """Median and mean in mm, one column a person."""
    heads = [f"{one.name}, {one.photos} photos: median / mean, mm" for one in scans]
    rows = [[title, *heads], ["---"] * (1 + len(scans))]
    for key, name in CONTENDERS.items():
        errors = [one.errors.get(key) for one in scans]
        if any(errors):
            cells = [f"{e.median:.2f} / {e.mean:.2f}" if e else "–" for e in errors]
            rows.append([name, *cells])
    return _lines(rows)


def _verification_cell(figure: Interval, key: str, signed: bool = False) -> str:
    return _plain(figure, 3, signed) if key == "auc" else _percent(figure, signed)


def _cross(figures: CrossPhoto, key: str) -> str:
    figure: Interval = getattr(figures, key)
    return _percent(figure) if key.startswith("nearer") else _plain(figure)


def _read(figure: Interval, key: str) -> str:
    return _percent(figure) if key == "removed" else _plain(figure)


def _plain(figure: Interval, digits: int = 2, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return (
        f"{figure.mean:{sign}.{digits}f}"
        f" ({figure.low:{sign}.{digits}f} to {figure.high:{sign}.{digits}f})"
    )


def _percent(figure: Interval, signed: bool = False) -> str:
    hundredfold = Interval(100 * figure.mean, 100 * figure.low, 100 * figure.high)
    return _plain(hundredfold, 1, signed)


def _lines(rows: Sequence[Sequence[str]]) -> str:
    width = max(len(row) for row in rows)
    return "\n".join(f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows)
