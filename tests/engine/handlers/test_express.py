"""The expressions of a reconstruction on another head of it."""

import numpy as np
import pytest

from ofer_engine.arkit.unit_model import UnitModel, fitted_units
from ofer_engine.contract import protocol
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_description import HEAD


def _express(engine, made, out, rows, weights, units=False):
    result = engine.ask(protocol.Express(1, str(made.folder), str(out), rows, weights, units))
    assert result.path == str(out)
    with np.load(out) as arrays:
        return dict(arrays)


def test_on_the_best_head_they_are_what_they_were(engine, made, tmp_path):
    best = made.identities[0].candidate
    arrays = _express(engine, made, tmp_path / "e.npz", (best,), (1.0,))
    for name in ("identity_vertices", "identity_joints"):
        np.testing.assert_allclose(arrays[name], made.array(name)[0], atol=1e-7)
    np.testing.assert_allclose(
        arrays["expression_vertices"], made.array("expression_vertices"), atol=1e-7
    )


def test_on_a_blend_they_are_the_blend(engine, made, tmp_path):
    rows = tuple(hypothesis.candidate for hypothesis in made.identities)
    shares = np.float32([0.5, 0.3, 0.2])
    arrays = _express(engine, made, tmp_path / "e.npz", rows, tuple(map(float, shares)))
    blended = np.tensordot(shares, made.array("identity_vertices"), 1)
    np.testing.assert_allclose(arrays["identity_vertices"], blended, atol=1e-6)
    moved = arrays["expression_vertices"] - arrays["identity_vertices"]
    was = made.array("expression_vertices") - made.array("identity_vertices")[0]
    teeth = [made.parts.index(name) for name in ("teeth_upper", "teeth_lower")]
    polygons = made.array("polygons")
    bitten = np.unique(polygons[np.isin(made.array("part"), teeth)])
    rest = np.setdiff1d(polygons[polygons >= 0], bitten)
    np.testing.assert_allclose(moved[:, rest], was[:, rest], atol=1e-6)
    assert np.abs(moved - was).max() < 0.004  # teeth that stay behind another chin
    assert [path.name for path in tmp_path.iterdir()] == ["e.npz"]


def test_the_52_units_become_those_of_the_head_asked_for(engine, made, tmp_path):
    best, other = (made.identities[place].candidate for place in (0, -1))
    same = _express(engine, made, tmp_path / "same.npz", (best,), (1.0,), units=True)
    for name in ("arkit_units", "expression_arkit", "expression_arkit_residual"):
        np.testing.assert_allclose(same[name], made.array(name), atol=3e-5, err_msg=name)
    arrays = _express(engine, made, tmp_path / "other.npz", (other,), (1.0,), units=True)
    units, former = arrays["arkit_units"], made.array("arkit_units")
    assert units.shape == former.shape and units.dtype == np.float32
    differ = np.linalg.norm(units - former, axis=2).max(1)
    assert np.median(differ) > 2e-4, "another face blinks and smiles by other ways"
    head = OpenHead.load(BUNDLED / "open" / HEAD)
    fitted = fitted_units(UnitModel.of_open_head(head), arrays["identity_vertices"])
    np.testing.assert_allclose(units, fitted, atol=1e-6)
    plain = _express(engine, made, tmp_path / "plain.npz", (best,), (1.0,))
    assert not any("arkit" in name for name in plain)


@pytest.mark.parametrize(("rows", "weights"), [((99,), (1.0,)), ((0,), ()), ((), ())])
def test_heads_that_there_are_not_are_refused(engine, made, tmp_path, rows, weights):
    with pytest.raises(OferError) as caught:
        engine.ask(protocol.Express(1, str(made.folder), str(tmp_path / "e.npz"), rows, weights))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert not list(tmp_path.iterdir())


def test_a_place_that_may_not_be_written_is_said(engine, made, tmp_path):
    with pytest.raises(OferError) as caught:
        out = tmp_path / "nowhere" / "e.npz"
        engine.ask(protocol.Express(1, str(made.folder), str(out), (0,), (1.0,)))
    assert caught.value.code is ErrorCode.READ_ONLY
