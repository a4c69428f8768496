"""uv, which installs everything else: brought in by pip, and told where pip is told to look."""

from __future__ import annotations

import ast
import os
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from .environment import Environment, Stamp
from .lock import UV, Lock
from .runner import Runner, clean_environment

_PIP: Final = ("-P", "-m", "pip")  # -P: no module of the working folder in place of pip's own
_PIP_OPTIONS: Final = (
    *("--disable-pip-version-check", "--no-input", "--retries=2", "--no-cache-dir"),
    *("--only-binary=:all:", "--no-deps", "--require-hashes"),
)
_UV_OPTIONS: Final = (
    *("--no-config", "--no-progress", "--color=never", "--no-python-downloads"),
    *("--only-binary=:all:",),  # nothing is ever compiled
    *("--index-strategy=unsafe-best-match",),  # pip's: of all indexes the best, not the first
)


@dataclass(frozen=True)
class Uv:
    """program : uv itself; cache : where it keeps what it fetches until the work is done.

    pip : command of this machine's pip, whose settings it follows.
    """

    program: Path
    cache: Path
    pip: list[str]
    runner: Runner
    sources: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def bring(cls, tools: Environment, lock: Lock, base: list[str], runner: Runner) -> Uv:
        """Have uv in the environment `tools`, made where it is missing or holds another uv.

        base : command of the Python to make it with. Raises OferError engine_missing where there
        is no pip, or uv cannot be had.
        """
        fingerprint = lock.fingerprint(UV)
        here = tools.holds(UV, fingerprint)
        if not here:
            tools.discard()
            tools.create(base)
        pip, settings = _find_pip(base, tools, runner)
        if not here:
            locked = ["--python", str(tools.python), "install", "-r", str(lock.file(UV))]
            runner.run([*pip, *locked, *_PIP_OPTIONS], watch=tools.folder)
            tools.write_stamp(Stamp({UV: fingerprint}))
        program = tools.python.with_name("uv.exe" if os.name == "nt" else "uv")
        cache = tools.folder.parent / "cache" / "uv"
        return cls(program, cache, pip, runner, _sources(settings), _variables(settings))

    def install(self, environment: Environment, *what: str, locked: bool = True) -> None:
        """Bring in `what`, requirements or `-r FILE`, and nothing that they ask for.

        locked : each must have a hash that fits. Raises OferError.
        """
        checked = ["--require-hashes"] if locked else []
        into = ["install", "--python", str(environment.python), "--no-deps", *checked]
        self._run(*into, *what)

    def compile(
        self,
        environment: Environment,
        requirements: Iterable[str],
        target: Path,
        options: Sequence[str],
    ) -> None:
        """Write these requirements, all that they ask for and the hashes into `target`."""
        wanted = target.with_suffix(".in")
        wanted.write_text("\n".join(requirements), "utf-8")
        files = [str(wanted), "--output-file", str(target)]
        self._run("compile", "--python", str(environment.python), *options, *files)
        wanted.unlink()

    def of_one_index(self) -> Uv:
        """One that looks nowhere but in the index: what else lies on this machine, others lack."""
        index = self.sources.index("--default-index") if "--default-index" in self.sources else None
        return replace(self, sources=[] if index is None else self.sources[index : index + 2])

    def clear(self) -> None:
        """Free the space of what was fetched: all of it is installed."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def _run(self, command: str, *arguments: str) -> None:
        options = [*_UV_OPTIONS, "--cache-dir", str(self.cache), *self.sources]
        line = [str(self.program), "pip", command, *options, *arguments]
        self.runner.run(line, watch=self.cache, variables=self.variables)


def _find_pip(
    base: list[str], tools: Environment, runner: Runner
) -> tuple[list[str], dict[str, str]]:
    """Command of a pip, and its settings: that of `base`, else Python's ensurepip's, in `tools`."""
    own = [str(tools.python), *_PIP]
    for pip in ([*base, *_PIP], own):
        if (settings := _settings(pip)) is not None:
            return pip, settings
    if tools.ask("import ensurepip").returncode != 0:
        raise OferError(
            ErrorCode.ENGINE_MISSING,
            "{base} has neither ensurepip nor pip.",
            "Install them (on Debian: sudo apt install python3-venv) and run this again.",
            base=" ".join(base),
        )
    runner.run([str(tools.python), "-I", "-m", "ensurepip", "--default-pip"])
    return own, _settings(own) or {}


def _settings(pip: list[str]) -> dict[str, str] | None:
    """What pip is configured for, by option, in files and variables; None where pip is absent."""
    answer = subprocess.run(
        [*pip, "config", "list"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    if answer.returncode != 0:
        return None
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in answer.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section in by_section and (text := str(ast.literal_eval(value))):
            by_section[section][option] = text
    return by_section["global"] | by_section["install"] | by_section[":env:"]


def _sources(settings: dict[str, str]) -> list[str]:
    """uv's options for where pip looks."""
    alone = settings.get("no-index", "").lower() in ("1", "true", "yes", "on")
    options = ["--no-index"] if alone else []
    for setting, option in (
        ("index-url", "--default-index"),
        ("extra-index-url", "--index"),
        ("find-links", "--find-links"),
    ):
        for place in settings.get(setting, "").split():
            if "://" in place or os.path.exists(place):  # pip passes over the missing too
                options += [option, place]
    return options


def _variables(settings: dict[str, str]) -> dict[str, str]:
    """uv's variables for how pip gets there: proxies, certificates, patience."""
    proxies = {f"{name.upper()}_PROXY": each for name, each in urllib.request.getproxies().items()}
    if proxy := settings.get("proxy"):
        proxies |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}
    named = {
        "SSL_CERT_FILE": settings.get("cert"),
        "SSL_CLIENT_CERT": settings.get("client-cert"),
        "UV_INSECURE_HOST": settings.get("trusted-host"),
        "UV_HTTP_TIMEOUT": settings.get("timeout") or settings.get("default-timeout"),
        "UV_HTTP_RETRIES": "2",
        "UV_SYSTEM_CERTS": "true" if _system_certificates() else None,
    }
    return proxies | {name: value for name, value in named.items() if value}


def _system_certificates() -> bool:
    """True where the system has certificates, which a firm may have added its own to."""
    if sys.platform in ("darwin", "win32"):
        return True
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))
