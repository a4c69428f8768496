"""Frames of files and folders."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.performance import footage
from ofer_engine.performance.footage import open_footage


def write_video(path, pictures, rate=12, codec="mpeg4"):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def greys(count, size=(96, 128)):
    return [np.full((*size, 3), 40 + 8 * n, np.uint8) for n in range(count)]


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, greys(20))
    return path


def test_a_video_gives_its_frames_in_order_with_their_times(video):
    found = open_footage(video)
    assert (found.rate, found.expected, found.name) == (12.0, 20, "a.mp4")
    frames = list(found.frames())
    assert [frame.number for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(20) / 12, atol=1e-3)
    assert all(frame.pixels.shape == (96, 128, 3) for frame in frames)
    means = [frame.pixels.mean() for frame in frames]
    np.testing.assert_allclose(means, [40 + 8 * n for n in range(20)], atol=4)


def test_a_video_goes_on_from_a_frame(video):
    whole = list(open_footage(video).frames())
    rest = list(open_footage(video).frames(13))
    assert [frame.number for frame in rest] == list(range(13, 20))
    np.testing.assert_array_equal(rest[0].pixels, whole[13].pixels)
    assert rest[0].seconds == whole[13].seconds


def test_the_content_tells_videos_apart_and_the_name_does_not(video, tmp_path):
    other = tmp_path / "b.mp4"
    other.write_bytes(video.read_bytes())
    assert open_footage(other).sha256 == open_footage(video).sha256
    write_video(other, greys(19))
    assert open_footage(other).sha256 != open_footage(video).sha256


def test_large_frames_are_scaled_down(tmp_path, monkeypatch):
    monkeypatch.setattr(footage, "WORKING_SIDE", 64)
    write_video(tmp_path / "a.mp4", greys(2))
    assert next(open_footage(tmp_path / "a.mp4").frames()).pixels.shape == (48, 64, 3)


def test_numbered_pictures_are_sorted_by_number(tmp_path):
    for number in (1, 2, 10):
        Image.new("RGB", (80, 64), (number, 0, 0)).save(tmp_path / f"shot7_{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    Image.new("RGB", (80, 64)).save(tmp_path / "cover.png")
    found = open_footage(tmp_path, 30)
    assert [frame.pixels[0, 0, 0] for frame in found.frames()] == [1, 2, 10]
    assert [frame.seconds for frame in found.frames(1)] == [1 / 30, 9 / 30]


def shot(folder, names):
    for level, name in enumerate(names):
        Image.new("RGB", (80, 64), (level, 0, 0)).save(folder / name, quality=100)


@pytest.mark.parametrize(
    ("names", "levels", "times"),
    [
        (["a1.png", "a2.png", "a3.png", "a7.png", "a8.png"], [0, 1, 2, 3, 4], [0, 1, 2, 6, 7]),
        (["a0010.png", "a0020.png", "a0030.png"], [0, 1, 2], [0, 1, 2]),
        (["a1.png", "a2.png", "a3.png", "thumb_2.png"], [0, 1, 2], [0, 1, 2]),
        (["a1.png", "a2.png", "a3.png", "a2.jpg"], [0, 1, 2], [0, 1, 2]),
        (["10_1080.png", "9_1080.png", "11_1080.png"], [1, 0, 2], [0, 1, 2]),
        (["f (2).png", "f (1).png"], [1, 0], [0, 1]),
        (["1_t0.9.png", "2_t1.0.png", "10_t1.1.png"], [0, 1, 2], [0, 1, 2]),
        (["1.png", "2.png", "99999999.png"], [0, 1, 2], [0, 1, 2]),
    ],
    ids=["gap", "every tenth", "another's", "another kind", "size", "brackets", "times", "far"],
)
def test_names_tell_a_shot_and_its_gaps(tmp_path, names, levels, times):
    shot(tmp_path, names)
    frames = list(open_footage(tmp_path, 10).frames())
    assert [frame.pixels[0, 0, 0] for frame in frames] == levels
    assert [frame.number for frame in frames] == list(range(len(levels)))
    assert [frame.seconds for frame in frames] == [time / 10 for time in times]


def test_of_several_shots_the_one_whose_picture_is_chosen(tmp_path):
    shot(tmp_path, ["a1.png", "a2.png", "b1.png", "b2.png"])
    with pytest.raises(OferError, match="several shots") as error:
        open_footage(tmp_path)
    assert error.value.hint
    frames = list(open_footage(tmp_path / "b2.png").frames())
    assert [frame.pixels[0, 0, 0] for frame in frames] == [2, 3]


def test_pixels_that_are_no_squares_are_shown_as_players_show_them(tmp_path):
    """As of a camera of PAL in 16:9."""
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 180, 144, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(64, 45)
        for picture in greys(3, (144, 180)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    assert next(open_footage(tmp_path / "a.mkv").frames()).pixels.shape == (144, 256, 3)


@pytest.mark.parametrize(
    ("matrix", "edge"),
    [
        ((0, 1, -1, 0), "right"),  # as phones write what was filmed upright
        ((0, -1, 1, 0), "left"),
        ((-1, 0, 0, -1), "bottom"),
        ((-1, 0, 0, 1), "top"),  # mirrored, not upside down
        ((1, 0, 0, -1), "bottom"),
        ((0, 1, 1, 0), "left"),
    ],
)
def test_a_video_is_turned_and_mirrored_as_players_show_it(tmp_path, matrix, edge):
    picture = np.full((64, 96, 3), 20, np.uint8)
    picture[:16, :48], picture[:16, 48:] = 120, 220
    path = tmp_path / "a.mp4"
    write_video(path, [picture] * 3)
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    pixels = next(open_footage(path).frames()).pixels[..., 0].astype(int)
    strip = {
        "top": pixels[4], "bottom": pixels[-5], "left": pixels[:, 4], "right": pixels[:, -5],
    }[edge]  # fmt: skip
    assert pixels.shape == ((96, 64) if matrix[0] == 0 else (64, 96))
    bright_last = matrix[0] + matrix[1] > 0
    first, last = strip[10], strip[-10]
    assert (first, last) == pytest.approx((120, 220) if bright_last else (220, 120), abs=12)


def test_a_picture_of_another_size_is_brought_to_the_first_ones(tmp_path):
    Image.new("RGB", (80, 64)).save(tmp_path / "a1.png")
    Image.new("RGB", (40, 32)).save(tmp_path / "a2.png")
    assert [frame.pixels.shape for frame in open_footage(tmp_path).frames()] == [(64, 80, 3)] * 2


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, ErrorCode.PHOTO_MISSING),
        (lambda path: path.mkdir(), ErrorCode.PHOTO_MISSING),
        (lambda path: path.write_bytes(b""), ErrorCode.PHOTO_UNREADABLE),
        (lambda path: path.write_bytes(b"no video at all" * 99), ErrorCode.PHOTO_UNREADABLE),
    ],
    ids=["nothing", "empty folder", "empty file", "text"],
)
def test_what_is_no_video_is_said(tmp_path, make, code):
    make(tmp_path / "a.mp4")
    with pytest.raises(OferError) as error:
        next(open_footage(tmp_path / "a.mp4").frames())
    assert error.value.code == code and error.value.hint


def test_a_video_that_breaks_off_gives_what_there_is(tmp_path):
    import av

    video = tmp_path / "noise.mp4"
    rng = np.random.default_rng(0)
    write_video(video, [rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(20)])
    path = tmp_path / "a.avi"
    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert 1 <= len(list(open_footage(path).frames())) < 20


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9/a.ts", "a.ts", "{folder}/a.ts"])
@pytest.mark.parametrize("kind", ["m3u8", "mp4"])
def test_a_list_leads_nowhere_else(tmp_path, elsewhere, kind):
    """Neither into the network nor to another file of this machine."""
    write_video(tmp_path / "a.ts", greys(20), rate=25, codec="mpeg2video")
    assert len(list(open_footage(tmp_path / "a.ts").frames())) == 20
    named = elsewhere.format(folder=tmp_path)
    path = tmp_path / f"list.{kind}"
    path.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{named}\n#EXT-X-ENDLIST\n"
        if kind == "m3u8"
        else f"ffconcat version 1.0\nfile {named}\n"
    )
    with pytest.raises(OferError) as error:
        next(open_footage(path).frames())
    assert error.value.code == ErrorCode.PHOTO_UNREADABLE


def test_frames_of_another_size_are_brought_to_the_first_ones(tmp_path):
    """As of a call whose picture changes with the line."""
    parts = [tmp_path / "a.ts", tmp_path / "b.ts"]
    for part, size in zip(parts, ((96, 128), (192, 160)), strict=True):
        write_video(part, greys(10, size), rate=25, codec="mpeg2video")
    path = tmp_path / "both.ts"
    path.write_bytes(parts[0].read_bytes() + parts[1].read_bytes())
    frames = list(open_footage(path).frames())
    assert len(frames) > 12 and {frame.pixels.shape for frame in frames} == {(96, 128, 3)}
    rest = list(open_footage(path).frames(len(frames) - 2))
    assert [frame.pixels.shape for frame in rest] == [(96, 128, 3)] * 2


def test_a_name_with_a_colon_is_no_protocol(video, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    video.rename("take:1.mp4")
    assert len(list(open_footage(Path("take:1.mp4")).frames())) == 20


def test_without_pyav_the_next_step_is_told(video, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(OferError) as error:
        open_footage(video)
    assert error.value.code == ErrorCode.ENGINE_MISSING and "--with perform" in error.value.hint


def test_a_rate_makes_sense(tmp_path):
    with pytest.raises(OferError) as error:
        open_footage(tmp_path, 0.01)
    assert error.value.code == ErrorCode.BAD_REQUEST


def test_times_rise_where_recordings_were_joined(tmp_path):
    """The clock of the second begins anew, as its file did."""
    write_video(tmp_path / "a.ts", greys(12), codec="mpeg2video", rate=24)
    one = list(open_footage(tmp_path / "a.ts").frames())
    (tmp_path / "b.ts").write_bytes((tmp_path / "a.ts").read_bytes() * 2)
    found = list(open_footage(tmp_path / "b.ts").frames())
    assert len(found) >= 2 * len(one) - 1
    np.testing.assert_allclose(
        [frame.seconds for frame in found], np.arange(len(found)) / 24, atol=2e-3
    )
    assert next(open_footage(tmp_path / "b.ts").frames(15)).seconds == found[15].seconds


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        ([5.0, 5.04, 5.08], [0.0, 0.04, 0.08]),
        ([None, None, None], [0.0, 0.04, 0.08]),
        ([1.0, None, 1.08], [0.0, 0.04, 0.08]),
        ([9.0, 9.04, 0.0, 0.04], [0.0, 0.04, 0.08, 0.12]),
        ([0.0, 0.5, 0.45, 0.6], [0.0, 0.5, 0.5, 0.6]),
        ([-0.2, 0.3, 7.0], [0.0, 0.5, 7.2]),
    ],
    ids=["later", "unknown", "one unknown", "set back", "a wrong one", "uneven"],
)
def test_a_clock_of_any_video_rises(stamps, wanted):
    clock = footage._Clock(25)
    np.testing.assert_allclose([clock.seconds(each) for each in stamps], wanted, atol=1e-9)


def test_a_picture_that_cannot_be_read_is_a_frame_that_shows_nothing(tmp_path):
    shot(tmp_path, [f"a{number}.png" for number in range(4)])
    for number in (0, 2):
        whole = (tmp_path / f"a{number}.png").read_bytes()
        (tmp_path / f"a{number}.png").write_bytes(whole[: len(whole) // 2])
    frames = list(open_footage(tmp_path, 10).frames())
    assert [frame.damaged for frame in frames] == [True, False, True, False]
    assert [frame.seconds for frame in frames] == [0.0, 0.1, 0.2, 0.3]
    assert [frame.pixels[0, 0, 0] for frame in frames if not frame.damaged] == [1, 3]
    for number in (1, 3):
        (tmp_path / f"a{number}.png").write_bytes(b"")
    with pytest.raises(OferError, match="a0.png") as error:
        next(open_footage(tmp_path, 10).frames())
    assert error.value.hint


def test_pictures_of_other_sizes_get_the_first_s_wherever_reading_begins(tmp_path):
    for number, size in enumerate(((80, 64), (160, 128), (64, 80))):
        Image.new("RGB", size).save(tmp_path / f"a{number}.png")
    for first in range(3):
        frames = list(open_footage(tmp_path).frames(first))
        assert {frame.pixels.shape for frame in frames} == {(64, 80, 3)}


def test_a_file_with_sound_alone_is_no_video(tmp_path):
    import av

    with av.open(str(tmp_path / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        stream.layout = "mono"
        for _ in range(10):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(OferError, match="damaged or not a video"):
        open_footage(tmp_path / "a.m4a")


def test_a_file_whose_second_half_is_spoiled_gives_the_first(tmp_path):
    write_video(tmp_path / "a.ts", greys(20), codec="mpeg2video", rate=24)
    whole = bytearray((tmp_path / "a.ts").read_bytes())
    rng = np.random.default_rng(1)
    half = len(whole) // 2
    whole[half:] = rng.integers(0, 256, len(whole) - half, np.uint8).tobytes()
    (tmp_path / "a.ts").write_bytes(whole)
    frames = list(open_footage(tmp_path / "a.ts").frames())
    assert 5 <= len(frames) <= 20
    assert (np.diff([frame.seconds for frame in frames]) >= 0).all()
