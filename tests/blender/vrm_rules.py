"""What the published schemas and text of VRMC_vrm 1.0 ask of a file, in our words.

Written by the specification alone, without our exporter's tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PARENTS = {
    "hips": "", "spine": "hips", "chest": "spine", "upperChest": "chest", "neck": "upperChest",
    "head": "neck", "leftEye": "head", "rightEye": "head", "jaw": "head",
}  # fmt: skip
for _side in ("left", "right"):
    for _chain in (
        "upperChest Shoulder UpperArm LowerArm Hand", "hips UpperLeg LowerLeg Foot Toes",
        "Hand ThumbMetacarpal ThumbProximal ThumbDistal",
        *(f"Hand {f}Proximal {f}Intermediate {f}Distal"
          for f in ("Index", "Middle", "Ring", "Little")),
    ):  # fmt: skip
        _above, *_names = _chain.split()
        _above = _side + _above if _above == "Hand" else _above
        for _name in _names:
            PARENTS[_side + _name] = _above
            _above = _side + _name
REQUIRED = {"hips", "spine", "head"} | {
    side + name for side in ("left", "right")
    for name in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")
}  # fmt: skip
PRESETS = {
    "happy", "angry", "sad", "relaxed", "surprised", "aa", "ih", "ou", "ee", "oh", "blink",
    "blinkLeft", "blinkRight", "lookUp", "lookDown", "lookLeft", "lookRight", "neutral",
}  # fmt: skip
OPTIONAL_META = {
    "version": str, "copyrightInformation": str, "contactInformation": str, "references": list,
    "thirdPartyLicenses": str, "otherLicenseUrl": str,
}  # fmt: skip
CHOICES = {
    "avatarPermission": ("onlyAuthor", "onlySeparatelyLicensedPerson", "everyone"),
    "commercialUsage": ("personalNonProfit", "personalProfit", "corporation"),
    "creditNotation": ("required", "unnecessary"),
    "modification": ("prohibited", "allowModification", "allowModificationRedistribution"),
}


def broken(document: dict[str, Any]) -> list[str]:
    """Each rule that a glTF's JSON breaks."""
    if "VRMC_vrm" not in document.get("extensionsUsed", ()):
        return ["VRMC_vrm is not among extensionsUsed"]
    vrm = document["extensions"]["VRMC_vrm"]
    found = [] if vrm.get("specVersion") == "1.0" else ["specVersion is not 1.0"]
    unknown = set(vrm) - {"specVersion", "meta", "humanoid", "firstPerson", "expressions", "lookAt"}
    found += [f"{each} is not of VRMC_vrm" for each in unknown]
    if document.get("animations") or document.get("cameras"):
        found.append("animations and cameras are not used")
    scales = [node.get("scale", (1, 1, 1)) for node in document["nodes"]]
    if any(min(each) <= 0 or max(each) - min(each) > 1e-5 for each in scales):
        found.append("a node is not scaled alike and positively")
    return [*found, *_meta(vrm.get("meta", {})), *_bones(document, vrm.get("humanoid", {})),
            *_expressions(document, vrm.get("expressions", {})), *_look(vrm)]  # fmt: skip


def _meta(meta: dict[str, Any]) -> Iterator[str]:
    if not (isinstance(meta.get("name"), str) and meta["name"]):
        yield "meta has no name"
    authors = meta.get("authors")
    if not (isinstance(authors, list) and authors and all(isinstance(a, str) for a in authors)
            and authors[0]):  # fmt: skip
        yield "meta has no author"
    if meta.get("licenseUrl") != "https://vrm.dev/licenses/1.0/":
        yield "licenseUrl is not the VRM Public License 1.0"
    for name, kind in OPTIONAL_META.items():
        if name in meta and not isinstance(meta[name], kind):
            yield f"meta.{name} is of another type"
    for name, choices in CHOICES.items():
        if meta.get(name, choices[0]) not in choices:
            yield f"meta.{name} is none of {choices}"


def _bones(document: dict[str, Any], humanoid: dict[str, Any]) -> Iterator[str]:
    bones = {name: each["node"] for name, each in humanoid.get("humanBones", {}).items()}
    yield from (f"{each} is required" for each in sorted(REQUIRED - set(bones)))
    yield from (f"{each} is no humanoid bone" for each in sorted(set(bones) - set(PARENTS)))
    if len(set(bones.values())) < len(bones):
        yield "a node is two bones"
    above = {
        child: n for n, node in enumerate(document["nodes"]) for child in node.get("children", ())
    }
    for name in set(bones) & set(PARENTS):
        wanted = PARENTS[name]
        if name.endswith(("Intermediate", "Distal", "ThumbProximal")) or name == "upperChest":
            if wanted not in bones:
                yield f"{name} is there without {wanted}"
        while wanted and wanted not in bones:
            wanted = PARENTS[wanted]
        node = above.get(bones[name])
        while node is not None and node not in bones.values():
            node = above.get(node)
        if (node is None) != (not wanted) or (wanted and node != bones[wanted]):
            yield f"{name} does not hang on {wanted or 'nothing'}"


def _expressions(document: dict[str, Any], expressions: dict[str, Any]) -> Iterator[str]:
    presets, custom = expressions.get("preset", {}), expressions.get("custom", {})
    yield from (f"{each} is no preset" for each in set(presets) - PRESETS)
    yield from (f"{each} is a preset" for each in set(custom) & PRESETS)
    for name, each in (*presets.items(), *custom.items()):
        for bind in each.get("morphTargetBinds", ()):
            if set(bind) != {"node", "index", "weight"} or not 0 <= bind["weight"] <= 1:
                yield f"{name} binds wrongly"
                continue
            mesh = document["nodes"][bind["node"]].get("mesh")
            targets = document["meshes"][mesh]["primitives"] if mesh is not None else [{}]
            if any(bind["index"] >= len(one.get("targets", ())) for one in targets):
                yield f"{name} binds to no morph target"


def _look(vrm: dict[str, Any]) -> Iterator[str]:
    look = vrm.get("lookAt")
    if look is None:
        return
    bones = vrm["humanoid"]["humanBones"]
    if look.get("type") not in ("bone", "expression"):
        yield "lookAt is of neither type"
    if look.get("type") == "bone" and not {"leftEye", "rightEye"} <= set(bones):
        yield "lookAt turns eyes that are not there"
    if len(look.get("offsetFromHeadBone", (0, 0, 0))) != 3:
        yield "offsetFromHeadBone is no place"
    for name, each in look.items():
        if name.startswith("rangeMap") and not 0 < each["inputMaxValue"] <= 180:
            yield f"{name} has no range"
