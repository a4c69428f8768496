"""A pack's card: what it can be trusted with, kept as card.json and shown in CARD.md."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from ...contract.errors import ErrorCode, OferError
from .conditions import SURFACES
from .metrics import Interval
from .synthetic import ConditionFigures
from .tables import (
    compared,
    expression_rows,
    identity_rows,
    occluder_table,
    point_rows,
    table,
    unit_table,
)

FILE: Final = "card.json"
_BEGIN, _END = "<!-- {}: begin -->", "<!-- {}: end -->"
_SURFACE_TITLES: Final = {
    "own": "Heads of our own prior",
    "ict": "ICT-FaceKit's surfaces",
}


@dataclass(frozen=True)
class PackCard:
    """Figures of one version of a pack, by condition (`surface: words`) and by occluder."""

    pack: str
    version: str
    figures: dict[str, ConditionFigures]
    occluders: dict[str, dict[str, ConditionFigures]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write as JSON; what is not known is null."""
        path.write_text(json.dumps(_plain(asdict(self)), indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: Path) -> PackCard:
        """Read back. Raises OferError(BAD_REQUEST) for anything else."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return PackCard(
                stored["pack"],
                stored["version"],
                {name: _figures(f) for name, f in stored["figures"].items()},
                {
                    surface: {kind: _figures(f) for kind, f in kinds.items()}
                    for surface, kinds in stored["occluders"].items()
                },
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} holds no figures of a pack.",
                "Write it with `evaluate synthetic --json`.",
                name=path.name,
            ) from cause


def _figures(stored: Mapping[str, Any]) -> ConditionFigures:
    return ConditionFigures(**{name: _revived(value) for name, value in stored.items()})


def _revived(value: Any) -> Any:
    if isinstance(value, dict):
        known = {key: _revived(part) for key, part in value.items()}
        return Interval(**known) if set(value) == {"mean", "low", "high"} else known
    return math.nan if value is None else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def sections(card: PackCard) -> str:
    """All of a card's tables, in Markdown."""
    parts = []
    for surface in SURFACES:
        own = _of(card.figures, surface)
        if not own:
            continue
        parts += [f"### {_SURFACE_TITLES[surface]}", table(own, identity_rows())]
        parts += ["Expressions:", table(own, expression_rows())]
        if all(f.points for f in own.values()):
            parts += ["Points found in the crop:", table(own, point_rows())]
        kinds = card.occluders.get(surface)
        if kinds:
            parts += ["By occluder, over all shares hidden:", occluder_table(kinds)]
    clean = {name: f for name, f in card.figures.items() if name.endswith(": clean")}
    if clean:
        parts += ["### RMS error of each expression unit", unit_table(clean)]
    return "\n\n".join(parts)


def comparison(old: PackCard, new: PackCard) -> str:
    """Two versions of a pack, figure by figure, in Markdown; the new one is bold."""
    parts = []
    for surface in SURFACES:
        before, after = _of(old.figures, surface), _of(new.figures, surface)
        if set(before) & set(after):
            parts.append(f"### {_SURFACE_TITLES[surface]}")
            parts.append(compared(before, after, (old.version, new.version)))
    return "\n\n".join(parts)


def _of(figures: Mapping[str, ConditionFigures], surface: str) -> dict[str, ConditionFigures]:
    start = f"{surface}: "
    return {name.removeprefix(start): f for name, f in figures.items() if name.startswith(start)}


def put_between(page: Path, mark: str, text: str) -> None:
    """Replace what stands between a page's two marks; its own words stay.

    Raises OferError(BAD_REQUEST) for a page without them.
    """
    begin, end = _BEGIN.format(mark), _END.format(mark)
    try:
        before, rest = page.read_text(encoding="utf-8").split(begin)
        after = rest.split(end)[1]
    except (OSError, ValueError, IndexError) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no place for {mark}.",
            "Put the lines {begin} and {end} where the tables are to stand.",
            name=page.name,
            mark=mark,
            begin=begin,
            end=end,
        ) from cause
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
