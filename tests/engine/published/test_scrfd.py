"""A user's SCRFD: points where its graph says, in the photo's pixels; anything else is refused."""

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.scrfd import SIDE, Scrfd, overlaps
from tests.engine.published.tiny_scrfd import BOX, POINTS, tiny_scrfd, with_bytes

pytest.importorskip("onnxruntime", reason="the group scrfd of pyproject.toml is not installed")


def bright_cell(height: int, width: int, row: int, column: int, stride: int) -> np.ndarray:
    """A dark picture of which one cell, as the detector shrinks it, is white."""
    scale = max(height, width) / SIDE
    pixels = np.zeros((height, width, 3), np.uint8)
    y, x = (int(round(stride * scale * place)) for place in (row, column))
    pixels[y : y + int(stride * scale), x : x + int(stride * scale)] = 255
    return pixels


@pytest.mark.parametrize("size", [(224, 224), (448, 448), (448, 336), (224, 448)])
def test_box_and_points_are_in_the_photos_pixels(size):
    row, column, stride = 5, 7, 8
    (found, *others) = Scrfd(tiny_scrfd()).detect(bright_cell(*size, row, column, stride))
    assert not others
    scale = max(size) / SIDE
    corner = scale * stride * np.array((column, row))
    points = corner + scale * stride * np.reshape(POINTS, (5, 2)) + 0.5
    np.testing.assert_allclose(found.points, points, atol=1e-4)
    left, top, right, bottom = scale * stride * np.array(BOX)
    box = (*(corner - (left, top) + 0.5), left + right, top + bottom)
    np.testing.assert_allclose(found.box, box, atol=1e-4)
    assert found.score > 0.99


def test_coarser_levels_are_read_and_doubles_left_out():
    found = Scrfd(tiny_scrfd()).detect(bright_cell(224, 224, 2, 3, 32))
    # All 8 and 16 pixel cells inside the bright one are bright, too.
    assert found[0].score == max(each.score for each in found)
    sizes = {round(each.box[2] / (BOX[0] + BOX[2])) for each in found}
    assert 32 in sizes
    boxes = np.array([each.box for each in found])
    for number, box in enumerate(boxes[1:], 1):
        assert (overlaps(box, boxes[:number]) <= 0.4).all()


def test_a_dark_picture_has_no_face():
    assert Scrfd(tiny_scrfd()).detect(np.zeros((300, 200, 3), np.uint8)) == ()


def test_overlap():
    others = [(0, 0, 2, 2), (1, 0, 2, 2), (5, 5, 1, 1)]
    np.testing.assert_allclose(overlaps((0, 0, 2, 2), others), [1, 1 / 3, 0])


@pytest.mark.parametrize(
    "model, code",
    [
        (b"", ErrorCode.WEIGHTS_DAMAGED),
        (tiny_scrfd()[:2000], ErrorCode.WEIGHTS_DAMAGED),
        (tiny_scrfd(widths=(1, 4)), ErrorCode.WEIGHTS_WRONG),
        (with_bytes(tiny_scrfd(), BOX[1], float("nan")), ErrorCode.WEIGHTS_DAMAGED),
    ],
    ids=["empty", "cut", "without points", "NaN"],
)
def test_what_is_no_such_detector_is_refused_by_name(model, code):
    with pytest.raises(OferError) as refused:
        Scrfd(model, "scrfd.onnx")
    assert refused.value.code == code
    assert "scrfd.onnx" in refused.value.message and refused.value.hint


def test_200_flipped_bytes_end_in_a_sentence_or_a_reading():
    content = tiny_scrfd()
    rng = np.random.default_rng(0)
    # Half of them in the graph's structure, half anywhere.
    structure = [i for i in range(len(content)) if content[i : i + 4] != b"\0\0\0\0"]
    places = [*rng.choice(structure, 100), *rng.integers(0, len(content), 100)]
    for place in places:
        spoiled = bytearray(content)
        spoiled[place] ^= 1 << rng.integers(8)
        try:
            Scrfd(bytes(spoiled), "scrfd.onnx").detect(np.full((50, 50, 3), 200, np.uint8))
        except OferError as error:
            assert error.code in (ErrorCode.WEIGHTS_DAMAGED, ErrorCode.WEIGHTS_WRONG)
