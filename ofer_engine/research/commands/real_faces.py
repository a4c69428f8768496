"""`evaluate people`, `evaluate warps` and `evaluate scans`: a pack on real faces."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...commands.counts import positive
from ...requirements import PinGroup, required
from . import held_out
from .pictures import save_picture

if TYPE_CHECKING:
    from ...packs.open_pack import OpenPack

_JSON = "print the figures as JSON, or write them to FILE"
_AGAINST = "another pack, measured on the same"


def add(kinds: argparse._SubParsersAction) -> None:
    """Add the three to the kinds of `evaluate`."""
    people = _parser(kinds, "people", "real people, two photos each: NAME_a.jpg and NAME_b.jpg")
    people.add_argument("--against", metavar="PACK", help=_AGAINST)
    people.set_defaults(command=_people)
    warps = _parser(kinds, "warps", "known differences between faces, bent into portraits")
    warps.add_argument("--against", metavar="PACK", help=_AGAINST)
    maker = "the pack to whose head the pictures are bent (default: the one measured)"
    warps.add_argument("--maker", metavar="PACK", help=maker)
    last = "so many of the folder, the last by name (default: 99)"
    warps.add_argument("--last", type=positive, metavar="N", default=99, help=last)
    renders = "so many rendered people beside them (default: 99)"
    warps.add_argument("--renders", type=positive, metavar="N", default=99, help=renders)
    drawn = "write some of the bent pictures there"
    warps.add_argument("--sheet", type=Path, metavar="PNG", help=drawn)
    warps.set_defaults(command=_warps)
    scans = _parser(kinds, "scans", "photos of people with a scan, a folder each")
    scans.set_defaults(command=_scans)


def _parser(kinds: argparse._SubParsersAction, name: str, about: str) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=about)
    where = "docs/evaluation.md says what lies in it; nothing of it is kept"
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=where)
    pack = "which pack, by its id or its folder (default: open)"
    parser.add_argument("--pack", metavar="PACK", default="open", help=pack)
    drawn = "heads drawn for each picture (default: 100)"
    parser.add_argument("--samples", type=positive, metavar="N", default=100, help=drawn)
    parser.add_argument(
        "--json", type=Path, metavar="FILE", nargs="?", const=Path("-"), default=None, help=_JSON
    )
    parser.add_argument("--threads", type=positive, metavar="N", default=1, help=held_out.THREADS)
    return parser


def _begin(options: argparse.Namespace) -> Callable[[str], None]:
    """What tells how it goes."""
    from ...device import set_threads

    set_threads(options.threads)
    started = time.monotonic()

    def on_message(what: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {what}", file=sys.stderr, flush=True)

    return on_message


def _folder(pack: str, home: Path) -> Path:
    """Of a pack named by its folder or its id. Raises OferError(WEIGHTS_MISSING)."""
    from ...pack_registry import pack_folder
    from ...packs.open_description import DESCRIPTION

    return Path(pack) if (Path(pack) / DESCRIPTION).is_file() else pack_folder(pack, home)


def _pack(pack: str, home: Path) -> OpenPack:
    from ...device import choose_device
    from ...packs.open_pack import read_open_pack

    return read_open_pack(_folder(pack, home), choose_device("cpu"))


def _put_out(options: argparse.Namespace, figures: Any, text: str) -> int:
    """The table, or the figures as JSON."""
    if options.json is None:
        print(text)
        return 0
    written = json.dumps(figures, indent=1) + "\n"
    if options.json == Path("-"):
        print(written, end="")
        return 0
    options.json.write_text(written, encoding="utf-8")
    print(text)
    return 0


def _people(options: argparse.Namespace) -> int:
    from ...pack_registry import BUNDLED
    from ...photo.faces import FaceDetector
    from ..evaluation.people import gain, measure_people, people_in, read_people
    from ..evaluation.real_tables import people_table

    files, on_message = people_in(options.folder), _begin(options)
    packs = [_pack(name, options.home) for name in (options.pack, options.against) if name]
    people = read_people(packs, FaceDetector.load(BUNDLED / "faces"), files, on_message)
    measured = [
        measure_people(pack, people, contexts, options.samples, on_message)
        for pack, contexts in zip(packs, people.contexts, strict=True)
    ]
    gained = gain(*measured) if options.against else None
    on_message("done")
    figures = {
        "packs": [asdict(one.figures) for one in measured],
        "gain": asdict(gained) if gained else None,
        "left_out": len(people.left_out),
    }
    found = [one.figures for one in measured]
    return _put_out(options, figures, people_table(found, gained, len(people.left_out)))


def _warps(options: argparse.Namespace) -> int:
    required("numba", "Bending pictures", PinGroup.EVALUATE)
    from ...pack_registry import BUNDLED
    from ...photo.faces import FaceDetector
    from ..evaluation.photo_files import photos_in
    from ..evaluation.real_tables import warps_table
    from ..evaluation.warps import (
        bend,
        head_of,
        portrait_sitters,
        read_warps,
        render_sitters,
        sheet,
    )

    paths, on_message = photos_in(options.folder)[-options.last :], _begin(options)
    maker_name = options.maker or options.pack
    maker = _pack(maker_name, options.home)
    head = head_of(_folder(maker_name, options.home))
    detector = FaceDetector.load(BUNDLED / "faces")
    bent = {
        "portraits": bend(
            head, portrait_sitters(maker, head, detector, paths, on_message), on_message
        ),
        "renders": bend(head, render_sitters(head, options.renders, on_message), on_message),
    }
    found = {}
    for name in filter(None, (options.pack, options.against)):
        pack = _pack(name, options.home)
        title = f"{pack.record.id} {pack.record.version}"
        on_message(f"reading with {title}")
        found[title if title not in found else name] = {
            kind: read_warps(pack, warps, maker.head, options.samples)
            for kind, warps in bent.items()
        }
    on_message("done")
    if options.sheet:
        save_picture(sheet(bent["portraits"]), options.sheet)
    figures = {
        pack: {kind: asdict(one) for kind, one in kinds.items()} for pack, kinds in found.items()
    }
    return _put_out(options, figures, warps_table(found))


def _scans(options: argparse.Namespace) -> int:
    from ...pack_registry import BUNDLED
    from ...photo.faces import FaceDetector
    from ..evaluation.real_tables import scans_table
    from ..evaluation.scanned_people import scanned_in
    from ..evaluation.scans import draw_hypotheses, measure_scan, read_person

    files, on_message = scanned_in(options.folder), _begin(options)
    pack = _pack(options.pack, options.home)
    detector = FaceDetector.load(BUNDLED / "faces")
    people, answers = [], []
    for each in files:
        on_message(f"reading {each.name}")
        people.append(read_person(pack, detector, each))
        answers.append(draw_hypotheses(pack, people[-1], options.samples))
    found = []
    for number, person in enumerate(people):
        on_message(f"measuring {person.name}")
        another = answers[(number + 1) % len(answers)] if len(answers) > 1 else None
        found.append(measure_scan(pack.head, person, answers[number], another))
    on_message("done")
    title = f"{pack.record.id} {pack.record.version}"
    figures = {"pack": title, "scans": [asdict(one) for one in found]}
    return _put_out(options, figures, scans_table(title, found))
