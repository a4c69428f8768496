"""Sentences for people: English with its values, which any interface can say in another language.

`Sentence("{name} is empty.", name="me.jpg")` is the English text, and keeps template and values.
Both travel: as the text alone where there are no values, else as `{"template", "values"}`. Where a
sentence is shown in another language, its template is looked up and then filled in: see
`ofer_blender/translations`.

Templates may come from strangers: a field is a plain name with a plain format, and nothing of a
value but its text is ever looked at.
"""

from __future__ import annotations

import math
import numbers
import re
import string
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

Value = str | int | float
"""A `Sentence` is a `str`, and is said in the reader's language, too."""

_FORMAT: Final = re.compile(r"(?:0?[1-9]\d?)?,?(?:\.\d{1,2})?[defgs%]?")
_MOST_VALUES: Final = 16
_LONGEST_TEMPLATE: Final = 2000
_LONGEST_VALUE: Final = 8000
"""Letters; a path has at most 4096."""
_LARGEST: Final = 1 << 63
_DEEPEST: Final = 4
_LINES: Final = re.compile(r"[\t-\r\x85]+")
_HALF: Final = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")
"""Halves of characters that are no odd byte of a file's name, as Python escapes those."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What a name of a file may hold, and what would then tell a terminal what to do."""


def readable(text: str) -> str:
    """Any text, such as a file name of odd bytes, as one that can be written, sent and shown."""
    whole = _HALF.sub("\ufffd", text)
    return whole.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def one_line(text: str) -> str:
    """Any text as one that is readable, in a line, and that no terminal takes for an order."""
    return _CONTROL.sub("\ufffd", _LINES.sub(" ", readable(text)))


class Sentence(str):
    """template : English, with `{name}` or `{name:.1f}` for each value; values : those it uses.

    Without values, or with others than the template has, the text is the template as it is.
    """

    template: str
    values: Mapping[str, Value]

    def __new__(cls, template: str, /, **values: object) -> Sentence:
        if isinstance(template, Sentence):
            template, values = template.template, {**template.values, **values}
        template = readable(template)
        used = value_names(template) or {}
        kept = {name: _plain(value) for name, value in values.items() if name in used}
        made = super().__new__(cls, filled(template, kept))
        made.template, made.values = template, kept
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.template, dict(self.values))


def filled(template: str, values: Mapping[str, Value]) -> str:
    """The template with its values; as it is where they do not fit each other."""
    if not values or value_names(template) != set(values):
        return template
    try:
        return string.Formatter().vformat(template, (), dict(values))
    except (ValueError, OverflowError):  # such as a text where a number is wanted
        return template


def joined(*parts: str, between: str = " ") -> Sentence:
    """Several sentences as one; those that say nothing are left out."""
    sentences = {
        f"part_{number}": Sentence(part) for number, part in enumerate(filter(None, parts), 1)
    }
    if len(sentences) == 1:
        return sentences["part_1"]
    return Sentence(between.join(f"{{{name}}}" for name in sentences), **sentences)


def translated(text: str, look_up: Callable[[str], str]) -> str:
    """In another language. look_up : a template → that template there, or as it is."""
    if not isinstance(text, Sentence) or not text.values:
        return look_up(str(text))
    values = {
        name: translated(value, look_up) if isinstance(value, Sentence) else value
        for name, value in text.values.items()
    }
    return filled(look_up(text.template), values)


def to_fields(sentence: str) -> str | dict[str, Any]:
    """What JSON can hold of it; one that nobody would accept goes as its English text."""
    if not isinstance(sentence, Sentence) or not sentence.values:
        return str(sentence)
    fields = {
        "template": sentence.template,
        "values": {
            name: to_fields(value) if isinstance(value, str) else value
            for name, value in sentence.values.items()
        },
    }
    try:
        from_fields(fields)
    except ValueError:
        return str(sentence)
    return fields


def from_fields(fields: Any, depth: int = 0) -> Sentence:
    """The sentence of `to_fields`, from anyone. Raises ValueError."""
    if type(fields) is str:
        return Sentence(_sound(fields, math.inf))
    if depth > _DEEPEST or not isinstance(fields, dict):
        raise ValueError("it is no sentence")
    given = cast("dict[str, Any]", fields)
    if set(given) != {"template", "values"}:
        raise ValueError("it is no sentence")
    template, values = given["template"], cast("dict[str, Any]", given["values"])
    if type(template) is not str or type(values) is not dict or len(values) > _MOST_VALUES:
        raise ValueError("it is no sentence")
    if not set(values) <= (value_names(_sound(template, _LONGEST_TEMPLATE)) or set()):
        raise ValueError("a sentence has values that it does not use")
    return Sentence(template, **{name: _received(values[name], depth) for name in values})


def _again(template: str, values: dict[str, Value]) -> Sentence:
    return Sentence(template, **values)


def value_names(template: str) -> set[str] | None:
    """The names of the values of a template; None where it is no template of plain names."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return None
    found: set[str] = set()
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if not name.isidentifier() or conversion or not _FORMAT.fullmatch(form or ""):
            return None
        found.add(name)
    return found


def _plain(value: object) -> Value:
    if isinstance(value, Sentence):
        return value
    sentence = getattr(value, "sentence", None)  # an OferError
    if isinstance(sentence, Sentence):
        return sentence
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, numbers.Integral):  # numpy's are such, too
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return one_line(str(value))


def _sound(text: str, most: float) -> str:
    if len(text) > most or "\0" in text:
        raise ValueError("a sentence holds what no sentence holds")
    return text


def _received(value: Any, depth: int) -> Value:
    if type(value) is str:
        return _sound(value, _LONGEST_VALUE)
    if isinstance(value, dict):
        return from_fields(value, depth + 1)
    if type(value) not in (int, float) or not math.isfinite(value) or abs(value) >= _LARGEST:
        raise ValueError(f"{value!r:.40} is no value of a sentence")
    return value


SILENT: Final = Sentence("")
