"""What the tab says, in the language of Blender's interface."""

from __future__ import annotations

from typing import Final

import bpy

OPERATOR: Final = "Operator"
"""Blender looks up the text of a button under this context, everything else under "*"."""
_ANY: Final = "*"


def tr(text: str) -> str:
    """A label in the user's language, or as it is; fill in values afterwards, with `format`."""
    return bpy.app.translations.pgettext_iface(text)


def table() -> dict[str, dict[tuple[str, str], str]]:
    """Every translation as Blender takes it: locale → (context, English) → text."""
    from . import french, german

    return {
        locale: {
            (context, english): text
            for english, text in words.items()
            for context in (_ANY, OPERATOR)
        }
        for locale, words in (("de_DE", german.WORDS), ("fr_FR", french.WORDS))
    }


def register() -> None:
    bpy.app.translations.register(__package__, table())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
