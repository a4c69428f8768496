"""What the tab says, in the language of Blender's interface."""

from __future__ import annotations

from typing import Final

import bpy

OPERATOR: Final = "Operator"
"""Blender looks up the text of a button under this context, everything else under "*"."""
_ANY: Final = "*"
_WIDE: Final = ("ja", "ko", "zh")


def tr(text: str) -> str:
    """A label in the user's language, or as it is; fill in values afterwards, with `format`."""
    return bpy.app.translations.pgettext_iface(text)


def letters(narrow: int) -> int:
    """How many letters fit where so many Latin ones do."""
    wide = bpy.app.translations.locale.startswith(_WIDE)
    return narrow // 2 if wide else narrow


def table() -> dict[str, dict[tuple[str, str], str]]:
    """Every translation as Blender takes it: locale → (context, English) → text."""
    from . import french, german, japanese

    return {
        locale: {
            (context, english): text
            for english, text in words.items()
            for context in (_ANY, OPERATOR)
        }
        for locale, words in (
            ("de_DE", german.WORDS),
            ("fr_FR", french.WORDS),
            ("ja_JP", japanese.WORDS),
        )
    }


def register() -> None:
    bpy.app.translations.register(__package__, table())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
