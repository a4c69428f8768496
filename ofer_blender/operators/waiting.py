"""Operators that a script may wait for."""

from __future__ import annotations

from typing import Final

WAIT: Final = {
    "name": "Wait",
    "description": "Return when it is done: for scripts",
    "options": {"SKIP_SAVE"},
}
"""Of the property `wait`."""
