"""Everything that people read is there in every language that we offer."""

from __future__ import annotations

import bpy
import pytest
import translation_files
from ofer_faces.ofer_blender import CLASSES, translations
from ofer_faces.ofer_blender.ui import tab
from ofer_faces.ofer_engine.contract import sentence
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError
from recording_layout import RecordingLayout
from said_texts import choices_of, properties_of, texts
from written_sentences import misfits

LANGUAGES = {locale: translation_files.read(locale) for locale in translations.LOCALES}
COMMAND = "run `python3 install.py translations` and translate what it added"


@pytest.mark.parametrize("locale", LANGUAGES)
def test_everything_is_translated_and_nothing_that_nobody_says(locale: str) -> None:
    translated = {english for english, text in LANGUAGES[locale].items() if text}
    assert sorted(texts() - translated) == [], COMMAND
    assert sorted(LANGUAGES[locale].keys() - texts()) == [], COMMAND


@pytest.mark.parametrize("locale", LANGUAGES)
def test_what_the_add_on_reads_is_made_of_the_po_file(locale: str) -> None:
    made = translations.words_file(locale).read_text("utf-8")
    assert made == translation_files.compiled(LANGUAGES[locale]), COMMAND


@pytest.mark.parametrize("locale", LANGUAGES)
def test_translations_keep_values_blanks_and_ends(locale: str) -> None:
    for english, text in LANGUAGES[locale].items():
        assert text.strip() == text and text, english
        assert sentence.value_names(text) == sentence.value_names(english), english
        assert text.endswith((".", "。")) == english.endswith("."), f"{english!r} → {text!r}"


def test_new_texts_are_added_and_stale_ones_go(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation_files, "FOLDER", tmp_path)
    translation_files.write("de_DE", {"Old": "Alt", "Head": "Kopf", '{name} "x".': "„x“ {name}."})
    translation_files.complete("de_DE", {"Head", '{name} "x".', "New"})
    assert translation_files.read("de_DE") == {
        "Head": "Kopf", "New": "", '{name} "x".': "„x“ {name}.",
    }  # fmt: skip


def test_blender_gets_them_for_labels_and_buttons() -> None:
    """The bpy module speaks English only, so what Blender would show is looked up here."""
    made = translations.table()
    assert set(made) == set(LANGUAGES)
    for locale, words in made.items():
        assert words["*", "Reconstruct"] == LANGUAGES[locale]["Reconstruct"]
        assert words["Operator", "Reconstruct"] == words["*", "Reconstruct"]


def test_sentences_are_translated_before_they_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab, "translate", LANGUAGES["de_DE"].__getitem__)
    layout = RecordingLayout()
    tab.say(layout, "Low confidence: check the result, or place the face by hand.")
    assert " ".join(layout.drawn).startswith("Unsicher: Ergebnis prüfen")


def test_values_are_those_of_their_template() -> None:
    assert list(misfits()) == []


def in_german(text: str) -> str:
    german = LANGUAGES["de_DE"]
    return sentence.translated(text, lambda english: german.get(english, english))


EMPTY = sentence.Sentence("{name} is empty.", name="me.jpg")
DAMAGED = OferError(
    ErrorCode.WEIGHTS_DAMAGED,
    "{name} is damaged: {what}.",
    "Import {usual} from FLAME 2020.",
    name="b.tar",
    what=sentence.Sentence("a checksum does not agree"),
    usual="c.pkl",
)
TOLD = (
    ("me.jpg is empty.", "me.jpg is empty."),
    (EMPTY, "me.jpg ist leer."),
    (sentence.joined(EMPTY, "Copy or download the photo again."),
     "me.jpg ist leer. Das Foto noch einmal kopieren oder herunterladen."),
    (sentence.Sentence("{subject}: {message}", subject="Anna: x", message=EMPTY),
     "Anna: x: me.jpg ist leer."),
    (sentence.Sentence("{name} was refused: {error}", name="a.tar", error=DAMAGED),
     "a.tar wurde abgelehnt: b.tar ist beschädigt: eine Prüfsumme stimmt nicht. "
     "c.pkl von FLAME 2020 importieren."),
    (sentence.Sentence("The head is {tall:.2f} m tall in the file.", tall=3),
     "Der Kopf ist in der Datei 3.00 m hoch."),
    ("Waiting for Object Mode", "Wartet auf den Objektmodus"),
    (sentence.Sentence("{nobody} wrote this.", nobody="I"), "I wrote this."),
    ("{name}", "{name}"),
)  # fmt: skip


@pytest.mark.parametrize("english, german_text", TOLD, ids=range(len(TOLD)))
def test_sentences_are_said_with_their_values(english: str, german_text: str) -> None:
    assert in_german(english) == german_text


BLENDERS_OWN = {
    "Age", "Blend", "Box", "Browse", "Build", "Close", "Device", "Difference", "Draw", "Export",
    "Expression", "Face", "Head", "Heads", "Hidden", "Keep", "Keys", "Library", "Location", "Look",
    "Mask", "Neutral", "Next", "None", "Pack", "Pinned", "Reconstruction", "Remove", "Search",
    "Setup", "Skin", "Starting", "Steps", "Walk", "Weight",
}  # fmt: skip
"""Blender 5.2 translates these itself, and otherwise: its Face is a polygon."""


def test_words_that_mean_something_else_in_blender_have_our_context() -> None:
    for kind in CLASSES:
        if issubclass(kind, bpy.types.Panel):
            assert kind.bl_translation_context == translations.CONTEXT, kind
            continue
        if not issubclass(kind, bpy.types.UIList | bpy.types.FileHandler):
            for item in properties_of(kind):
                if {item.name, *choices_of(item)} & BLENDERS_OWN:
                    assert item.translation_context == translations.CONTEXT, (kind, item.name)
