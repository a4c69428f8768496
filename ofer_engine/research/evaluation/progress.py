"""What a measurement is doing, said while it goes on."""

from __future__ import annotations

from collections.abc import Callable

OnMessage = Callable[[str], None]
"""Takes a few words: what is done now."""
