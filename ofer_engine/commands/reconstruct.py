"""`reconstruct PHOTO --out DIR`: one photo in, ranked heads and a contact sheet out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.errors import ErrorCode, OferError
from ..contract.protocol import Event, PhotoFace, Reconstruct, Stage
from ..contract.records import Mode
from .machine import add_machine_options

if TYPE_CHECKING:
    from ..session import Session


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("reconstruct", help="one photo in, ranked heads out")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--name", help="name of the results (default: the photo's)")
    parser.add_argument("--pack", default="open")
    parser.add_argument("--identities", type=int, default=100, help="candidates drawn and ranked")
    parser.add_argument("--keep", type=int, default=10, help="best-ranked ones written")
    parser.add_argument("--expressions", type=int, default=15, help="expressions drawn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sampler", default="dpm_solver_pp_2m")
    parser.add_argument("--steps", type=int, default=20, help="calls of the sampler")
    parser.add_argument(
        "--mode",
        choices=[str(mode) for mode in Mode],
        default=str(Mode.CORRECTED),
        help="as-published repeats the demo's draws and quirks (published pack only)",
    )
    parser.add_argument(
        "--face",
        type=_face,
        default=0,
        metavar="N|X,Y,W,H",
        help="which face, from 1, best first; or a box in pixels placed by hand",
    )
    parser.add_argument("--list-faces", action="store_true", help="list the faces and stop")
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _face(text: str) -> int | tuple[float, ...]:
    numbers = text.split(",")
    if len(numbers) == 1:
        return int(text) - 1
    return tuple(float(number) for number in numbers)


def _run(options: argparse.Namespace) -> int:
    from ..answers.reconstruct import reconstruct
    from ..preview.sheet import contact_sheet
    from ..progress import Work
    from ..session import Session

    session = Session(options.device, options.home, options.threads)
    if options.list_faces:
        return _list_faces(session, str(options.photo))
    request = _request(options)
    work = Work(request.id, _show, lambda: False, session.pace)
    reconstruction = reconstruct(session, request, work)
    sheet = options.out / f"{request.name}_sheet.png"
    sheet.write_bytes(
        contact_sheet(reconstruction, session.photo(request.photos[0].path).photo.pixels)
    )
    _show_line("")
    for note in reconstruction.notes:
        print(f"note: {note}")
    print(reconstruction.folder)
    print(sheet)
    return 0


def _request(options: argparse.Namespace) -> Reconstruct:
    by_hand = isinstance(options.face, tuple)
    return Reconstruct(
        id=1,
        photos=(
            PhotoFace(
                str(options.photo),
                face=0 if by_hand else options.face,
                box=options.face if by_hand else (),
            ),
        ),
        out=str(options.out),
        name=options.name or options.photo.stem,
        pack=options.pack,
        identities=options.identities,
        keep=options.keep,
        expressions=options.expressions,
        seed=options.seed,
        sampler=options.sampler,
        steps=options.steps,
        mode=options.mode,
    )


def _list_faces(session: Session, photo: str) -> int:
    opened = session.photo(photo)
    if not opened.faces:
        raise OferError(
            ErrorCode.NO_FACE,
            f"No face was found in {opened.photo.name}.",
            "Place it by hand: --face X,Y,W,H.",
        )
    for number, face in enumerate(opened.faces, 1):
        x, y, width, height = (round(value) for value in face.box)
        doubt = ", low confidence" if face.low_confidence else ""
        print(f"{number}: box {x},{y},{width},{height} confidence {face.confidence:.2f}{doubt}")
    return 0


def _show(event: Event) -> None:
    if isinstance(event, Stage):
        _show_line(f"{event.name} {event.step}/{event.of}, {event.eta:.0f} s left")


def _show_line(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="" if text else "\r", file=sys.stderr, flush=True)
