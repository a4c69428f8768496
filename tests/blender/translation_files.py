"""The `.po` files of the translations, and the files that the add-on reads, made of them.

    python3 install.py translations      adds what is new, drops what nobody says, makes the files

A text that it added has an empty `msgstr`: translate it, in any editor of .po files, and run it
again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Set
from typing import Final

import bpy
from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from conftest import ADDON, ROOT
from ofer_faces.ofer_blender import translations
from said_texts import texts

FOLDER: Final = ROOT / "ofer_blender/translations/po"
_HEADER: Final = """\
# Made by `python3 install.py translations`; only `msgstr` is edited by hand. {name} and {name:.1f}
# stand for values, whose names and formats stay.
msgid ""
msgstr ""
"Language: %s\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def read(locale: str) -> dict[str, str]:
    """English → text, "" where it is still to be translated."""
    with (FOLDER / f"{locale}.po").open("rb") as file:
        return {each.id: each.string for each in read_po(file, locale=locale) if each.id}


def write(locale: str, words: dict[str, str]) -> None:
    """The `.po` file of a language, sorted, without lines that change by themselves."""
    catalogue = Catalog(locale)
    for english, text in words.items():
        catalogue.add(english, text)
    with (FOLDER / f"{locale}.po").open("wb") as file:
        file.write((_HEADER % locale).encode())
        write_po(file, catalogue, width=100, sort_output=True, omit_header=True)


def complete(locale: str, texts: Set[str]) -> list[str]:
    """Make the file one of these texts; returns those that are to be translated."""
    known = read(locale)
    words = {english: known.get(english, "") for english in texts}
    write(locale, words)
    return sorted(english for english, text in words.items() if not text)


def compiled(words: dict[str, str]) -> str:
    """What the add-on reads: JSON, without what is still to be translated."""
    done = {english: text for english, text in sorted(words.items()) if text}
    return json.dumps(done, ensure_ascii=False, indent=0) + "\n"


def main() -> int:
    """Bring every language up to date; 1 while something is to be translated."""
    bpy.context.preferences.addons.new().module = ADDON.__name__
    ADDON.register()
    said, lacking = texts(), 0
    ADDON.unregister()
    for locale in translations.LOCALES:
        missing = complete(locale, said)
        translations.words_file(locale).write_text(compiled(read(locale)), "utf-8", newline="\n")
        print(f"{locale}: {len(said)} texts, {len(missing)} to translate", *missing, sep="\n  ")
        lacking += len(missing)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
