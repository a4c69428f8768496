"""Options that are whole numbers."""

from __future__ import annotations

import argparse
from typing import Final

from ..contract.sampling import MOST_SEED

_MOST: Final = 10**9
"""More is a slip of the finger, and more than the libraries below can count to."""


def positive(text: str) -> int:
    """The type of an option that counts something, at least one of it."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few: give 1 or more")
    if number > _MOST:
        raise argparse.ArgumentTypeError(f"that is too many: give at most {_MOST}")
    return number


def seed(text: str) -> int:
    """The type of an option that numbers random draws."""
    if not 0 <= (number := int(text)) <= MOST_SEED:
        raise argparse.ArgumentTypeError(f"give a whole number from 0 to {MOST_SEED}")
    return number
