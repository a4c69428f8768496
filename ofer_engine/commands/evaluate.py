"""`evaluate`: a pack's figures on heads it never saw, and its card; real photos; NoW and CO-545."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.errors import ErrorCode, OferError
from . import benchmarks
from .counts import positive

if TYPE_CHECKING:
    from PIL.Image import Image

_PACK = "which pack (default: open)"
_THREADS = "processor threads (default: 1)"


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    evaluate = commands.add_parser("evaluate", help="figures of a pack, beside their controls")
    kinds = evaluate.add_subparsers(required=True, metavar="KIND")
    _add_synthetic(kinds)
    photos = kinds.add_parser("photos", help="on real photos, beside the packaged landmark network")
    kinds_read = "of JPEG, PNG or WebP photos; nothing of them is kept"
    photos.add_argument("folder", type=Path, metavar="FOLDER", help=kinds_read)
    photos.add_argument("--pack", metavar="ID", default="open", help=_PACK)
    photos.add_argument(
        "--wrong", nargs="+", default=[], metavar="NAME",
        help="file names of photos where the packaged network is wrong to the eye",
    )  # fmt: skip
    drawn = "write a picture of all points there"
    photos.add_argument("--sheet", type=Path, metavar="PNG", help=drawn)
    between = "put the table between the marks `<!-- photos: begin -->` and `end` of this page"
    photos.add_argument("--page", type=Path, metavar="FILE.md", help=between)
    photos.add_argument("--threads", type=positive, metavar="N", default=1, help=_THREADS)
    photos.set_defaults(command=_photos)
    heads = kinds.add_parser("heads", help="a sheet of random heads of a pack, to look at")
    heads.add_argument("--pack", metavar="ID", default="open", help=_PACK)
    heads.add_argument("--out", type=Path, required=True, metavar="PNG", help="picture to write")
    many = "how many heads (default: 200)"
    heads.add_argument("--count", type=positive, metavar="N", default=200, help=many)
    again = "another number draws other heads (default: 0)"
    heads.add_argument("--seed", type=int, metavar="N", default=0, help=again)
    heads.set_defaults(command=_heads)
    compare = kinds.add_parser("compare", help="two versions of a pack, figure by figure")
    compare.add_argument("old", type=Path, metavar="OLD", help="card.json of the older one")
    compare.add_argument("new", type=Path, metavar="NEW", help="card.json of the newer one")
    between = "put it between the marks `<!-- comparison: begin -->` and `end` of this page"
    compare.add_argument("--page", type=Path, metavar="FILE.md", help=between)
    compare.set_defaults(command=_compare)
    benchmarks.add(kinds)


def _add_synthetic(kinds: argparse._SubParsersAction) -> None:
    parser = kinds.add_parser("synthetic", help="on synthetic photos of held-out heads")
    made = "folder of test photos; docs/evaluation.md says how they are made"
    parser.add_argument("--photos", type=Path, metavar="DIR", required=True, help=made)
    parser.add_argument("--pack", metavar="ID", default="open", help=_PACK)
    ict = "ict_facekit_light.npz, for its surfaces' truth"
    parser.add_argument("--ict", type=Path, metavar="NPZ", help=ict)
    parser.add_argument("--ict-map", type=Path, metavar="NPZ", help="correspondences of --ict")
    for name, count, what in (
        ("heads", 300, "clean pictures of each surface"),
        ("hidden-heads", 100, "pictures of each share hidden"),
        ("turned-heads", 60, "pictures of each angle"),
        ("samples", 100, "heads drawn for each picture"),
    ):
        many = f"{what} (default: {count})"
        parser.add_argument(f"--{name}", type=positive, metavar="N", default=count, help=many)
    parser.add_argument("--threads", type=positive, metavar="N", default=1, help=_THREADS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    card = "pack folder whose CARD.md and card.json are to be written"
    parser.add_argument("--card", type=Path, metavar="DIR", help=card)
    parser.set_defaults(command=_synthetic)


def _synthetic(options: argparse.Namespace) -> int:
    from ..device import choose_device, set_threads
    from ..evaluation.card import FILE, Card, put_between, sections
    from ..evaluation.conditions import (
        SURFACES,
        Counts,
        Scans,
        by_occluder,
        figures_of,
        measure_conditions,
    )
    from ..evaluation.synthetic import figures
    from ..packs.open_pack import read_open_pack
    from ..packs.registry import pack_folder

    if bool(options.ict) != bool(options.ict_map):
        raise OferError(
            ErrorCode.BAD_REQUEST, "--ict and --ict-map go together.", "Give both, or neither."
        )
    set_threads(options.threads)
    started = time.monotonic()
    pack = read_open_pack(pack_folder(options.pack, options.home), choose_device("cpu"))
    counts = Counts(options.heads, options.hidden_heads, options.turned_heads, options.samples)
    scans = Scans(options.ict, options.ict_map) if options.ict else None

    def tell(condition: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {condition}", file=sys.stderr, flush=True)

    measured = measure_conditions(pack, options.photos, scans, counts, tell)
    card = Card(
        pack.record.id,
        pack.record.version,
        figures_of(measured),
        {
            surface: {kind: figures(heads) for kind, heads in kinds.items()}
            for surface in SURFACES
            if (kinds := by_occluder(measured, surface))
        },
    )
    tell("done")
    print(sections(card))
    if options.json:
        card.save(options.json)
    if options.card:
        card.save(options.card / FILE)
        put_between(options.card / "CARD.md", "figures", sections(card))
    return 0


def _photos(options: argparse.Namespace) -> int:
    from ..device import choose_device, set_threads
    from ..evaluation.card import put_between
    from ..evaluation.real_photos import SUFFIXES, photo_table, read_photos, sheet
    from ..packs.open_pack import read_open_pack
    from ..packs.registry import BUNDLED, pack_folder
    from ..photo.faces import FaceDetector

    set_threads(options.threads)
    paths = sorted(p for p in options.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"There are no photos in {options.folder}.",
            f"Give a folder with files that end in {', '.join(SUFFIXES)}.",
        )
    pack = read_open_pack(pack_folder(options.pack, options.home), choose_device("cpu"))
    photos = list(read_photos(pack, FaceDetector.load(BUNDLED / "faces"), paths))
    for number, photo in enumerate(photos, 1):
        print(f"{number}: {photo.name}", file=sys.stderr)
    text = photo_table(photos, options.wrong)
    print(text)
    if options.sheet:
        _save(sheet(photos), options.sheet)
    if options.page:
        put_between(options.page, "photos", text)
    return 0


def _heads(options: argparse.Namespace) -> int:
    from ..heads.open_head import OpenHead
    from ..packs.registry import pack_folder
    from ..preview.crowd import crowd

    head = OpenHead.load(pack_folder(options.pack, options.home) / "head.npz")
    _save(crowd(head, options.count, options.seed), options.out)
    print(options.out)
    return 0


def _save(picture: Image, path: Path) -> None:
    try:
        picture.save(path)
    except ValueError as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"{path.name} is no name of a picture.",
            "Let it end in .png or .jpg.",
        ) from cause


def _compare(options: argparse.Namespace) -> int:
    from ..evaluation.card import Card, comparison, put_between

    text = comparison(Card.load(options.old), Card.load(options.new))
    print(text)
    if options.page:
        put_between(options.page, "comparison", text)
    return 0
