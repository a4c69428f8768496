"""Writing the folder: the viewer, and the head as a script, which a page from disk may load."""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import provenance
from ..export import write
from ..export.glb import GlbReader
from ..export.plan import Keys, Plan, identifier
from ..export.presets import Target

PAGE: Final = "index.html"
HEAD: Final = "head.js"
_HERE: Final = Path(__file__).parent
_COPIED: Final = (PAGE, "viewer.js", "THREE_LICENSE.txt")
_NUMBERED: Final = re.compile(r"(identity|expression)_0*(\d+)")


def export(head: bpy.types.Object, folder: Path) -> Path:
    """Write the page of a head into a folder, which is made; gives the page to open.

    Raises OferError(READ_ONLY), and as `write.export`.
    """
    with tempfile.TemporaryDirectory(prefix="ofer_page_") as scratch:
        plan = Plan(Target.WEB, Path(scratch) / identifier(head.name), Keys.ALL)
        model = write.export(head, plan)
        keys = GlbReader(model).summary().meshes[0].keys
        script = _script(head, model.read_bytes(), keys)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _COPIED:
            shutil.copyfile(_HERE / name, folder / name)
        (folder / HEAD).write_text(script, encoding="ascii")
    except OSError as cause:
        raise OferError(
            ErrorCode.READ_ONLY,
            f"The page could not be written to {folder}: {cause.strerror}.",
            "Choose another folder.",
        ) from cause
    return folder / PAGE


def _script(head: bpy.types.Object, model: bytes, keys: tuple[str, ...]) -> str:
    """JavaScript that sets window.OFER_HEAD; a page opened from disk may not read a .glb."""
    told = {
        "title": head.name,
        "note": _note(head),
        "glb": base64.b64encode(model).decode("ascii"),
        "groups": groups(keys),
    }
    return f"window.OFER_HEAD = {json.dumps(told)};\n"


def groups(keys: tuple[str, ...]) -> list[dict]:
    """Keys under headings, with names for people; keys of the artist's own come last."""
    found: dict[str, list[dict]] = {"Other heads": [], "Expressions": [], "Face units": []}
    rest = []
    for name in keys:
        numbered = _NUMBERED.fullmatch(name)
        if numbered and numbered[1] == "identity":
            found["Other heads"].append({"name": name, "label": f"Head {numbered[2]}"})
        elif numbered:
            found["Expressions"].append({"name": name, "label": f"Expression {numbered[2]}"})
        elif name in ARKIT_52:
            found["Face units"].append({"name": name, "label": name})
        else:
            rest.append({"name": name, "label": name})
    found["Further keys"] = rest
    return [{"title": title, "keys": listed} for title, listed in found.items()]


def _note(head: bpy.types.Object) -> str:
    """What whoever gets the page should know: what the likeness is worth, and its licence."""
    record = provenance.read(head)
    if not record:
        return "Made with OFER Faces."
    pack = record["pack"]
    sold = "" if pack["commercial"] else " Not for commercial use."
    return f"Made with OFER Faces: {pack['claim']}. {pack['licence']}.{sold}"
