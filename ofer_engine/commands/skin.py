"""`skin NAME.ofer PHOTO`: paint a head of a reconstruction from its photos."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.errors import ErrorCode, OferError
from ..contract.protocol import Picture, SkinPhoto, Texture
from ..contract.reconstruction import THUMBNAILS, Reconstruction, read
from ..contract.skin import ALBEDO, FOLDER, RESOLUTIONS, UV, Layout
from .machine import add_machine_options
from .terminal import show, show_line

if TYPE_CHECKING:
    from ..preview.thumbnails import Look
    from ..progress import Work
    from ..session import Session


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("skin", help="paint a head of a reconstruction from its photos")
    made = "folder that reconstruct wrote"
    parser.add_argument("folder", type=Path, metavar="NAME.ofer", help=made)
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="those it was made from, in order; - leaves one out",
    )
    which = "which head, from 1, the best (default)"
    parser.add_argument("--identity", type=int, metavar="N", default=1, help=which)
    size = "pixels on each side (default: 2048)"
    parser.add_argument("--resolution", type=int, default=2048, choices=RESOLUTIONS, help=size)
    parser.add_argument(
        "--layout",
        choices=[str(each) for each in Layout],
        default=str(Layout.FACE),
        help="UVs of our own that favour the face (default), or the head's own",
    )
    mask = "a picture over the whole first photo, bright where it shows no skin"
    parser.add_argument("--mask", metavar="PNG", default="", help=mask)
    shave = "without beard or its shadow"
    parser.add_argument("--clean-shave", action="store_true", help=shave)
    brows = "bare skin for brows of another kind, such as hair cards"
    parser.add_argument("--no-brows", action="store_true", help=brows)
    out = f"folder to write (default: NAME.ofer/{FOLDER})"
    parser.add_argument("--out", type=Path, metavar="DIR", help=out)
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ..progress import Work
    from ..session import Session

    session = Session(options.device, options.home, options.threads)
    record = read(options.folder)
    if not 1 <= options.identity <= len(record.identities):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There is no head {identity}: {name} has {identities}.",
            "Choose one of these.",
            identity=options.identity,
            name=record.folder.name,
            identities=len(record.identities),
        )
    photos = [SkinPhoto("" if path == "-" else path) for path in options.photos]
    photos[0] = SkinPhoto(photos[0].path, options.mask)
    out = options.out or options.folder / FOLDER
    wanted = Texture(
        id=1,
        folder=str(options.folder),
        photos=tuple(photos),
        out=str(out),
        rows=(record.identities[options.identity - 1].candidate,),
        weights=(1.0,),
        resolution=options.resolution,
        layout=options.layout,
        clean_shave=options.clean_shave,
        paint_brows=not options.no_brows,
    )
    for note in _answer(session, wanted, Work(1, show, lambda: False, session.pace)):
        print(f"note: {note}")
    print(out)
    return 0


def paint_first(
    session: Session, record: Reconstruction, photos: Sequence[str], resolution: int, work: Work
) -> tuple[str, ...]:
    """The best head's skin, beside the reconstruction's arrays. Returns notes for the user."""
    wanted = Texture(
        id=work.id,
        folder=str(record.folder),
        photos=tuple(SkinPhoto(path) for path in photos),
        out=str(record.folder / FOLDER),
        rows=(record.identities[0].candidate,),
        weights=(1.0,),
        resolution=resolution,
    )
    return _answer(session, wanted, work)


def picture_first(session: Session, record: Reconstruction, work: Work) -> Look:
    """The thumbnails again, with the skin that lies beside the arrays; what they show."""
    from ..handlers import picture

    painted = record.folder / FOLDER
    wanted = Picture(
        id=work.id,
        folder=str(record.folder),
        out=str(record.folder / THUMBNAILS),
        albedo=str(painted / ALBEDO),
        uv=str(painted / UV),
    )
    look = picture.look_of(record, session.reconstructor(record.pack.id).pack.head, wanted)
    picture.draw(record, look, Path(wanted.out), lambda done, of: work.check())
    return look


def _answer(session: Session, wanted: Texture, work: Work) -> tuple[str, ...]:
    from ..handlers import texture

    notes = texture.answer(session, wanted, work).notes
    show_line("")
    return notes
