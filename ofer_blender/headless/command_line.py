"""`blender --command ofer_faces PHOTO --out X.blend`: a head without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import bpy

from ...ofer_engine.client import faults
from ...ofer_engine.contract import reconstruction, skin
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.files.whole_file import check_place
from ...ofer_engine.contract.names import free_name, kept_note
from ...ofer_engine.contract.protocol import PhotoFace, Picture, SkinPhoto, Texture
from ...ofer_engine.contract.sentence import joined
from ..engine import jobs, packs
from ..engine.engine_settings import engine_settings
from ..photo import photo_source, reconstruct_request

NAME: Final = "ofer_faces"
_registered: list[Any] = []


def run(arguments: Sequence[str]) -> int:
    """Reconstruct and write; errors are one sentence on stderr. Gives the exit status."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:  # --help, or a mistake that argparse has told
        return int(stop.code or 0)
    try:
        _check_places(options.out, options.glb)
        folder = _reconstruct(options)
        _paint(folder, options.photos)
        from . import scene_file  # builds materials and cameras: only where a file is made

        blend, glb = options.out, options.glb
        if not (blend or glb):
            blend = Path(f"{folder.stem}.blend")
        if not options.overwrite:
            blend, glb = _free(blend), _free(glb, ".json")
        scene_file.build(folder, blend, glb, Path(options.photos[0]))
    except Exception as cause:  # noqa: BLE001 the border
        sys.stderr.write(f"{faults.caught(cause)}\n")
        return 1
    finally:
        jobs.stop()
    for made in (folder, blend, glb):
        if made:
            sys.stdout.write(f"{made}\n")
    return 0


def _free(file: Path | None, beside: str = "") -> Path | None:
    """The file, or one with a number where it is there already, or what has its name and this
    ending; says so."""
    if file is None:
        return None
    name = free_name(file.parent, file.stem, (file.suffix, file.suffix + beside))
    for note in kept_note(file.stem, name):
        sys.stderr.write(f"{note}\n")
    return file.with_name(name + file.suffix)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"blender --command {NAME}",
        description="Turn photos of one person into a .blend with ranked heads and expressions.",
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="all of one person")
    parser.add_argument("--out", type=Path, metavar="X.blend", help="default: NAME.blend")
    parser.add_argument("--glb", type=Path, metavar="X.glb", help="write a glTF, too")
    replace = "replace these files (default: they stay, and the new ones get a number)"
    parser.add_argument("--overwrite", action="store_true", help=replace)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--face", type=int, default=1, metavar="N", help="which face of each photo")
    box = "the face by a box, photo pixels"
    where.add_argument("--box", type=_numbers(4), default=(), metavar="X,Y,W,H", help=box)
    description = "the face by one eye, the other eye, the tip of the chin, photo pixels"
    where.add_argument("--points", type=_numbers(6), default=(), metavar="X,Y,…", help=description)
    pack = "networks and head (default: %(default)s)"
    parser.add_argument("--pack", metavar="ID", default=packs.OPEN, help=pack)
    for name, default, meaning in (
        ("identities", 100, "heads drawn and ranked"),
        ("keep", 10, "best of them in the .blend"),
        ("expressions", 15, "expressions drawn for each photo"),
        ("seed", 0, "another number draws other heads"),
    ):
        about = f"{meaning} (default: {default})"
        parser.add_argument(f"--{name}", type=int, metavar="N", default=default, help=about)
    return parser


def _numbers(count: int) -> Any:
    def numbers(text: str) -> tuple[float, ...]:
        values = tuple(float(part) for part in text.split(","))
        if len(values) != count:
            raise ValueError(text)
        return values

    numbers.__name__ = f"list of {count} numbers"
    return numbers


def _check_places(*files: Path | None) -> None:
    """Raises OferError before the work where it would end in nothing."""
    for place in {file.absolute().parent for file in files if file} or {Path.cwd()}:
        if not place.is_dir():
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "There is no folder {place}.",
                "Make it, or write to another one.",
                place=place,
            )
        check_place(place)


def _set_number(settings: bpy.types.PropertyGroup, name: str, value: int) -> None:
    """Raises OferError(BAD_REQUEST) for what the panel would not take either."""
    allowed = settings.bl_rna.properties[name]
    if not allowed.hard_min <= value <= allowed.hard_max:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "--{name} is out of range.",
            "Choose a whole number from {min} to {max}.",
            name=name,
            min=allowed.hard_min,
            max=allowed.hard_max,
        )
    setattr(settings, name, value)


def _reconstruct(options: argparse.Namespace) -> Path:
    """The NAME.ofer made. Raises OferError."""
    engine = engine_settings()
    engine.check()
    if not engine.installed:
        raise OferError(
            ErrorCode.ENGINE_MISSING,
            "The engine is not set up yet.",
            "Run `python3 install.py setup`, or press Set Up Engine in Blender.",
        )
    settings = bpy.context.scene.ofer
    settings.pack_id = options.pack
    for name in ("identities", "keep", "expressions", "seed"):
        _set_number(settings, name, getattr(options, name))
    sources = tuple(photo_source.from_file(str(Path(p).absolute())) for p in options.photos)
    faces = tuple(
        PhotoFace(str(source.path), options.face - 1, options.box, options.points)
        for source in sources
    )
    asked = reconstruct_request.request(settings, faces, sources[0].name, engine.reconstructions)
    made: list[Path] = []
    jobs.queue.ask(engine, "Reconstructing", asked, made.append, sources)
    jobs.queue.wait()
    if failed := jobs.queue.failure:
        raise OferError(ErrorCode(failed.code), failed.message, failed.hint)
    return made[0]


def _paint(folder: Path, photos: Sequence[str]) -> None:
    """Put the skin from the photos, and pictures that wear it, into a NAME.ofer; where that fails
    the head stays clay, and a sentence on stderr says why."""
    record, painted = reconstruction.read(folder), folder / skin.FOLDER
    asked = (
        Texture(
            id=0,  # the queue numbers its requests
            folder=str(folder),
            photos=tuple(SkinPhoto(str(Path(photo).absolute())) for photo in photos),
            out=str(painted),
            rows=(record.identities[0].candidate,),
            weights=(1.0,),
        ),
        Picture(
            id=0,
            folder=str(folder),
            out=str(folder / reconstruction.THUMBNAILS),
            albedo=str(painted / skin.ALBEDO),
            uv=str(painted / skin.UV),
        ),
    )
    for title, request in zip(("Making the skin", "Rendering the pictures"), asked, strict=True):
        jobs.queue.ask(engine_settings(), title, request, lambda made: None)
        jobs.queue.wait()
        if failed := jobs.queue.failure:
            sys.stderr.write(f"{joined(failed.message, failed.hint)}\n")
            return


def register() -> None:
    _registered.append(bpy.utils.register_cli_command(NAME, run))


def unregister() -> None:
    while _registered:
        bpy.utils.unregister_cli_command(_registered.pop())
