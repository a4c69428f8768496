"""JSON from strangers: what every machine can hold, and nothing but ValueError."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, cast

_WHOLE: Final = range(-(2**63), 2**63)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""Where a text may hold half a character, which no file and no screen takes."""


def parse(text: str | bytes, *, paths: bool = False) -> Any:
    """The value in a JSON text; bytes are UTF-8.

    Whole numbers fit 64 bits, others are finite, no text holds half a character. What Python puts
    for the bytes of a file's name that are no UTF-8 becomes a mark that every screen takes; paths :
    it stays, so that the file is found. Raises ValueError for anything else, however it is wrong:
    too deep, not UTF-8, a number of 400 digits, NaN.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = _loaded(text)
        if _SURROGATE.search(text):
            written = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
            return value if paths else _loaded(written.decode("utf-8", "replace"))
        return value
    except RecursionError as cause:
        raise ValueError("it is nested too deeply") from cause


def parse_object(text: str | bytes, *, paths: bool = False) -> dict[str, Any]:
    """The object in a JSON text. Raises ValueError for anything else, as `parse` does."""
    value = parse(text, paths=paths)
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return cast("dict[str, Any]", value)


def _loaded(text: str) -> Any:
    return json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_refuse)


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


def is_number(value: object) -> bool:
    """A number of JSON; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
