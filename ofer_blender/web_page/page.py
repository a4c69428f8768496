"""Writing the folder: the viewer, and the head as a script, which a page from disk may load."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52
from ..export import write
from ..export.glb import GlbReader
from ..export.plan import Keys, Plan, identifier
from ..export.presets import Target
from ..head import provenance
from ..undo.atomic_output import aside_of, beside

PAGE: Final = "index.html"
HEAD: Final = "head.js"
_HERE: Final = Path(__file__).parent
_COPIED: Final = (PAGE, "viewer.js", "THREE_LICENSE.txt")
_START: Final = "window.OFER_HEAD = "
_NUMBERED: Final = re.compile(r"(identity|expression)_0*(\d+)")


def export(head: bpy.types.Object, folder: Path) -> Path:
    """Write the page of a head into a folder, which is made, whole or not at all; gives the page to
    open. Where the folder holds anything but a page that we wrote, the next free name is taken.

    Raises OferError as `write.export` does.
    """
    with beside(folder) as scratch:
        plan = Plan(Target.WEB, scratch / identifier(head.name), Keys.ALL)
        model = write.export(head, plan)
        keys = GlbReader(model).summary().meshes[0].keys
        made = scratch / "page"
        made.mkdir()
        (made / HEAD).write_text(_script(head, model.read_bytes(), keys), encoding="ascii")
        for name in _COPIED:
            shutil.copyfile(_HERE / name, made / name)
        place = _free(folder)
        _move(made, place, aside_of(scratch) / place.name)
    return place / PAGE


def _free(folder: Path) -> Path:
    """The folder, or the next name that nobody else's folder has."""
    place, number = folder, 1
    while os.path.lexists(place) and not _ours(place):
        number += 1
        place = folder.with_name(f"{folder.name}_{number}")
    return place


def _ours(folder: Path) -> bool:
    """Everything in it is as we write it. Raises OSError."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    if {each.name for each in folder.iterdir()} != {*_COPIED, HEAD}:
        return False
    if any((folder / each).read_bytes() != (_HERE / each).read_bytes() for each in _COPIED):
        return False
    with (folder / HEAD).open("rb") as script:
        return script.read(len(_START)) == _START.encode()


def _move(made: Path, place: Path, older: Path) -> None:
    """Raises OSError; then what was at the place is there."""
    if place.exists():
        place.rename(older)
    try:
        made.rename(place)
    except OSError:
        if older.exists():
            older.rename(place)
        raise


def _script(head: bpy.types.Object, model: bytes, keys: tuple[str, ...]) -> str:
    """JavaScript that sets window.OFER_HEAD; a page opened from disk may not read a .glb."""
    data = {
        "title": head.name,
        "note": _note(head),
        "glb": base64.b64encode(model).decode("ascii"),
        "groups": groups(keys),
    }
    return f"{_START}{json.dumps(data)};\n"


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
