"""Every reader of what strangers send, with a fixed seed and few examples; `tests/fuzz/run.py` goes
on without end."""

import pytest

pytest.importorskip("hypothesis")

from tests.fuzz.run import run
from tests.fuzz.targets import MAKERS


@pytest.mark.parametrize("name", MAKERS)
def test_a_reader_reads_or_refuses_in_a_sentence(name):
    run(MAKERS[name](), examples=150, seed=20261129)
