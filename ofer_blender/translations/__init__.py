"""What the add-on says, in the language of Blender's interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.sentence import translated

OPERATOR: Final = "Operator"
"""Blender looks up the text of a button under this context, else under "*"."""
CONTEXT: Final = "OFER"
"""Of panels, of our own look-ups, and of properties with a word that Blender means otherwise: Face
is a polygon, Draw is a brush, Pack is a file's. Blender's own words win over those of add-ons."""
LOCALES: Final = ("de_DE", "fr_FR", "ja_JP")
_ANY: Final = "*"


def tr(text: str) -> str:
    """A label in the user's language, or as it is; fill in values afterwards, with `format`."""
    return bpy.app.translations.pgettext_iface(text, CONTEXT)


def translate(text: str) -> str:
    """A `Sentence`, or one without values, in the user's language; English where it has none."""
    return translated(text, tr).replace("。 ", "。")  # the blank between two sentences


def words_file(locale: str) -> Path:
    """English → text as JSON, made of the language's file in `po`."""
    return Path(__file__).with_name(f"{locale}.json")


def table() -> dict[str, dict[tuple[str, str], str]]:
    """Every translation as Blender takes it: locale → (context, English) → text."""
    return {
        locale: {
            (context, english): text
            for english, text in json.loads(words_file(locale).read_text("utf-8")).items()
            for context in (_ANY, OPERATOR, CONTEXT)
        }
        for locale in LOCALES
    }


def register() -> None:
    bpy.app.translations.register(__package__, table())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
