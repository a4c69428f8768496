"""People whom the scans lack, by MakeHuman's macro targets: children, the old, heavy and slight,
of all ancestries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...geometry.similarity import best_similarity
from .makehuman import MakeHuman
from .slider_head import SliderHead
from .sliders import Macros, load_macros

_CHILD, _YOUNG, _OLD = 1 / 3, 2 / 3, 1.0
_BABY_YEARS, _CHILD_YEARS, _YOUNG_YEARS, _OLD_YEARS = 1.0, 10.0, 25.0, 90.0
_FAST_GROWTH: Final = 0.6
"""Faces change fastest in the first years: at four a child is more like one of ten than of one."""


@dataclass(frozen=True)
class PhenotypeGroup:
    """One kind of people in the mixture.

    name; share : of all people; years : youngest and oldest; own : how much of the scans' own
    variation its people show, 1 being all of it; pushed : whether macro targets push them, or they
    are the scans' people as they are.
    """

    name: str
    share: float
    years: tuple[float, float]
    own: float
    pushed: bool = True


GROUPS: Final = (
    PhenotypeGroup("scans", 0.45, (18.0, 60.0), 1.0, pushed=False),
    PhenotypeGroup("adults", 0.25, (17.0, 55.0), 0.85),
    PhenotypeGroup("children", 0.15, (4.0, 16.0), 0.6),
    PhenotypeGroup("old", 0.15, (58.0, 88.0), 0.85),
)


def age_value(years: float) -> float:
    """MakeHuman's age slider (0 baby, 1/3 child, 2/3 young, 1 old) at an age in years."""
    if years < _CHILD_YEARS:
        grown = (years - _BABY_YEARS) / (_CHILD_YEARS - _BABY_YEARS)
        return _CHILD * max(grown, 0.0) ** _FAST_GROWTH
    ages, values = (_CHILD_YEARS, _YOUNG_YEARS, _OLD_YEARS), (_CHILD, _YOUNG, _OLD)
    return float(np.interp(years, ages, values))


def random_phenotype(group: PhenotypeGroup, rng: np.random.Generator) -> dict[str, Any]:
    """Values for `macro_weights` of somebody of a group: any sex, build and ancestry."""
    sex = rng.beta(0.5, 0.5)
    return {
        "gender": sex,
        "age": age_value(rng.uniform(*group.years)),
        "muscle": rng.beta(2.5, 2.5),
        "weight": float(np.clip(rng.normal(0.5, 0.27), 0.0, 1.0)),
        "height": rng.uniform(0.3, 0.7),
        "proportions": rng.uniform(0.3, 0.8),
        "race": tuple(rng.dirichlet([0.6, 0.6, 0.6])),
    }


def macro_people(
    makehuman: MakeHuman, head: SliderHead
) -> Callable[[PhenotypeGroup, int, np.random.Generator], np.ndarray]:
    """A function (group, count, rng) → (count, P, 3) metres at MakeHuman's size: random people of a
    group, without individual features."""
    macros = load_macros(makehuman, head.cut.base_ids)
    base = head.points.cut_out(makehuman.base.vertices)
    targets = head.points.cut_out(macros.targets.reshape(len(macros.words), -1, 3))
    macros = Macros(macros.words, targets.reshape(len(targets), -1))

    def people(group: PhenotypeGroup, count: int, rng: np.random.Generator) -> np.ndarray:
        drawn = (random_phenotype(group, rng) for _ in range(count))
        return head.points.mouth_closed(np.stack([base + macros.offset(**one) for one in drawn]))

    return people


def moves_from(mean: np.ndarray, shapes: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(N, P, 3): what shapes (N, P, 3) differ from mean (P, 3), each laid on it over the points
    `face` ((n,) int) by a similarity: pose and size are nobody's features here."""
    return np.stack([best_similarity(one[face], mean[face]).apply(one) - mean for one in shapes])
