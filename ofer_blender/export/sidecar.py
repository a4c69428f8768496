"""NAME.json beside an exported file: what its keys are, where it comes from, what it may be."""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52
from .. import arkit_keys, provenance
from .names import names
from .plan import Plan


def sidecar_of(file: Path) -> Path:
    """Where the sidecar of an exported file lies."""
    return file.with_suffix(file.suffix + ".json")


def write_sidecar(
    head: bpy.types.Object, plan: Plan, keys: tuple[str, ...], bones: tuple[str, ...]
) -> None:
    """keys, bones : as named in the file. Raises OSError."""
    record = provenance.read(head)
    pack = record.get("pack", {})
    table = dict(zip(ARKIT_52, names(plan.preset.table), strict=True))
    content = {
        "file": plan.file.name,
        "target": plan.preset.label,
        "made_with": f"OFER Faces, Blender {bpy.app.version_string}",
        "note": plan.preset.note,
        "keys": list(keys),
        "arkit": {apple: name for apple, name in table.items() if name in keys},
        "bones": list(bones),
        "expressions": _expressions(head),
        "units": "metres in Blender; jawOpen as a key or the jaw bone, never both at full",
        "licence": {
            "pack": pack.get("title", ""),
            "licence": pack.get("licence", ""),
            "may_be_sold": bool(pack.get("commercial", False)),
            "claim": pack.get("claim", ""),
        },
        "provenance": record,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    sidecar_of(plan.file).write_text(text + "\n", encoding="utf-8")


def _expressions(head: bpy.types.Object) -> dict[str, dict[str, object]]:
    """Each expression of the photo as weights of Apple's names, those that are on, and what these
    leave over; for programs that get no keys of it. None before the head has the 52."""
    found: dict[str, dict[str, object]] = {}
    for name in head.ofer.expressions.keys():
        if told := arkit_keys.told(head, name):
            weights = {unit: round(value, 4) for unit, value in told[0].items() if value >= 5e-5}
            found[name] = {"arkit": weights, "left_over_mm": round(told[1] * 1000, 3)}
    return found
