"""VRM 1.0: what makes a GLB of a body an avatar. The extension VRMC_vrm, by its published
specification, put into a file that Blender's exporter wrote. No bpy.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.visemes import VISEMES, VisemeSet
from .glb import GlbReader

NAME: Final = "VRMC_vrm"
SUFFIX: Final = "vrm"
LICENCE: Final = "https://vrm.dev/licenses/1.0/"
"""The one licence text that VRM 1.0 knows; what it allows is set beside it, as little as can be
where nothing is."""
NOBODY: Final = "unknown"
"""The author where none is named: VRM has to have one."""
_LOOK_DEGREES: Final = 30.0
"""How far eyes on bones follow what they look at."""
_FULL_LOOK: Final[Mapping[str, float]] = MappingProxyType(
    {"HorizontalInner": 23.1, "HorizontalOuter": 23.4, "VerticalDown": 18.6, "VerticalUp": 11.7}
)
"""Degrees that the bundled head's eyes turn by its keys `eyeLook…` in full."""
_ROUNDED: Final = 1e-3
"""How far a bone's scale may be off 1 by rounding."""
_SPOKEN: Final = {each: f"viseme_{'E' if each == 'ee' else each}" for each in
                  ("aa", "ih", "ou", "ee", "oh")}  # fmt: skip
_BOTH: Final = ("Left", "Right")


def _sides(**weights: float) -> Mapping[str, float]:
    """A name without its side stands for both."""
    found: dict[str, float] = {}
    for name, weight in weights.items():
        names = (name,) if name in ARKIT_52 else (f"{name}{side}" for side in _BOTH)
        found |= dict.fromkeys(names, weight)
    return found


PRESETS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType({
    "happy": _sides(mouthSmile=0.8, cheekSquint=0.5),
    "angry": _sides(browDown=0.9, noseSneer=0.4, eyeSquint=0.4, mouthPress=0.5),
    "sad": _sides(browInnerUp=0.8, mouthFrown=0.7, mouthShrugLower=0.3),
    "relaxed": _sides(mouthSmile=0.3, eyeSquint=0.2),
    "surprised": _sides(browInnerUp=0.7, browOuterUp=0.7, eyeWide=0.7, jawOpen=0.3),
    **{vrm: VISEMES[VisemeSet.META][name] for vrm, name in _SPOKEN.items()},
    "blink": _sides(eyeBlink=1.0),
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "lookUp": _sides(eyeLookUp=1.0),
    "lookDown": _sides(eyeLookDown=1.0),
    "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
    "neutral": {},
})  # fmt: skip
"""Preset expression → weights of the 52. What face belongs to an emotion VRM leaves open; these are
ours."""


_LOOKS: Final = frozenset(each for each in PRESETS if each.startswith("look"))


def put_in(
    path: Path,
    human: Mapping[str, str],
    meta: Mapping[str, Any],
    eyes: np.ndarray,
    keys: Mapping[str, str],
) -> None:
    """Make a GLB a VRM, in place.

    human : humanoid bone → node's name; meta : of the model, without the licence; eyes : (3,)
    metres, the middle between them, Y up, +Z ahead; keys : unit of the 52 → its key's name in the
    file. Raises OSError, ValueError for a file that lacks a node.
    """
    reader = GlbReader(path)
    document = reader.document
    nodes, expressions = joints(document), _expressions(document, keys)
    extension: dict[str, Any] = {
        "specVersion": "1.0",
        "meta": {**meta, "licenseUrl": LICENCE},
        "humanoid": {"humanBones": {each: {"node": _node(nodes, n)} for each, n in human.items()}},
        "lookAt": _look_at(document, nodes, human, eyes, expressions.get("preset", {})),
    }
    if expressions:
        extension["expressions"] = expressions
    for node in nodes.values():
        _unscaled(document["nodes"][node])
    document.setdefault("extensions", {})[NAME] = extension
    document["extensionsUsed"] = [*document.get("extensionsUsed", ()), NAME]
    _write(path, document, reader.binary_chunk)


def _unscaled(node: dict[str, Any]) -> None:
    """What rounding left of a scale goes: VRM wants bones scaled alike in all directions."""
    if np.allclose(node.get("scale", 1.0), 1.0, atol=_ROUNDED):
        node.pop("scale", None)


def joints(document: Mapping[str, Any]) -> dict[str, int]:
    """Name → node, of all bones of a file's skins."""
    found: dict[str, int] = {}
    for skin in document.get("skins", ()):
        for joint in skin["joints"]:
            found.setdefault(str(document["nodes"][joint].get("name", "")), joint)
    return found


def _node(nodes: Mapping[str, int], name: str) -> int:
    if name not in nodes:
        raise ValueError(f"no bone {name} in the file")
    return nodes[name]


def _expressions(document: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Presets of which all keys are there, and each of the 52 by its own name."""
    places = list(_morphs(document))
    there = {unit for unit, key in keys.items() if any(key in names for _, names in places)}
    if not there:
        return {}

    def one(weights: Mapping[str, float]) -> dict[str, Any]:
        binds = [
            {"node": node, "index": names.index(keys[unit]), "weight": weight}
            for node, names in places
            for unit, weight in weights.items()
            if keys[unit] in names
        ]
        return {"morphTargetBinds": binds} if binds else {}

    return {
        "preset": {n: one(weights) for n, weights in PRESETS.items() if set(weights) <= there},
        "custom": {unit: one({unit: 1.0}) for unit in ARKIT_52 if unit in there},
    }


def _morphs(document: Mapping[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """Node, and names of its morph targets."""
    for number, node in enumerate(document["nodes"]):
        if "mesh" in node:
            names = document["meshes"][node["mesh"]].get("extras", {}).get("targetNames")
            if names:
                yield number, list(map(str, names))


def _look_at(
    document: Mapping[str, Any],
    nodes: Mapping[str, int],
    human: Mapping[str, str],
    eyes: np.ndarray,
    presets: Mapping[str, Any],
) -> dict[str, Any]:
    """By keys where they are all there, for lids follow them, else by the bones of the eyes."""
    place = np.linalg.inv(_world(document, _node(nodes, human["head"])))
    bones = {"leftEye", "rightEye"} <= set(human) and not _LOOKS <= set(presets)
    return {
        "type": "bone" if bones else "expression",
        "offsetFromHeadBone": [float(each) for each in (place @ [*eyes, 1.0])[:3]],
        **{
            f"rangeMap{way}": {"inputMaxValue": _LOOK_DEGREES, "outputScale": _LOOK_DEGREES}
            if bones
            else {"inputMaxValue": full, "outputScale": 1.0}
            for way, full in _FULL_LOOK.items()
        },
    }


def _world(document: Mapping[str, Any], node: int) -> np.ndarray:
    """(4, 4) of a node, what it hangs on included."""
    parents = {
        child: number
        for number, each in enumerate(document["nodes"])
        for child in each.get("children", ())
    }
    found = _local(document["nodes"][node])
    while node in parents:
        node = parents[node]
        found = _local(document["nodes"][node]) @ found
    return found


def _local(node: Mapping[str, Any]) -> np.ndarray:
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    found = np.eye(4)
    found[:3, :3] = np.array([
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    ]) * np.array(node.get("scale", (1, 1, 1)))  # fmt: skip
    found[:3, 3] = node.get("translation", (0, 0, 0))
    return found


def _write(path: Path, document: Mapping[str, Any], binary: bytes) -> None:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    length = 12 + 8 + len(text) + len(binary)
    head = struct.pack("<4sII", b"glTF", 2, length) + struct.pack("<I4s", len(text), b"JSON")
    path.write_bytes(head + text + binary)
