"""The pictures of a head, as files named after the exported one, with nothing in them but picture.

Names come from the exported file alone: what a .blend calls its pictures may be anybody's file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat
from ..image_size import MOST, image_size, refused
from ..skin import skin
from ..undo.atomic_output import AtomicOutput

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_PNG_KEPT: Final = frozenset((
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT",
    b"bKGD", b"pHYs",
))  # fmt: skip
"""Chunks that say how the picture looks; others hold who made it, when, and of which .blend."""
_MOST_WRITTEN: Final = 8192 * 8192
"""Pixels of a picture that is in no PNG or JPEG: writing one takes 36 bytes for each."""
_SHOWN: Final = ("TEX_IMAGE", "TEX_ENVIRONMENT")
_END: Final = 0xD9
_SCAN: Final = 0xDA
_ICC: Final = b"ICC_PROFILE\x00"


_Animated = TypeVar("_Animated", bpy.types.Material, bpy.types.NodeTree)


class Pictures:
    """names : of the files, which lie in the output's folder; copies : datablocks made for them,
    which the caller removes, the last one first."""

    def __init__(self, head: bpy.types.Object, output: AtomicOutput) -> None:
        self.names: list[str] = []
        self.copies: list[bpy.types.ID] = []
        self._output = output
        self._skin = skin.pictures(head)
        self._materials: dict[bpy.types.Material, bpy.types.Material] = {}
        self._images: dict[bpy.types.Image, bpy.types.Image | None] = {}
        self._groups: dict[bpy.types.NodeTree, bpy.types.NodeTree] = {}

    def material(self, source: bpy.types.Material) -> bpy.types.Material:
        """The copy of a material whose pictures are the files. Raises OSError."""
        if source not in self._materials:
            copy = self._materials[source] = _as_it_is(source)
            self.copies.append(copy)
            if copy.node_tree:
                copy.node_tree.animation_data_clear()
                self._use(copy.node_tree)
        return self._materials[source]

    def _use(self, tree: bpy.types.NodeTree) -> None:
        for node in tree.nodes:
            if node.type == "GROUP" and node.node_tree:
                node.node_tree = self._group(node.node_tree)
            elif node.type in _SHOWN and node.image:
                if node.image not in self._images:
                    self._images[node.image] = self._file(node.image)
                node.image = self._images[node.image]

    def _group(self, source: bpy.types.NodeTree) -> bpy.types.NodeTree:
        if source not in self._groups:
            copy = self._groups[source] = _as_it_is(source)
            self.copies.append(copy)
            self._use(copy)
        return self._groups[source]

    def _file(self, image: bpy.types.Image) -> bpy.types.Image | None:
        try:
            return self._made(image)
        except RuntimeError as cause:  # Blender could not write or read a picture
            raise OSError(str(cause).strip()) from cause

    def _made(self, image: bpy.types.Image) -> bpy.types.Image | None:
        label = f"_picture_{len(self._images) + 1}"
        if image in self._skin:
            label = f"_skin{self._skin[image]}"
        data = _bytes(image)
        suffix = ".jpg" if data.startswith(_JPEG) else ".png"
        name = self._output.companion(label, suffix)
        path = self._output.folder / name
        if data:
            path.write_bytes(data)
        elif image_size(image)[0] and len(image.pixels):
            compat.save_pixels(image, str(path))
        else:
            return None
        self.names.append(name)
        made = bpy.data.images.load(str(path), check_existing=False)
        self.copies.append(made)
        if data or image.colorspace_settings.is_data or not image.is_float:
            made.colorspace_settings.name = image.colorspace_settings.name  # else Blender turned it
        made.alpha_mode = image.alpha_mode
        return made


def _as_it_is(source: _Animated) -> _Animated:
    """A copy that keeps the values which are shown, keyed or not."""
    copy = source.copy()
    copy.animation_data_clear()
    return copy


def missing(head: bpy.types.Object) -> list[str]:
    """Names of the pictures of a head's materials that are nowhere."""
    return [each.name for each in _shown(head) if not (_bytes(each) or image_size(each)[0])]


def too_large(head: bpy.types.Object) -> OferError | None:
    """What refuses the first picture of a head's materials that is too large for a file; none of
    them is opened."""
    for each in _shown(head):
        most = MOST if _bytes(each) else _MOST_WRITTEN
        if found := refused(each, image_size(each), most, ErrorCode.BAD_REQUEST):
            return found
    return None


def tiled(head: bpy.types.Object) -> list[str]:
    """Names of those that have several tiles (UDIM)."""
    return [each.name for each in _shown(head) if each.source == "TILED" and len(each.tiles) > 1]


def _shown(head: bpy.types.Object) -> list[bpy.types.Image]:
    """The pictures of a head's materials, each once."""
    trees = [slot.material.node_tree for slot in head.material_slots if slot.material]
    seen: dict[bpy.types.Image, None] = {}
    done: set[bpy.types.NodeTree] = set()
    while trees:
        tree = trees.pop()
        if tree is None or tree in done:
            continue
        done.add(tree)
        for node in tree.nodes:
            if node.type == "GROUP":
                trees.append(node.node_tree)
            elif node.type in _SHOWN and node.image:
                seen[node.image] = None
    return list(seen)


def _bytes(image: bpy.types.Image) -> bytes:
    """The file of a picture that shows what Blender shows, without what it tells besides; nothing
    where only Blender has it as it is."""
    if image.source != "FILE" or image.is_dirty:
        return b""
    if image.packed_file:
        data = bytes(image.packed_file.data)
    else:
        path = Path(bpy.path.abspath(image.filepath, library=image.library))
        data = path.read_bytes() if path.is_file() else b""
    try:
        if data.startswith(_PNG):
            return _PNG + b"".join(_chunks(data))
        if data.startswith(_JPEG):
            return _JPEG + b"".join(_segments(data))
    except (struct.error, IndexError):
        return b""  # damaged: what Blender made of it is saved instead
    return b""


def _chunks(data: bytes) -> Iterator[bytes]:
    """Of a PNG, those that make the picture. Raises struct.error where it is cut."""
    at, name = len(_PNG), b""
    while name != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            raise struct.error(f"the chunk {name!r} is cut")
        if name in _PNG_KEPT:
            yield data[at:end]
        at = end


def _segments(data: bytes) -> Iterator[bytes]:
    """Of a JPEG, those that make the picture, to its end and no further. Raises struct.error or
    IndexError where it is cut."""
    at, kind = 2, 0
    while kind != _END:
        if data[at] != 0xFF:
            raise struct.error("no JPEG segment")
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        end = at + 2
        if kind != _END:
            end += struct.unpack_from(">H", data, at + 2)[0]
        if kind == _SCAN:
            end = _scanned(data, end)
        if end > len(data):
            raise struct.error("a JPEG segment is cut")
        if _looks(kind, data[at + 4 : end]):
            yield data[at:end]
        at = end


def _scanned(data: bytes, at: int) -> int:
    """Where the coded picture that begins here ends: at the next marker that is none of its own."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise struct.error("the coded picture is cut")
        kind = data[at + 1]
        if kind != 0 and not 0xD0 <= kind <= 0xD7 and kind != 0xFF:
            return at
        at += 1 if kind == 0xFF else 2


def _looks(kind: int, content: bytes) -> bool:
    """A segment says how the picture looks: not a comment, nor what a program or camera noted."""
    if kind == 0xFE:
        return False
    if not 0xE0 <= kind <= 0xEF:
        return True
    return kind in (0xE0, 0xEE) or (kind == 0xE2 and content.startswith(_ICC))
