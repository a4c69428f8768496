"""`evaluate`: a pack's figures on heads it never saw, and its card; real faces; NoW and CO-545."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ...commands.counts import positive, seed
from ...contract.errors import ErrorCode, OferError
from . import benchmarks, held_out, real_faces
from .pictures import save_picture


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    evaluate = commands.add_parser("evaluate", help="figures of a pack, beside their controls")
    kinds = evaluate.add_subparsers(required=True, metavar="KIND")
    held_out.add(kinds)
    photos = kinds.add_parser("photos", help="on real photos, beside the packaged landmark network")
    kinds_read = "of JPEG, PNG or WebP photos; nothing of them is kept"
    photos.add_argument("folder", type=Path, metavar="FOLDER", help=kinds_read)
    photos.add_argument("--pack", metavar="ID", default="open", help=held_out.PACK)
    photos.add_argument(
        "--wrong", nargs="+", default=[], metavar="NAME",
        help="file names of photos where the packaged network is wrong to the eye",
    )  # fmt: skip
    drawn = "write a picture of all points there"
    photos.add_argument("--sheet", type=Path, metavar="PNG", help=drawn)
    between = "put the table between the marks `<!-- photos: begin -->` and `end` of this page"
    photos.add_argument("--page", type=Path, metavar="FILE.md", help=between)
    photos.add_argument("--threads", type=positive, metavar="N", default=1, help=held_out.THREADS)
    photos.set_defaults(command=_photos)
    heads = kinds.add_parser("heads", help="a sheet of random heads of a pack, to look at")
    heads.add_argument("--pack", metavar="ID", default="open", help=held_out.PACK)
    heads.add_argument("--out", type=Path, required=True, metavar="PNG", help="picture to write")
    many = "how many heads (default: 200)"
    heads.add_argument("--count", type=positive, metavar="N", default=200, help=many)
    again = "another number draws other heads (default: 0)"
    heads.add_argument("--seed", type=seed, metavar="N", default=0, help=again)
    heads.set_defaults(command=_heads)
    compare = kinds.add_parser("compare", help="two versions of a pack, figure by figure")
    compare.add_argument("old", type=Path, metavar="OLD", help="card.json of the older one")
    compare.add_argument("new", type=Path, metavar="NEW", help="card.json of the newer one")
    between = "put it between the marks `<!-- comparison: begin -->` and `end` of this page"
    compare.add_argument("--page", type=Path, metavar="FILE.md", help=between)
    compare.set_defaults(command=_compare)
    real_faces.add(kinds)
    benchmarks.add(kinds)


def _photos(options: argparse.Namespace) -> int:
    from ...device import choose_device, set_threads
    from ...pack_registry import BUNDLED, pack_folder
    from ...packs.open_pack import read_open_pack
    from ...photo.faces import FaceDetector
    from ..evaluation.card import put_between
    from ..evaluation.photo_files import photos_in
    from ..evaluation.real_photos import photo_table, read_photos, sheet

    set_threads(options.threads)
    paths = photos_in(options.folder)
    if unknown := set(options.wrong) - {path.name for path in paths}:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There is no photo {name} in {folder}.",
            "Name files as they are there.",
            name=min(unknown),
            folder=options.folder.name,
        )
    pack = read_open_pack(pack_folder(options.pack, options.home), choose_device("cpu"))
    photos = list(read_photos(pack, FaceDetector.load(BUNDLED / "faces"), paths))
    for number, photo in enumerate(photos, 1):
        print(f"{number}: {photo.name}", file=sys.stderr)
    text = photo_table(photos, options.wrong)
    print(text)
    if options.sheet:
        save_picture(sheet(photos), options.sheet)
    if options.page:
        put_between(options.page, "photos", text)
    return 0


def _heads(options: argparse.Namespace) -> int:
    from ...heads.open_head import OpenHead
    from ...pack_registry import pack_folder
    from ...preview.crowd import crowd

    head = OpenHead.load(pack_folder(options.pack, options.home) / "head.npz")
    save_picture(crowd(head, options.count, options.seed), options.out)
    print(options.out)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from ..evaluation.card import PackCard, comparison, put_between

    text = comparison(PackCard.load(options.old), PackCard.load(options.new))
    print(text)
    if options.page:
        put_between(options.page, "comparison", text)
    return 0
