"""`more-like NAME.ofer HEAD…`: new heads near one of a reconstruction, added to it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.protocol import MoreLikeThis
from ..contract.reconstruction import Reconstruction, read
from ..contract.records import Hints, PinRecord
from .machine import add_machine_options
from .sampling import add_hint_options, add_sampling_options, identity_params
from .terminal import show, show_certainty, show_line

_PIN: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,9})=(\d{1,9}(?:\.\d*)?),(\d{1,9}(?:\.\d*)?)", re.A)


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("more-like", help="new heads near one of a reconstruction")
    made = "folder that reconstruct wrote"
    parser.add_argument("folder", type=Path, metavar="NAME.ofer", help=made)
    parser.add_argument(
        "heads",
        nargs="+",
        metavar="HEAD[=SHARE]",
        help="a head of it, as identity_03, or several with their shares of a blend",
    )
    parser.add_argument(
        "--strength",
        type=float,
        metavar="0..1",
        default=0.5,
        help="0 gives that head again, 1 draws afresh (default: 0.5)",
    )
    parser.add_argument(
        "--pin",
        action="append",
        default=[],
        metavar="[N:]POINT=X,Y",
        help="a vertex of the head and the pixel where the photo shows it, which all new heads"
        " obey; N: puts it in the Nth photo; can be given again",
    )
    add_hint_options(parser)
    parser.add_argument("--name", help="write a copy of that name beside it instead of adding")
    add_sampling_options(parser, identities=40, keep=10)
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ..handlers.more_like_this import answer
    from ..progress import Work
    from ..session import Session

    session = Session(options.device, options.home, options.threads)
    folder = options.folder.absolute()
    earlier = read(folder)
    rows, weights = _blend(earlier, options.heads)
    request = MoreLikeThis(
        id=1,
        folder=str(folder),
        out=str(folder.parent),
        name=options.name or folder.stem,
        rows=rows,
        weights=weights,
        strength=options.strength,
        pins=tuple(map(_pin, options.pin)),
        hints=Hints(options.age, options.sex, options.build),
        **identity_params(options),
    )
    result = answer(session, request, Work(request.id, show, lambda: False, session.pace))
    show_line("")
    show_certainty(read(Path(result.path)))
    for note in result.notes[len(earlier.notes) :]:
        print(f"note: {note}")
    print(result.path)
    return 0


def _pin(text: str) -> PinRecord:
    """Raises OferError(BAD_REQUEST) for what is no pin."""
    parts = _PIN.fullmatch(text)
    if parts is None:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{text} is no pin.",
            "Say the number of a vertex and a place in pixels: 1668=222.5,182, or 2:1668=90,75 for "
            "the second photo.",
            text=repr(text),
        )
    return PinRecord(int(parts[2]), (float(parts[3]), float(parts[4])), int(parts[1] or 1) - 1)


def _blend(record: Reconstruction, heads: list[str]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Rows, and weights that sum to one.

    Raises OferError(BAD_REQUEST) for a head that there is not, and for a share below 0.
    """
    rows = {hypothesis.name: hypothesis.candidate for hypothesis in record.identities}
    names, shares = zip(*(head.partition("=")[::2] for head in heads), strict=True)
    try:
        weights = [float(share) if share else 1.0 for share in shares]
        if not (min(weights) >= 0 and 0 < sum(weights) < float("inf")):
            raise ValueError(weights)
        return tuple(rows[name] for name in names), tuple(each / sum(weights) for each in weights)
    except (KeyError, ValueError) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{heads} is no blend of heads of {name}.",
            "Choose among {rows}, each with =SHARE above 0 or without.",
            heads=" ".join(heads),
            name=record.folder.name,
            rows=", ".join(rows),
        ) from cause
