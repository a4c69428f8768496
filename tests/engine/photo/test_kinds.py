"""Files that are no photo, or a photo of a kind of their own, told by content."""

import gzip
import io
import re
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.photo_files import PHOTO_SUFFIXES
from ofer_engine.photo import kinds
from ofer_engine.photo.load import load_photo
from tests.engine.photo.test_load import (
    UPRIGHT_TO_STORED,
    exif_with,
    profile_with_swapped_primaries,
    refusal,
    saved,
)

CONTAINERS = ["avif", "heic"]


@pytest.fixture(scope="module", autouse=True)
def writer_of_heic() -> None:
    pillow_heif.register_heif_opener()


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    y, x = np.mgrid[0:96, 0:128]
    return Image.fromarray(np.stack((2 * x, 2 * y, 128 + x - y), -1).astype(np.uint8))


def packed(*names: str, first: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if first:
            archive.writestr("mimetype", first)
        for name in names:
            archive.writestr(name, b"\xff\xd8\xff" * 50)
    return buffer.getvalue()


def boxes(brand: str, *others: str) -> bytes:
    inner = brand.encode() + bytes(4) + "".join(others).encode()
    return struct.pack(">I", 8 + len(inner)) + b"ftyp" + inner + b"\0\0\0\x08mdat" + bytes(500)


def tiff(order: str, **tags: int) -> bytes:
    """A TIFF of one picture with these tags, by number as `t254`, all of one long."""
    entries = sorted((int(name[1:]), value) for name, value in tags.items())
    head = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in entries)
    return head + struct.pack(order + "IH", 8, len(entries)) + body + bytes(600)


PAGE = "<!DOCTYPE html><html><head><title>Ä photo</title></head><body><svg/></body></html>"
SVG = '<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
OTHERS = {
    "video mp4": (boxes("isom", "iso2", "mp41"), "is a video"),
    "video mov": (boxes("qt  "), "is a video"),
    "video 3gp": (boxes("3gp5"), "is a video"),
    "video without brands": (b"\0\0\x10\0moov" + bytes(500), "is a video"),
    "video mkv": (b"\x1aE\xdf\xa3" + bytes(range(200)), "is a video"),
    "video avi": (b"RIFF\0\0\1\0AVI LIST" + bytes(300), "is a video"),
    "video ts": ((b"G" + bytes(187)) * 4, "is a video"),
    "video ogv": (b"OggS" + bytes(24) + b"\x80theora" + bytes(50), "is a video"),
    "sound wav": (b"RIFF\0\0\1\0WAVEfmt " + bytes(300), "is a sound"),
    "sound m4a": (boxes("M4A "), "is a sound"),
    "sound mp3": (b"ID3\x04" + bytes(300), "is a sound"),
    "web page": (PAGE.encode(), "is a web page"),
    "web page after a blank line": (b"\xef\xbb\xbf\r\n  " + PAGE.encode(), "is a web page"),
    "web page in UTF-16": (PAGE.encode("utf-16"), "is a web page"),
    "web page kept whole": (b"From: <Saved by Blink>\r\nSubject: x", "is a web page"),
    "svg": (SVG.encode(), "is a drawing made of lines"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(300), "is a PDF"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is a PostScript"),
    "raw cr2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(300), "raw file"),
    "raw cr3": (boxes("crx ", "isom"), "raw file"),
    "raw raf": (b"FUJIFILMCCD-RAW 0201" + bytes(300), "raw file"),
    "raw dng": (tiff("<", t254=1, t50706=1025), "raw file"),
    "raw nef": (tiff(">", t254=1, t271=300, t330=310), "raw file"),
    "raw sensor": (tiff(">", t262=32803), "raw file"),
    "jpeg xl": (b"\xff\x0a\xfa\x7f" + bytes(300), "is a picture in the format JPEG XL,"),
    "jpeg xl in boxes": (
        b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(300),
        "is a picture in the format JPEG XL,",
    ),
    "jpeg 2000": (
        b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(300),
        "is a picture in the format JPEG 2000,",
    ),
    "exr": (b"v/1\x01\x02\0\0\0" + bytes(300), "is a picture in the format OpenEXR,"),
    "ico": (b"\0\0\x01\0\x01\0" + bytes(300), "is a picture in the format ICO,"),
    "dicom": (bytes(128) + b"DICM" + bytes(300), "is a picture in the format DICOM,"),
    "psd": (b"8BPS\0\x01" + bytes(300), "is a file of Photoshop"),
    "krita": (packed("a.xml", first="application/x-krita"), "is a file of Krita"),
    "blend": (b"BLENDER-v500" + bytes(300), "is a file of Blender"),
    "glb": (b"glTF\x02\0\0\0" + bytes(300), "is a 3D model"),
    "zip": (packed("me.jpg"), "is an archive"),
    "gzip": (gzip.compress(b"x" * 500), "is an archive"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(300), "is an archive"),
    "docx": (packed("[Content_Types].xml", "word/document.xml"), "is a text document"),
    "odt": (packed(first="application/vnd.oasis.opendocument.text"), "is a text document"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300), "is a text document"),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(300), "is a program"),
    "program for Windows": (
        b"MZ\x90\0" + bytes(70) + b"This program cannot be run in DOS mode." + bytes(90),
        "is a program",
    ),
    "json": (b'{"error": "not found"}', "is text"),
    "japanese": ("写真はありません。\n".encode() * 400, "is text"),
    "latin-1": (("Das Foto wurde gelöscht.\n" * 9).encode("latin-1"), "is text"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a placeholder for"),
    "icloud": (b"bplist00" + bytes(range(200)), "is a placeholder for"),
    "apple double": (b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + bytes(4000), "macOS noted beside"),
    "shortcut": (b"L\0\0\0\x01\x14\x02\0" + bytes(100), "is a shortcut"),
    "link to a page": (b"[InternetShortcut]\r\nURL=file:///a.jpg\r\n", "is a shortcut"),
    "sound aac": (b"\xff\xf1\x50\x80" + bytes(range(200)), "is a sound"),
    "emf": (b"\x01\0\0\0l\0\0\0" + bytes(32) + b" EMF" + bytes(90), "in the format EMF,"),
    "zeros": (bytes(70_000), "holds nothing but zeros"),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", ["me.jpg", "{0} & me.heic"])
def test_what_is_no_photo_is_told_by_its_content(tmp_path, kind, name):
    data, said = OTHERS[kind]
    (tmp_path / name).write_bytes(data)
    error = refusal(tmp_path / name)
    assert error.code is ErrorCode.PHOTO_UNREADABLE
    assert error.message.startswith(f"{name} ") and said in error.message
    assert re.search("choose|Choose|Copy", error.hint)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("jpg", {}), ("png", {}), ("gif", {}), ("webp", {}), ("tif", {}), ("bmp", {})]
    + [
        ("tif", {"compression": "tiff_lzw"}),
        ("avif", {}),
        ("heic", {}),
        ("jpg", {"progressive": 1}),
    ],
)
def test_photos_are_no_other_kind_whatever_they_are_called(picture, tmp_path, kind, options):
    file = saved(picture, tmp_path / f"a.{kind}", **options)
    assert kinds.other_kind(file.read_bytes()) is None
    renamed = file.rename(tmp_path / "movie.mp4")
    assert np.abs(load_photo(renamed).pixels.astype(int) - np.asarray(picture)).mean() < 6
    assert f".{kind}" in PHOTO_SUFFIXES


@pytest.mark.parametrize("kind", ["tga", "pcx"])
@pytest.mark.parametrize("packed_so", [None, "tga_rle"])
def test_pictures_without_a_clear_mark_are_named(picture, tmp_path, kind, packed_so):
    options = {"compression": packed_so} if kind == "tga" and packed_so else {}
    error = refusal(saved(picture, tmp_path / f"a.{kind}", **options))
    assert f"is a picture in the format {kind.upper()}," in error.message


def test_bytes_that_nobody_knows_are_called_damaged(tmp_path):
    for seed in range(60):
        (tmp_path / "a.jpg").write_bytes(np.random.RandomState(seed).bytes(9000))
        assert "is damaged or not a picture" in refusal(tmp_path / "a.jpg").message


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_photo_in_a_container_is_turned_once(picture, tmp_path, kind):
    for orientation, transpose in UPRIGHT_TO_STORED.items():
        stored = picture if transpose is None else picture.transpose(transpose)
        exif = Image.Exif()
        exif[0x0112] = orientation
        file = saved(stored, tmp_path / f"a.{kind}", exif=exif.tobytes(), quality=95)
        turned = b"irot" in file.read_bytes() or b"imir" in file.read_bytes()
        assert turned == (orientation != 1)
        photo = load_photo(file)
        assert photo.original_size == (128, 96)
        assert np.abs(photo.pixels.astype(int) - np.asarray(picture)).max() <= 6
        assert photo.notes == ()


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("mode", ["L", "RGBA", "LA"])
def test_grey_and_opaque_ones(picture, tmp_path, kind, mode):
    photo = load_photo(saved(picture.convert(mode), tmp_path / f"a.{kind}", quality=95))
    expected = np.asarray(picture.convert(mode).convert("RGB"))
    assert np.abs(photo.pixels.astype(int) - expected).max() <= 6
    assert photo.notes == ()


@pytest.mark.parametrize("kind", CONTAINERS)
def test_transparent_ones_lie_on_grey(picture, tmp_path, kind):
    image = picture.convert("RGBA")
    image.putalpha(0)
    photo = load_photo(saved(image, tmp_path / f"a.{kind}"))
    assert np.abs(photo.pixels.astype(int) - 128).max() <= 1
    assert photo.notes == ("Transparent parts were filled with grey.",)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_their_focal_length_and_colours(picture, tmp_path, kind):
    exif = exif_with(focal35=50).tobytes()
    profile = profile_with_swapped_primaries()
    photo = load_photo(saved(picture, tmp_path / f"a.{kind}", exif=exif, icc_profile=profile))
    assert photo.focal == pytest.approx(50 / np.hypot(36, 24) * 160, rel=1e-9)
    swapped = np.asarray(picture)[:, :, [1, 0, 2]].astype(int)
    assert np.abs(photo.pixels - swapped).mean() < 6


@pytest.mark.parametrize("kind", CONTAINERS)
def test_large_ones_are_scaled_to_the_working_side(picture, tmp_path, kind):
    photo = load_photo(saved(picture.resize((4400, 3300)), tmp_path / f"a.{kind}", quality=50))
    assert photo.pixels.shape == (3072, 4096, 3)
    assert photo.original_size == (4400, 3300)


def test_the_first_picture_of_a_moving_avif(picture, tmp_path):
    others = [picture.rotate(90), picture.rotate(180)]
    file = saved(picture, tmp_path / "a.avif", save_all=True, append_images=others, quality=95)
    photo = load_photo(file)
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture)).mean() < 6
    assert photo.notes == ("The first picture of the animation was used.",)


def test_the_main_picture_of_a_heic_with_several(picture, tmp_path):
    file = tmp_path / "a.heic"
    others = [Image.new("RGB", (64, 64), (255, 0, 0))]
    picture.save(file, save_all=True, append_images=others, primary_index=0, quality=95)
    assert np.abs(load_photo(file).pixels.astype(int) - np.asarray(picture)).max() <= 6


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_containers_cut_short(picture, tmp_path, kind, share):
    data = saved(picture, tmp_path / f"whole.{kind}").read_bytes()
    (tmp_path / "cut.heic").write_bytes(data[: int(len(data) * share)])
    assert refusal(tmp_path / "cut.heic").code is ErrorCode.PHOTO_UNREADABLE


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize(
    ("side", "code", "said"),
    [
        (30_000, ErrorCode.PHOTO_TOO_LARGE, "larger than 268 megapixels"),
        (2**31 + 5, ErrorCode.PHOTO_TOO_LARGE, "larger than 268 megapixels"),
        (16_000, ErrorCode.PHOTO_UNREADABLE, "claims 16000 x 16000 pixels"),
    ],
)
def test_bombs_are_refused_before_they_are_decoded(
    picture, tmp_path, monkeypatch, kind, side, code, said
):
    data = saved(picture, tmp_path / f"a.{kind}").read_bytes()
    at = data.index(b"ispe") + 8
    file = tmp_path / f"bomb.{kind}"
    file.write_bytes(data[:at] + struct.pack(">II", side, side) + data[at + 8 :])
    monkeypatch.setattr(Image.Image, "load", None)  # reached, it would be no sentence
    error = refusal(file)
    assert error.code is code and said in error.message


def test_a_flat_png_of_gigabytes_is_refused_too(tmp_path):
    file = saved(Image.new("1", (16_000, 16_000)), tmp_path / "flat.png")
    assert "claims 16000 x 16000 pixels" in refusal(file).message


@pytest.mark.parametrize("scans", [100, 101])
def test_a_jpeg_of_too_many_scans_is_refused_before_it_is_decoded(tmp_path, scans):
    """Each scan of a flat picture takes a hundred bytes, and seconds where it is large."""
    data = saved(Image.new("RGB", (64, 64)), tmp_path / "a.jpg", progressive=True).read_bytes()
    first, last = data.index(b"\xff\xda"), data.rindex(b"\xff\xda")
    more = data[last:-2] * (scans - data.count(b"\xff\xda"))
    file = tmp_path / "scans.jpg"
    trailer = b"\xff\xd9" + b"\xff\xda\0\2" * 200  # behind the end, as a phone's film may have it
    file.write_bytes(data[:-2] + more + trailer)
    assert first < last and kinds.count_scans(file.read_bytes(), 1000) == scans
    if scans > 100:
        assert "has more than 100 scans" in refusal(file).message
    else:
        assert load_photo(file).pixels.shape == (64, 64, 3)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_damaged_containers_end_in_a_photo_or_a_sentence(picture, tmp_path, kind):
    data = saved(picture, tmp_path / f"whole.{kind}").read_bytes()
    random = np.random.RandomState(0)
    file = tmp_path / f"damaged.{kind}"
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(random.randint(1, 4)):
            damaged[int(len(data) * random.rand())] ^= 1 << random.randint(8)
        file.write_bytes(damaged)
        try:
            assert load_photo(file).pixels.dtype == np.uint8
        except OferError as error:
            assert error.hint


def test_heic_without_its_reader(picture, tmp_path, monkeypatch):
    file = saved(picture, tmp_path / "a.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if never installed
    error = refusal(file)
    assert "is a HEIC photo, and what reads it is not installed" in error.message
    assert "Set up the engine again" in error.hint


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_a_scanner_is_no_raw_file(order):
    assert kinds.other_kind(tiff(order, t254=0, t262=2, t271=300)) is None
    assert kinds.other_kind(tiff(order)[:9]) is None


def colour_tiff(order: str, values: np.ndarray) -> bytes:
    """Pillow writes none of depth, so it is written by hand: 40 x 40 pixels, one strip."""
    strip = values.astype(values.dtype.newbyteorder(order)).tobytes()
    counts = struct.pack(order + "HHH", *[8 * values.itemsize] * 3)
    tags = [(256, 4, 1, 40), (257, 4, 1, 40), (258, 3, 3, 8), (259, 4, 1, 1), (262, 4, 1, 2)]
    tags += [(273, 4, 1, 14), (277, 4, 1, 3), (278, 4, 1, 40), (279, 4, 1, len(strip))]
    index = struct.pack(order + "H", len(tags))
    index += b"".join(struct.pack(order + "HHII", *tag) for tag in tags) + bytes(4)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 14 + len(strip))
    return head + counts + strip + index


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_colour_tiff_of_sixteen_bits(tmp_path: Path, order):
    values = np.random.RandomState(0).randint(0, 65536, (40, 40, 3)).astype(np.uint16)
    (tmp_path / "deep.tif").write_bytes(colour_tiff(order, values))
    assert np.array_equal(load_photo(tmp_path / "deep.tif").pixels, values >> 8)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_colour_tiff_of_thirty_two_bits_is_told_from_a_damaged_one(tmp_path: Path, order):
    whole = colour_tiff(order, np.full((40, 40, 3), 7, np.uint32))
    (tmp_path / "deep.tif").write_bytes(whole)
    assert "such as colour of 32 bits" in refusal(tmp_path / "deep.tif").message
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    assert "is damaged" in refusal(tmp_path / "cut.tif").message
