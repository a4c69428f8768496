"""The prior over a basis from the statistics of groups of people, and the basis's units with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...heads.identity_prior import IdentityPrior
from .identity_basis import mirrored


@dataclass(frozen=True)
class GroupStatistics:
    """name; share : of all people; mean : (K,) coefficients; columns : (R, K), the group's
    covariance being columns.T @ columns."""

    name: str
    share: float
    mean: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class Standardised:
    """prior : over coefficients of mean 0 and deviation 1; mean, deviation : (K,) as they were."""

    prior: IdentityPrior
    mean: np.ndarray
    deviation: np.ndarray


def parity(modes: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(K,) 1 for modes (K, P, 3) that are their own mirror image, -1 for those that are its
    opposite."""
    return np.sign((modes * mirrored(modes, mirror)).sum((1, 2)))


def both_sides(columns: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(2R, K): every head of columns (R, K) counts together with its mirror image; sides : (K,) the
    modes' parity."""
    return np.concatenate([columns, columns * sides]) / np.sqrt(2)


def standardised(groups: Sequence[GroupStatistics]) -> Standardised:
    """Move and scale coefficients so that over all groups each has mean 0 and deviation 1."""
    shares = np.array([group.share for group in groups])
    means = np.stack([group.mean for group in groups])
    mean = shares @ means
    covariances = [group.columns.T @ group.columns for group in groups]
    away = means - mean
    total = np.tensordot(shares, covariances, 1) + away.T @ (away * shares[:, None])
    deviation = np.sqrt(np.diag(total))
    prior = IdentityPrior(
        tuple(group.name for group in groups),
        shares.astype(np.float32),
        (away / deviation).astype(np.float32),
        np.stack([_root(one / deviation[:, None] / deviation) for one in covariances]).astype(
            np.float32
        ),
    )
    return Standardised(prior, mean, deviation)


def _root(covariance: np.ndarray) -> np.ndarray:
    """(K, K) lower triangle whose product with its transpose is a covariance that may be thin."""
    values, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(values, 0.0))
    return np.linalg.qr(root.T)[1].T
