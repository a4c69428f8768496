"""What each program wants of a file, as measured by reading files back (docs/export.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from ...ofer_engine.contract.visemes import VRCHAT
from .names import NameTable


class Target(StrEnum):
    """Where the head goes."""

    UNITY = "UNITY"
    UNREAL = "UNREAL"
    METAHUMAN = "METAHUMAN"
    GODOT = "GODOT"
    VRM = "VRM"
    VRCHAT = "VRCHAT"
    META = "META"
    WEB = "WEB"
    OMNIVERSE = "OMNIVERSE"
    GLB = "GLB"
    FBX = "FBX"
    USD = "USD"
    OBJ = "OBJ"


class Format(StrEnum):
    """Kinds of files, named as their suffixes."""

    GLB = "glb"
    FBX = "fbx"
    USD = "usdc"
    OBJ = "obj"


@dataclass(frozen=True)
class Space:
    """How an FBX file lies in the world. y_up : +Y is up and the face looks along +Z, else as in
    Blender +Z is up and it looks along -Y; unit : metres that 1 stands for; bones_first : no empty
    above the first bone."""

    y_up: bool = True
    unit: float = 0.01
    bones_first: bool = False


@dataclass(frozen=True)
class Preset:
    """How one target is served.

    keys : the file carries shape keys; rig : and bones; table : names of the 52; visemes : names
    of visemes that are called otherwise there; normals : morph normals are written; space : of an
    FBX; settings : further arguments of the exporter; note : what to do there.
    """

    label: str
    format: Format
    note: str
    table: NameTable = NameTable.ARKIT
    visemes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keys: bool = True
    rig: bool = True
    normals: bool = False
    space: Space = Space()
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def lies(self) -> str:
        """Unit, axes and where the face looks in the file."""
        y_up = {
            Format.FBX: self.space.y_up, Format.USD: "convert_orientation" in self.settings,
        }.get(self.format, True)  # fmt: skip
        metres = self.format is not Format.FBX or self.space.unit == 1
        unit = "metres" if metres else "centimetres"
        return f"{unit}, {'Y up, +Z' if y_up else 'Z up, -Y'} ahead"


_UNITY: Final = Space(unit=1.0)
_UNREAL: Final = Space(y_up=False, bones_first=True)
_PLAIN_Y_UP: Final = MappingProxyType({"convert_orientation": True})

PRESETS: Final[Mapping[Target, Preset]] = MappingProxyType({
    Target.UNITY: Preset(
        "Unity", Format.FBX, "Import with Blend Shape Normals: Calculate.", NameTable.UNITY,
        space=_UNITY,
    ),
    Target.UNREAL: Preset(
        "Unreal Engine", Format.FBX, "Import as Skeletal Mesh with Import Morph Targets on.",
        NameTable.UNREAL, space=_UNREAL,
    ),
    Target.METAHUMAN: Preset(
        "MetaHuman (Conform)", Format.FBX,
        "A neutral head without bones: import as Static Mesh, then Mesh to MetaHuman.",
        keys=False, rig=False, space=_UNREAL,
    ),
    Target.GODOT: Preset(
        "Godot", Format.GLB, "XRFaceModifier3D finds the ARKit names by itself.", normals=True,
    ),
    Target.VRM: Preset(
        "VRM", Format.GLB,
        "With a body, an avatar (VRM 1.0); without one, a glTF. The 52 have Perfect Sync's names.",
        NameTable.VRM,
    ),
    Target.VRCHAT: Preset(
        "VRChat (Unified Expressions)", Format.FBX,
        "Go on in Unity. The names are those of VRCFaceTracking.", NameTable.UNIFIED,
        VRCHAT, space=_UNITY,
    ),
    Target.META: Preset(
        "Meta (Movement SDK)", Format.FBX,
        "Go on in Unity. What Meta splits into several keys keeps Apple's name.",
        NameTable.META, space=_UNITY,
    ),
    Target.WEB: Preset(
        "three.js / Web", Format.GLB, "Morph normals are left out to keep the download small.",
    ),
    Target.OMNIVERSE: Preset(
        "Omniverse", Format.USD, "Shape keys arrive as UsdSkel blend shapes.",
        settings=_PLAIN_Y_UP,
    ),
    Target.GLB: Preset("glTF (.glb)", Format.GLB, "Everything, with morph normals.", normals=True),
    Target.FBX: Preset("FBX (.fbx)", Format.FBX, "Everything."),
    Target.USD: Preset("USD (.usdc)", Format.USD, "Everything, Z up as in Blender."),
    Target.OBJ: Preset(
        "OBJ (.obj)", Format.OBJ, "The shape alone: OBJ holds neither keys nor bones.",
        keys=False, rig=False,
    ),
})  # fmt: skip

INFLUENCES: Final = 4
"""Bones a vertex may follow."""
