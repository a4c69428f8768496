"""How the identities of a head model are distributed: a mixture of normal distributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

PREFIX: Final = "prior_"


@dataclass(frozen=True, eq=False)
class IdentityPrior:
    """G groups of people over K coefficients.

    names : of the groups; shares : (G,) of all people, sum 1; means : (G, K); factors : (G, K, K),
    each group's covariance is factor @ factor.T. Over all groups every coefficient has mean 0 and
    deviation 1, though coefficients may go together.
    """

    names: tuple[str, ...]
    shares: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    @property
    def count(self) -> int:
        """K."""
        return self.means.shape[1]

    @property
    def covariance(self) -> np.ndarray:
        """(K, K) over all groups, about 0."""
        within = np.einsum("g,gij,gkj->ik", self.shares, self.factors, self.factors)
        return within + np.einsum("g,gi,gk->ik", self.shares, self.means, self.means)

    def first(self, count: int) -> IdentityPrior:
        """The same people by their first `count` coefficients alone."""
        return IdentityPrior(
            self.names,
            self.shares,
            self.means[:, :count],
            np.stack([np.linalg.qr(one[:count].T)[1].T for one in self.factors]),
        )

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """(K,) float32 of a random person."""
        if len(self.shares) == 1:
            group = 0
        else:
            group = int(np.searchsorted(np.cumsum(self.shares)[:-1], rng.random()))
        return self._of(group, rng)

    def people(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """(count, K) float32 of random people."""
        return np.stack([self.draw(rng) for _ in range(count)])

    def people_of(self, name: str, rng: np.random.Generator, count: int) -> np.ndarray:
        """(count, K) float32 of one group. Raises ValueError for a name that is no group's."""
        group = self.names.index(name)
        return np.stack([self._of(group, rng) for _ in range(count)])

    def _of(self, group: int, rng: np.random.Generator) -> np.ndarray:
        drawn = rng.standard_normal(self.count, dtype=np.float32)
        return (self.means[group] + self.factors[group] @ drawn).astype(np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """For a head's .npz, each name beginning with PREFIX."""
        return {
            PREFIX + "names": np.array(self.names),
            PREFIX + "shares": self.shares.astype(np.float32),
            PREFIX + "means": self.means.astype(np.float32),
            PREFIX + "factors": self.factors.astype(np.float32),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], count: int) -> IdentityPrior:
        """What `arrays` says; independent N(0, 1) of `count` coefficients where it says nothing."""
        if PREFIX + "names" not in arrays:
            return cls.independent(count)
        return cls(
            tuple(str(name) for name in arrays[PREFIX + "names"]),
            *(arrays[PREFIX + part] for part in ("shares", "means", "factors")),
        )

    @classmethod
    def independent(cls, count: int) -> IdentityPrior:
        """One group whose coefficients are N(0, 1), each by itself."""
        return cls(
            ("all",),
            np.ones(1, np.float32),
            np.zeros((1, count), np.float32),
            np.eye(count, dtype=np.float32)[None],
        )
