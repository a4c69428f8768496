"""`evaluate synthetic` and `evaluate spread`: a pack on synthetic photos of held-out heads."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...commands.counts import positive
from ...contract.errors import ErrorCode, OferError

if TYPE_CHECKING:
    from ...packs.open_pack import OpenPack
    from ..evaluation.conditions import Scans

PACK = "which pack (default: open)"
THREADS = "processor threads (default: 1)"


def add(kinds: argparse._SubParsersAction) -> None:
    """Add the commands to the kinds of `evaluate`."""
    parser = _parser(
        kinds,
        "synthetic",
        "on synthetic photos of held-out heads",
        ("heads", 300, "clean pictures of each surface"),
        ("hidden-heads", 100, "pictures of each share hidden"),
        ("turned-heads", 60, "pictures of each angle"),
        ("samples", 100, "heads drawn for each picture"),
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    card = "pack folder whose CARD.md and card.json are to be written"
    parser.add_argument("--card", type=Path, metavar="DIR", help=card)
    parser.set_defaults(command=_synthetic)
    parser = _parser(
        kinds,
        "spread",
        "how far samples must spread to cover the truth as often as they say",
        ("heads", 100, "pictures of each surface and condition"),
        ("samples", 100, "heads drawn for each picture"),
    )
    into = "folder of the pack to measure, into which the spread is to be written"
    parser.add_argument("--into", type=Path, metavar="DIR", help=into)
    parser.set_defaults(command=_spread)


def _parser(
    kinds: argparse._SubParsersAction, name: str, about: str, *counts: tuple[str, int, str]
) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=about)
    made = "folder of test photos; docs/evaluation.md says how they are made"
    parser.add_argument("--photos", type=Path, metavar="DIR", required=True, help=made)
    parser.add_argument("--pack", metavar="ID", default="open", help=PACK)
    ict = "ict_facekit_light.npz, for its surfaces' truth"
    parser.add_argument("--ict", type=Path, metavar="NPZ", help=ict)
    parser.add_argument("--ict-map", type=Path, metavar="NPZ", help="correspondences of --ict")
    for count, default, what in counts:
        many = f"{what} (default: {default})"
        parser.add_argument(f"--{count}", type=positive, metavar="N", default=default, help=many)
    parser.add_argument("--threads", type=positive, metavar="N", default=1, help=THREADS)
    return parser


def _begin(
    options: argparse.Namespace, folder: Path | None = None
) -> tuple[OpenPack, Scans | None, Callable[[str], None]]:
    """The pack, in `folder` or by its id, what is known of ICT's surfaces, and what tells how it
    goes."""
    from ...device import choose_device, set_threads
    from ...pack_registry import pack_folder
    from ...packs.open_pack import read_open_pack
    from ..evaluation.conditions import Scans

    if bool(options.ict) != bool(options.ict_map):
        raise OferError(
            ErrorCode.BAD_REQUEST, "--ict and --ict-map go together.", "Give both, or neither."
        )
    set_threads(options.threads)
    started = time.monotonic()
    where = folder or pack_folder(options.pack, options.home)
    pack = read_open_pack(where, choose_device("cpu"))
    scans = Scans(options.ict, options.ict_map) if options.ict else None

    def on_message(condition: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {condition}", file=sys.stderr, flush=True)

    return pack, scans, on_message


def _synthetic(options: argparse.Namespace) -> int:
    from ..evaluation.card import FILE, PackCard, put_between, sections
    from ..evaluation.conditions import (
        SURFACES,
        Counts,
        by_occluder,
        figures_of,
        measure_conditions,
    )
    from ..evaluation.synthetic import figures

    pack, scans, on_message = _begin(options)
    counts = Counts(options.heads, options.hidden_heads, options.turned_heads, options.samples)
    measured = measure_conditions(pack, options.photos, scans, counts, on_message)
    card = PackCard(
        pack.record.id,
        pack.record.version,
        figures_of(measured),
        {
            surface: {kind: figures(heads) for kind, heads in kinds.items()}
            for surface in SURFACES
            if (kinds := by_occluder(measured, surface))
        },
    )
    on_message("done")
    print(sections(card))
    if options.json:
        card.save(options.json)
    if options.card:
        card.save(options.card / FILE)
        put_between(options.card / "CARD.md", "figures", sections(card))
    return 0


def _spread(options: argparse.Namespace) -> int:
    from ...packs.open_files import kept_as_bytes, write_pack
    from ..evaluation import spread
    from ..evaluation.conditions import Counts, read_conditions

    pack, scans, on_message = _begin(options, options.into)
    counts = Counts(options.heads, options.heads, options.heads)
    drawn = []
    for condition in read_conditions(pack.head, options.photos, scans, counts):
        on_message(condition.name)
        drawn.append(spread.sample_identities(pack, condition, options.samples))
    factor = spread.fitting_factor(drawn)
    on_message("done")
    print(f"5-95 % should cover {spread.right_share(options.samples):.1%}, and covers")
    for number in (1.0, factor):
        shares = spread.covered_by_surface(drawn, number).items()
        listed = ", ".join(f"{share:.1%} ({surface})" for surface, share in shares)
        print(f"  {listed} with a spread of {number * float(pack.networks.spread):.2f}")
    if options.into:
        spread_now = pack.networks.spread * factor
        networks = replace(pack.networks, spread=spread_now)
        small = kept_as_bytes(options.into)
        write_pack(options.into, pack.record, pack.sizes, networks, small)
    return 0
