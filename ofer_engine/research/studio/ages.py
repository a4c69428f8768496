"""Whether a head is a child's or an old person's, by the groups of the head's prior."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from ...heads.identity_prior import IdentityPrior


class Age(StrEnum):
    """What skin a head may wear. The values are names of the prior's groups but for ADULT."""

    CHILD = "children"
    ADULT = "adults"
    OLD = "old"


class Ages:
    """Tells the group that a person most probably was drawn from."""

    def __init__(self, prior: IdentityPrior) -> None:
        self._prior = prior
        self._spheres = [np.linalg.inv(factor.astype(float)) for factor in prior.factors]
        self._volumes = [np.linalg.slogdet(sphere)[1] for sphere in self._spheres]

    def of(self, identity: np.ndarray) -> Age:
        """identity : (K,). ADULT where the prior has no group of children or old people."""
        likely = [
            np.log(share) + volume - 0.5 * ((sphere @ (identity - mean)) ** 2).sum()
            for share, volume, sphere, mean in zip(
                self._prior.shares, self._volumes, self._spheres, self._prior.means, strict=True
            )
        ]
        name = self._prior.names[int(np.argmax(likely))]
        return Age(name) if name in (Age.CHILD, Age.OLD) else Age.ADULT
