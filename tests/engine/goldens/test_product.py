"""The imported pack on the product's own road: photo file in, `NAME.ofer` out."""

import dataclasses

import numpy as np
import pytest

from ofer_engine.contract import reconstruction
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.protocol import Reconstruct
from ofer_engine.packs.registry import find_packs, pack_record
from ofer_engine.session import Session


@pytest.fixture(scope="module")
def session(home):
    return Session("cpu", home, 1)


@pytest.fixture
def request_(portrait, tmp_path):
    return Reconstruct(
        1, str(portrait), str(tmp_path), "face", "ofer-flame2020",
        identities=6, keep=2, expressions=2, steps=4,
    )  # fmt: skip


def _run(session, request):
    return session.reconstruction(request, lambda *_: None, lambda: False)


def test_the_pack_is_listed_and_is_not_for_sale(home):
    assert set(find_packs(home)) == {"open", "ofer-flame2020"}
    assert not pack_record("ofer-flame2020", home).commercial


def test_a_photo_becomes_flame_heads(session, request_):
    record = _run(session, request_)
    assert record.pack.id == "ofer-flame2020" and record.settings.mode == "corrected"
    assert record.array("identity_vertices").shape == (2, 5023, 3)
    assert record.array("expression_vertices").shape == (2, 5023, 3)
    assert record.array("identity_coefficients").shape == (6, 300)
    assert len(record.expression_names) == record.array("expression_coefficients").shape[1] == 53
    for name in reconstruction.ARRAYS:
        assert np.isfinite(record.array(name)).all()


def test_as_published_takes_its_own_numbers_only(session, request_):
    with pytest.raises(OferError, match="100 candidates"):
        _run(session, dataclasses.replace(request_, mode="as-published"))


def test_the_open_pack_has_no_published_mode(session, request_):
    wrong = dataclasses.replace(
        request_, pack="open", mode="as-published", identities=100, expressions=15
    )
    with pytest.raises(OferError, match="never published"):
        _run(session, wrong)
