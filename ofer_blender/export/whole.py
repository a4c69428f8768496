"""Whether an exported file is whole: Blender's exporters do not all say when the disk is full."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

from . import fbx_tree

_GLB: Final = b"glTF"
_CRATE: Final = b"PXR-USDC"


def is_whole(path: Path) -> bool:
    """The file is there, and what it says of itself or how it ends is true. Raises OSError."""
    if not path.is_file():
        return False
    match path.suffix:
        case ".glb" | ".vrm":
            return _glb(path)
        case ".fbx":
            return fbx_tree.is_whole(path)
        case ".usdc":
            return _crate(path)
        case ".obj":
            return _obj(path)
    return True


def _glb(path: Path) -> bool:
    """Its head tells its length."""
    with path.open("rb") as file:
        head = file.read(12)
    if len(head) < 12 or head[:4] != _GLB:
        return False
    return struct.unpack_from("<I", head, 8)[0] == path.stat().st_size


def _crate(path: Path) -> bool:
    """Its head tells where its table of contents lies, and that where every section does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(24)
        if len(head) < 24 or head[:8] != _CRATE:
            return False
        (table,) = struct.unpack_from("<q", head, 16)
        if not 0 < table < size - 8:
            return False
        file.seek(table)
        (count,) = struct.unpack("<Q", file.read(8))
        if not 0 < count < 64 or table + 8 + 32 * count > size:
            return False
        sections = [struct.unpack("<16sqq", file.read(32)) for _ in range(count)]
    return all(0 <= start and start + length <= size for _, start, length in sections)


def _obj(path: Path) -> bool:
    """Faces come last, one a line, and name no vertex that is not there; its materials' file ends
    with a line, too."""
    lines = path.read_bytes().split(b"\n")
    if lines[-1]:
        return False
    materials = path.with_suffix(".mtl")
    if materials.is_file() and not materials.read_bytes().endswith(b"\n"):
        return False
    return any(each.startswith(b"f ") for each in lines[-3:])
