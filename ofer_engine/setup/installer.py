"""Runs pip and uv: their progress to the console, their failures to one sentence."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ..contract.errors import ErrorCode, OferError
from .console import Console

# What would send packages elsewhere than into the environment, or start a Python askew.
_DIVERTING: Final = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
_KEPT_LINES: Final = 400
_POLL_SECONDS: Final = 0.25

ANY_PIP_OPTIONS: Final = (
    "--disable-pip-version-check",
    "--no-input",
    "--only-binary=:all:",  # nothing is ever compiled
    "--retries=2",
)
PIP_OPTIONS: Final = (*ANY_PIP_OPTIONS, "--progress-bar=raw")  # `raw` came with pip 24.1

_OFFLINE: Final = re.compile(
    r"NewConnectionError|NameResolutionError|Name or service not known|getaddrinfo failed|"
    r"nodename nor servname|Temporary failure in name resolution|Network is unreachable|"
    r"Connection refused|ConnectTimeout|ReadTimeout|timed out|ProxyError|SSLError|"
    r"dns error|error sending request|Connection reset|ConnectionError|RemoteDisconnected|"
    r"IncompleteRead|ProtocolError",
    re.IGNORECASE,
)
_CUT_OFF: Final = re.compile(r"incomplete-download|not enough bytes", re.IGNORECASE)
_SPOILED: Final = re.compile(
    r"DO NOT MATCH THE HASHES|Hash mismatch|HTTP (?:error|status client error)|"
    r"not a zip file|BadZipFile|invalid wheel",
    re.IGNORECASE,
)
_FULL: Final = re.compile(r"No space left on device|Errno 28|os error 28|Disk quota", re.IGNORECASE)
_DENIED: Final = re.compile(
    r"Permission denied|Read-only file system|Errno 13|Errno 30|Access is denied", re.IGNORECASE
)
_NO_WHEEL: Final = re.compile(
    r"No matching distribution found for (\S+)|no wheels? with a matching|"
    r"has no usable wheels|because (\S+) has no wheels",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Runner:
    """Runs one installer command after another for an environment in `folder`.

    log : where the whole output goes; held : open file that children inherit, so that a lock
    outlives a killed parent until its children are gone.
    """

    folder: Path
    log: Path
    console: Console
    held: IO[str] | None = None

    def run(self, command: Sequence[str], *, watch: Path | None = None) -> str:
        """Run `command`, show its progress, give back its output.

        watch : folder whose growth is the progress of a command that reports none. Raises
        OferError with the cause that the output tells.
        """
        code, output = self._run(command, watch)
        if code != 0:
            raise failure(output, self.folder, self.log)
        return output

    def _run(self, command: Sequence[str], watch: Path | None) -> tuple[int, str]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        process = self._start(command)
        try:
            return self._follow(process, watch)
        except BaseException:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise

    def _start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=clean_environment(),
                pass_fds=[self.held.fileno()] if self.held and os.name == "posix" else (),
            )
        except OSError as error:
            raise OferError(
                ErrorCode.ENGINE_MISSING,
                f"{command[0]} does not start ({error.strerror}).",
                "Run `install.py setup --rebuild`.",
            ) from error

    def _follow(self, process: subprocess.Popen[str], watch: Path | None) -> tuple[int, str]:
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
        kept: list[str] = []
        progress = _PipProgress()
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(map(str, process.args))}\n")  # type: ignore[arg-type]
            while True:
                try:
                    line = lines.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    line = ""
                if line is None:
                    break
                if line and not progress.read(line):
                    log.write(line)
                    kept = [*kept[1 - _KEPT_LINES :], line]
                done = _size(watch, progress) if watch else progress.done
                self.console.tick(done, progress.total, progress.doing)
        return process.wait(), "".join(kept)


class _PipProgress:
    """What pip is at, told from its lines."""

    def __init__(self) -> None:
        self.done = self.total = 0
        self.doing = ""
        self.measured = 0.0

    def read(self, line: str) -> bool:
        """True where the line was only progress."""
        words = line.split()
        if len(words) == 4 and words[0] == "Progress" and words[1].isdigit():
            self.done, self.total = int(words[1]), int(words[3]) if words[3].isdigit() else 0
            return True
        if words and words[0] in ("Collecting", "Downloading", "Processing", "Installing"):
            self.done = self.total = 0
            what = words[1] if len(words) > 1 else ""
            self.doing = "installing" if words[0] == "Installing" else _package(what)
        return False


def _package(word: str) -> str:
    """`torch` for a requirement, a file name or a path of it."""
    return re.split(r"[-=<>!~;\[]", word.replace("\\", "/").rpartition("/")[2])[0]


def _pump(stream: IO[str] | None, lines: queue.Queue[str | None]) -> None:
    if stream is not None:
        for line in stream:
            lines.put(line)
    lines.put(None)


def _size(folder: Path, progress: _PipProgress) -> int:
    """Bytes under `folder`, measured at most every two seconds."""
    now = time.monotonic()
    if now - progress.measured > 2:
        progress.measured = now
        progress.done = sum(
            os.stat(os.path.join(root, name), follow_symlinks=False).st_size
            for root, _, names in os.walk(folder)
            for name in names
            if os.path.lexists(os.path.join(root, name))
        )
    return progress.done


def clean_environment() -> dict[str, str]:
    """This process's environment without Blender's Python and without diverted installs."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in _DIVERTING
    }


def failure(output: str, folder: Path, log: Path) -> OferError:
    """The sentence for a failed installer, from what it printed."""
    if _FULL.search(output):
        return OferError(
            ErrorCode.DISK_FULL,
            f"There was no space left while filling {folder}.",
            "Free some space, or choose another place with --home DIR, and run this again: "
            "it goes on where it stopped.",
        )
    if broken := _broken_download(output):
        return broken
    if _DENIED.search(output):
        return OferError(
            ErrorCode.READ_ONLY,
            f"{folder} cannot be written to.",
            "Choose another place with --home DIR and run this again.",
        )
    if found := _NO_WHEEL.search(output):
        what = next((group for group in found.groups() if group), "a package")
        return OferError(
            ErrorCode.ENGINE_MISSING,
            f"There is no ready-made build of {what} for this machine and this Python.",
            "See README.md for the systems that are supported.",
        )
    return OferError(
        ErrorCode.ENGINE_MISSING,
        f"A package could not be installed ({_last_line(output)}).",
        f"The whole output is in {log}; run this again to go on.",
    )


def _broken_download(output: str) -> OferError | None:
    if _OFFLINE.search(output):
        return OferError(
            ErrorCode.ENGINE_MISSING,
            "The package index could not be reached.",
            "Check the internet connection (or the proxy that pip uses) and run this again: "
            "it goes on where it stopped.",
        )
    if _CUT_OFF.search(output):
        return OferError(
            ErrorCode.ENGINE_MISSING,
            "The connection broke while a package was fetched.",
            "Run this again: it goes on where it stopped.",
        )
    if _SPOILED.search(output):
        return OferError(
            ErrorCode.ENGINE_MISSING,
            "Something else arrived in place of a package, and was thrown away.",
            "A login page or a proxy may stand between: open any web page in a browser, then run "
            "this again.",
        )
    return None


def _last_line(output: str) -> str:
    lines: Iterable[str] = (line.strip() for line in reversed(output.splitlines()))
    return next((line for line in lines if line), "it said nothing")
