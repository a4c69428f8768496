"""Frozen dataclasses from JSON: every field of its own type, nothing unknown, nothing converted."""

from __future__ import annotations

import dataclasses
import types
import typing


def from_fields(kind: type, fields: dict) -> typing.Any:
    """An instance of the dataclass `kind`. Raises KeyError, TypeError or AttributeError."""
    hints = typing.get_type_hints(kind)
    if not set(fields) <= set(hints):
        raise KeyError(f"unknown fields {set(fields) - set(hints)}")
    return kind(**{name: _value(hints[name], value) for name, value in fields.items()})


def _value(hint: typing.Any, value: typing.Any) -> typing.Any:
    if isinstance(hint, types.UnionType):
        (given,) = set(typing.get_args(hint)) - {types.NoneType}
        return None if value is None else _value(given, value)
    if isinstance(hint, types.GenericAlias):
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is no list")
        return tuple(_value(typing.get_args(hint)[0], item) for item in value)
    if dataclasses.is_dataclass(hint):
        return from_fields(typing.cast(type, hint), dict(value))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TypeError(f"{value!r} is no {hint.__name__}")
    return value
