"""A face told in one basis is the same face in another, as far as that can say it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.heads.identity_prior import IdentityPrior
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.research.training.rebasing import rebased, same_basis


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(BUNDLED / "open" / "head.npz")


def _face(head: OpenHead, coefficients: np.ndarray) -> np.ndarray:
    return (head.template + np.tensordot(coefficients, head.identity, 1))[:, head.face]


def test_another_mean_and_mixed_modes_say_the_same_faces(head):
    rng = np.random.default_rng(1)
    count = len(head.identity)
    mix = np.linalg.qr(rng.standard_normal((count, count)))[0].astype(np.float32)
    mean = rng.standard_normal(count).astype(np.float32)
    new = replace(
        head,
        template=head.template + np.tensordot(mean, head.identity, 1),
        identity=np.tensordot(mix, head.identity, 1),
        prior=IdentityPrior.independent(count),
    )
    before = rng.standard_normal((20, count)).astype(np.float32)
    turn, shift = rebased(head, new, missed=1e-6)
    away = _face(new, before @ turn.numpy().T + shift.numpy()) - _face(head, before)
    assert np.abs(away).max() < 2e-5


def test_what_was_told_badly_is_pulled_to_the_average_and_no_further(head):
    before = np.random.default_rng(2).standard_normal((50, len(head.identity))).astype(np.float32)
    movement = np.sqrt(np.square(head.identity[:, head.face]).sum(2).mean(1))
    for missed in (1e-5, 0.7e-3):
        turn, shift = rebased(head, head, missed)
        again = before @ turn.numpy().T
        assert np.abs(shift.numpy()).max() < 1e-4
        kept = (again * before).sum(axis=0) / np.square(before).sum(axis=0)
        # Wiener's factor for modes that stand alone on the face; these overlap a little
        alone = movement**2 / (movement**2 + missed**2)
        assert np.corrcoef(kept, alone)[0, 1] > 0.95 or missed < 1e-4
        np.testing.assert_allclose(kept[:20], alone[:20], atol=0.2)
        assert (
            np.square(_face(head, again) - _face(head, before)).sum()
            < np.square(_face(head, before) - head.template[head.face]).sum()
        )


def test_a_finished_head_has_the_basis_that_it_was_made_of(head):
    built = OpenHead.load(BUNDLED / "training" / "head.npz")
    assert len(built.template) != len(head.template)
    assert same_basis(built, head) and same_basis(head, built)
    mixed = replace(head, identity=head.identity[::-1].copy())
    assert not same_basis(built, mixed)
    turn, shift = rebased(built, head, missed=1e-9)
    np.testing.assert_allclose(turn.numpy(), np.eye(len(head.identity)), atol=0.02)
    np.testing.assert_allclose(shift.numpy(), 0, atol=1e-3)
