"""`install.py test` counts what pytest really did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ofer_engine.setup.checks import CheckCounts

_TESTS = """
import pytest
@pytest.fixture
def broken(): raise RuntimeError
def test_a(): pass
def test_b(): pass
def test_c(): assert False
def test_d(broken): pass
@pytest.mark.skip
def test_e(): pass
@pytest.mark.xfail(strict=True)
def test_f(): assert False
"""


def test_tally_of_a_real_run(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(_TESTS)
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    subprocess.run([*command, f"--junitxml={report}"], cwd=tmp_path, capture_output=True)
    assert CheckCounts.read(report) == CheckCounts(passed=2, failed=2, skipped=2)


def test_no_report_counts_nothing(tmp_path: Path) -> None:
    assert CheckCounts.read(tmp_path / "absent.xml") == CheckCounts()
    (tmp_path / "cut.xml").write_text("<testsuites><testsuite tests='3'")
    assert CheckCounts.read(tmp_path / "cut.xml") == CheckCounts()


def test_the_closing_line() -> None:
    assert str(CheckCounts(3, 0, 1) + CheckCounts(1, 2, 0)) == "4 passed, 2 failed, 1 skipped"
