"""Makes the lock again from pyproject.toml, by uv."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .environment import Environment
from .lock import BLENDER_TEST, ENGINE, TORCH, UV, Entry, Lock, parse, pins_hash
from .pins import Pins
from .uv import Uv

_HEADER: Final = '# Made by "python3 install.py lock" from pyproject.toml; not edited by hand.\n'
_OPTIONS: Final = (
    *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
    *("--generate-hashes", "--annotation-style", "line", "--no-header", "--quiet"),
)


def renew(pins: Pins, uv: Uv, environment: Environment, upgrade: bool = False) -> None:
    """Make the lock again from the pins in pyproject.toml.

    environment : whose Python uv may ask about; upgrade : take the newest of what the pins leave
    open instead of what is locked. Raises OferError where the pins contradict each other or the
    index cannot be reached.
    """
    lock, uv = pins.lock, uv.of_one_index()
    lock.folder.mkdir(exist_ok=True)
    beside = [group for group in pins.groups if group != BLENDER_TEST]
    with TemporaryDirectory() as scratch:
        compiler = _Compiler(uv, environment, Path(scratch), lock, upgrade)
        together = Path(scratch) / "together.txt"
        everything = [pin for group in beside for pin in pins.groups[group]]
        together.write_text(compiler.compile(everything, [TORCH, *beside]), "utf-8")
        engine = parse(compiler.compile(pins.groups[ENGINE], [], together))
        cuda = _only_for_torch(engine)
        files = {
            ENGINE: [each for each in engine if each.name not in cuda],
            TORCH: [each for each in engine if each.name in cuda],
        }
        held = {each.text.partition("#")[0] for each in engine}
        for group in beside:
            if group != ENGINE:
                entries = parse(compiler.compile(pins.groups[group], [], together))
                files[group] = [each for each in entries if each.text.partition("#")[0] not in held]
        blender = compiler.compile(pins.groups[BLENDER_TEST], [BLENDER_TEST])
        files[BLENDER_TEST] = list(parse(blender))
        files[UV] = list(parse(compiler.compile([pins.uv], [])))
    sources = {**pins.groups, TORCH: pins.groups[ENGINE], UV: (pins.uv,)}
    for stale in set(lock.folder.glob("*.txt")) - {lock.file(group) for group in files}:
        stale.unlink()
    for group, entries in files.items():
        head = f"{_HEADER}# pins: {pins_hash(sources[group])}\n"
        text = head + "".join(each.text for each in entries)
        lock.file(group).write_text(text, "utf-8", newline="\n")


@dataclass(frozen=True)
class _Compiler:
    uv: Uv
    environment: Environment
    scratch: Path
    lock: Lock
    upgrade: bool

    def compile(
        self, pins: Iterable[str], preferred: Iterable[str], constraints: Path | None = None
    ) -> str:
        """The locked form of `pins`; preferred : groups whose locked versions are kept if they
        can be; constraints : a lock whose versions must be kept."""
        target = self.scratch / "target.txt"
        known = [] if self.upgrade else [self.lock.file(group) for group in preferred]
        target.write_text("".join(each.read_text("utf-8") for each in known if each.is_file()))
        options = [*_OPTIONS, *(["--constraints", str(constraints)] if constraints else [])]
        self.uv.compile(self.environment, pins, target, options)
        return _without_paths(target.read_text("utf-8"))


def _without_paths(text: str) -> str:
    """`# via torch, -c /tmp/a.txt, -r /tmp/b.in` as `# via torch, pyproject.toml`."""
    return re.sub(r"(?<=# via ).*", lambda found: ", ".join(_parents(found[0])), text)


def _parents(line: str) -> list[str]:
    named = [each for each in line.split(", ") if not each.startswith("-c ")]
    return ["pyproject.toml" if each.startswith("-r ") else each for each in named]


def _only_for_torch(entries: Iterable[Entry]) -> set[str]:
    """PyTorch, and the packages of one system that nothing but it, or one such, asks for."""
    found = {TORCH}
    while True:
        more = {each.name for each in entries if each.parents <= found and "sys_" in each.text}
        if more <= found:
            return found
        found |= more
