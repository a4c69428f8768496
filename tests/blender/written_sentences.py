"""Every sentence that the sources hold for people to read, found by reading the sources."""

from __future__ import annotations

import ast
import functools
import re
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
        "blender", "checks", "commands", "doctor", "package", "portrait", "road",
    )),
)  # fmt: skip
"""What speaks in a terminal or on a page, never in Blender's window: that is English."""
_ERRORS: Final = {"OferError", "Failure"}
_CAUSES: Final = {"damaged", "_damaged", "_unusable", "DamagedPickle"}
"""Calls whose texts are the end of a sentence."""
_ON_A_PAGE: Final = {"Made with OFER Faces.", "Not for commercial use."}
_PUT_TOGETHER: Final = (
    "{subject}: {message}", "{name} was refused: {error}", "{done} of {total} MB",
    "{lost} keys are lost", "keys are in another order", "it said nothing",
    "{name} was written.",
)  # fmt: skip
"""Sentences that no single text of the sources shows."""


@functools.cache
def sentences() -> dict[str, str]:
    """Sentence, with `{name}` for each of its values → where it is said, as `file:line`."""
    found = dict.fromkeys(_PUT_TOGETHER, "_PUT_TOGETHER")
    for package in ("ofer_engine", "ofer_blender"):
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith(_SAID_ELSEWHERE):
                for text, line in _sentences_of(path):
                    found.setdefault(text, f"{place}:{line}")
    return {text: where for text, where in found.items() if text not in _ON_A_PAGE}


def shape(text: str) -> str:
    """A sentence without the names of its values: those are for the reader only."""
    return re.sub(r"\{[^}]*\}", "{}", text)


def _sentences_of(path: Path) -> Iterator[tuple[str, int]]:
    tree = ast.parse(path.read_text("utf-8"))
    no_sentence = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    told: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            no_sentence |= {id(inner) for inner in ast.walk(node) if inner is not node}
        if isinstance(node, ast.Call):
            told |= {id(value) for value in _told(node)}
    for node in ast.walk(tree):
        text = _text(node)
        if text is None or id(node) in no_sentence or not re.search("[A-Za-z]{2}", text):
            continue
        whole = " " in text and re.search(r"^[A-Z{\d ].*\S[.?]$", text)
        if whole or (id(node) in told and "." not in text[:-1]):
            yield text.strip(), node.lineno


def _told(call: ast.Call) -> list[ast.expr]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name == "tell":
        return call.args
    if name in _ERRORS | {"refuse"}:
        return call.args[1:3]
    steps = name == "next" and getattr(getattr(call.func, "value", None), "id", "") == "steps"
    return call.args[-1:] if name in _CAUSES or steps else []


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    names: list[str] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            words = re.findall("[a-z]+", ast.unparse(part.value).lower()) or ["value"]
            name = next(
                each
                for each in (words[-1], *(f"{words[-1]}_{n}" for n in range(2, 9)))
                if each not in names
            )
            names.append(name)
    left = iter(names)
    return "".join(
        part.value if isinstance(part, ast.Constant) else f"{{{next(left)}}}"
        for part in node.values
    )
