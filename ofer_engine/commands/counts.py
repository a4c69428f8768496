"""Options that count something."""

from __future__ import annotations

import argparse
from typing import Final

_MOST: Final = 10**9
"""More is a slip of the finger, and more than the libraries below can count to."""


def positive(text: str) -> int:
    """The type of an option that counts something, at least one of it."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few: give 1 or more")
    if number > _MOST:
        raise argparse.ArgumentTypeError(f"that is too many: give at most {_MOST}")
    return number
