"""`reconstruct PHOTO --out DIR`: photos of one person in, ranked heads and a contact sheet out."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..contract.causes import as_ofer_error
from ..contract.errors import ErrorCode, OferError
from ..contract.files.whole_file import write_whole
from ..contract.names import free_name, shortened
from ..contract.protocol import PhotoFace, Reconstruct
from ..contract.reconstruction import SHEET, SUFFIX
from ..contract.records import HiddenRegion, Hints, Mode, Show
from ..contract.sentence import Sentence, joined
from ..contract.skin import RESOLUTIONS
from .machine import add_machine_options
from .results import add_name_options, named_results
from .sampling import add_hint_options, add_sampling_options, sampling_params
from .skin import paint_first, picture_first
from .terminal import show, show_certainty, show_line

if TYPE_CHECKING:
    from ..session import Session

_OF_PHOTO: Final = re.compile(r"(?:(\d+):)?(.+)", re.DOTALL)
_DIGITS: Final = 9
_SAID: Final = 80
"""Most bytes of an option that a sentence repeats."""
_FOR: Final = "; after N: it is that of the Nth photo"


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("reconstruct", help="photos of one person in, ranked heads out")
    parser.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="all of one person, the best first"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="folder for the results"
    )
    add_name_options(parser, "the first photo's")
    pack = "networks and head (default: open); `packs list` names those that are ready"
    parser.add_argument("--pack", metavar="ID", default="open", help=pack)
    add_sampling_options(parser, identities=100, keep=10)
    drawn = "expressions drawn for each photo (default: 15)"
    parser.add_argument("--expressions", type=int, metavar="N", default=15, help=drawn)
    parser.add_argument(
        "--mode",
        choices=[str(mode) for mode in Mode],
        default=str(Mode.CORRECTED),
        help="corrected (default); as-published repeats the demo's draws and quirks (published"
        " pack only)",
    )
    _add_photo_options(parser)
    add_hint_options(parser)
    parser.add_argument(
        "--show",
        choices=tuple(Show),
        default=Show.DIVERSE,
        help=f"which of them are written: {Show.DIVERSE} (default), the likeliest and those that"
        f" differ most from it and from each other, or {Show.LIKELY}, the best by rank",
    )
    parser.add_argument(
        "--skin",
        type=int,
        default=0,
        choices=(0, *RESOLUTIONS),
        help="paint the first head from the photos, too, on so many pixels squared (default: 0,"
        " not at all)",
    )
    listing = "list the first photo's faces with their numbers, and stop"
    parser.add_argument("--list-faces", action="store_true", help=listing)
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _add_photo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--face",
        action="append",
        default=[],
        metavar="[N:]FACE",
        help="which face, from 1, best first; or, in pixels, X,Y,W,H of a box placed by hand, or"
        " X,Y of both eyes and the chin" + _FOR,
    )
    parser.add_argument(
        "--hidden",
        action="append",
        default=[],
        metavar="[N:]REGION,…",
        help=f"what the photo does not show: {', '.join(HiddenRegion)}" + _FOR,
    )
    parser.add_argument(
        "--mask",
        action="append",
        default=[],
        metavar="[N:]PNG",
        help="a picture over the whole photo, bright where it does not show the person" + _FOR,
    )


def _run(options: argparse.Namespace) -> int:
    from ..session import Session

    session = Session(options.device, options.home, options.threads)
    if options.list_faces:
        return _list_faces(session, str(options.photos[0]))
    if ".." in options.out.parts:  # which leads elsewhere once the current folder is replaced
        options.out = options.out.resolve()
    with named_results(options, options.photos[0], (SUFFIX, SHEET)) as (name, notes):
        return _make(session, options, _request(options, name), notes)


def _make(
    session: Session, options: argparse.Namespace, request: Reconstruct, notes: tuple[str, ...]
) -> int:
    """Reconstruct, show and print; notes : on the request."""
    from ..handlers.reconstruct import reconstruct
    from ..preview.sheet import contact_sheet
    from ..progress import Work

    work = Work(request.id, show, lambda: False, session.pace)
    reconstruction = reconstruct(session, request, work)
    name = reconstruction.name
    if name != request.name:  # taken meanwhile, by a program that claims none
        name = free_name(options.out, name, (SHEET,))
    sheet = options.out / f"{name}{SHEET}"
    show_line("")
    notes += reconstruction.notes
    look = None
    with _whole(reconstruction.folder):
        if options.skin:
            paths = [photo.path for photo in request.photos]
            notes += paint_first(session, reconstruction, paths, options.skin, work)
            look = picture_first(session, reconstruction, work)
        main = session.photo(request.photos[0].path).photo
        write_whole(sheet, contact_sheet(reconstruction, main.pixels, look))
    show_certainty(reconstruction)
    for note in notes:
        print(f"note: {note}")
    print(reconstruction.folder)
    print(sheet)
    return 0


@contextlib.contextmanager
def _whole(folder: Path) -> Generator[None]:
    """Say of what fails from here on that the reconstruction is whole: it is not to be made again.
    Raises OferError."""
    try:
        yield
    except (OferError, OSError, MemoryError) as cause:
        error = as_ofer_error(cause)
        kept = Sentence("The reconstruction itself is whole: {folder}.", folder=folder)
        raise OferError(error.code, joined(error.message, kept), error.hint) from cause


def _request(options: argparse.Namespace, name: str) -> Reconstruct:
    """What is asked of the engine. Raises OferError(BAD_REQUEST)."""
    return Reconstruct(
        id=1,
        photos=_photos(options),
        out=str(options.out),
        name=name,
        overwrite=options.overwrite,
        pack=options.pack,
        **sampling_params(options),
        mode=options.mode,
        show=options.show,
        hints=Hints(options.age, options.sex, options.build),
    )


def _photos(options: argparse.Namespace) -> tuple[PhotoFace, ...]:
    """Raises OferError(BAD_REQUEST) for options of a photo that there is not."""
    count = len(options.photos)
    faces, masks = (_one_each(texts, count) for texts in (options.face, options.mask))
    regions = _by_photo(options.hidden, count)
    return tuple(
        PhotoFace(
            str(path),
            **_placed(faces.get(number, "1")),
            hidden=tuple(
                dict.fromkeys(
                    name for text in regions.get(number, ()) for name in text.split(",") if name
                )
            ),
            mask=masks.get(number, ""),
        )
        for number, path in enumerate(options.photos, 1)
    )


def _one_each(texts: list[str], count: int) -> dict[int, str]:
    """Number of the photo → what was said of it. Raises OferError(BAD_REQUEST)."""
    found = _by_photo(texts, count)
    for number, said in found.items():
        if len(said) > 1:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{first} and {second} are both for photo {number}.",
                "Give one of them.",
                first=repr(said[0]),
                second=repr(said[1]),
                number=number,
            )
    return {number: said[0] for number, said in found.items()}


def _by_photo(texts: list[str], count: int) -> dict[int, list[str]]:
    """Number of the photo → all that was said of it. Raises OferError(BAD_REQUEST)."""
    by_number: dict[int, list[str]] = {}
    for text in texts:
        found = _OF_PHOTO.fullmatch(text)
        given = (found[1] or "1") if found else "0"
        number = int(given) if len(given) <= _DIGITS else 0  # Python reads no more than 4 300
        if found is None or not 1 <= number <= count:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{text} is for no photo: {count} are given.",
                "Put the number of the photo and a colon before it, or nothing for the first.",
                text=repr(shortened(text, _SAID)),
                count=count,
            )
        by_number.setdefault(number, []).append(found[2])
    return by_number


def _placed(text: str) -> dict[str, Any]:
    """The field of `PhotoFace` that names a face. Raises OferError(BAD_REQUEST)."""
    numbers = text.split(",")
    try:
        match len(numbers):
            case 1:
                return {"face": int(text) - 1}
            case 4:
                return {"box": tuple(map(float, numbers))}
            case 6:
                return {"points": tuple(map(float, numbers))}
    except ValueError:
        pass
    raise OferError(
        ErrorCode.BAD_REQUEST,
        "{text} tells no face.",
        "Give its number, four numbers of a box, or six of both eyes and the chin.",
        text=repr(text),
    )


def _list_faces(session: Session, photo: str) -> int:
    opened = session.photo(photo)
    if not opened.faces:
        raise OferError(
            ErrorCode.NO_FACE,
            "No face was found in {name}.",
            "Place it by hand: --face X,Y,W,H.",
            name=opened.photo.name,
        )
    for number, face in enumerate(opened.faces, 1):
        x, y, width, height = (round(value) for value in face.box)
        doubt = ", low confidence" if face.low_confidence else ""
        print(f"{number}: box {x},{y},{width},{height} confidence {face.confidence:.2f}{doubt}")
    return 0
