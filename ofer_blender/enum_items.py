"""Items of an enumeration that is made while Blender asks, with texts that outlive the answer.

Blender keeps no copy of their texts. It goes on showing those of one answer while it asks again,
and shows others in their place once Python has freed them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_texts: dict[str, str] = {}
"""Every text that an enumeration has had."""


def kept(items: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The items, each text the same object as whenever it was given before."""
    return [
        tuple(_texts.setdefault(each, each) if isinstance(each, str) else each for each in item)
        for item in items
    ]
