"""The whole road for one photo: engine, reconstruction, head in Blender, files on disk."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ..contract.errors import ErrorCode, OferError
from . import blender, portrait, provision
from .console import Console, clock
from .home import Home
from .installer import Runner
from .machine import prepare_folder
from .pins import Pins

_SKIN = "2048"
"""Pixels of the skin painted from the photo."""


@dataclass(frozen=True)
class Trip:
    """photos : of one person, none for the public-domain portrait; options : more for
    `reconstruct`, as typed."""

    photos: tuple[Path, ...]
    out: Path
    blender: Path | None = None
    options: tuple[str, ...] = ()


def travel(trip: Trip, home: Home, pins: Pins, root: Path, console: Console) -> None:
    """Write NAME.ofer/, NAME_sheet.png, NAME.blend and NAME.glb into `trip.out`.

    Sets up what is missing first; what was mistyped is told before. Raises OferError with the next
    step.
    """
    begun = time.monotonic()
    _check(trip)
    if not provision.provide(home, provision.engine(home, pins), console):
        console.say(f"Engine ready: {home.engine.folder}")
    photos = trip.photos or (_portrait(trip, home, pins, console),)
    name = re.sub(r"[^\w-]+", "_", photos[0].stem).strip("_") or "head"
    _reconstruct(photos, name, trip, home, root)
    reconstructed = time.monotonic()
    _build(name, trip, home, pins, root, console)
    _report(name, trip.out, console)
    now = time.monotonic()
    console.finish(
        f"Done in {clock(now - begun)} (of it Blender {clock(now - reconstructed)}). Open "
        f"{trip.out / (name + '.blend')} in Blender; look at {trip.out / (name + '_sheet.png')} "
        "first to choose a head."
    )


def _check(trip: Trip) -> None:
    """Raises OferError where a set-up and long work would end in nothing."""
    for photo in trip.photos:
        if not photo.is_file():
            raise OferError(
                ErrorCode.PHOTO_MISSING,
                f"There is no photo {photo}.",
                "Check its name and folder, and run this again.",
            )
    if trip.blender:
        blender.required(trip.blender)
    prepare_folder(trip.out, 0, "--out")


def _portrait(trip: Trip, home: Home, pins: Pins, console: Console) -> Path:
    target = trip.out / portrait.FILE_NAME
    portrait.fetch(home, pins, target, Runner(home.path, home.log, console))
    console.say(f"No photo given: taking the public-domain portrait {target}")
    return target


def _reconstruct(photos: tuple[Path, ...], name: str, trip: Trip, home: Home, root: Path) -> None:
    arguments = ["reconstruct", *map(str, photos), "--out", str(trip.out), "--name", name]
    arguments += ["--skin", _SKIN, *trip.options]  # of two, the option given last counts
    command = home.engine_call(root, arguments)
    if subprocess.run(command, env=home.process_environment).returncode != 0:
        raise OferError(
            ErrorCode.ENGINE_DIED,
            "The photo was not reconstructed, for the reason above.",
            "If it is not clear, run `install.py doctor`.",
        )


def _build(name: str, trip: Trip, home: Home, pins: Pins, root: Path, console: Console) -> None:
    script = root / "ofer_blender" / "build_file.py"
    outputs = ["--blend", f"{trip.out / name}.blend", "--glb", f"{trip.out / name}.glb"]
    arguments = [str(trip.out / f"{name}.ofer"), *outputs]
    if found := blender.required(trip.blender) if trip.blender else blender.find():
        console.say(f"Building the head in {found.label}: {found.program}")
        command = found.script(script, arguments)
    else:
        command = [*_module(home, pins, console), str(script), *arguments]
    if subprocess.run(command, env=home.process_environment).returncode != 0:
        raise OferError(
            ErrorCode.INTERNAL,
            f"Blender did not build the head, for the reason above; {name}.ofer is whole.",
            "Run `install.py doctor` and report what both say.",
        )


def _module(home: Home, pins: Pins, console: Console) -> list[str]:
    """Command of a Python that has Blender as a module, set up if it is missing."""
    job = provision.blender_module(home, pins)
    console.say("No Blender 4.2 or newer was found: using Blender as a Python module.")
    provision.provide(home, job, console)
    if problem := blender.module_problem(job.environment):
        raise OferError(ErrorCode.BAD_REQUEST, problem, "Or install Blender 4.2 or newer.")
    return [str(job.environment.python), "-I", "-X", "utf8"]


def _report(name: str, out: Path, console: Console) -> None:
    written = [f"{name}.ofer", f"{name}_sheet.png", f"{name}.blend", f"{name}.glb"]
    missing = [each for each in written if not (out / each).exists()]
    if missing:
        raise OferError(
            ErrorCode.INTERNAL,
            f"{', '.join(missing)} should be in {out} and is not there.",
            "Run `install.py doctor` and report what it says.",
        )
    for each in written:
        path = out / each
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        console.say(f"  {path}  {size / 1e6:.1f} MB")
