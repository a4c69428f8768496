"""Every check of the project: linters, type checker, the tests of the engine and of Blender."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from . import blender, provision
from .console import Console
from .environment import Environment
from .home import Home
from .lock import DOCS, TEST
from .pins import Pins

_NO_TESTS_CHOSEN: Final = 5  # pytest's exit code where every test was deselected

_ENGINE_TESTS: Final = ("tests/engine", "tests/install")
_BLENDER_TESTS: Final = ("tests/blender",)

_ON_EVERY_CORE: Final = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
"""pytest-xdist's options, where nobody gives any; up to four, since a process needs up to 3 GB."""


class Suite(StrEnum):
    """What `--only` names."""

    LINT = "lint"
    ENGINE = "engine"
    BLENDER = "blender"


@dataclass(frozen=True)
class CheckCounts:
    """Counted tests; a check or a test run that broke down counts as one that failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: CheckCounts) -> CheckCounts:
        return CheckCounts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @classmethod
    def read(cls, report: Path) -> CheckCounts:
        """The counts of a pytest run, from its junit report; all zero where there is none."""
        try:
            document = xml.etree.ElementTree.parse(report)
        except (OSError, xml.etree.ElementTree.ParseError):
            return cls()
        total = cls()
        for suite in document.iter("testsuite"):
            count = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors")}
            failed = count["failures"] + count["errors"]
            skipped = int(suite.get("skipped", "0"))
            total += cls(count["tests"] - failed - skipped, failed, skipped)
        return total


def chosen_tests(options: Sequence[str], folders: Sequence[str]) -> tuple[list[str], list[str]]:
    """pytest's options without the tests named among them (`tests/…`), and which tests to run: of
    those named the ones in `folders`, or all of `folders` where none is named. Without any option
    they run on every core."""
    named = [each for each in options if each.startswith("tests/")]
    rest = [each for each in options if each not in named]
    inside = [each for each in named if each.startswith(tuple(folders))]
    return rest if options else list(_ON_EVERY_CORE), inside if named else list(folders)


@dataclass(frozen=True)
class Checks:
    """bpy : version of Blender as a module, empty for the pinned; options : more for pytest;
    coverage : also measure which lines the tests run.
    """

    home: Home
    pins: Pins
    root: Path
    console: Console
    bpy: str = ""
    options: tuple[str, ...] = ()
    coverage: bool = False

    def run(self, suites: Sequence[Suite]) -> CheckCounts:
        """Set up what is missing and run these suites. Raises OferError where set-up fails."""
        needed = [
            provision.engine(self.home, self.pins),
            provision.beside_engine(self.home, self.pins, TEST),
        ]
        if Suite.ENGINE in suites:
            # One of the tests builds the site.
            needed.append(provision.beside_engine(self.home, self.pins, DOCS))
        if Suite.BLENDER in suites:
            needed.append(provision.blender_module(self.home, self.pins, self.bpy))
        for each in needed:
            provision.provide(self.home, each, self.console)
        total = CheckCounts()
        if Suite.LINT in suites:
            total += self._lint()
        if Suite.ENGINE in suites:
            total += self._pytest(self.home.engine, _ENGINE_TESTS)
        if Suite.BLENDER in suites:
            total += self._blender()
        if self.coverage:
            total += self._covered()
        return total

    def _covered(self) -> CheckCounts:
        """Join what both runs and their child processes measured, and say the share of lines."""
        coverage = [str(self.home.engine.python), "-m", "coverage"]
        steps = (["combine", "--quiet"], ["html", "--quiet"], ["report", "--format=total"])
        return CheckCounts(failed=int(any(self._call([*coverage, *step]) != 0 for step in steps)))

    def _lint(self) -> CheckCounts:
        python = str(self.home.engine.python)
        commands = (
            [python, "-m", "ruff", "check", "--no-cache", "."],
            [python, "-m", "ruff", "format", "--no-cache", "--check", "."],
            [python, "-m", "pyright", "--pythonpath", python],
        )
        return CheckCounts(failed=sum(self._call(command) != 0 for command in commands))

    def _blender(self) -> CheckCounts:
        environment = self.home.blender_module(self.bpy)
        if problem := blender.module_problem(environment):
            self.console.say(problem)
            return CheckCounts(failed=1)
        return self._pytest(environment, _BLENDER_TESTS)

    def _pytest(self, environment: Environment, folders: Sequence[str]) -> CheckCounts:
        present = [folder for folder in folders if (self.root / folder).is_dir()]
        options, tests = chosen_tests(self.options, present)
        if not tests:
            return CheckCounts()
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "report.xml"
            options = ["-p", "no:cacheprovider", f"--junitxml={report}", *options]
            measured = ["-m", "coverage", "run"] if self.coverage else []
            command = [str(environment.python), *measured, "-m", "pytest", *options, *tests]
            code = self._call(command)
            tally = CheckCounts.read(report)
        if code in (0, _NO_TESTS_CHOSEN) or tally.failed:
            return tally
        self.console.say(f"The tests of {', '.join(present)} ended with exit code {code}.")
        return tally + CheckCounts(failed=1)

    def _call(self, command: Sequence[str]) -> int:
        self.console.say(f"$ {' '.join([Path(command[0]).name, *command[1:]])}")
        sys.stdout.flush()
        environment = self.home.process_environment | {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")]),
        }
        if self.coverage:
            folder = self.root / "dist" / "coverage"
            folder.mkdir(parents=True, exist_ok=True)
            environment["COVERAGE_FILE"] = str(folder / "measured")
        return subprocess.run(command, cwd=self.root, env=environment).returncode
