"""CLIP's preparation of a picture, on pictures whose answer is known."""

import numpy as np
import pytest
import torch

from ofer_engine.published.farl import preprocess

MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711])


@pytest.mark.parametrize("size", [(224, 224), (300, 261), (100, 500), (225, 224)])
def test_a_plain_picture_becomes_its_normalised_colour(size):
    colour = np.array([200, 100, 30], np.uint8)
    prepared = preprocess(np.broadcast_to(colour, (*size, 3)).copy())
    assert prepared.shape == (3, 224, 224) and prepared.dtype == torch.float32
    expected = (colour / 255 - MEAN) / DEVIATION
    np.testing.assert_allclose(
        prepared.numpy(), np.broadcast_to(expected[:, None, None], prepared.shape), atol=1e-5
    )


def test_a_picture_of_the_right_size_is_only_normalised():
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    expected = ((pixels / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)
    np.testing.assert_allclose(preprocess(pixels).numpy(), expected, atol=1e-5)


def test_a_wide_picture_keeps_its_middle():
    pixels = np.zeros((224, 424, 3), np.uint8)
    pixels[:, 100:324] = 255
    white = preprocess(np.full((224, 224, 3), 255, np.uint8))
    torch.testing.assert_close(preprocess(pixels), white)
