"""Frozen dataclasses as JSON and back: every field of its own type, nothing unknown, nothing
converted but sentences, which keep their values."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing

from . import sentence


def from_fields(kind: type, fields: typing.Any) -> typing.Any:
    """An instance of the dataclass `kind` from what `strict_json` read. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError(f"{fields!r:.40} is no {kind.__name__}")
    given = typing.cast("dict[str, typing.Any]", fields)
    hints = _hints(kind)
    needed = {field.name for field in dataclasses.fields(kind) if _is_needed(field)}
    if not needed <= set(given) <= set(hints):
        raise ValueError(f"a {kind.__name__} has other fields")
    return kind(**{name: _value(hints[name], value) for name, value in given.items()})


def to_fields(value: typing.Any) -> typing.Any:
    """A dataclass as what JSON can hold; `from_fields` reads it."""
    if dataclasses.is_dataclass(value):
        each = dataclasses.fields(value)
        return {field.name: to_fields(getattr(value, field.name)) for field in each}
    if isinstance(value, tuple | list):
        items = typing.cast("tuple[typing.Any, ...] | list[typing.Any]", value)
        return [to_fields(item) for item in items]
    return sentence.to_fields(value) if isinstance(value, sentence.Sentence) else value


@functools.cache
def _hints(kind: type) -> dict[str, typing.Any]:
    return typing.get_type_hints(kind)


def _is_needed(field: dataclasses.Field[typing.Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _value(hint: typing.Any, value: typing.Any) -> typing.Any:
    if isinstance(hint, types.UnionType):
        (given,) = set(typing.get_args(hint)) - {types.NoneType}
        return None if value is None else _value(given, value)
    if isinstance(hint, types.GenericAlias):
        if not isinstance(value, list):
            raise ValueError(f"{value!r:.40} is no list")
        items = typing.cast("list[typing.Any]", value)
        return tuple(_value(typing.get_args(hint)[0], item) for item in items)
    if hint is sentence.Sentence:
        return sentence.from_fields(value)
    if dataclasses.is_dataclass(hint):
        return from_fields(typing.cast(type, hint), value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{value!r:.40} is no {hint.__name__}")
    if hint is str and "\0" in value:  # no file, name or sentence has one; the system refuses it
        raise ValueError("a text holds a zero byte")
    return value
