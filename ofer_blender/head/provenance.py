"""What a head was made from, kept with it as custom properties so that it can be made again."""

from __future__ import annotations

import dataclasses
import json
from typing import Final

import bpy

from ...ofer_engine.contract import sentence, strict_json
from ...ofer_engine.contract.reconstruction import Hypothesis, Reconstruction

PROPERTY: Final = "ofer_provenance"
_NUMBER: Final = (int, float)
_SOME: Final = (list, tuple)
_WORD: Final = (int, str)
"""A whole number beyond 32 bits is kept as its digits."""
_VIEW: Final = {
    "photo": {"name": str, "sha256": str},
    "face": {"box": _SOME},
    "camera": {"focal": _NUMBER, "centre": _SOME, "rotation": _SOME, "translation": _SOME,
               "width": int, "height": int},
}  # fmt: skip
_FORM: Final = {
    "pack": {"title": str, "version": str, "licence": str, "claim": str, "commercial": object},
    "settings": {"seed": _WORD, "mode": str, "identities": int, "keep": int, "device": str},
    "notes": str,
}
"""What the add-on relies on when it reads a record."""
_LEFT_OUT: Final = ("folder", "views", "identities", "expressions", "expression_names", "notes")


def store(head: bpy.types.Object, reconstruction: Reconstruction) -> None:
    """Write `head["ofer_provenance"]`: photo name and hash, face, camera, pack, settings, scores;
    `views` has photo, face and camera of each photo, the main one first.

    Nested groups of plain values, readable without the add-on; `notes` are English, and
    `note_sentences` the same with their values. The photo's folder is not kept.
    """
    kept = {
        item.name: getattr(reconstruction, item.name)
        for item in dataclasses.fields(reconstruction)
        if item.name not in _LEFT_OUT
    }
    main = reconstruction.views[0]
    kept["photo"], kept["face"], kept["camera"] = main.photo, main.face, main.camera
    kept["views"] = {f"view_{n:02d}": view for n, view in enumerate(reconstruction.views, 1)}
    kept["additions"] = {f"draw_{n:02d}": a for n, a in enumerate(reconstruction.additions, 1)}
    kept["notes"] = "\n".join(reconstruction.notes)
    kept["note_sentences"] = json.dumps([sentence.to_fields(each) for each in reconstruction.notes])
    kept["identities"] = _hypotheses(reconstruction.identities)
    kept["expressions"] = _hypotheses(reconstruction.expressions)
    head[PROPERTY] = _plain(kept)


def read(head: bpy.types.Object) -> dict:
    """What `store` wrote, or an empty dictionary where someone deleted it or wrote anything else:
    a file from elsewhere may hold whatever it likes under our names."""
    group = head.get(PROPERTY)
    record = group.to_dict() if hasattr(group, "to_dict") else {}
    return record if _is_like(record, _FORM) and views(record) else {}


def views(record: dict) -> list[dict]:
    """Photo, face and camera of each photo, the main one first; none where they are no such."""
    found = record.get("views")
    if not isinstance(found, dict):
        return []
    each = [found[name] for name in sorted(found)]
    return each if all(_is_like(view, _VIEW) for view in each) else []


def notes(record: dict) -> list[sentence.Sentence]:
    """The notes of `read`, with their values where these were kept."""
    plain = [sentence.Sentence(line) for line in record["notes"].split("\n") if line]
    try:
        found = strict_json.parse(record["note_sentences"])
        valued = [sentence.from_fields(each) for each in found]
    except (KeyError, TypeError, ValueError):
        return plain
    return valued if "\n".join(valued) == record["notes"] else plain


def as_text(head: bpy.types.Object) -> str:
    """The record as JSON, for people and scripts."""
    return json.dumps(read(head), indent=1, ensure_ascii=False)


def _hypotheses(hypotheses: tuple[Hypothesis, ...]) -> dict[str, dict]:
    return {item.name: {**dataclasses.asdict(item)} for item in hypotheses}


def _is_like(value: object, form: object) -> bool:
    """It has all the parts of a form, each of its type."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(
            name in value and _is_like(value[name], part) for name, part in form.items()
        )
    return isinstance(value, form)


def _plain(value: object) -> object:
    """Only what an ID property can hold: groups, numbers, strings and non-empty lists. A whole
    number beyond 32 bits, such as a large seed, is kept as its digits."""
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        return str(value)
    if dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item not in ((), None)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
