"""A pack's card: what it can be trusted with, in figures beside their controls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from ..packs.open_pack import OpenPack
from .metrics import Interval
from .synthetic import Figures

_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"
_ERRORS = {
    "mean head (control)": "mean_head",
    "another person's photo (control)": "another_person",
    "ranked first of 100": "ranked_first",
    "mean of 100 samples": "mean_of_samples",
    "average sample": "average_sample",
    "best of 100 (oracle)": "best_sample",
}
_SHARES = {
    "share of the mean head's error removed by the mean of samples": "removed_by_mean",
    "share removed by rank 1": "removed_by_first",
    "rank recovery (average - ranked) / (average - best)": "rank_recovery",
    "own photo identified first among all": "identified_first",
    "own photo closer than another's": "closer_than_other",
    "5-95 % interval covers visible points": "coverage_visible",
    "5-95 % interval covers hidden points": "coverage_hidden",
}
_NUMBERS = {
    "spread of a point when hidden / when visible": "spread_ratio",
    "expression error, RMS over the 52 units": "expression_error",
    "the same for always neutral (control)": "expression_error_neutral",
}


def table(figures: Mapping[str, Figures]) -> str:
    """A Markdown table, one column a condition."""
    rows = [["figure", *figures], ["---"] * (len(figures) + 1)]
    heads = ["held-out heads", *(str(f.heads) for f in figures.values())]
    rows.append(heads)
    for title, field in _ERRORS.items():
        rows.append([f"{title}, mm", *(_interval(getattr(f, field)) for f in figures.values())])
    for title, field in _SHARES.items():
        rows.append([title, *(f"{100 * getattr(f, field):.1f} %" for f in figures.values())])
    for title, field in _NUMBERS.items():
        rows.append([title, *(f"{getattr(f, field):.3f}" for f in figures.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write_card(folder: Path, pack: OpenPack, figures: Mapping[str, Figures]) -> None:
    """Write card.json, and put the table between the marks of CARD.md, whose words stay."""
    values = {condition: asdict(f) for condition, f in figures.items()}
    card = {"pack": pack.record.id, "version": pack.record.version, "figures": values}
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    file = folder / "CARD.md"
    before, rest = file.read_text(encoding="utf-8").split(_BEGIN)
    after = rest.split(_END)[1]
    file.write_text(f"{before}{_BEGIN}\n{table(figures)}\n{_END}{after}", encoding="utf-8")


def _interval(value: Interval) -> str:
    return f"{value.mean:.2f} ({value.low:.2f} to {value.high:.2f})"
