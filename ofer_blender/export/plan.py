"""What the artist wants in the file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from ...ofer_engine.contract.sentence import Sentence
from .presets import PRESETS, Format, Preset, Target


class Keys(StrEnum):
    """Which shape keys a file carries."""

    ARKIT = "ARKIT"
    ALL = "ALL"
    HYPOTHESES = "HYPOTHESES"
    NONE = "NONE"


class Frames(StrEnum):
    """Which frames an animation in a file has."""

    ANIMATED = "ANIMATED"
    SCENE = "SCENE"


_AVATAR: Final = Sentence("An avatar (VRM 1.0) that only its author may wear until you allow more.")
LOD_RATIOS: Final = (1.0, 0.5, 0.25, 0.12)
"""Share of the triangles at each level of detail."""


@dataclass(frozen=True)
class Plan:
    """target : where it goes; path : the file; keys : which are shipped; bake : what is shown now
    becomes the neutral shape; lods : how many levels of detail, 1 or more; close_neck : a
    face closes the neck's open edge; body : meshes that its body's bones move go along; modifiers :
    the artist's are applied, key by key; record : the sidecar tells the photo's name and hash, the
    face and the settings; overwrite : another program's file of this name may be replaced;
    animation : what the head does over time goes along; frames : which of it; rate : frames a
    second, 0 : as the scene; humanoid : the file is a VRM, for the head is on a whole body;
    author : of a VRM, "" where none is named."""

    target: Target
    path: Path
    keys: Keys = Keys.ARKIT
    bake: bool = False
    lods: int = 1
    close_neck: bool = False
    body: bool = False
    modifiers: bool = False
    record: bool = False
    overwrite: bool = False
    animation: bool = False
    frames: Frames = Frames.ANIMATED
    rate: int = 0
    humanoid: bool = False
    author: str = ""

    @property
    def animates(self) -> bool:
        """An animation is wanted, and the file has something that it can move; a VRM holds none."""
        return self.animation and (self.preset.keys or self.preset.rig) and not self.humanoid

    @property
    def note(self) -> str:
        """What to do with the file."""
        return _AVATAR if self.humanoid else self.preset.note

    @property
    def preset(self) -> Preset:
        """How the target is served."""
        return PRESETS[self.target]

    @property
    def file(self) -> Path:
        """The file, with the target's suffix in place of another program's; what only looks like
        a suffix, as in "mr. x" or "anna.v2", stays."""
        suffix = ".vrm" if self.humanoid else f".{self.preset.format}"
        known = self.path.suffix.lower() in _OF_PROGRAMS
        return self.path.with_suffix(suffix) if known else Path(f"{self.path}{suffix}")


_OF_PROGRAMS: Final = frozenset((
    *(f".{each}" for each in Format), ".vrm", ".gltf", ".usd", ".usda", ".usdz", ".blend", ".dae",
    ".abc", ".stl", ".ply", ".x3d", ".csv", ".json",
))  # fmt: skip
"""Suffixes, which are no part of a head's name."""
_BY_SUFFIX: Final = {
    ".fbx": Target.FBX, ".usd": Target.USD, ".usda": Target.USD, ".usdc": Target.USD,
    ".obj": Target.OBJ, ".vrm": Target.VRM,
}  # fmt: skip
_LONGEST: Final = 48
"""Bytes of a name, so that what is put behind it fits: Blender before 5.0 cuts after 63."""


def target_of(path: Path) -> Target:
    """The plain target that a file's suffix names; GLB where it names none."""
    return _BY_SUFFIX.get(path.suffix.lower(), Target.GLB)


def file_name(name: str, plan: Plan) -> str:
    """What a head is called in the file: an identifier; USD's exporter makes one of the name, and
    notes it as it is beside that."""
    return _cut(name) if plan.preset.format is Format.USD else identifier(name)


def identifier(name: str) -> str:
    """A name that every program takes as it is: letters of any script, digits and underscores, as
    USD's identifiers are."""
    plain = "".join(each if f"_{each}".isidentifier() else "_" for each in name)
    plain = plain if plain.isidentifier() else f"_{plain}"
    return _cut(plain)


def _cut(name: str) -> str:
    return name.encode()[:_LONGEST].decode("utf-8", "ignore")
