"""Exceptions that nobody foresaw, raised as any function of the add-on is entered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from conftest import ROOT

_WATCHING = ("comparison", "deleted_heads", "through_photo")
"""Modules that look, after any change, whether a head was deleted."""

GUARDS = {
    "faults", "guard", "likeness", "mesh_before", "objects_before", "transaction", "__init__",
}  # fmt: skip
"""Modules that take back what failed: the fault is in what they guard."""
_PLACES = tuple(
    str(ROOT / place)
    for place in ("ofer_blender", "ofer_engine/client", "ofer_engine/geometry/affine_map.py")
)
"""The add-on, and what it uses of the engine's code but for the contract."""


class InventedFault(Exception):
    """Of no kind that any part of the add-on could expect."""


class Fault:
    """calls : functions of the add-on entered so far, but for what Blender calls after each change,
    which has a guard of its own; where : the one that failed, if any did;
    asked, listing : it failed while Blender asked whether it may be done, or what is in a list."""

    def __init__(self, number: int) -> None:
        self.number, self.calls, self.where = number, 0, ""
        self.asked = self.listing = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(_PLACES) or "translations" in code.co_filename:
            return
        if code.co_name.startswith("<") or _module(code.co_filename) in GUARDS:
            return
        if _module(code.co_filename) in _WATCHING and "watch" in _callers(frame):
            return
        self.calls += 1
        if self.calls == self.number:
            self.where = f"{_module(code.co_filename)}.{code.co_name}"
            self.asked = "_polling.<locals>.poll" in _callers(frame)
            self.listing = "_listing.<locals>.items" in _callers(frame)
            raise InventedFault(self.where)


@contextmanager
def fault_at(number: int) -> Iterator[Fault]:
    """The `number`-th function of the add-on that is entered raises; none after it."""
    fault = Fault(number)
    earlier = sys.gettrace()
    sys.settrace(fault)
    try:
        yield fault
    finally:
        sys.settrace(earlier)


def _callers(frame: FrameType | None) -> set[str]:
    names = set()
    while frame:
        names.add(frame.f_code.co_qualname)
        frame = frame.f_back
    return names


def _module(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")
