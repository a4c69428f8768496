"""Runs pip and uv: their progress to the console, their failures to one sentence."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from ..client import stopping
from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence
from .console import Console

# What would send packages elsewhere than into the environment, or start a Python askew.
_DIVERTING: Final = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
_KEPT_LINES: Final = 400
_POLL_SECONDS: Final = 0.25
_PATIENCE: Final = 20.0
"""Seconds that a program gets to take back what it began."""

_DOWNLOADING: Final = re.compile(r"Downloading (\S+) \(([\d.]+)([KMG])iB\)")
_DOWNLOADED: Final = re.compile(r" Downloaded (\S+)")
# Bytes on disk for a byte fetched: 951 of 265 MB for the engine on Linux with torch's CPU build.
_UNPACKED: Final = 3.6
_UNITS: Final = {"K": 2**10, "M": 2**20, "G": 2**30}

_OFFLINE: Final = re.compile(
    r"NewConnectionError|NameResolutionError|Name or service not known|getaddrinfo failed|"
    r"nodename nor servname|Temporary failure in name resolution|Network is unreachable|"
    r"Connection refused|ConnectTimeout|ReadTimeout|timed out|ProxyError|SSLError|"
    r"dns error|error sending request|Connection reset|ConnectionError|RemoteDisconnected|"
    r"IncompleteRead|ProtocolError",
    re.IGNORECASE,
)
_CUT_OFF: Final = re.compile(
    r"incomplete-download|not enough bytes|error reading a body|end of file before", re.IGNORECASE
)
_SPOILED: Final = re.compile(
    r"DO NOT MATCH THE HASHES|Hash mismatch|HTTP (?:error|status client error)|"
    r"not a zip file|BadZipFile|invalid wheel|Invalid zip|Failed to extract",
    re.IGNORECASE,
)
_FULL: Final = re.compile(r"No space left on device|Errno 28|os error 28|Disk quota", re.IGNORECASE)
_DENIED: Final = re.compile(
    r"Permission denied|Read-only file system|Errno 13|Errno 30|Access is denied", re.IGNORECASE
)
_NO_WHEEL: Final = re.compile(
    r"No matching distribution found for (\S+)|"
    r"(?:not found in|no versions? of|no (?:usable )?wheels?)[\s\S]*?require (\S+?)[,.]?\s",
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

    def run(
        self,
        command: Sequence[str],
        *,
        watch: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Run `command` and show its progress.

        watch : folder that fills with what is fetched; variables : more for its environment. Raises
        OferError with the cause that the output tells.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        process = self._start(command, {**clean_environment(), **(variables or {})})
        try:
            code, output = self._follow(process, watch)
        except BaseException:
            _end(process, 5)
            raise
        if code != 0:
            raise failure(output, self.folder, self.log)

    def _start(self, command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=environment,
                pass_fds=[self.held.fileno()] if self.held and os.name == "posix" else (),
            )
        except OSError as error:
            raise OferError(
                ErrorCode.ENGINE_MISSING,
                "{command} does not start ({strerror}).",
                "Run `install.py setup --rebuild`.",
                command=command[0],
                strerror=error.strerror,
            ) from error

    def _follow(self, process: subprocess.Popen[str], watch: Path | None) -> tuple[int, str]:
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
        kept: list[str] = []
        progress = _Progress(watch)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(map(str, process.args))}\n")  # type: ignore[arg-type]
            while True:
                try:
                    line = lines.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    line = ""
                if line is None:
                    break
                if line:
                    log.write(line)
                    kept = [*kept[1 - _KEPT_LINES :], line]
                    progress.read(line)
                self.console.tick(progress.done, progress.total, progress.doing)
        return process.wait(), "".join(kept)


def run_to_end(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None
) -> int:
    """Run a program that speaks for itself, in `folder`; gives its exit status.

    Whoever stops this process stops it, too, and it gets the time to take back what it began.
    """
    process = None
    try:
        with stopping.blocked() as let_in:

            def begin() -> None:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process alone
                let_in()

            process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=environment,
                preexec_fn=begin if os.name == "posix" else None,
            )
        return process.wait()
    except BaseException:
        if process is not None:
            _end(process, _PATIENCE)
        raise


def _end(process: subprocess.Popen[Any], patience: float) -> None:
    """End a process, by force where it takes longer than so many seconds."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Progress:
    """How far an installer is: what it says that it fetches, and how much of it is here."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._waiting: dict[str, int] = {}
        self._announced = self._grown = 0
        self._before = _size(folder) if folder else 0
        self._measured = time.monotonic()

    def read(self, line: str) -> None:
        if found := _DOWNLOADING.match(line):
            size = int(float(found[2]) * _UNITS[found[3]])
            self._announced += size
            self._waiting[found[1]] = size
        elif found := _DOWNLOADED.match(line):
            self._waiting.pop(found[1], None)

    @property
    def doing(self) -> str:
        """The largest package that is still being fetched."""
        return max(self._waiting, key=self._waiting.__getitem__, default="")

    @property
    def total(self) -> int:
        """Bytes that all of it takes, about; 0 where nothing was announced."""
        return int(self._announced * _UNPACKED)

    @property
    def done(self) -> int:
        """Bytes that came into the folder, measured at most every two seconds."""
        now = time.monotonic()
        if self._folder and now - self._measured > 2:
            self._measured = now
            self._grown = max(0, _size(self._folder) - self._before)
        return min(self._grown, self.total) if self.total else self._grown


def _size(folder: Path) -> int:
    """Bytes under `folder`, in which files come and go meanwhile."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(root, name), follow_symlinks=False).st_size
    return total


def _pump(stream: IO[str] | None, lines: queue.Queue[str | None]) -> None:
    if stream is not None:
        for line in stream:
            lines.put(line)
    lines.put(None)


def clean_environment() -> dict[str, str]:
    """This process's environment without Blender's Python and without diverted installs."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "UV_")) and name not in _DIVERTING
    }


def failure(output: str, folder: Path, log: Path) -> OferError:
    """The sentence for a failed installer, from what it printed."""
    if _FULL.search(output):
        return OferError(
            ErrorCode.DISK_FULL,
            "There was no space left while filling {folder}.",
            "Free some space, or choose another place with --home DIR, and run this again: "
            "it goes on where it stopped.",
            folder=folder,
        )
    if broken := _broken_download(output):
        return broken
    if _DENIED.search(output):
        return OferError(
            ErrorCode.READ_ONLY,
            "{folder} cannot be written to.",
            "Choose another place with --home DIR and run this again.",
            folder=folder,
        )
    if found := _NO_WHEEL.search(output):
        what = next((group for group in found.groups() if group), "a package")
        return OferError(
            ErrorCode.ENGINE_MISSING,
            "There is no ready-made build of {what} for this machine and this Python.",
            "See README.md for the systems that are supported.",
            what=what,
        )
    return OferError(
        ErrorCode.ENGINE_MISSING,
        "A package could not be installed ({output}).",
        "The whole output is in {log}; run this again to go on.",
        output=_last_line(output),
        log=log,
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
    return next((line for line in lines if line), Sentence("it said nothing"))
