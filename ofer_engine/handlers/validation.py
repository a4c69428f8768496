"""Numbers that can be drawn, or one sentence why not."""

from __future__ import annotations

from ..contract.errors import ErrorCode, OferError
from ..contract.records import Hints
from ..contract.sampling import MOST_SEED, SamplingParams

MOST_CANDIDATES = 1000
_AGES = (0.0, 120.0)


def check_counts(identities: int, keep: int, expressions: int, steps: int) -> None:
    """Raises OferError(BAD_REQUEST)."""
    sensible = (
        1 <= keep <= identities <= MOST_CANDIDATES
        and 0 <= expressions <= 200
        and 1 <= steps <= 1000
    )
    if not sensible:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{identities} heads with {keep} kept, {expressions} expressions and {steps} "
            "steps cannot be drawn.",
            "Draw at most 1000 heads, keep 1 or more of them, and take at most 200 expressions "
            "and 1 to 1000 steps.",
            identities=identities,
            keep=keep,
            expressions=expressions,
            steps=steps,
        )


def check_sampling(params: SamplingParams) -> None:
    """Raises OferError(BAD_REQUEST) for what cannot be drawn."""
    check_seed(params.seed)
    steps = 1 if params.steps is None else params.steps
    check_counts(params.identities, params.keep, params.expressions, steps)
    check_share("guidance", params.guidance)


def check_seed(seed: int) -> None:
    """Raises OferError(BAD_REQUEST)."""
    if not 0 <= seed <= MOST_SEED:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "That seed is out of range.",
            "Choose a whole number from 0 to {seed}.",
            seed=MOST_SEED,
        )


def check_share(name: str, value: float) -> None:
    """Raises OferError(BAD_REQUEST) for what is not in 0..1."""
    if not 0 <= value <= 1:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "A {name} of {value} makes no sense.",
            "Choose a number from 0 to 1.",
            name=name,
            value=value,
        )


def check_hints(hints: Hints) -> None:
    """Raises OferError(BAD_REQUEST) for hints that nobody can be."""
    for name in ("sex", "build"):
        if (value := getattr(hints, name)) is not None:
            check_share(f"hint of {name}", value)
    if hints.age is not None and not _AGES[0] <= hints.age <= _AGES[1]:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "An age of {age:g} years makes no sense.",
            "Choose an age from 0 to 120 years.",
            age=hints.age,
        )
