"""Every sentence that the sources hold for people to read, found by reading the sources."""

from __future__ import annotations

import ast
import functools
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conftest import ROOT

_SAID_ELSEWHERE: Final = (
    "ofer_blender/headless/command_line.py",
    "ofer_blender/translations",
    "ofer_engine/__main__.py",
    "ofer_engine/commands",
    "ofer_engine/published/benchmarks",
    "ofer_engine/published/training",
    "ofer_engine/research",
    *(f"ofer_engine/setup/{name}.py" for name in (
        "blender", "checks", "commands", "doctor", "package", "portrait", "run_photo",
    )),
)  # fmt: skip
"""What speaks in a terminal or on a page, never in Blender's window: that is English."""
_ERRORS: Final = {"OferError", "Failure"}
_VALUED: Final = {"OferError": (1, 3), "Sentence": (0, 1)}
"""Calls whose keywords are values, and where their templates stand."""
_CAUSES: Final = {"damaged", "_damaged", "_unusable", "DamagedPickle"}
"""Calls whose texts are the end of a sentence."""
_ON_A_PAGE: Final = {"Made with OFER Faces.", "Not for commercial use."}


@functools.cache
def sentences() -> dict[str, str]:
    """Sentence, with `{name}` for each of its values → where it is said, as `file:line`."""
    found: dict[str, str] = {}
    for package in ("ofer_engine", "ofer_blender"):
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith(_SAID_ELSEWHERE):
                for text, line in _sentences_of(path):
                    found.setdefault(text, f"{place}:{line}")
    return {text: where for text, where in found.items() if text not in _ON_A_PAGE}


def _sentences_of(path: Path) -> Iterator[tuple[str, int]]:
    tree = ast.parse(path.read_text("utf-8"))
    no_sentence = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    spoken: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            no_sentence |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.Call):
            spoken |= {id(value) for value in _spoken(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        text = node.value
        if id(node) in no_sentence or not re.search("[A-Za-z]{2}", text):
            continue
        if _is_whole(text) or (id(node) in spoken and "." not in text[:-1]):
            yield text.strip(), node.lineno


def _spoken(call: ast.Call) -> list[ast.expr]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in ("translate", "Sentence"):
        return call.args[:1]
    if name in _ERRORS:
        return call.args[1:3]
    steps = name == "next" and getattr(getattr(call.func, "value", None), "id", "") == "steps"
    return call.args[-1:] if name in _CAUSES or steps else []


def misfits() -> Iterator[str]:
    """Calls whose templates hold f-strings, or other values than they are given; and sentences
    that are f-strings, which no language can say."""
    for package in ("ofer_engine", "ofer_blender"):
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                name = getattr(node, "func", None) and getattr(node.func, "id", "")
                misfit = name in _VALUED and not _fits(node, slice(*_VALUED[name]))
                if isinstance(node, ast.JoinedStr) and not place.startswith(_SAID_ELSEWHERE):
                    misfit = _is_whole(_shape(node))
                if misfit:
                    yield f"{place}:{node.lineno}"


def _shape(node: ast.JoinedStr) -> str:
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _is_whole(text: str) -> bool:
    words = " " in text and re.search("[A-Za-z]{2}", text)
    return bool(words and re.search(r"^[A-Z{\d ].*\S[.?]$", text))


def _fits(call: ast.Call, places: slice) -> bool:
    templates = [node for given in call.args[places] for node in _said(given)]
    if any(isinstance(node, ast.JoinedStr) for node in templates):
        return False
    if not all(isinstance(node, ast.Constant) for node in templates):
        return True  # what others wrote, and keeps its own values
    if any(each.arg is None for each in call.keywords):
        return True
    names = {
        name for node in templates for _, name, _, _ in string.Formatter().parse(node.value)
    } - {None}
    return names == {each.arg for each in call.keywords}


def _said(given: ast.expr) -> list[ast.expr]:
    return [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
