"""Whole sentences in the user's language: errors, notes, reports, findings.

Such a sentence arises in English, in the engine or here, with its values filled in; it travels, is
logged and is reported as it is. Only where it is shown is it recognised by the words that never
change, and told in the user's language with the same values. What is not recognised stays English.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

_FIELD: Final = re.compile(r"\{([^}]*)\}")
_RETOLD: Final = {"cause", "error", "message", "stage", "text", "what", "why"}
"""Values that have a translation: sentences, their ends, and what a job is called."""
_NEXT_SENTENCE: Final = re.compile(r"(?<=[.?]) (?=[A-Z])")
_LONGEST: Final = 2000
"""Letters: nothing that we say is longer."""


def told(text: str, look_up: Callable[[str], str]) -> str:
    """`text`, one sentence or more, as `look_up` tells its English pattern; else as it is."""
    known = look_up(text)
    if known != text or len(text) > _LONGEST:
        return known
    recognised = _recognise(text)
    if recognised is None:
        first, *others = _NEXT_SENTENCE.split(text, maxsplit=1)
        if not others:
            return text
        first, other = told(first, look_up), told(others[0], look_up)
        return first + ("" if first.endswith("。") else " ") + other
    pattern, values = recognised
    retold = {k: told(v, look_up) if k in _RETOLD else v for k, v in values.items()}
    return look_up(pattern).format(**retold)


@functools.lru_cache(maxsize=512)
def _recognise(text: str) -> tuple[str, dict[str, str]] | None:
    """The pattern with the most words of its own, and the values that it leaves.

    No value reaches over the end of a sentence, and a name over a colon only where nothing else
    fits: "a.tar was refused: b.tar is damaged" speaks of a.tar.
    """
    found = [
        (pattern, match.groupdict())
        for pattern, compiled in _patterns()
        if (match := compiled.fullmatch(text)) and all(map(_is_value, match.groups()))
    ]
    return min(found, key=lambda each: _crosses(each[1]), default=None)  # the first of the least


def _is_value(text: str) -> bool:
    return text == text.strip() and not _NEXT_SENTENCE.search(text)


def _crosses(values: dict[str, str]) -> bool:
    return any(": " in value for name, value in values.items() if name not in _RETOLD)


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Every sentence with values, those with the most words of their own first."""
    from .german_sentences import SENTENCES  # every language has the same ones

    patterns = [pattern for pattern in SENTENCES if _FIELD.search(pattern)]
    patterns.sort(key=lambda pattern: len(_FIELD.sub("", pattern)), reverse=True)
    return [(pattern, _compiled(pattern)) for pattern in patterns]


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = _FIELD.split(pattern)
    texts, names = map(re.escape, parts[::2]), parts[1::2]
    fields = [f"(?P<{name}>.+?)" for name in names] + [""]
    return re.compile("".join(t + f for t, f in zip(texts, fields, strict=True)), re.DOTALL)
