"""The commands of install.py: their options, and what each does."""

from __future__ import annotations

import argparse
import contextlib
import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..client import stopping
from ..client.launch import check_working_folder, chosen_home, mend_streams
from ..contract.causes import as_ofer_error
from ..contract.errors import ErrorCode, OferError
from . import blender, doctor, package, provision, torch_build
from .checks import Checks, Suite
from .console import Console, JsonConsole
from .home import Home
from .lock import DOCS
from .machine import folder_error, prepare_folder
from .pins import Pins
from .run_options import add_run
from .run_photo import PhotoRun, run_photo
from .runner import run_to_end

_PASSED_ON: Final = ("test", "weights")  # unknown options go to the engine or to pytest


def main(root: Path, arguments: Sequence[str] | None = None) -> int:
    """Run one command of the project in `root`; returns the exit code."""
    parser = _parser()
    chosen, extra = parser.parse_known_args(arguments)
    if extra and chosen.command not in _PASSED_ON:
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    mend_streams()
    json_wanted = getattr(chosen, "progress", "text") == "json"
    console = JsonConsole() if json_wanted else Console()
    try:
        check_working_folder()
        home = Home(chosen_home(getattr(chosen, "home", None)))
    except OferError as error:
        console.fail(error)
        return 1
    try:
        with stopping.working():
            command = _Command(chosen, tuple(extra), home, Pins.read(root), root, console)
            return getattr(command, chosen.command)()
    except KeyboardInterrupt:
        return _stopped(console)
    except Exception as cause:  # noqa: BLE001 - the border: one sentence, the trace in the log
        if stopping.was_asked():
            return _stopped(console)
        console.fail(_refusal(cause, home, root))
    return 1


def _stopped(console: Console) -> int:
    again = "Run the same command again: it goes on where it stopped."
    console.fail(OferError(ErrorCode.CANCELLED, "Stopped.", again))
    return stopping.STOPPED


def _refusal(cause: Exception, home: Home, root: Path) -> OferError:
    """The sentence for it: the place that could not be written is the data folder, which
    another can take the place of, or the project."""
    if isinstance(cause, OferError):
        return cause
    if not isinstance(cause, OSError):
        return _unforeseen(cause, home.log)
    place = Path(os.fsdecode(cause.filename)) if cause.filename else home.path
    if place.is_relative_to(home.path):
        return folder_error(cause, place)
    return folder_error(cause, place, "") if place.is_relative_to(root) else as_ofer_error(cause)


def _unforeseen(cause: Exception, log: Path) -> OferError:
    """What a person is told of it; the trace goes to the end of the log."""
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8", errors="replace") as file:
        traceback.print_exception(cause, file=file)
    error = as_ofer_error(cause)
    if error.code is not ErrorCode.INTERNAL:
        return error
    return OferError(
        ErrorCode.INTERNAL,
        "install.py met an unexpected error ({name}).",
        "Run it again; if it fails again, send {log} with a report.",
        name=type(cause).__name__,
        log=log,
    )


class _Command:
    """One command with everything it was given; each public method is a command."""

    def __init__(
        self,
        chosen: argparse.Namespace,
        extra: tuple[str, ...],
        home: Home,
        pins: Pins,
        root: Path,
        console: Console,
    ) -> None:
        self._chosen, self._extra = chosen, tuple(each for each in extra if each != "--")
        self._home, self._pins, self._root, self._console = home, pins, root, console

    def run(self) -> int:
        run = PhotoRun(
            photos=tuple(photo.absolute() for photo in self._chosen.photos),
            out=self._chosen.out.absolute(),
            name=self._chosen.name,
            overwrite=self._chosen.overwrite,
            blender=self._chosen.blender,
            list_faces=self._chosen.list_faces,
            options=tuple(self._chosen.passed_on),
        )
        return run_photo(run, self._home, self._pins, self._root, self._console)

    def setup(self) -> int:
        if self._chosen.rebuild:
            with self._home.locked(0):
                self._home.engine.discard()
                self._home.tools.discard()
        groups = [
            provision.engine(self._home, self._pins, self._chosen.torch),
            *(
                provision.beside_engine(self._home, self._pins, name)
                for name in self._chosen.groups
            ),
        ]
        worked = [provision.provide(self._home, each, self._console) for each in groups]
        stamp = self._home.engine.stamp()
        what = f"{stamp.torch if stamp else 'no PyTorch'} in {self._home.engine.folder}"
        if self._chosen.groups:
            what += f", with {', '.join(self._chosen.groups)}"
        self._console.finish(
            f"The engine is set up: {what}."
            if any(worked)
            else f"The engine was set up already: {what}. Nothing to do."
        )
        return 0

    def test(self) -> int:
        chosen = self._chosen
        checks = Checks(
            self._home,
            self._pins,
            self._root,
            self._console,
            chosen.bpy,
            self._extra,
            chosen.coverage,
        )
        only = Suite(chosen.only) if chosen.only else None
        tally = checks.run([only] if only else list(Suite))
        self._console.finish(str(tally))
        lint_alone = only is Suite.LINT
        return 0 if not tally.failed and (tally.passed or lint_alone) else 1

    def package(self) -> int:
        wanted = self._chosen.repository
        address = "" if wanted is None else package.repository_address(wanted)
        dist, tool = self._root / "dist", self._extension_tool()
        built = package.build(self._root, dist)
        package.validate(built, tool)
        done = f"Built and validated {built} ({built.stat().st_size / 1e6:.1f} MB)."
        if address:
            index = package.make_repository(built, dist / "repository", tool)
            done += f" Put all of {index.parent} where it is found at {address}."
        self._console.finish(done)
        return 0

    def blender(self) -> int:
        found = blender.required(self._chosen.blender)
        built = package.build(self._root, self._root / "dist")
        package.validate(built, self._extension_tool())
        blender.install_extension(found, built)
        self._console.finish(
            f"OFER Faces is installed and enabled in {found.label}: start it and look for the "
            "OFER tab in the sidebar of the 3D viewport (N)."
        )
        return 0

    def docs(self) -> int:
        prepare_folder(self._root / "dist", 0, "")
        for contents in (
            provision.engine(self._home, self._pins),
            provision.beside_engine(self._home, self._pins, DOCS),
        ):
            provision.provide(self._home, contents, self._console)
        status = run_to_end(
            [str(self._home.engine.python), "-m", "mkdocs", "build", "--strict"],
            {**self._home.process_environment, "NO_MKDOCS_2_WARNING": "1"},
            self._root,
        )
        if status == 0:
            self._console.finish(f"Built {self._root / 'dist' / 'site' / 'index.html'}.")
        return status

    def translations(self) -> int:
        prepare_folder(self._root / "ofer_blender" / "translations" / "po", 0, "")
        module = provision.blender_module(self._home, self._pins)
        provision.provide(self._home, module, self._console)
        return run_to_end(
            [str(module.environment.python), "tests/blender/translation_files.py"],
            self._home.process_environment,
            self._root,
        )

    def doctor(self) -> int:
        findings = doctor.diagnose(self._home, self._pins, self._root, self._chosen.blender)
        self._console.finish(doctor.report(findings, self._pins, self._home))
        return 0 if doctor.can_run(findings) else 1

    def lock(self) -> int:
        prepare_folder(self._pins.lock.folder, 0, "")
        provision.renew(self._home, self._pins, self._console, self._chosen.upgrade)
        self._console.finish(f"The lock agrees with pyproject.toml: {self._pins.lock.folder}.")
        return 0

    def weights(self) -> int:
        provision.provide(self._home, provision.engine(self._home, self._pins), self._console)
        arguments = ["packs", *(self._chosen.words or ["list"]), *self._extra]
        command = self._home.engine_call(self._root, arguments)
        return run_to_end(command, self._home.process_environment)

    def _extension_tool(self) -> list[str]:
        """Blender's own judge of extensions, from a Blender or else from the module."""
        module = provision.blender_module(self._home, self._pins)
        tool = blender.extension_tool(blender.find(self._chosen.blender), module.environment)
        if tool is None:
            provision.provide(self._home, module, self._console)
            tool = blender.extension_tool(None, module.environment)
        if tool is None:
            raise OferError(
                ErrorCode.INTERNAL,
                "Blender's extension tool is missing from {folder}.",
                "Remove that folder and run this again.",
                folder=module.environment.folder,
            )
        return tool


def _parser() -> argparse.ArgumentParser:
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="where environments and packs live (default: the user's data folder)",
    )
    with_blender = argparse.ArgumentParser(add_help=False)
    with_blender.add_argument(
        "--blender", type=Path, metavar="PROGRAM", help="the Blender to use (default: found)"
    )
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="OFER Faces: one photo in, a rigged Blender head out.",
        parents=[home],
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    add_run(commands, [home, with_blender])
    _add_setup(commands, home)

    test = commands.add_parser("test", parents=[home], help="run every check and test")
    test.add_argument("--only", choices=list(Suite), help="one suite of them (default: all)")
    test.add_argument("--bpy", default="", metavar="VERSION", help="another Blender, as 4.2.23")
    covered = "also measure which lines the tests run: pages in dist/coverage, the share at the end"
    test.add_argument("--coverage", action="store_true", help=covered)
    test.epilog = "Other options go to pytest."

    pack = commands.add_parser(
        "package", parents=[home, with_blender], help="build the extension's zip and validate it"
    )
    pack.add_argument(
        "--repository",
        metavar="URL",
        help="also make a folder of it to serve at this address: Blender takes updates from there",
    )
    lock = commands.add_parser("lock", parents=[home], help="make requirements/ anew from the pins")
    newest = "take the newest of what the pins leave open (default: keep what is locked)"
    lock.add_argument("--upgrade", action="store_true", help=newest)
    for name, description in (
        ("blender", "install the extension into the Blender found"),
        ("doctor", "say what is here, what is missing and how to get it"),
    ):
        commands.add_parser(name, parents=[home, with_blender], help=description)
    commands.add_parser("docs", parents=[home], help="build docs/ as a site, in dist/site")
    texts = "add new texts to the translations, and make what the add-on reads of them"
    commands.add_parser("translations", parents=[home], help=texts)

    weights = commands.add_parser("weights", parents=[home], help="list or import weight packs")
    weights.add_argument("words", nargs="*", metavar="list | import FILE", help="default: list")
    weights.epilog = "Everything goes to the engine: python -m ofer_engine packs --help"
    return parser


def _add_setup(commands: argparse._SubParsersAction, home: argparse.ArgumentParser) -> None:
    setup = commands.add_parser("setup", parents=[home], help="make the engine's environment")
    kinds = "how progress is printed: text (default), or json for programs"
    setup.add_argument("--progress", choices=("text", "json"), default="text", help=kinds)
    setup.add_argument("--rebuild", action="store_true", help="make it anew")
    setup.add_argument(
        "--torch",
        default=torch_build.AUTOMATIC,
        metavar="BACKEND",
        help="build of PyTorch: auto (default), cpu, cu128, rocm6.4, …",
    )
    setup.add_argument(
        "--with",
        dest="groups",
        nargs="+",
        default=[],
        choices=provision.EXTRAS,
        metavar="GROUP",
        help="also what only some work needs: batch (tables, clusters), perform (video files),"
        " train, evaluate (scans), scrfd (its five points)",
    )
