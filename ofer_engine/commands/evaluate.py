"""`evaluate`: a pack's figures on heads it never saw, and its card; real photos; NoW and CO-545."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from . import benchmarks


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    evaluate = commands.add_parser("evaluate", help="figures of a pack, beside their controls")
    kinds = evaluate.add_subparsers(required=True, metavar="KIND")
    _add_synthetic(kinds)
    photos = kinds.add_parser("photos", help="on real photos, beside the packaged landmark network")
    photos.add_argument("folder", type=Path, help="of photos; nothing of them is kept")
    photos.add_argument("--pack", default="open")
    photos.add_argument(
        "--wrong", nargs="+", default=[], metavar="NAME",
        help="file names of photos where the packaged network is wrong to the eye",
    )  # fmt: skip
    photos.add_argument("--sheet", type=Path, help="write a picture of all points there")
    photos.add_argument("--page", type=Path, help="put the table between this page's marks")
    photos.add_argument("--threads", type=int, default=1)
    photos.set_defaults(command=_photos)
    heads = kinds.add_parser("heads", help="a sheet of random heads of a pack, to look at")
    heads.add_argument("--pack", default="open")
    heads.add_argument("--out", type=Path, required=True, metavar="PNG")
    heads.add_argument("--count", type=int, default=200)
    heads.add_argument("--seed", type=int, default=0)
    heads.set_defaults(command=_heads)
    compare = kinds.add_parser("compare", help="two versions of a pack, figure by figure")
    compare.add_argument("old", type=Path, help="card.json of the older one")
    compare.add_argument("new", type=Path, help="card.json of the newer one")
    compare.add_argument("--page", type=Path, help="put it between this page's marks")
    compare.set_defaults(command=_compare)
    benchmarks.add(kinds)


def _add_synthetic(kinds: argparse._SubParsersAction) -> None:
    parser = kinds.add_parser("synthetic", help="on synthetic photos of held-out heads")
    parser.add_argument("--photos", type=Path, required=True, help="folder of test photos")
    parser.add_argument("--pack", default="open")
    parser.add_argument("--ict", type=Path, help="ict_facekit_light.npz, for its surfaces' truth")
    parser.add_argument("--ict-map", type=Path, help="correspondences of --ict")
    parser.add_argument("--heads", type=int, default=300, help="clean pictures of each surface")
    parser.add_argument("--hidden-heads", type=int, default=100, help="of each share hidden")
    parser.add_argument("--turned-heads", type=int, default=60, help="of each angle")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--card", type=Path, help="pack folder whose card is to be written")
    parser.set_defaults(command=_synthetic)


def _synthetic(options: argparse.Namespace) -> int:
    from ..contract.errors import ErrorCode, OferError
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
        raise OferError(ErrorCode.BAD_REQUEST, "--ict and --ict-map go together.")
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
    pack = read_open_pack(pack_folder(options.pack, options.home), choose_device("cpu"))
    paths = sorted(p for p in options.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    photos = list(read_photos(pack, FaceDetector.load(BUNDLED / "faces"), paths))
    for number, photo in enumerate(photos, 1):
        print(f"{number}: {photo.name}", file=sys.stderr)
    text = photo_table(photos, options.wrong)
    print(text)
    if options.sheet:
        sheet(photos).save(options.sheet)
    if options.page:
        put_between(options.page, "photos", text)
    return 0


def _heads(options: argparse.Namespace) -> int:
    from ..heads.open_head import OpenHead
    from ..packs.registry import pack_folder
    from ..preview.crowd import crowd

    head = OpenHead.load(pack_folder(options.pack, options.home) / "head.npz")
    crowd(head, options.count, options.seed).save(options.out)
    print(options.out)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from ..evaluation.card import Card, comparison, put_between

    text = comparison(Card.load(options.old), Card.load(options.new))
    print(text)
    if options.page:
        put_between(options.page, "comparison", text)
    return 0
