"""The attention projections that no checkpoint has, drawn again bit by bit."""

import hashlib

import numpy as np
import pytest
import torch

from ofer_engine.diffusion.denoiser import HEAD_WIDTH, HEADS
from ofer_engine.published.projections import COUNT, ROWS, Draw, _uniform, drawn_projections, views

# SHA-256 of the projections of the published demo (goldens/qkv_demo_sha.json).
DEMO = {
    "idgen": {
        "downs.0.2": "4c042918cbed900fbdd872a9126e51fe7d740bb8be3fc77822f23df1b79dd457",
        "downs.1.2": "e5bdf294674048e8609515becb68a0e77b57dc5f4f209004c57d5df852959670",
        "mid_attn": "5cca12eba476cefa5fc136395f5f37e742ef1e43b155f92feb127d4dd41a9510",
        "ups.0.3": "1482b41400013352703c49b66dcab98528f364214a48fb6fbee9a43c5db2a32f",
        "ups.1.3": "f238347c540bd38d33813b8661068360329da5defa611d916c7b0bd5b000d815",
        "finals.0.1": "833d68eac7b07207be23c35c3d2e57dfefdba3946c6f788bccf0b1476d613f5f",
    },
    "expgen": {
        "downs.0.2": "fcf8fd1ddb1210f72d18b2e093ba2199e5a07b28c0d8dfdeb709434be23e2b4f",
        "downs.1.2": "68d0d3eb3e94d71edacf76fc3520440c29a09dfb98a316aafc08f41955170fd6",
        "ups.0.3": "3a06c3a2d0f3a46ff5b4529b68e0b7656170f151e578e57d8c911df183d9c424",
    },
}


@pytest.mark.parametrize("network", DEMO)
def test_demo_projections_have_the_published_bits(network):
    found = drawn_projections(network, Draw.DEMO)
    assert len(found) == 6
    for attention, digest in DEMO[network].items():
        assert hashlib.sha256(found[attention].tobytes()).hexdigest() == digest


def test_draws_are_those_of_torch():
    torch.manual_seed(0)
    expected = torch.empty(COUNT, ROWS, 50).uniform_(-(50**-0.5), 50**-0.5).numpy()
    stream = np.random.MT19937()
    np.random.RandomState(stream).seed(0)
    np.testing.assert_array_equal(_uniform(stream, expected.size, 50), expected)


def test_training_projections_differ_from_the_demo_and_stay_in_their_bounds():
    training = drawn_projections("idgen", Draw.TRAINING)
    for attention, values in training.items():
        bound = values.shape[-1] ** -0.5
        assert values.shape[:2] == (COUNT, ROWS)
        assert np.abs(values).max() <= bound * (1 + 1e-6)
        assert values.std() == pytest.approx(bound / 3**0.5, rel=0.01)
        assert hashlib.sha256(values.tobytes()).hexdigest() != DEMO["idgen"][attention]


def test_views_keep_the_row_order_of_query_key_value_head_channel():
    rows = np.arange(COUNT * ROWS, dtype=np.float32).reshape(COUNT, ROWS, 1)
    ours = views(rows)
    assert ours.shape == (3, HEADS, COUNT, HEAD_WIDTH, 1)
    third, head, token, channel = 2, 3, 5, 7
    row = third * HEADS * HEAD_WIDTH + head * HEAD_WIDTH + channel
    assert ours[third, head, token, channel, 0] == token * ROWS + row
