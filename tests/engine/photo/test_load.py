"""Every row of the image faults, on real files."""

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.photo.load import WORKING_SIDE, load_photo, photo_from_pixels

UPRIGHT_TO_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    y, x = np.mgrid[0:96, 0:128]
    return Image.fromarray(np.stack((2 * x, 2 * y, 128 + x - y), -1).astype(np.uint8))


def saved(image: Image.Image, file: Path, **options) -> Path:
    image.save(file, **options)
    return file


def refusal(path: Path | str) -> OferError:
    with pytest.raises(OferError) as caught:
        load_photo(path)
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    assert "Traceback" not in str(caught.value)
    return caught.value


def test_a_png_comes_through_bit_for_bit(picture, tmp_path):
    file = saved(picture, tmp_path / "a.png")
    photo = load_photo(file)
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert photo.name == "a.png"
    assert photo.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (photo.original_size, photo.scale, photo.focal, photo.notes) == ((128, 96), 1, None, ())


def test_zero_bytes(tmp_path):
    (tmp_path / "zero.jpg").write_bytes(b"")
    assert refusal(tmp_path / "zero.jpg").code is ErrorCode.PHOTO_UNREADABLE


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "gif", "tif", "bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files(picture, tmp_path, kind, share):
    data = saved(picture, tmp_path / f"whole.{kind}").read_bytes()
    file = tmp_path / f"cut.{kind}"
    file.write_bytes(data[: int(len(data) * share)])
    assert refusal(file).code is ErrorCode.PHOTO_UNREADABLE


def test_random_bytes_named_png(tmp_path):
    (tmp_path / "random.png").write_bytes(np.random.RandomState(0).bytes(5000))
    assert refusal(tmp_path / "random.png").code is ErrorCode.PHOTO_UNREADABLE


def png_bomb(side: int) -> bytes:
    """A valid PNG of side² grey pixels whose data expand a thousandfold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packer = zlib.compressobj(9)
    row = bytes(side + 1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def test_png_bomb_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_bomb(30_000))
    assert refusal(tmp_path / "bomb.png").code is ErrorCode.PHOTO_TOO_LARGE


def test_two_hundred_megapixels_are_scaled_down(picture, tmp_path):
    file = tmp_path / "huge.jpg"
    picture.resize((16320, 12240), Image.Resampling.BILINEAR).save(file, quality=60)
    photo = load_photo(file)
    assert photo.original_size == (16320, 12240)
    assert photo.pixels.shape == (3060, 4080, 3)
    assert max(photo.pixels.shape) <= WORKING_SIDE
    assert photo.scale == pytest.approx(0.25)
    assert photo.notes == ("The photo was scaled down to 4080 x 3060 pixels.",)
    expected = picture.resize((4080, 3060), Image.Resampling.BILINEAR)
    assert np.abs(photo.pixels.astype(int) - np.asarray(expected)).mean() < 3


def test_a_large_png_is_scaled_to_the_working_side(picture, tmp_path):
    file = saved(picture.resize((5000, 3750)), tmp_path / "large.png", compress_level=1)
    photo = load_photo(file)
    assert photo.pixels.shape == (3072, 4096, 3)
    assert photo.scale == pytest.approx(4096 / 5000)


def test_one_pixel(tmp_path):
    file = saved(Image.new("RGB", (1, 1)), tmp_path / "one.png")
    assert refusal(file).code is ErrorCode.FACE_TOO_SMALL


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_sixteen_bits(picture, tmp_path, kind):
    grey = np.asarray(picture.convert("L"))
    file = saved(Image.fromarray(grey.astype(np.uint16) * 257), tmp_path / f"deep.{kind}")
    photo = load_photo(file)
    assert np.array_equal(photo.pixels, np.repeat(grey[:, :, None], 3, 2))
    assert photo.notes == ("Its depth was reduced to 8 bits.",)


def test_large_sixteen_bits(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 4500).astype(np.uint16), (40, 1))
    photo = load_photo(saved(Image.fromarray(ramp), tmp_path / "deep.png"))
    assert photo.pixels.shape == (36, 4096, 3)
    expected = np.linspace(0, 255, 4096)[:, None]
    assert np.abs(photo.pixels[20] - expected).max() < 1


def test_floating_point_tiff(tmp_path):
    ramp = np.tile(np.linspace(0, 3, 200, dtype=np.float32), (50, 1))
    photo = load_photo(saved(Image.fromarray(ramp), tmp_path / "float.tif"))
    assert photo.pixels[0, 0].tolist() == [0, 0, 0]
    assert photo.pixels[0, -1].tolist() == [255, 255, 255]


def test_whole_numbers_of_any_room_and_sign(tmp_path):
    """8, 12 or 16 bits may lie in more room than they need, and 32 bits have a sign or none."""
    ramp = np.tile(np.linspace(0, 1, 4200), (40, 1))
    rooms = [(255, "I;16"), (4095, "I;16"), (65535, "I;16"), (255, "I"), (4095, "I"), (65535, "I")]
    for white, mode in [*rooms, (2**31 - 1, "I"), (2**32 - 1, "I")]:
        values = np.round(ramp * white)
        kind = np.uint16 if mode == "I;16" else np.uint32 if white > 2**31 else np.int32
        image = Image.fromarray(values.astype(kind).view(kind if mode == "I;16" else np.int32))
        assert image.mode == mode
        file = saved(image, tmp_path / "deep.tif")
        if kind is np.uint32:  # Pillow writes none without a sign: the tag of signs is changed
            signed, unsigned = (struct.pack("<HHII", 339, 3, 1, sign) for sign in (2, 1))
            assert signed in file.read_bytes()
            file.write_bytes(file.read_bytes().replace(signed, unsigned))
        photo = load_photo(file)
        assert photo.width == 4096
        expected = np.linspace(0, 255, 4096)
        assert np.abs(photo.pixels[20, :, 0] - expected).max() < 1.1, (white, mode)


@pytest.mark.parametrize("kind", ["jpg", "tif"])
def test_cmyk(picture, tmp_path, kind):
    photo = load_photo(saved(picture.convert("CMYK"), tmp_path / f"print.{kind}"))
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture)).mean() < 3


def test_palette_with_transparency_lies_on_grey(picture, tmp_path):
    image = picture.convert("RGBA")
    alpha = np.full((96, 128), 255, np.uint8)
    alpha[:40] = 0
    image.putalpha(Image.fromarray(alpha))
    photo = load_photo(saved(image.quantize(128), tmp_path / "palette.png"))
    assert (photo.pixels[:40] == 128).all()
    assert np.abs(photo.pixels[40:].astype(int) - np.asarray(picture)[40:]).mean() < 12
    assert photo.notes == ("Transparent parts were filled with grey.",)


def test_opaque_alpha_needs_no_note(picture, tmp_path):
    photo = load_photo(saved(picture.convert("RGBA"), tmp_path / "opaque.png"))
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert photo.notes == ()


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey(picture, tmp_path, mode):
    grey = picture.convert(mode)
    photo = load_photo(saved(grey, tmp_path / "grey.png"))
    assert np.array_equal(photo.pixels, np.asarray(grey.convert("RGB")))


@pytest.mark.parametrize(
    ("kind", "options"),
    [("png", {}), ("tif", {}), ("webp", {"lossless": True}), ("jpg", {"quality": 98})],
)
def test_all_eight_orientations_are_one_photo(picture, tmp_path, kind, options):
    for orientation, transpose in UPRIGHT_TO_STORED.items():
        stored = picture if transpose is None else picture.transpose(transpose)
        exif = Image.Exif()
        exif[0x0112] = orientation
        photo = load_photo(saved(stored, tmp_path / f"{orientation}.{kind}", exif=exif, **options))
        assert photo.original_size == (128, 96)
        difference = np.abs(photo.pixels.astype(int) - np.asarray(picture))
        assert difference.max() <= (12 if kind == "jpg" else 0)


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_the_first_picture_of_an_animation(picture, tmp_path, kind):
    others = [picture.rotate(90), picture.rotate(180)]
    options = {} if kind != "webp" else {"lossless": True}
    file = saved(picture, tmp_path / f"a.{kind}", save_all=True, append_images=others, **options)
    photo = load_photo(file)
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture)).mean() < 6
    assert photo.notes == ("The first picture of the animation was used.",)


def test_odd_and_long_paths(picture, tmp_path):
    folder = tmp_path / ("d" * 120) / ("e" * 120)
    folder.mkdir(parents=True)
    file = saved(picture, folder / "фото Ünï 顔.png")
    assert len(str(file)) > 260
    assert load_photo(str(file)).name == "фото Ünï 顔.png"


def test_a_file_removed_before_reading(tmp_path):
    assert refusal(tmp_path / "gone.jpg").code is ErrorCode.PHOTO_MISSING
    assert refusal("nul\0byte.jpg").code is ErrorCode.PHOTO_MISSING


def test_a_folder_is_called_one(tmp_path):
    error = refusal(tmp_path)
    assert error.code is ErrorCode.PHOTO_UNREADABLE and "is a folder" in error.message


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "gif", "tif"])
def test_two_hundred_damaged_files_end_in_a_photo_or_a_sentence(picture, tmp_path, kind):
    data = saved(picture, tmp_path / f"whole.{kind}").read_bytes()
    random = np.random.RandomState(0)
    file = tmp_path / f"damaged.{kind}"
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(random.randint(1, 4)):
            damaged[int(len(data) * random.rand() ** 3)] ^= 1 << random.randint(8)
        file.write_bytes(damaged)
        try:
            assert load_photo(file).pixels.dtype == np.uint8
        except OferError as error:
            assert error.hint


def exif_with(**tags: float) -> Image.Exif:
    numbers = {"focal35": 0xA405, "width": 0xA002, "height": 0xA003, "focal": 0x920A, "per": 0xA20E}
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({numbers[name]: value for name, value in tags.items()})
    return exif


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"focal35": 50}, 50 / np.hypot(36, 24) * 160),
        ({"focal35": 50, "width": 1280, "height": 960}, 50 / np.hypot(36, 24) * 160),
        ({"focal35": 50, "width": 960, "height": 1280}, 50 / np.hypot(36, 24) * 160),
        ({"focal35": 50, "width": 960, "height": 960}, None),
        ({"focal35": 0}, None),
        ({"focal35": 60000}, None),
        ({"focal": 25.4, "per": 200.0}, 200.0),
        ({"focal": 25.4, "per": 2000.0, "width": 1280, "height": 960}, 200.0),
        ({}, None),
    ],
)
def test_focal_length(picture, tmp_path, tags, expected):
    photo = load_photo(saved(picture, tmp_path / "a.jpg", exif=exif_with(**tags)))
    assert photo.focal == (expected if expected is None else pytest.approx(expected, rel=1e-9))


def test_focal_length_follows_the_working_size(picture, tmp_path):
    large = picture.resize((8192, 6144))
    photo = load_photo(saved(large, tmp_path / "a.jpg", exif=exif_with(focal35=50), quality=50))
    assert photo.pixels.shape == (3072, 4096, 3)
    assert photo.focal == pytest.approx(50 / np.hypot(36, 24) * 5120)


def profile_with_swapped_primaries() -> bytes:
    """A display profile (ICC.1:2001) that calls sRGB's green "red" and its red "green"."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def point(*xyz: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(map(number, xyz))

    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"swap\0" + bytes(79)
    red, green = point(0.4361, 0.2225, 0.0139), point(0.3851, 0.7169, 0.0971)
    tags = {
        b"desc": text,
        b"wtpt": point(0.9642, 1.0, 0.8249),
        b"rXYZ": green,
        b"gXYZ": red,
        b"bXYZ": point(0.1431, 0.0606, 0.7141),
        b"rTRC": gamma,
        b"gTRC": gamma,
        b"bTRC": gamma,
    }
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(
        ">I4sI4s4s4s", start + len(data), b"", 0x02100000, b"mntr", b"RGB ", b"XYZ "
    )
    header += bytes(12) + b"acsp" + bytes(28) + point(0.9642, 1.0, 0.8249)[8:]
    return header.ljust(128, b"\0") + table + data


def test_a_colour_profile_is_applied(picture, tmp_path):
    file = saved(picture, tmp_path / "swap.png", icc_profile=profile_with_swapped_primaries())
    swapped = np.asarray(picture)[:, :, [1, 0, 2]].astype(int)
    assert np.abs(load_photo(file).pixels - swapped).max() < 10


def test_profiles_that_say_nothing_change_nothing(picture, tmp_path):
    profiles = (
        b"no profile",
        ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    for profile in profiles:
        photo = load_photo(saved(picture, tmp_path / "a.png", icc_profile=profile))
        assert np.array_equal(photo.pixels, np.asarray(picture))


def test_pixels_of_a_blend_file(picture):
    exact = np.asarray(picture)
    from_float = photo_from_pixels(exact.astype(np.float32) / 255, "Image")
    assert np.array_equal(from_float.pixels, exact)
    alpha = np.dstack((exact, np.full((96, 128), 255, np.uint8)))
    assert np.array_equal(photo_from_pixels(alpha, "Image").pixels, exact)
    grey = photo_from_pixels(exact[:, :, 0], "Image").pixels
    assert np.array_equal(grey, np.repeat(exact[:, :, :1], 3, 2))
    assert photo_from_pixels(exact, "a").sha256 == photo_from_pixels(exact.copy(), "b").sha256
    assert photo_from_pixels(exact, "a").sha256 != photo_from_pixels(exact[:-1], "a").sha256


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.zeros((50, 50, 2), np.uint8), ErrorCode.BAD_REQUEST),
        (np.zeros(50, np.uint8), ErrorCode.BAD_REQUEST),
        (np.zeros((50, 50, 3), np.int64), ErrorCode.BAD_REQUEST),
        (np.zeros((5, 50, 3), np.uint8), ErrorCode.FACE_TOO_SMALL),
    ],
)
def test_arrays_that_are_no_pictures(array, code):
    with pytest.raises(OferError) as caught:
        photo_from_pixels(array, "Image")
    assert caught.value.code is code


def test_not_a_number_becomes_black():
    array = np.full((40, 40, 3), np.nan, np.float32)
    array[0] = 7.0
    photo = photo_from_pixels(array, "Image")
    assert (photo.pixels[0] == 255).all()
    assert (photo.pixels[1:] == 0).all()


def test_formats_outside_the_list_are_refused(picture, tmp_path):
    buffer = io.BytesIO()
    picture.save(buffer, "PPM")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    assert refusal(tmp_path / "a.jpg").code is ErrorCode.PHOTO_UNREADABLE


def test_a_file_of_the_system_that_has_no_end(monkeypatch):
    """Which has no bytes, as the system says."""
    endless = Path("/proc/self/mountinfo")
    if not endless.is_file():
        pytest.skip("this system has no such files")
    monkeypatch.setattr("ofer_engine.photo.load.MAX_FILE_BYTES", 8)
    with pytest.raises(OferError) as refused:
        load_photo(endless)
    assert "larger" in str(refused.value)
