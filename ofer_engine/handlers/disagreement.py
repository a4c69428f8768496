"""Whether photos given as one person's may show different people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..contract.sentence import Sentence
from ..packs.pack import Pack, PhotoEvidence
from ..pipeline import Reconstructor
from ..progress import Work

UNLIKE: Final = 5.5
"""Distance, in standard deviations of the identity over all its coefficients together, between the
means of the heads drawn from two photos, from which the photos are said to disagree.

Measured with pack open 0.9.3 on 332 people with two press photos each, which lie 4.1 apart
(median), and 6.0 from another person's: at this distance 4.8 % of the people (95 % interval
2.7-7.2) are doubted wrongly, and 69 % of the pairs of two people are noticed; of one stranger
beside two photos of a person 56 % (pack 0.9, at 5.6), and how often one person's three are doubted
nobody has measured. So it is only ever said to be possible, and silence is no proof.
"""
_MEASURED: Final = "open"
_DRAWN: Final = 100
_SEED: Final = 0


def disagreement(pack: Pack, evidence: Sequence[PhotoEvidence], work: Work) -> tuple[str, ...]:
    """A sentence where the photos may show different people. evidence : of each photo.

    Each photo's heads are drawn as if there were no other: what a photo hides spreads them about
    the mean head, so that a photo that shows little contradicts nobody. Other packs have another
    measure, which nobody has taken: of their photos nothing is said.
    """
    if len(evidence) < 2 or pack.record.id != _MEASURED:
        return ()
    means = np.stack([_mean_head(pack, photo, work) for photo in evidence])
    apart = _from_the_others(means)
    oddest = int(apart.argmax())
    if apart[oddest] <= UNLIKE:
        return ()
    if len(means) == 2:
        return ("The two photos may show different people; if they do, reconstruct each alone.",)
    return (
        Sentence(
            "Photo {oddest} may show another person than the others do; if so, leave it out.",
            oddest=oddest + 1,
        ),
    )


def _mean_head(pack: Pack, photo: PhotoEvidence, work: Work) -> np.ndarray:
    """(K,) mean of the identities drawn from one photo."""
    alone = Reconstructor(pack)
    alone.set_evidence([photo])
    return alone.identities(_DRAWN, _SEED, check=work.check).mean(axis=0)


def _from_the_others(means: np.ndarray) -> np.ndarray:
    """(M,) distance of each of M rows from the mean of the others."""
    count = len(means)
    others = (means.sum(axis=0) - means) / (count - 1)
    return np.linalg.norm(means - others, axis=1)
