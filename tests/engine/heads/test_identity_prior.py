"""How people are distributed over a head's modes, drawn, saved and refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.identity_prior import IdentityPrior
from ofer_engine.heads.open_head import OpenHead

HEAD = Path(__file__).parents[3] / "weights" / "open" / "head.npz"
MODES = 5


@pytest.fixture(scope="module")
def mixture() -> IdentityPrior:
    rng = np.random.default_rng(0)
    factors = np.tril(rng.normal(size=(3, MODES, MODES)) / 2).astype(np.float32)
    means = rng.normal(size=(3, MODES)).astype(np.float32)
    shares = np.array([0.5, 0.3, 0.2], np.float32)
    return IdentityPrior(("grown", "young", "old"), shares, means, factors)


def test_people_of_a_mixture_are_as_many_and_as_varied_as_it_says(mixture: IdentityPrior) -> None:
    people = mixture.people(np.random.default_rng(1), 12_000)
    mean = mixture.shares @ mixture.means
    assert people.dtype == np.float32
    assert np.abs(people.mean(0) - mean).max() < 0.08
    about_zero = people.T @ people / len(people)
    assert np.abs(about_zero - mixture.covariance).max() < 0.25
    for group, name in enumerate(mixture.names):
        own = mixture.people_of(name, np.random.default_rng(2), 6_000)
        assert np.abs(own.mean(0) - mixture.means[group]).max() < 0.1
        expected = mixture.factors[group] @ mixture.factors[group].T
        assert np.abs(np.cov(own.T) - expected).max() < 0.3
    with pytest.raises(ValueError, match="not in"):
        mixture.people_of("giants", np.random.default_rng(3), 1)


def test_independent_people_are_the_bits_that_they_always_were() -> None:
    plain = np.random.default_rng([4, 7]).standard_normal(60, dtype=np.float32)
    assert np.array_equal(IdentityPrior.independent(60).draw(np.random.default_rng([4, 7])), plain)


def test_the_first_modes_alone_have_the_same_people(mixture: IdentityPrior) -> None:
    fewer = mixture.first(3)
    assert fewer.count == 3
    assert np.allclose(fewer.covariance, mixture.covariance[:3, :3], atol=1e-5)
    assert np.array_equal(fewer.means, mixture.means[:, :3])


def with_mixture(modes: int) -> tuple[OpenHead, IdentityPrior]:
    """The committed head with a prior of two groups, and four of its modes the scans'."""
    head = OpenHead.load(HEAD)
    rng = np.random.default_rng(5)
    factors = np.tril(rng.normal(size=(2, modes, modes)) / 9).astype(np.float32)
    prior = IdentityPrior(
        ("grown", "young"),
        np.array([0.75, 0.25], np.float32),
        rng.normal(size=(2, modes)).astype(np.float32),
        factors,
    )
    offset = rng.normal(scale=1e-3, size=head.template.shape).astype(np.float16).astype(np.float32)
    return replace(head, prior=prior, free_modes=modes - 4, scan_offset=offset), prior


def test_a_head_keeps_its_prior_and_what_is_the_scans(tmp_path: Path) -> None:
    modes = len(OpenHead.load(HEAD).identity)
    head, prior = with_mixture(modes)
    head.save(tmp_path / "head.npz")
    again = OpenHead.load(tmp_path / "head.npz")
    assert again.free_modes == modes - 4
    assert np.array_equal(again.scan_offset, head.scan_offset)
    assert again.prior.names == prior.names
    for part in ("shares", "means", "factors"):
        assert np.array_equal(getattr(again.prior, part), getattr(prior, part)), part
    draws = [one.draw(np.random.default_rng(8)) for one in (again.prior, prior)]
    assert np.array_equal(draws[0], draws[1])


def test_a_head_that_says_nothing_has_independent_people_and_is_free(tmp_path: Path) -> None:
    with np.load(HEAD) as archive:
        kept = {
            name: archive[name]
            for name in archive.files
            if not name.startswith("prior_") and name not in ("free_modes", "scan_offset")
        }
    np.savez(tmp_path / "head.npz", **kept)
    head = OpenHead.load(tmp_path / "head.npz")
    assert head.prior.names == ("all",)
    assert np.array_equal(head.prior.covariance, np.eye(len(head.identity)))
    assert head.free_modes == len(head.identity)
    assert not head.scan_offset.any()


@pytest.mark.parametrize("wrong", ["half", "shares", "size", "free", "infinite"])
def test_a_prior_that_makes_no_people_is_refused(tmp_path: Path, wrong: str) -> None:
    head, _ = with_mixture(len(OpenHead.load(HEAD).identity))
    head.save(tmp_path / "head.npz")
    with np.load(tmp_path / "head.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    if wrong == "half":
        del arrays["prior_means"]
    elif wrong == "shares":
        arrays["prior_shares"] = np.array([1.5, -0.5], np.float32)
    elif wrong == "size":
        arrays["prior_factors"] = arrays["prior_factors"][:, 1:]
    elif wrong == "free":
        arrays["free_modes"] = np.array(len(head.identity) + 1)
    else:
        arrays["prior_means"][0, 0] = np.nan
    np.savez(tmp_path / "head.npz", **arrays)
    with pytest.raises(OferError) as refused:
        OpenHead.load(tmp_path / "head.npz")
    assert refused.value.code is ErrorCode.WEIGHTS_DAMAGED
