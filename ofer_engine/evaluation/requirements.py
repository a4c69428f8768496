"""The two libraries that only measuring against scans needs, asked for by name when it is done."""

from __future__ import annotations

import importlib
from types import ModuleType

from ..contract.errors import ErrorCode, OferError


def required(module: str) -> ModuleType:
    """A module of the group `evaluate` in pyproject.toml. Raises OferError(ENGINE_MISSING)."""
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        raise OferError(
            ErrorCode.ENGINE_MISSING,
            f"Measuring against scans needs {module.partition('.')[0]}, which is not installed.",
            "Run `python3 install.py test --only lint`: it adds what checks the engine, this too.",
        ) from cause
