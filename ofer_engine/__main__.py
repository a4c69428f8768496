"""Command line of the engine: reconstruct, serve, packs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .contract.errors import ErrorCode, OferError
from .contract.protocol import Reconstruct
from .contract.reconstruction import SUFFIX


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is one sentence on stderr and a non-zero status."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except OferError as error:
        print(f"ofer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ofer: stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ofer_engine", description=__doc__)
    parser.add_argument("--home", type=Path, help="the user's data folder, with further packs")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    reconstruct = commands.add_parser("reconstruct", help="one photo in, ranked heads out")
    reconstruct.add_argument("photo", type=Path)
    reconstruct.add_argument("--out", type=Path, required=True, help="folder for the results")
    reconstruct.add_argument("--name", help="name of the results (default: the photo's)")
    reconstruct.add_argument("--pack", default="open")
    reconstruct.add_argument("--identities", type=int, default=100, help="candidates drawn")
    reconstruct.add_argument("--keep", type=int, default=10, help="best-ranked ones written")
    reconstruct.add_argument("--expressions", type=int, default=15)
    reconstruct.add_argument("--seed", type=int, default=0)
    reconstruct.add_argument("--sampler", default="dpm_solver_pp_2m")
    reconstruct.add_argument("--steps", type=int, default=20)
    place = reconstruct.add_mutually_exclusive_group()
    place.add_argument(
        "--face", type=_face, default=0, metavar="N|X,Y,W,H",
        help="which face, from 1, best first; or a box in pixels placed by hand",
    )  # fmt: skip
    reconstruct.add_argument("--list-faces", action="store_true", help="list the faces and stop")
    _add_machine(reconstruct)
    reconstruct.set_defaults(command=_reconstruct)

    serve = commands.add_parser("serve", help="answer requests on stdin (for the add-on)")
    serve.add_argument("--log", default="", help="path of the log that stderr goes to, for reports")
    _add_machine(serve)
    serve.set_defaults(command=_serve)

    packs = commands.add_parser("packs", help="list the packs on this machine")
    packs.set_defaults(command=_packs)
    return parser


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--threads", type=int, help="CPU threads (default: the machine's cores)")


def _face(text: str) -> int | tuple[float, ...]:
    numbers = text.split(",")
    if len(numbers) == 1:
        return int(text) - 1
    return tuple(float(number) for number in numbers)


def _reconstruct(options: argparse.Namespace) -> int:
    from .preview.sheet import contact_sheet
    from .session import Session

    session = Session(options.device, options.home, options.threads)
    photo = str(options.photo)
    if options.list_faces:
        return _list_faces(session, photo)
    by_hand = isinstance(options.face, tuple)
    request = Reconstruct(
        id=1,
        path=photo,
        out=str(options.out),
        name=options.name or options.photo.stem,
        pack=options.pack,
        face=0 if by_hand else options.face,
        box=options.face if by_hand else (),
        identities=options.identities,
        keep=options.keep,
        expressions=options.expressions,
        seed=options.seed,
        sampler=options.sampler,
        steps=options.steps,
    )
    reconstruction = session.reconstruction(request, _show, lambda: False)
    sheet = options.out / f"{request.name}_sheet.png"
    sheet.write_bytes(contact_sheet(reconstruction, session.photo(photo).photo.pixels))
    _show_line("")
    for note in reconstruction.notes:
        print(f"note: {note}")
    print(options.out / (request.name + SUFFIX))
    print(sheet)
    return 0


def _list_faces(session, photo: str) -> int:
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


def _serve(options: argparse.Namespace) -> int:
    from .server import serve

    return serve(options.device, options.home, options.threads, options.log)


def _packs(options: argparse.Namespace) -> int:
    import json

    from .packs.pack import DESCRIPTION
    from .packs.registry import find_packs

    for identifier, folder in find_packs(options.home).items():
        about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        may_sell = "commercial use allowed" if about["commercial"] else "not for sale"
        print(f"{identifier} {about['version']}: {about['title']}; {about['licence']}; {may_sell}")
    return 0


def _show(stage: str, step: int, of: int, eta: float) -> None:
    if sys.stderr.isatty():
        _show_line(f"{stage} {step}/{of}, {eta:.0f} s left")


def _show_line(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="" if text else "\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
