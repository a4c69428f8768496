"""What a .blend from elsewhere may hold, with a fixed seed and few examples; `tests/fuzz/run.py
--blender` goes on without end."""

import sys

import pytest
from conftest import ROOT

pytest.importorskip("hypothesis")

from fuzz_targets import MAKERS

sys.path.insert(0, str(ROOT))
try:
    from tests.fuzz.run import run
finally:
    sys.path.remove(str(ROOT))


@pytest.mark.parametrize("name", MAKERS)
def test_a_reader_reads_or_refuses_in_a_sentence(name: str) -> None:
    run(MAKERS[name](), examples=60, seed=20261130)
