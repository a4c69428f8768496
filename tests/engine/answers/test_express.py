"""The expressions of a reconstruction on another head of it."""

import numpy as np
import pytest

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import ErrorCode, OferError


def _express(desk, made, out, rows, weights):
    result = desk.ask(protocol.Express(1, str(made.folder), str(out), rows, weights))
    assert result.path == str(out)
    with np.load(out) as arrays:
        return dict(arrays)


def test_on_the_best_head_they_are_what_they_were(desk, made, tmp_path):
    best = made.identities[0].candidate
    arrays = _express(desk, made, tmp_path / "e.npz", (best,), (1.0,))
    for name in ("identity_vertices", "identity_joints"):
        np.testing.assert_allclose(arrays[name], made.array(name)[0], atol=1e-7)
    np.testing.assert_allclose(
        arrays["expression_vertices"], made.array("expression_vertices"), atol=1e-7
    )


def test_on_a_blend_they_are_the_blend(desk, made, tmp_path):
    rows = tuple(hypothesis.candidate for hypothesis in made.identities)
    shares = np.float32([0.5, 0.3, 0.2])
    arrays = _express(desk, made, tmp_path / "e.npz", rows, tuple(map(float, shares)))
    blended = np.tensordot(shares, made.array("identity_vertices"), 1)
    np.testing.assert_allclose(arrays["identity_vertices"], blended, atol=1e-6)
    moved = arrays["expression_vertices"] - arrays["identity_vertices"]
    was = made.array("expression_vertices") - made.array("identity_vertices")[0]
    np.testing.assert_allclose(moved, was, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["e.npz"]


@pytest.mark.parametrize(("rows", "weights"), [((99,), (1.0,)), ((0,), ()), ((), ())])
def test_heads_that_there_are_not_are_refused(desk, made, tmp_path, rows, weights):
    with pytest.raises(OferError) as caught:
        desk.ask(protocol.Express(1, str(made.folder), str(tmp_path / "e.npz"), rows, weights))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert not list(tmp_path.iterdir())


def test_a_place_that_may_not_be_written_is_said(desk, made, tmp_path):
    with pytest.raises(OferError) as caught:
        out = tmp_path / "nowhere" / "e.npz"
        desk.ask(protocol.Express(1, str(made.folder), str(out), (0,), (1.0,)))
    assert caught.value.code is ErrorCode.READ_ONLY
