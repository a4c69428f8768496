"""Options that count something."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """The type of an option that counts something, at least one of it."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few: give 1 or more")
    return number
