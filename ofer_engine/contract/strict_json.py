"""JSON from strangers: numbers that every machine can hold, and nothing but ValueError."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn, cast

_WHOLE: Final = range(-(2**63), 2**63)


def parse(text: str | bytes) -> Any:
    """The value in a JSON text; bytes are UTF-8.

    Whole numbers fit 64 bits, others are finite. Raises ValueError for anything else, however it is
    wrong: too deep, not UTF-8, a number of 400 digits, NaN.
    """
    try:
        return json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_refuse,
        )
    except RecursionError as cause:
        raise ValueError("it is nested too deeply") from cause


def parse_object(text: str | bytes) -> dict[str, Any]:
    """The object in a JSON text. Raises ValueError for anything else, as `parse` does."""
    value = parse(text)
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return cast("dict[str, Any]", value)


def _whole(digits: str) -> int:
    number = int(digits)  # itself a ValueError beyond 4300 digits
    if number not in _WHOLE:
        raise ValueError("a number has more than 64 bits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
