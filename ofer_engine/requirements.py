"""Libraries that only some work needs, asked for by name when that work is done."""

from __future__ import annotations

import importlib
from enum import StrEnum
from types import ModuleType

from .contract.errors import ErrorCode, OferError


class PinGroup(StrEnum):
    """A group of pins in pyproject.toml that `install.py setup --with` brings in."""

    BATCH = "batch"
    EVALUATE = "evaluate"
    PERFORM = "perform"
    SCRFD = "scrfd"


def required(module: str, purpose: str, group: PinGroup) -> ModuleType:
    """A module that not everybody has. Raises OferError(ENGINE_MISSING) with the next step.

    purpose : what needs it, as the beginning of a sentence.
    """
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        raise OferError(
            ErrorCode.ENGINE_MISSING,
            "{purpose} needs {partition}, which is not installed.",
            "Run `python3 install.py setup --with {group}`, then this again.",
            purpose=purpose,
            partition=module.partition(".")[0],
            group=group,
        ) from cause
