"""MakeHuman's head sliders as the columns of a linear model.

Opposed targets (`-incr`/`-decr`, `-up`/`-down` …) become one signed column, half their difference;
the macro targets (gender, age, weight …) become one column for each way of leaving the average
adult. A slider value of 1 is one MakeHuman slider at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .makehuman import MakeHuman

_FOLDERS: Final = (
    "asym", "cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck",
    "nose",
)  # fmt: skip
_OPPOSITES: Final = {
    "incr": "decr",
    "up": "down",
    "in": "out",
    "forward": "backward",
    "concave": "convex",
    "compress": "uncompress",
}
_SMALLEST: Final = 1e-8
_THIRD: Final = (1 / 3, 1 / 3, 1 / 3)
_MACRO_COLUMNS: Final = {
    "gender": ({"gender": 0.0}, {"gender": 1.0}),
    "age_old": ({"age": 2 / 3}, {"age": 1.0}),
    "age_child": ({"age": 0.5}, {"age": 2 / 3}),
    "muscle": ({"muscle": 0.0}, {"muscle": 1.0}),
    "weight": ({"weight": 0.0}, {"weight": 1.0}),
    "height": ({"height": 0.0}, {"height": 1.0}),
    "proportions": ({"proportions": 0.0}, {"proportions": 1.0}),
    "african": ({"race": _THIRD}, {"race": (1.0, 0.0, 0.0)}),
    "asian": ({"race": _THIRD}, {"race": (0.0, 1.0, 0.0)}),
}


@dataclass(frozen=True)
class Sliders:
    """average : (N, 3) float64 metres, the average adult at MakeHuman's size, all base vertices;
    names : (S,) slider names; columns : (S, N, 3) float32 metres for slider value 1."""

    average: np.ndarray
    names: tuple[str, ...]
    columns: np.ndarray


def _blend(value: float, anchors: tuple[float, ...], names: tuple[str, ...]) -> dict[str, float]:
    eye = np.eye(len(anchors))
    return {name: float(np.interp(value, anchors, eye[index])) for index, name in enumerate(names)}


def macro_weights(
    words: list[list[str]],
    *,
    gender: float = 0.5,
    age: float = 0.6,
    muscle: float = 0.5,
    weight: float = 0.5,
    height: float = 0.5,
    proportions: float = 0.5,
    race: tuple[float, float, float] = _THIRD,
) -> np.ndarray:
    """(M,) weight of each macro target, the product of the phenotype values its name is made of.

    words : the words of each target's file name; all values in 0..1; gender 1 is female.
    """
    halves = (0.0, 0.5, 1.0)
    value = {"male": 1 - gender, "female": gender, "universal": 1.0}
    value |= _blend(age, (0.0, 1 / 3, 2 / 3, 1.0), ("baby", "child", "young", "old"))
    value |= _blend(muscle, halves, ("minmuscle", "averagemuscle", "maxmuscle"))
    value |= _blend(weight, halves, ("minweight", "averageweight", "maxweight"))
    value |= _blend(height, halves, ("minheight", "", "maxheight"))
    value |= _blend(proportions, halves, ("uncommonproportions", "", "idealproportions"))
    value |= dict(zip(("african", "asian", "caucasian"), race, strict=True))
    return np.array([np.prod([value.get(word, 0.0) for word in target]) for target in words])


def _opposite(name: str, among: set[str]) -> str | None:
    for one, other in (*_OPPOSITES.items(), *((b, a) for a, b in _OPPOSITES.items())):
        candidate = name.removesuffix(one) + other
        if name.endswith("-" + one) and candidate in among:
            return candidate
    return None


@dataclass(frozen=True)
class Macros:
    """words : the words of each of M macro targets' names; targets : (M, N * 3) float64 metres."""

    words: list[list[str]]
    targets: np.ndarray

    def offset(self, **phenotype: Any) -> np.ndarray:
        """(N, 3) metres from the base mesh to a phenotype, as `macro_weights` takes it."""
        return (macro_weights(self.words, **phenotype) @ self.targets).reshape(-1, 3)


def load_macros(makehuman: MakeHuman, moved: np.ndarray) -> Macros:
    """The macro targets that move at least one of the base vertices `moved` ((n,) int)."""
    found = {name: makehuman.target(name) for name in makehuman.target_names("macrodetails")}
    found = {name: delta for name, delta in found.items() if _moves(delta, moved)}
    words = [name.rsplit("/", 1)[-1].split("-") for name in found]
    return Macros(words, np.stack(list(found.values())).reshape(len(found), -1))


def _moves(delta: np.ndarray, moved: np.ndarray) -> bool:
    return bool(np.abs(delta[moved]).max() > _SMALLEST)


def load_sliders(makehuman: MakeHuman, moved: np.ndarray) -> Sliders:
    """Columns of every slider that moves at least one of the base vertices `moved` ((n,) int)."""
    local = {}
    for folder in _FOLDERS:
        for name in makehuman.target_names(folder):
            delta = makehuman.target(name)
            if _moves(delta, moved):
                local[name] = delta
    names, columns, used = [], [], set()
    for name, delta in local.items():
        if name in used:
            continue
        other = _opposite(name, set(local))
        names.append(name)
        columns.append(delta if other is None else (delta - local[other]) / 2)
        used |= {name, other}
    macros = load_macros(makehuman, moved)
    for name, (start, end) in _MACRO_COLUMNS.items():
        names.append("macro/" + name)
        columns.append((macros.offset(**end) - macros.offset(**start)) / 2)
    average = makehuman.base.vertices + macros.offset()
    return Sliders(average, tuple(names), np.array(columns, np.float32))
