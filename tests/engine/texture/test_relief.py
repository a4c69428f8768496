"""What is darker lies deeper, and slopes face away from it."""

import numpy as np

from ofer_engine.texture.relief import normal_map


def test_a_dark_spot_is_a_pit():
    rows, columns = np.mgrid[:33, :33] - 16.0
    spot = -0.5 * np.exp(-(rows**2 + columns**2) / 20).astype(np.float32)
    normal = normal_map(spot, np.ones_like(spot)) / 127.5 - 1
    assert np.allclose(normal[0, 0], (0, 0, 1), atol=0.01), "flat far away"
    assert normal[16, 12, 0] > 0.02 > -0.02 > normal[16, 20, 0], "its sides face its middle"
    assert normal[12, 16, 1] < -0.02 < 0.02 < normal[20, 16, 1], "green is up"


def test_the_same_relief_is_flatter_over_larger_texels():
    ramp = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (16, 1))
    near, far = (normal_map(ramp, np.full(ramp.shape, size)) for size in (0.2, 2.0))
    assert near[8, 8, 0] < far[8, 8, 0] < 128
