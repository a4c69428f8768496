"""Named ways to train: the published recipes, and ours beside them (docs/method.md §11).

Ours differ where the published ones are known to leave something on the table, and are written
down as reasons in docs/training.md; none of the two has been trained to the end by this project.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ...contract.errors import ErrorCode, OferError
from ...contract.sampling import DEFAULT_SAMPLER, DEFAULT_STEPS
from ...research.training.loop import Precision
from ...research.training.rates import Rule


class TrainingStage(StrEnum):
    """The three networks that are trained, each with encoders of its own."""

    IDGEN = "idgen"
    IDRANK = "idrank"
    EXPGEN = "expgen"


class Loss(StrEnum):
    """How the predicted noise is compared with the true one: absolute or squared differences."""

    PUBLISHED = "l1"
    SQUARED = "squared"


@dataclass(frozen=True)
class Candidates:
    """How IdRank's training candidates are drawn from IdGen, and judged.

    sampler : a name of `diffusion.samplers`; steps : its calls, 0 for the sampler's own number;
    temperature : millimetres, at which distances become a target.
    """

    count: int = 100
    sampler: str = DEFAULT_SAMPLER
    steps: int = DEFAULT_STEPS
    temperature: float = 0.1


@dataclass(frozen=True)
class Recipe:
    """Everything of a training run but its data.

    people, images : entries a step and pictures of each; epochs : passes over the entries;
    rate, arcface_rate, farl_rate : learning rates, 0 freezes an encoder; rule, warmup (steps),
    average, clip, weight_decay, precision : as in `loop.TrainingPlan`; loss : of the noise;
    noise_draws : noise levels that one encoded picture is trained at;
    batch_statistics : batch norms follow the batch, the frozen ones too; final_norm : ArcFace's
    last norm acts;
    occluded : share of the pictures that something is pasted on; occluders : how many different
    ones are drawn beforehand; held_out : share of the entries that only validates;
    jaw_gain : what jaw angles are multiplied by before ExpGen learns them.
    """

    people: int = 16
    images: int = 4
    epochs: int = 1000
    rate: float = 1e-3
    arcface_rate: float = 1e-5
    farl_rate: float = 1e-5
    rule: Rule = Rule.COSINE
    warmup: int = 500
    average: float = 0.999
    clip: float = 1.0
    weight_decay: float = 0.01
    precision: Precision = Precision.BFLOAT16
    loss: Loss = Loss.SQUARED
    noise_draws: int = 8
    batch_statistics: bool = False
    final_norm: bool = True
    occluded: float = 0.5
    occluders: int = 1000
    held_out: float = 0.05
    jaw_gain: float = 2.0
    candidates: Candidates = Candidates()


_PUBLISHED: Final = Recipe(
    arcface_rate=1e-4,
    farl_rate=1e-4,
    rule=Rule.PLATEAU,
    warmup=0,
    average=0.0,
    clip=0.0,
    weight_decay=1e-4,
    precision=Precision.FLOAT32,
    loss=Loss.PUBLISHED,
    noise_draws=1,
    batch_statistics=True,
    occluded=0.0,
    occluders=0,
    held_out=0.0,
    jaw_gain=1.0,
)
_ONE_PICTURE_EACH: Final = 8

RECIPES: Final[Mapping[tuple[TrainingStage, str], Recipe]] = MappingProxyType(
    {
        (TrainingStage.IDGEN, "published"): _PUBLISHED,
        (TrainingStage.EXPGEN, "published"): _PUBLISHED,
        (TrainingStage.IDRANK, "published"): replace(
            _PUBLISHED,
            people=_ONE_PICTURE_EACH,
            images=1,
            epochs=650,
            rate=1e-6,
            candidates=Candidates(sampler="ddpm", steps=0, temperature=1.0),
        ),
        (TrainingStage.IDGEN, "ours"): Recipe(),
        (TrainingStage.EXPGEN, "ours"): Recipe(),
        (TrainingStage.IDRANK, "ours"): Recipe(
            people=_ONE_PICTURE_EACH, images=1, epochs=650, rate=1e-4, final_norm=False
        ),
    }
)


def read_recipe(stage: TrainingStage, name: str) -> Recipe:
    """`published`, `ours`, or a TOML file that names one of them as `base` and changes fields.

    Raises OferError(BAD_REQUEST) naming the entry that is wrong.
    """
    if not name.endswith(".toml"):
        return _named(stage, name)
    try:
        entries = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise _wrong(f"The recipe {name} cannot be read: {cause}.") from cause
    return _changed(_named(stage, str(entries.pop("base", "ours"))), entries)


def _named(stage: TrainingStage, name: str) -> Recipe:
    try:
        return RECIPES[stage, name]
    except KeyError:
        raise _wrong(f"There is no recipe called {name!r}.") from None


def _changed(base: Any, entries: Mapping[str, Any]) -> Any:
    """`base`, a frozen dataclass, with some fields replaced, each by a value of its own kind."""
    known = {field.name for field in dataclasses.fields(base)}
    changes: dict[str, Any] = {}
    for key, value in entries.items():
        if key not in known:
            raise _wrong(f"A recipe has no entry {key!r}.")
        before = getattr(base, key)
        if dataclasses.is_dataclass(before) and isinstance(value, dict):
            changes[key] = _changed(before, value)
        elif isinstance(before, Enum):
            changes[key] = _member(type(before), key, value)
        elif type(value) is type(before) or (type(before) is float and type(value) is int):
            changes[key] = float(value) if isinstance(before, float) else value
        else:
            raise _wrong(f"The recipe's entry {key} cannot be {value!r}.")
    return replace(base, **changes)


def _member(kind: type[Enum], key: str, value: Any) -> Enum:
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(str(member.value) for member in kind)
        raise _wrong(f"The recipe's entry {key} is one of {choices}, not {value!r}.") from None


def _wrong(message: str) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST, message, "Use `published`, `ours`, or a TOML file with a `base`."
    )
