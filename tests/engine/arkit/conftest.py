"""The bundled head, and what its units are fitted by."""

from pathlib import Path

import pytest

from ofer_engine.arkit.unit_model import UnitModel
from ofer_engine.heads.open_head import OpenHead

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(ROOT / "weights" / "open" / "head.npz")


@pytest.fixture(scope="module")
def model(head) -> UnitModel:
    return UnitModel.of_open_head(head)
