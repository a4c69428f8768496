"""Agreement of two readings of units: over photos, for each unit that varies."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.research.evaluation.unit_agreement import agreement


def test_units_that_vary_are_compared_over_the_photos():
    landmarker = np.zeros((50, 52))
    smile, jaw, blink = (ARKIT_52.index(n) for n in ("mouthSmileLeft", "jawOpen", "eyeBlinkLeft"))
    landmarker[:, smile] = np.linspace(0, 1, 50)
    landmarker[:, jaw] = np.linspace(0, 1, 50)
    read = np.zeros((50, 52))
    read[:, smile] = 0.1 + 0.5 * landmarker[:, smile]  # fainter, but in step
    read[:, jaw] = 1 - landmarker[:, jaw]
    read[:, blink] = np.linspace(0, 1, 50)  # of which the landmarker says nothing
    found = agreement(read, landmarker)
    assert set(found["units"]) == {"mouthSmileLeft", "jawOpen"} and found["photos"] == 50
    assert found["units"]["mouthSmileLeft"]["correlation"] == pytest.approx(1)
    assert found["units"]["jawOpen"]["correlation"] == pytest.approx(-1)
    assert found["correlation"] == pytest.approx(0, abs=1e-6)
    assert found["units"]["mouthSmileLeft"]["ours"] == pytest.approx(0.35)
    assert found["units"]["mouthSmileLeft"]["landmarker"] == pytest.approx(0.5)


def test_a_unit_that_is_never_read_agrees_with_nothing():
    landmarker = np.zeros((10, 52))
    landmarker[:, 0] = np.linspace(0, 1, 10)
    assert agreement(np.zeros((10, 52)), landmarker)["correlation"] == 0
