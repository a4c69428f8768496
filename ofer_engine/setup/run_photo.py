"""`install.py run`: engine, reconstruction, head in Blender, files on disk."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.files.claimed_name import claimed_name, handed_on
from ..contract.names import check_name, kept_note, plain_name
from . import blender, portrait, provision
from .console import Console, clock
from .home import Home
from .machine import prepare_folder
from .pins import Pins

_ENDINGS: Final = (".ofer", "_sheet.png", ".blend", ".glb")
"""What one reconstruction becomes on disk."""
_SKIN = "2048"
"""Pixels of the skin painted from the photo."""


@dataclass(frozen=True)
class PhotoRun:
    """photos : of one person, none for the public-domain portrait; name : of the results, the first
    photo's where there is none; overwrite : replace results of that name; options : more for
    `reconstruct`, as typed."""

    photos: tuple[Path, ...]
    out: Path
    name: str | None = None
    overwrite: bool = False
    blender: Path | None = None
    options: tuple[str, ...] = ()


def run_photo(run: PhotoRun, home: Home, pins: Pins, root: Path, console: Console) -> None:
    """Write NAME.ofer/, NAME_sheet.png, NAME.blend and NAME.glb into `run.out`.

    Where any of these is there already, it stays, and NAME gets a number. Sets up what is missing
    first; what was mistyped is told before. Raises OferError with the next step.
    """
    begun = time.monotonic()
    _check(run)
    if not provision.provide(home, provision.engine(home, pins), console):
        console.say(f"Engine ready: {home.engine.folder}")
    photos = run.photos or (_portrait(run, home, pins, console),)
    with _named(run, photos[0], console) as name:
        _reconstruct(photos, name, run, home, root)
        reconstructed = time.monotonic()
        _build(name, photos[0], run, home, pins, root, console)
        _report(name, run.out, console)
    now = time.monotonic()
    console.finish(
        f"Done in {clock(now - begun)} (of it Blender {clock(now - reconstructed)}). Open "
        f"{run.out / (name + '.blend')} in Blender; look at {run.out / (name + '_sheet.png')} "
        "first to choose a head."
    )


def _check(run: PhotoRun) -> None:
    """Raises OferError where a set-up and long work would end in nothing."""
    if run.name is not None:
        check_name(run.name)
    for photo in run.photos:
        if not photo.is_file():
            raise OferError(
                ErrorCode.PHOTO_MISSING,
                "There is no photo {name}.",
                "Check its name and folder, and run this again.",
                name=photo,
            )
    if run.blender:
        blender.required(run.blender)
    prepare_folder(run.out, 0, "--out")


@contextlib.contextmanager
def _named(run: PhotoRun, photo: Path, console: Console) -> Generator[str]:
    """What the results are called, while no other program calls its own so; says where that is
    another name than wished for. Raises OferError(BAD_REQUEST) where another is at what is to be
    overwritten."""
    name = run.name or plain_name(photo.stem)
    with claimed_name(run.out, name, _ENDINGS, run.overwrite) as free:
        for note in kept_note(name, free):
            console.say(note)
        yield free


def _portrait(run: PhotoRun, home: Home, pins: Pins, console: Console) -> Path:
    target = portrait.fetch(home, pins, run.out, console)
    console.say(f"No photo given: taking the public-domain portrait {target}")
    return target


def _reconstruct(
    photos: tuple[Path, ...], name: str, run: PhotoRun, home: Home, root: Path
) -> None:
    arguments = ["reconstruct", *map(str, photos), "--out", str(run.out), "--name", name]
    arguments += ["--overwrite"] if run.overwrite else []
    arguments += ["--skin", _SKIN, *run.options]  # of two, the option given last counts
    command = home.engine_call(root, arguments)
    environment = home.process_environment | handed_on(run.out, name)
    if subprocess.run(command, env=environment).returncode != 0:
        raise OferError(
            ErrorCode.ENGINE_DIED,
            "Not all results of the photo were made, for the reason above.",
            "If it is not clear, run `install.py doctor`.",
        )


def _build(
    name: str,
    photo: Path,
    run: PhotoRun,
    home: Home,
    pins: Pins,
    root: Path,
    console: Console,
) -> None:
    script = root / "ofer_blender" / "headless" / "build_file.py"
    outputs = ["--blend", f"{run.out / name}.blend", "--glb", f"{run.out / name}.glb"]
    arguments = [str(run.out / f"{name}.ofer"), *outputs, "--photo", str(photo)]
    if found := blender.required(run.blender) if run.blender else blender.find():
        console.say(f"Building the head in {found.label}: {found.program}")
        command = found.script(script, arguments)
    else:
        command = [*_module(home, pins, console), str(script), *arguments]
    if subprocess.run(command, env=home.process_environment).returncode != 0:
        raise OferError(
            ErrorCode.INTERNAL,
            "Blender did not build the head, for the reason above; {name}.ofer is whole.",
            "Run `install.py doctor` and report what both say.",
            name=name,
        )


def _module(home: Home, pins: Pins, console: Console) -> list[str]:
    """Command of a Python that has Blender as a module, set up if it is missing."""
    module = provision.blender_module(home, pins)
    console.say("No Blender 4.2 or newer was found: using Blender as a Python module.")
    provision.provide(home, module, console)
    if problem := blender.module_problem(module.environment):
        raise OferError(ErrorCode.BAD_REQUEST, problem, "Or install Blender 4.2 or newer.")
    return [str(module.environment.python), "-I", "-X", "utf8"]


def _report(name: str, out: Path, console: Console) -> None:
    written = [f"{name}{ending}" for ending in _ENDINGS]
    missing = [each for each in written if not (out / each).exists()]
    if missing:
        raise OferError(
            ErrorCode.INTERNAL,
            "{missing} should be in {out} and is not there.",
            "Run `install.py doctor` and report what it says.",
            missing=", ".join(missing),
            out=out,
        )
    for each in written:
        path = out / each
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        console.say(f"  {path}  {size / 1e6:.1f} MB")
