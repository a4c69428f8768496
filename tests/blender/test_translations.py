"""Every word of the tab is there in every language that we offer."""

from __future__ import annotations

import ast
import inspect
import json
import re
import string

import bpy
import pytest
from conftest import ROOT
from ofer_faces.ofer_blender import CLASSES, translations
from ofer_faces.ofer_blender.translations import (
    french,
    french_sentences,
    german,
    german_sentences,
    japanese,
    japanese_sentences,
    told,
)
from ofer_faces.ofer_blender.ui import tab
from recording_layout import RecordingLayout
from written_sentences import sentences, shape

LANGUAGES = {"de_DE": german.WORDS, "fr_FR": french.WORDS, "ja_JP": japanese.WORDS}
SENTENCES = {
    "de_DE": german_sentences.SENTENCES,
    "fr_FR": french_sentences.SENTENCES,
    "ja_JP": japanese_sentences.SENTENCES,
}
SAID_BY = {"say", "tr", "poll_message_set", "label", "_line"}
"""Functions whose first text, or `text`, is read by people."""
DRAWN_BY = {"operator", "prop", "menu", "popover", "column", "row", "draw_keys", "popup"}
"""Functions whose `text` or `heading` is read by people."""
NOT_WORDS = {
    "Basis", "OFER", "OFER Faces", "SHA-256: {hash}…", "NVIDIA or AMD", "ARKit 52", "FBX (.fbx)",
    "glTF (.glb)", "OBJ (.obj)", "USD (.usdc)", "Godot", "Unity", "Unreal Engine", "Omniverse",
    "MetaHuman (Conform)", "UVs", "Apple", "VRM", "three.js / Web", "{head}: {share}",
    "VRChat (Unified Expressions)", "Meta (Movement SDK)",
}  # fmt: skip
"""Names that are the same in every language; Blender itself translates Basis."""


def registered() -> set[str]:
    """Labels, names, descriptions and choices of everything that we register."""
    found: set[str] = set()
    for kind in CLASSES:
        found.add(getattr(kind, "bl_label", ""))
        if issubclass(kind, bpy.types.Operator):
            found.add(inspect.getdoc(kind).strip())
        if issubclass(kind, bpy.types.Panel | bpy.types.UIList | bpy.types.FileHandler):
            continue
        for item in _properties(kind):
            if item and not (item.is_hidden or item.identifier in _INTERNAL):
                named = item.name if item.name != item.identifier else ""
                found |= {named, item.description}
                found |= set(_choices(item))
    return {text for text in found if _is_text(text)}


def _properties(kind: type) -> list[bpy.types.Property]:
    """Those of ours; an operator's are in a type of their own."""
    made_of = kind.bl_rna
    if issubclass(kind, bpy.types.Operator):
        group, name = kind.bl_idname.split(".")
        made_of = getattr(getattr(bpy.ops, group), name).get_rna_type()
    names = [name for each in kind.__mro__ for name in getattr(each, "__annotations__", ())]
    return [made_of.properties[name] for name in dict.fromkeys(names) if name in made_of.properties]


def _choices(item: bpy.types.Property) -> list[str]:
    if item.type != "ENUM":
        return []
    return [text for each in item.enum_items for text in (each.name, each.description)]


_INTERNAL = {"is_head", "picture", "picture_key"}


def written() -> set[str]:
    """Literal sentences of the sources: labels, buttons, reasons, what the queue says."""
    found: set[str] = set()
    for path in (ROOT / "ofer_blender").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef):
                named = _named(scope)
                for node in ast.walk(scope):
                    if isinstance(node, ast.Call):
                        found |= _said(node, named)
    return {text for text in found if _is_text(text)}


def _named(scope: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What the names of a function stand for."""
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    return named


def _said(call: ast.Call, named: dict[str, list[ast.expr]]) -> set[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in SAID_BY | DRAWN_BY | {"Job"}:
        return set()
    if any(k.arg == "translate" and not k.value.value for k in call.keywords):
        return set()
    read = [each.value for each in call.keywords if each.arg in ("text", "heading", "title")]
    if name in SAID_BY | {"Job"}:
        read += call.args[:2]
    return {
        inner.value
        for value in read
        for inner in _parts(value, named)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    }


def _parts(value: ast.expr, named: dict[str, list[ast.expr]]) -> list[ast.expr]:
    """The literals of an expression that are shown as they are; not those of f-strings."""
    if isinstance(value, ast.IfExp):
        return _parts(value.body, named) + _parts(value.orelse, named)
    if isinstance(value, ast.Name):
        return [part for meant in named.get(value.id, ()) for part in _parts(meant, {})]
    return [value]


def _is_text(text: str) -> bool:
    name = text.isidentifier() and (text.islower() or text.isupper())
    return bool(re.search("[A-Za-z]{2}", text)) and not name and text not in NOT_WORDS


EVERYTHING = written()


def missing(words: dict[str, str]) -> list[str]:
    whole = german_sentences.SENTENCES.keys()  # the next test asks for these
    return sorted((EVERYTHING | registered() | SAID_ELSEWHERE) - words.keys() - whole)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_everything_is_translated(locale: str) -> None:
    lacking = missing(LANGUAGES[locale])
    lines = "\n".join(f'    {json.dumps(text, ensure_ascii=False)}: "",' for text in lacking)
    assert not lacking, f"ofer_blender/translations lacks, for {locale}:\n{lines}"


@pytest.mark.parametrize("locale", LANGUAGES)
def test_nothing_is_translated_that_nobody_says(locale: str) -> None:
    said = EVERYTHING | registered() | SAID_ELSEWHERE | sentences().keys()
    assert sorted(LANGUAGES[locale].keys() - said) == []


@pytest.mark.parametrize("locale", SENTENCES)
def test_every_sentence_is_translated(locale: str) -> None:
    """Errors, hints, notes, reports and findings, of the engine and of the add-on."""
    known = {shape(text) for text in (LANGUAGES[locale] | SENTENCES[locale])}
    lines = [
        f'    {json.dumps(text, ensure_ascii=False)}: "",  # {where}'
        for text, where in sorted(sentences().items())
        if shape(text) not in known
    ]
    assert not lines, f"{locale}_sentences lacks:\n" + "\n".join(lines)


@pytest.mark.parametrize("locale", SENTENCES)
def test_no_sentence_is_translated_that_nobody_says(locale: str) -> None:
    said = {shape(text) for text in sentences()}
    assert [text for text in SENTENCES[locale] if shape(text) not in said] == []
    assert not SENTENCES[locale].keys() & LANGUAGES[locale].keys()


STAGE = re.compile(r'^_?[A-Z]+(?:: Final)? = "([A-Z][A-Za-z ]+)"$', re.M)
PLANNED = re.compile(r"work\.progress\(\{([^}]*)\}")


def stages() -> set[str]:
    """What the engine says that it is doing."""
    found: set[str] = set()
    for path in (
        ROOT / "ofer_engine/handlers/assembly.py",
        *(ROOT / "ofer_engine/handlers").glob("*.py"),
    ):
        text = path.read_text("utf-8")
        found |= set(STAGE.findall(text))
        for plan in PLANNED.findall(text):
            found |= set(re.findall(r'"([^"]+)":', plan))
    return found


SAID_ELSEWHERE = {
    "Click one eye", "Click the other eye", "Click the tip of the chin", "Looking at the photo",
    "Click a face, or drag a box around another", "Drag a box around the face", "Reconstructing",
    "P: eyes and chin, or boxes · Backspace: take back · Esc: leave", "Looking at the weights",
    "Setting up the engine", "Installing weights", "Waiting for Object Mode", "Cancelling",
    "Waiting until the tool in use is done", "Starting", "Computing expressions", "Drawing again",
    "More like this", "Making the skin", "Drawing without it", "The engine is ready.",
} | stages()  # fmt: skip
"""Titles, stages and words over the viewport: translated where they are drawn."""


@pytest.mark.parametrize("locale", LANGUAGES)
def test_words_keep_their_blanks_and_their_end(locale: str) -> None:
    for english, text in (LANGUAGES[locale] | SENTENCES[locale]).items():
        assert text.strip() == text and text, english
        assert fields(text) == fields(english), english
        sentence = english.endswith(".")
        assert text.endswith((".", "。")) == sentence, f"{english!r} → {text!r}"


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_blender_gets_them_for_labels_and_buttons() -> None:
    """The bpy module speaks English only, so what Blender would show is looked up here."""
    made = translations.table()
    assert set(made) == set(LANGUAGES)
    for locale, words in made.items():
        assert words["*", "Reconstruct"] == LANGUAGES[locale]["Reconstruct"]
        assert words["Operator", "Reconstruct"] == words["*", "Reconstruct"]


def test_sentences_are_translated_before_they_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab, "tell", german.WORDS.__getitem__)
    layout = RecordingLayout()
    tab.say(layout, "Low confidence: check the result, or place the face by hand.")
    assert " ".join(layout.drawn).startswith("Unsicher: Ergebnis prüfen")


def in_german(text: str) -> str:
    everything = german.WORDS | german_sentences.SENTENCES
    return told.told(text, lambda english: everything.get(english, english))


TOLD = (
    ("me.jpg is empty.", "me.jpg ist leer."),
    ("me.jpg is empty. Copy or download the photo again.",
     "me.jpg ist leer. Das Foto noch einmal kopieren oder herunterladen."),
    ("Anna: No face was found in anna.v2.jpg.",
     "Anna: In anna.v2.jpg wurde kein Gesicht gefunden."),
    ("a.tar was refused: b.tar is damaged: a checksum does not agree. Import b.tar again.",
     "a.tar wurde abgelehnt: b.tar ist beschädigt: eine Prüfsumme stimmt nicht. "
     "b.tar noch einmal importieren."),
    ("The device 'cuda' is not available on this machine. The CPU was used instead.",
     "Das Gerät 'cuda' gibt es auf diesem Rechner nicht. Stattdessen wurde der Prozessor benutzt."),
    ("Reconstructing is not finished. Wait, or press Esc.",
     "Rekonstruktion läuft: noch nicht fertig. Warten oder Esc drücken."),
    ("head.glb was written, but: The head is 3.00 m tall in the file.",
     "head.glb wurde geschrieben, aber: Der Kopf ist in der Datei 3.00 m hoch."),
    ("A.ofer could not be written to /x: No space left on device. Choose another folder.",
     "A.ofer konnte nicht nach /x geschrieben werden: No space left on device. "
     "Einen anderen Ordner wählen."),
)  # fmt: skip


@pytest.mark.parametrize("english, german_text", TOLD, ids=range(len(TOLD)))
def test_sentences_are_recognised_with_their_values(english: str, german_text: str) -> None:
    assert in_german(english) == german_text


@pytest.mark.parametrize("text", ("Basis.001", "Nobody wrote this.", "a: ", "", "{name}", "? ."))
def test_what_is_not_recognised_stays(text: str) -> None:
    assert in_german(text) == text


def test_every_sentence_is_recognised_as_itself() -> None:
    """No sentence is taken for another one that is looser."""
    for english in german_sentences.SENTENCES:
        names = fields(english)
        values = {name: f"v{number}" for number, name in enumerate(names)}
        if names:
            expected = german_sentences.SENTENCES[english].format(**values)
            assert in_german(english.format(**values)) == expected, english


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
            for item in _properties(kind):
                if {item.name, *_choices(item)} & BLENDERS_OWN:
                    assert item.translation_context == translations.CONTEXT, (kind, item.name)
