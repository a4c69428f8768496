"""`perform VIDEO --out NAME.ofer`: a video in, a head and its performance out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from ..contract.errors import ErrorCode, OferError
from ..contract.names import check_name
from ..contract.protocol import Perform
from ..contract.reconstruction import SUFFIX
from .machine import add_machine_options
from .sampling import add_sampling_options, identity_params
from .terminal import show, show_line

_BOX: Final = 4


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("perform", help="a video in, a head and how it moves out")
    parser.add_argument(
        "video", type=Path, metavar="VIDEO", help="a video file, or a folder of numbered pictures"
    )
    out = "what is written; NAME.csv and NAME_frames lie beside it"
    parser.add_argument("--out", type=Path, metavar="NAME.ofer", required=True, help=out)
    replace = "replace results of that name (default: they stay, and the new ones get a number)"
    parser.add_argument("--overwrite", action="store_true", help=replace)
    rate = "frames a second, for pictures (default: 25)"
    parser.add_argument("--rate", type=float, default=0.0, metavar="FPS", help=rate)
    parser.add_argument(
        "--face",
        default="1",
        metavar="FACE",
        help="which face is followed: its number in the first frame that shows one, best first; or,"
        " in pixels, X,Y,W,H of a box around it in the first frame (default: 1)",
    )
    pack = "networks and head, one of our own (default: open)"
    parser.add_argument("--pack", metavar="ID", default="open", help=pack)
    add_sampling_options(parser, identities=100, keep=10)
    add_machine_options(parser)
    parser.set_defaults(command=_run, expressions=1)


def _run(options: argparse.Namespace) -> int:
    from ..handlers.perform import perform
    from ..progress import Work
    from ..session import Session

    request = _request(options)
    session = Session(options.device, options.home, options.threads)
    done = perform(session, request, Work(request.id, show, lambda: False, session.pace))
    show_line("")
    for note in done.notes:
        print(f"note: {note}")
    print(done.record.folder)
    print(done.take)
    return 0


def _request(options: argparse.Namespace) -> Perform:
    """Raises OferError(BAD_REQUEST) for a name or a face that makes no sense."""
    name = options.out.name.removesuffix(SUFFIX)
    check_name(name)
    return Perform(
        id=1,
        video=str(options.video),
        out=str(options.out.parent.resolve()),
        name=name,
        pack=options.pack,
        **identity_params(options),
        rate=options.rate,
        overwrite=options.overwrite,
        **_face(options.face),
    )


def _face(text: str) -> dict[str, Any]:
    numbers = text.split(",")
    try:
        if len(numbers) == 1 and int(text) > 0:
            return {"face": int(text) - 1}
        if len(numbers) == _BOX:
            return {"box": tuple(map(float, numbers))}
    except ValueError:
        pass
    raise OferError(
        ErrorCode.BAD_REQUEST,
        "{text} tells no face.",
        "Give its number, or four numbers of a box.",
        text=repr(text),
    )
