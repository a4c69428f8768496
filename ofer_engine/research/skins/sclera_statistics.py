"""What portraits show of the whites of the eyes: measures the constants of `texture/tone`.

    python -m ofer_engine.research.skins.sclera_statistics --portraits DIR --readings FOLDER

The options are those of `learning_set`.
"""

from __future__ import annotations

import logging
from typing import Final

import numpy as np

from .learning_set import shown_by_portraits

_LOG: Final = logging.getLogger(__name__)
_RESOLUTION: Final = 512
_FIRST: Final = 0
_STRANGE: Final = 3.5
"""Deviations, by the median absolute one, beyond which a portrait is left out."""


def statistics(skins: np.ndarray, whites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (3,) of the whites, and their variance (3,) beyond that of the light, in which skins and
    whites agree: of levels of skins (N, 3) and colours of whites (N, 3) in the same photos."""
    both = np.hstack([skins, whites])
    away = np.abs(both - np.median(both, axis=0))
    usual = both[(away < _STRANGE * 1.4826 * np.median(away, axis=0)).all(1)]
    covariance = np.cov(usual.T)
    return usual[:, 3:].mean(0), np.diag(covariance[3:, 3:]) - np.diag(covariance[:3, 3:])


def main() -> None:
    """Log both."""
    portraits = list(shown_by_portraits("sclera_statistics", _FIRST, _RESOLUTION))
    found = [each for each in portraits if each.sclera is not None]
    skins = np.array([each.explanation.level for each in found])
    mean, variance = statistics(skins, np.array([each.sclera for each in found]))
    _LOG.info("%d of %d portraits show them", len(found), len(portraits))
    _LOG.info("mean %s, variance %s", mean.round(3).tolist(), variance.round(4).tolist())


if __name__ == "__main__":
    main()
