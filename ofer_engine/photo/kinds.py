"""What a file is by its first bytes, whatever its name says, and how to make a photo of it."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..contract.errors import ErrorCode, OferError

_HEAD: Final = 4096
"""Bytes that are looked at, but for the zeros of a file that was never filled."""


class Container(StrEnum):
    """Photos in boxes, as Pillow names their formats: known by brands, as both may claim `mif1`."""

    AVIF = "AVIF"
    HEIC = "HEIF"


@dataclass(frozen=True)
class RefusedKind:
    """says : one sentence with {name} for the file's name, and {kind} or {program} for `what`;
    hint : what to do instead."""

    says: str
    hint: str
    what: str = ""

    def error(self, name: str) -> OferError:
        """PHOTO_UNREADABLE, with the file's own name."""
        return OferError(
            ErrorCode.PHOTO_UNREADABLE,
            self.says,
            self.hint,
            name=name,
            kind=self.what,
            program=self.what,
        )


_EXPORT: Final = "Export it as a JPEG or PNG picture, and choose that."
_SAVE: Final = "Open it in another program, save it as JPEG or PNG, and choose that."
_OTHER: Final = "Choose a photo of a face."

VIDEO: Final = RefusedKind(
    "{name} is a video.",
    "Stop it where the face is clear, save that picture as JPEG or PNG, and choose that.",
)
WEB_PAGE: Final = RefusedKind(
    "{name} is a web page, not the picture on it.",
    "Open it in a browser, save the picture itself, and choose that.",
)
VECTOR: Final = RefusedKind("{name} is a drawing made of lines (SVG).", _EXPORT)
PDF: Final = RefusedKind("{name} is a PDF document.", _EXPORT)
POSTSCRIPT: Final = RefusedKind("{name} is a PostScript document.", _EXPORT)
RAW: Final = RefusedKind(
    "{name} is a camera's raw file.",
    "Develop it in a photo program, save it as JPEG or PNG, and choose that.",
)
ARCHIVE: Final = RefusedKind(
    "{name} is an archive of packed files.", "Unpack it, and choose the photo in it."
)
DOCUMENT: Final = RefusedKind(
    "{name} is a text document or a table.",
    "Save the picture in it as JPEG or PNG, and choose that.",
)
SOUND: Final = RefusedKind("{name} is a sound recording.", _OTHER)
PROGRAM: Final = RefusedKind("{name} is a program.", _OTHER)
MODEL: Final = RefusedKind("{name} is a 3D model.", _OTHER)
TEXT: Final = RefusedKind("{name} is text, not a picture.", _OTHER)
PLACEHOLDER: Final = RefusedKind(
    "{name} is a placeholder for a photo that was not downloaded.",
    "Fetch it with `git lfs pull`, then choose it again.",
)
IN_THE_CLOUD: Final = RefusedKind(
    "{name} is a placeholder for a photo that was not downloaded.",
    "Download it in the Finder or the Files app, then choose it again.",
)
NOTED_BESIDE: Final = RefusedKind(
    "{name} is what macOS noted beside a photo, not the photo.",
    "Choose the file of that name without the dot and the line before it.",
)
SHORTCUT: Final = RefusedKind(
    "{name} is a shortcut, not the photo that it leads to.", "Choose the photo itself."
)
DEEP_TIFF: Final = RefusedKind(
    "{name} is a TIFF picture with pixels that cannot be read, such as colour of 32 bits.",
    "Open it in another program, save it with 8 or 16 bits, and choose that.",
)
ZEROS: Final = RefusedKind("{name} holds nothing but zeros.", "Copy or download the photo again.")


def _picture(kind: str) -> RefusedKind:
    return RefusedKind(
        "{name} is a picture in the format {kind}, which cannot be read.", _SAVE, kind
    )


def _work(program: str) -> RefusedKind:
    return RefusedKind("{name} is a file of {program}, not a picture.", _EXPORT, program)


# Bytes that stand at a place, and the kind of file that begins so; the first that fits counts.
_MARKS: Final[tuple[tuple[int, bytes, RefusedKind], ...]] = (
    (0, b"\x1aE\xdf\xa3", VIDEO),  # Matroska, WebM
    (0, b"FLV\x01", VIDEO),
    (0, b"0&\xb2u\x8ef\xcf\x11", VIDEO),  # WMV
    (0, b"\0\0\x01\xba", VIDEO),
    (0, b"\0\0\x01\xb3", VIDEO),
    (0, b".RMF", VIDEO),
    (8, b"AVI ", VIDEO),
    (4, b"moov", VIDEO),
    (4, b"mdat", VIDEO),
    (4, b"wide", VIDEO),
    (8, b"WAVE", SOUND),
    (0, b"ID3", SOUND),
    (0, b"\xff\xfb", SOUND),
    (0, b"\xff\xf3", SOUND),
    (0, b"fLaC", SOUND),
    (0, b"OggS", SOUND),
    (0, b"MThd", SOUND),
    (8, b"AIFF", SOUND),
    (0, b"\xff\xf1", SOUND),
    (0, b"\xff\xf9", SOUND),
    (0, b"%PDF-", PDF),
    (0, b"%!PS", POSTSCRIPT),
    (0, b"\xc5\xd0\xd3\xc6", POSTSCRIPT),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"IIRO", RAW),
    (0, b"IIRS", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIU\0", RAW),
    (0, b"FOVb", RAW),
    (0, b"\0MRM", RAW),
    (6, b"HEAPCCDR", RAW),
    (0, b"\xff\x0a", _picture("JPEG XL")),
    (0, b"\0\0\0\x0cJXL ", _picture("JPEG XL")),
    (0, b"\0\0\0\x0cjP  ", _picture("JPEG 2000")),
    (0, b"\xff\x4f\xff\x51", _picture("JPEG 2000")),
    (0, b"II\xbc\x01", _picture("JPEG XR")),
    (0, b"v/1\x01", _picture("OpenEXR")),
    (0, b"#?RADIANCE", _picture("Radiance HDR")),
    (0, b"#?RGBE", _picture("Radiance HDR")),
    (0, b"DDS ", _picture("DDS")),
    (0, b"qoif", _picture("QOI")),
    (0, b"icns", _picture("ICNS")),
    (0, b"\0\0\x01\0", _picture("ICO")),
    (0, b"SIMPLE  =", _picture("FITS")),
    (128, b"DICM", _picture("DICOM")),
    (0, b"BPG\xfb", _picture("BPG")),
    (0, b"FLIF", _picture("FLIF")),
    (0, b"\xabKTX ", _picture("KTX")),
    (0, b"\x0a\x05\x01\x08", _picture("PCX")),
    (0, b"\0\0\x02\0\0\0\0\0", _picture("TGA")),
    (0, b"\0\0\x0a\0\0\0\0\0", _picture("TGA")),
    (0, b"\xd7\xcd\xc6\x9a", _picture("WMF")),
    (40, b" EMF", _picture("EMF")),
    *((0, b"P%d%c" % (n, end), _picture("PNM")) for n in range(1, 8) for end in b"\n\r \t"),
    (0, b"8BPS", _work("Photoshop")),
    (0, b"gimp xcf", _work("GIMP")),
    (0, b"CSFCHUNK", _work("Clip Studio Paint")),
    (0, b"\0\xffKA", _work("Affinity")),
    (0, b"BLENDER", _work("Blender")),
    (0, b"glTF", MODEL),
    (0, b"Kaydara FBX", MODEL),
    (0, b"PXR-USDC", MODEL),
    (0, b"Rar!\x1a", ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (0, b"\x1f\x8b\x08", ARCHIVE),
    (0, b"BZh", ARCHIVE),
    (0, b"\xfd7zXZ\0", ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", ARCHIVE),
    (0, b"MSCF\0", ARCHIVE),
    (257, b"ustar", ARCHIVE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DOCUMENT),
    (0, b"{\\rtf", DOCUMENT),
    (0, b"\x7fELF", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", PROGRAM),
    (0, b"\xca\xfe\xba\xbe", PROGRAM),
    (0, b"#!", PROGRAM),
    (0, b"version https://git-lfs", PLACEHOLDER),
    (0, b"bplist00", IN_THE_CLOUD),
    (0, b"\0\x05\x16\x07", NOTED_BESIDE),
    (0, b"\0\x05\x16\0", NOTED_BESIDE),
    (0, b"L\0\0\0\x01\x14\x02\0", SHORTCUT),
    (0, b"[InternetShortcut]", SHORTCUT),
)  # fmt: skip
_PHOTOS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8")
_AVIF: Final = {b"avif", b"avis"}
_HEVC: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_HEIC: Final = _HEVC | {b"mif1", b"msf1", b"mif2"}
_EXTENT: Final = re.compile(rb"ispe\0\0\0\0(.{8})", re.DOTALL)
_MARKER: Final = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
"""Of a segment of a JPEG: no restart within a scan, and no byte that looks like a marker there."""
_INDEX: Final = 1 << 20
"""Bytes in which a container's index lies: its boxes stand before the data."""
_PACKED: Final = (
    (b"application/x-krita", _work("Krita")),
    (b"image/openraster", _work("OpenRaster")),
    (b"application/", DOCUMENT),
)
"""By what the file `mimetype` says, which stands first in such an archive."""
_DNG_VERSION, _COMPRESSED_SUBFILES = 50706, 330
_MAKER, _SUBFILE, _PHOTOMETRIC = 271, 254, 262
_TIFF: Final = (b"II*\0", b"MM\0*")
_OF_PIXELS: Final = {256, 257, 258}  # width, height, bits
_OF_A_SENSOR: Final = {32803, 34892}  # colour filter array, linear raw
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b")


def container(data: bytes) -> Container | None:
    """AVIF or HEIC, where a file's brands say so (ISO/IEC 23008-12 § 10)."""
    brands = _brands(data)
    if brands & _AVIF:
        return Container.AVIF
    return Container.HEIC if brands & _HEIC else None


def declared_sizes(data: bytes) -> list[tuple[int, int]]:
    """(width, height) of all pictures that a container's head declares, asked of no decoder."""
    if container(data) is None:
        return []
    return [
        (int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big"))
        for size in _EXTENT.findall(data[:_INDEX])
    ]


def count_scans(data: bytes, most: int) -> int:
    """Times that a JPEG goes over its pixels, at most one more than `most`; 0 of any other file."""
    count, at = 0, 2
    if data[:2] != b"\xff\xd8":
        return 0
    while count <= most and (found := _MARKER.search(data, at)):
        if found[0] == b"\xff\xd9":  # the end; what follows is no part of the picture
            break
        count += found[0] == b"\xff\xda"
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return count


def other_kind(data: bytes) -> RefusedKind | None:
    """What a file is that holds no photo we read; None for a photo, and for what nobody knows."""
    head = data[:_HEAD]
    if head.startswith(_PHOTOS) or head[8:12] == b"WEBP":
        return None
    if brands := _brands(head):
        return None if container(head) else _of_brands(brands)
    if head[:4] in _TIFF:
        return RAW if _is_raw(data) else None
    for start, mark, kind in _MARKS:
        if head[start : start + len(mark)] == mark:
            return VIDEO if kind is SOUND and b"theora" in head else kind
    if head[:2] == b"PK":
        return _packed(head)
    if head[:2] == b"MZ" and b"This program" in head:
        return PROGRAM
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return VIDEO  # an MPEG transport stream
    if not any(head) and data.count(0) == len(data):
        return ZEROS
    return _written(head)


def _brands(data: bytes) -> set[bytes]:
    """Of a file of boxes (ISO/IEC 14496-12 § 4.3); empty for any other."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(max(int.from_bytes(data[:4], "big"), 12), 512)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}


def _of_brands(brands: set[bytes]) -> RefusedKind:
    if b"crx " in brands:
        return RAW
    if brands & {b"jp2 ", b"jpx ", b"jxl "}:
        return _picture("JPEG XL" if b"jxl " in brands else "JPEG 2000")
    return SOUND if brands & {b"M4A ", b"M4B "} else VIDEO


def _is_raw(data: bytes) -> bool:
    """Whether a TIFF file is a sensor's data, whose first picture is a preview at most."""
    if data[8:10] == b"CR":
        return True
    tags = _tiff_tags(data)
    preview = tags.get(_SUBFILE, 0) & 1 and {_MAKER, _COMPRESSED_SUBFILES} <= tags.keys()
    return bool(_DNG_VERSION in tags or preview or tags.get(_PHOTOMETRIC) in _OF_A_SENSOR)


def describes_pixels(data: bytes) -> bool:
    """Whether a file is a TIFF whose list of tags is there and tells of pixels."""
    return data[:4] in _TIFF and _tiff_tags(data).keys() >= _OF_PIXELS


def _tiff_tags(data: bytes) -> dict[int, int]:
    """First number, or place in the file, of each tag of the first picture; none where the list is
    cut off."""
    order = "<" if data[:2] == b"II" else ">"
    tags: dict[int, int] = {}
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        for number in range(min(count, 512)):
            tag, kind = struct.unpack_from(order + "HH", data, start + 2 + 12 * number)
            code = order + ("H" if kind == 3 else "I")
            (tags[tag],) = struct.unpack_from(code, data, start + 10 + 12 * number)
    except struct.error:
        return {}
    return tags


def _packed(head: bytes) -> RefusedKind | None:
    """A zip file: many programs' files are one."""
    if head[2:4] not in (b"\x03\x04", b"\x05\x06", b"\x07\x08"):
        return None
    if head[30:38] == b"mimetype":
        return next((kind for mark, kind in _PACKED if mark in head[38:120]), ARCHIVE)
    if b"[Content_Types].xml" in head or b"docProps/" in head:
        return DOCUMENT
    return MODEL if head[30:512].split(b"PK")[0].find(b".usd") >= 0 else ARCHIVE


def _written(head: bytes) -> RefusedKind | None:
    """Web pages, drawings and other text, in UTF-8, UTF-16 or a language's own 8-bit letters."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode()
    head = head.removeprefix(b"\xef\xbb\xbf").strip()
    if not head or _CONTROLS & set(head):
        return None
    low = head.lower()
    if low.startswith(b"<") and (b"<html" in low or b"<!doctype html" in low):
        return WEB_PAGE
    if low.startswith(b"<") and b"<svg" in low:
        return VECTOR
    if low.startswith((b"<head", b"<body", b"<script", b"from: <saved by", b"mime-version:")):
        return WEB_PAGE
    if low.startswith((b"#usda", b"solid ")):
        return MODEL
    # Letters of any encoding are mostly letters; compressed data that happens to lack control
    # characters is not.
    plain = sum(32 <= byte < 127 or byte in b"\t\n\r" for byte in head)
    return TEXT if _is_utf8(head) or plain > 0.8 * len(head) else None


def _is_utf8(head: bytes) -> bool:
    """Whether it is, but for a letter that the end of the head may have cut."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 4 and len(head) >= _HEAD // 2
    return True
