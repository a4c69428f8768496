"""docs/faults.md names tests that exist."""

from __future__ import annotations

import re

from .conftest import ROOT


def test_every_row_names_its_test() -> None:
    missing, rows, folder, file = [], 0, "", ""
    for line in (ROOT / "docs/faults.md").read_text("utf-8").splitlines():
        if heading := re.match(r"\| fault \| outcome \| test, in `([^`]+)`", line):
            place = heading[1]
            folder, file = place.rpartition("/")[::2] if place.endswith(".py") else (place, "")
            continue
        if not line.startswith("| ") or line.startswith("|---"):
            continue
        rows += 1
        named = re.findall(r"`([^`]*test_\w+)`", line.rsplit("|", 2)[1])
        assert named, f"no test in: {line}"
        latest = file
        for name in named:
            path, _, function = name.rpartition("::")
            latest = path or (latest if "::" in name else file)
            found = ROOT / (latest if "/" in latest else f"{folder}/{latest}")
            if not (found.is_file() and f"def {function}(" in found.read_text("utf-8")):
                missing.append(f"{latest}::{function}")
    assert rows > 50 and missing == []
