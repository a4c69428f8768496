"""What the add-on says, in the language of Blender's interface."""

from __future__ import annotations

from typing import Final

import bpy

from . import told

OPERATOR: Final = "Operator"
"""Blender looks up the text of a button under this context, else under "*"."""
CONTEXT: Final = "OFER"
"""Of panels, of our own look-ups, and of properties with a word that Blender means otherwise: Face
is a polygon, Draw is a brush, Pack is a file's. Blender's own words win over those of add-ons."""
_ANY: Final = "*"


def tr(text: str) -> str:
    """A label in the user's language, or as it is; fill in values afterwards, with `format`."""
    return bpy.app.translations.pgettext_iface(text, CONTEXT)


def tell(text: str) -> str:
    """Whole sentences with their values, such as an error's, in the user's language."""
    return told.told(text, tr)


def table() -> dict[str, dict[tuple[str, str], str]]:
    """Every translation as Blender takes it: locale → (context, English) → text."""
    from . import french, french_sentences, german, german_sentences, japanese, japanese_sentences

    return {
        locale: {
            (context, english): text
            for english, text in (words | sentences).items()
            for context in (_ANY, OPERATOR, CONTEXT)
        }
        for locale, words, sentences in (
            ("de_DE", german.WORDS, german_sentences.SENTENCES),
            ("fr_FR", french.WORDS, french_sentences.SENTENCES),
            ("ja_JP", japanese.WORDS, japanese_sentences.SENTENCES),
        )
    }


def register() -> None:
    bpy.app.translations.register(__package__, table())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
