"""`install.py run`: engine, reconstruction, head in Blender, files on disk."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.files.claimed_name import claimed_name, handed_on
from ..contract.files.pieces import is_plain
from ..contract.files.sidecar import is_as_made, made_files, note_results, sidecar_of
from ..contract.names import check_name, kept_note, plain_name
from . import blender, portrait, provision
from .console import Console, clock
from .home import Home
from .machine import prepare_folder
from .pins import Pins
from .runner import run_to_end

_FOLDER, _SHEET, _BLEND, _GLB = ".ofer", "_sheet.png", ".blend", ".glb"
_ENDINGS: Final = (_FOLDER, _SHEET, _BLEND, _GLB, f"{_GLB}.json")
"""What one reconstruction becomes on disk."""
_RECORD: Final = "reconstruction.json"
_SKIN = "2048"
"""Pixels of the skin painted from the photo."""


@dataclass(frozen=True)
class PhotoRun:
    """photos : of one person, none for the public-domain portrait; name : of the results, the first
    photo's where there is none; overwrite : replace what a run made of that name;
    list_faces : of the first photo, and make no head; options : more for `reconstruct`."""

    photos: tuple[Path, ...]
    out: Path
    name: str | None = None
    overwrite: bool = False
    list_faces: bool = False
    blender: Path | None = None
    options: tuple[str, ...] = ()


def run_photo(run: PhotoRun, home: Home, pins: Pins, root: Path, console: Console) -> int:
    """Write NAME.ofer/, NAME_sheet.png, NAME.blend, NAME.glb and NAME.glb.json into `run.out`.

    Where any of these is there already, it stays, and NAME gets a number: with `overwrite` too,
    unless all of them are as a run made them. Sets up what is missing first; what was mistyped is
    told before. Gives the exit status. Raises OferError with the next step.
    """
    begun = time.monotonic()
    _check(run)
    if not provision.provide(home, provision.engine(home, pins), console):
        console.say(f"Engine ready: {home.engine.folder}")
    photos = run.photos or (_portrait(run, home, pins, console),)
    if run.list_faces:
        listing = ["--out", str(run.out), "--list-faces", *run.options]
        command = home.engine_call(root, ["reconstruct", *map(str, photos), *listing])
        return run_to_end(command, home.process_environment)
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
    return 0


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
    if run.list_faces:
        return
    missing = [each for each in (run.out, *run.out.parents) if not os.path.lexists(each)]
    try:
        prepare_folder(run.out, 0, "--out")
    finally:
        for each in missing:  # it is made again for what comes into it
            with contextlib.suppress(OSError):
                each.rmdir()


@contextlib.contextmanager
def _named(run: PhotoRun, photo: Path, console: Console) -> Generator[str]:
    """What the results are called, while no other program calls its own so; says where that is
    another name than wished for. Raises OferError(BAD_REQUEST) where another is at what is to be
    overwritten."""
    name = run.name or plain_name(photo.stem)
    overwrite = run.overwrite and _are_ours(run.out, name)
    with claimed_name(run.out, name, _ENDINGS, overwrite) as free:
        for note in kept_note(name, free):
            console.say(note)
        yield free


def _are_ours(out: Path, name: str) -> bool:
    """Whether nothing would be lost with what has the name: it is as a run made it."""
    sidecar = sidecar_of(out / f"{name}{_GLB}")
    made = made_files(sidecar)
    folder = out / f"{name}{_FOLDER}"
    return (
        (made is not None or not os.path.lexists(sidecar))
        and (is_plain(folder / _RECORD) or not os.path.lexists(folder))
        and all(is_as_made(out / f"{name}{ending}", made) for ending in (_BLEND, _GLB, _SHEET))
    )


def _portrait(run: PhotoRun, home: Home, pins: Pins, console: Console) -> Path:
    target = portrait.fetch(home, pins, run.out, console)
    console.say(f"No photo given: taking the public-domain portrait {target}")
    return target


def _reconstruct(
    photos: tuple[Path, ...], name: str, run: PhotoRun, home: Home, root: Path
) -> None:
    arguments = ["reconstruct", *map(str, photos), "--out", str(run.out), f"--name={name}"]
    replaces = any(os.path.lexists(run.out / f"{name}{ending}") for ending in _ENDINGS)
    arguments += ["--overwrite"] if replaces else []
    arguments += ["--skin", _SKIN, *run.options]  # of two, the option given last counts
    command = home.engine_call(root, arguments)
    environment = home.process_environment | handed_on(run.out, name)
    if run_to_end(command, environment) != 0:
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
    arguments = [str(run.out / f"{name}.ofer"), *outputs, "--photo", str(photo), "--keep-others"]
    if found := blender.required(run.blender) if run.blender else blender.find():
        console.say(f"Building the head in {found.label}: {found.program}")
        command = found.script(script, arguments)
    else:
        command = [*_module(home, pins, console), str(script), *arguments]
    if run_to_end(command, home.process_environment) != 0:
        raise OferError(
            ErrorCode.INTERNAL,
            "Blender did not build the head, for the reason above; {name}.ofer is whole.",
            "Run `install.py doctor` and report what both say.",
            name=name,
        )
    results = [run.out / f"{name}{ending}" for ending in (_BLEND, _SHEET)]
    note_results(
        sidecar_of(run.out / f"{name}{_GLB}"), [each for each in results if is_plain(each)]
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
