"""NAME.json beside an exported file: what its keys are, where it comes from, what it may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.files.digest import sha256_of
from ...ofer_engine.contract.files.sidecar import MADE_WITH
from ...ofer_engine.contract.visemes import VISEMES
from ..head import provenance
from ..rig import arkit_keys
from .animation import Animation
from .names import names
from .plan import Plan
from .shapes import chosen


def write_sidecar(
    head: bpy.types.Object,
    plan: Plan,
    place: Path,
    bones: tuple[str, ...],
    files: tuple[str, ...],
    animation: Animation | None,
) -> None:
    """place : where to write it, beside the files of these names, which are hashed; bones : as
    named in the file. Raises OSError.

    What the photo was called, its hash, the face in it and the settings are private: they stay in
    the .blend unless the plan says otherwise.
    """
    found = chosen(head, plan)
    record = provenance.read(head)
    pack = record.get("pack", {})
    table = dict(zip(ARKIT_52, names(plan.preset.table), strict=True))
    content: dict[str, Any] = {
        "file": plan.file.name,
        "name": head.name,
        "target": plan.preset.label,
        "made_with": f"{MADE_WITH}, Blender {bpy.app.version_string}",
        "note": plan.note,
        "keys": [name for _, name in found],
        "arkit": {source: name for source, name in found if source in table},
        "renamed": {name: source for source, name in found
                    if source not in table and source != name},
        "bones": list(bones),
        "expressions": _expressions(head),
        "units": f"{plan.preset.lies}; jawOpen as a key or the jaw bone, never both at full",
        "licence": {
            "pack": pack.get("title", ""),
            "licence": pack.get("licence", ""),
            "may_be_sold": bool(pack.get("commercial", False)),
            "claim": pack.get("claim", ""),
        },
        "files": {name: sha256_of(place.parent / name) for name in files},
    }  # fmt: skip
    if set(ARKIT_52) <= {source for source, _ in found}:
        content["visemes"] = {kind.lower(): {name: dict(weights) for name, weights in each.items()}
                              for kind, each in VISEMES.items()}  # fmt: skip
    if animation:
        content["animation"] = {
            "name": animation.name,
            "frames": animation.frames,
            "frames_a_second": animation.rate,
        }
    if plan.record:
        content["provenance"] = record
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    place.write_text(text + "\n", encoding="utf-8")


def _expressions(head: bpy.types.Object) -> dict[str, dict[str, object]]:
    """Each expression of the photo as weights of Apple's names, those that are on, and what these
    leave over; for programs that get no keys of it. None before the head has the 52."""
    found: dict[str, dict[str, object]] = {}
    for name in head.ofer.expressions.keys():
        if units := arkit_keys.weights_of(head, name):
            weights = {unit: round(value, 4) for unit, value in units[0].items() if value >= 5e-5}
            found[name] = {"arkit": weights, "left_over_mm": round(units[1] * 1000, 3)}
    return found
