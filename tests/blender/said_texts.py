"""Every text that people read in Blender's window, found by reading the sources and asking bpy."""

from __future__ import annotations

import ast
import functools
import inspect
import re

import bpy
from conftest import ROOT
from ofer_faces.ofer_blender import CLASSES
from written_sentences import sentences

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
        for item in properties_of(kind):
            if item and not (item.is_hidden or item.identifier in _INTERNAL):
                named = item.name if item.name != item.identifier else ""
                found |= {named, item.description}
                found |= set(choices_of(item))
    return {text for text in found if _is_text(text)}


def properties_of(kind: type) -> list[bpy.types.Property]:
    """Those of ours; an operator's are in a type of their own."""
    made_of = kind.bl_rna
    if issubclass(kind, bpy.types.Operator):
        group, name = kind.bl_idname.split(".")
        made_of = getattr(getattr(bpy.ops, group), name).get_rna_type()
    names = [name for each in kind.__mro__ for name in getattr(each, "__annotations__", ())]
    return [made_of.properties[name] for name in dict.fromkeys(names) if name in made_of.properties]


def choices_of(item: bpy.types.Property) -> list[str]:
    if item.type != "ENUM":
        return []
    return [text for each in item.enum_items for text in (each.name, each.description)]


_INTERNAL = {"is_head", "picture", "picture_key", "clay", "clay_key"}


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


@functools.cache
def texts() -> frozenset[str]:
    """All of them, while the add-on is registered: labels, stages, errors, notes, findings."""
    return frozenset(written() | registered() | SAID_ELSEWHERE | sentences().keys())
