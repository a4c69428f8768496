"""The encoders' pictures: where the five points land, the channels' order, and the JPEG file."""

import io

import numpy as np
from PIL import Image

from ofer_engine.photo.align import ARCFACE_TEMPLATE
from ofer_engine.photo.load import photo_from_pixels
from ofer_engine.published.encoder_pictures import blob_tensor, published_pictures, through_jpeg


def test_points_land_on_the_template_and_the_box_is_enlarged():
    pixels = np.zeros((400, 300, 3), np.uint8)
    points = 2.0 * (ARCFACE_TEMPLATE + 0.5) + (20, 40)
    for (x, y), colour in zip(points, np.eye(5, 3, dtype=np.uint8) * 255, strict=True):
        pixels[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4] = colour
    box = (100.0, 150.0, 100.0, 100.0)
    pixels[152:248, 102:198, 1] = 200
    shown = published_pictures(photo_from_pixels(pixels, "x"), points, box)
    assert shown.blob.shape == (112, 112, 3) and shown.picture.shape == (224, 224, 3)
    for (x, y), channel in zip(ARCFACE_TEMPLATE[:3], range(3), strict=True):
        assert shown.blob[round(y), round(x), channel] == 255
    # A box of 100 px lies in the middle 1 / 1.6 of the picture.
    green = np.flatnonzero(shown.picture[112, :, 1] > 100)
    assert abs(len(green) - 224 / 1.6 * 0.96) <= 3
    assert abs(green.mean() - 111.5) <= 2


def test_the_blob_is_bgr_in_grey_levels():
    pixels = np.zeros((112, 112, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = 255, 128
    blob = blob_tensor(pixels)
    np.testing.assert_allclose(blob[:, 0, 0].numpy(), [-1, 0.5 / 127.5, 1])


def test_the_jpeg_file_is_opencvs():
    rng = np.random.default_rng(0)
    picture = np.repeat(np.repeat(rng.integers(0, 256, (28, 28, 3), np.uint8), 8, 0), 8, 1)
    back = through_jpeg(picture)
    assert back.shape == picture.shape and back.dtype == np.uint8
    assert 0 < np.abs(back.astype(int) - picture).mean() < 12
    # Brightness keeps its sharpness, colour is halved: 4:2:0 at quality 95.
    grey = np.repeat(picture[..., :1], 3, 2)
    assert np.abs(through_jpeg(grey).astype(int) - grey).max() <= 12
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=2)
    np.testing.assert_array_equal(back, np.asarray(Image.open(file)))
