"""`evaluate now` and `evaluate co545`: predictions against scans that the user holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ...commands.counts import positive

if TYPE_CHECKING:
    from ...published.benchmarks.predictions import Predictions
    from ...published.benchmarks.scoring import Criterion, Dataset
    from ...published.benchmarks.tally import Scoreboard


def add(kinds: argparse._SubParsersAction) -> None:
    """Add both to the kinds of `evaluate`."""
    now = kinds.add_parser("now", help="the NoW challenge, on scans that you hold")
    _add_common(now)
    now.add_argument(
        "--images", default="validation", help="validation (default), test, or the path of a list"
    )
    now.add_argument("--metrical", action="store_true", help="heads keep their size")
    now.add_argument(
        "--export", type=Path, metavar="DIR", help="write a submission there instead of measuring"
    )
    now.set_defaults(command=_now)

    co545 = kinds.add_parser("co545", help="CO-545 in our reading, on meshes that you hold")
    _add_common(co545)
    unit = "of the true meshes (default: m)"
    co545.add_argument("--truth-unit", choices=("m", "cm", "mm"), default="m", help=unit)
    seven = "seven vertex numbers that hold for every true mesh"
    co545.add_argument("--truth-landmark-vertices", type=Path, metavar="FILE", help=seven)
    co545.set_defaults(command=_co545)


def _add_common(parser: argparse.ArgumentParser) -> None:
    data = "folder of the data set; docs/evaluation.md shows its layout"
    parser.add_argument("--data", type=Path, metavar="DIR", required=True, help=data)
    found = "folder of heads: NAME.ofer or a mesh for each image, of its name"
    parser.add_argument("--predictions", type=Path, metavar="DIR", required=True, help=found)
    unit = "of predicted meshes (default: m)"
    parser.add_argument("--unit", choices=("m", "cm", "mm"), default="m", help=unit)
    most = "at most so many of an image's heads (default: 10)"
    parser.add_argument("--heads", type=positive, metavar="N", default=10, help=most)
    parser.add_argument(
        "--landmark-vertices",
        type=Path,
        metavar="FILE",
        help="seven vertex numbers that hold for every predicted mesh",
    )
    mean = "the control (default: the mean head of --pack)"
    parser.add_argument("--mean-head", type=Path, metavar="MESH", help=mean)
    whose = "whose mean head is the control (default: open)"
    parser.add_argument("--pack", metavar="ID", default="open", help=whose)
    beside = "images measured at once (default: 1)"
    parser.add_argument("--processes", type=positive, metavar="N", default=1, help=beside)


def _now(options: argparse.Namespace) -> int:
    from ...published.benchmarks.now import NowData, export, tables
    from ...published.benchmarks.predictions import HeadChoice
    from ...published.benchmarks.scoring import Criterion

    data = NowData(options.data, options.images)
    predictions = _predictions(options, HeadChoice.IDENTITIES)
    if options.export:
        written, without = export(data, predictions, options.export)
        print(f"{written} heads written to {options.export}, millimetres.")
        _name_missing(without)
        return 0
    board = _score(options, data, predictions, Criterion.MEDIAN, scaling=not options.metrical)
    print("NoW, metrical\n" if options.metrical else "NoW, non-metrical\n")
    print(tables(board))
    _name_missing(board.missing)
    return 0


def _co545(options: argparse.Namespace) -> int:
    from ...published.benchmarks.co545 import READING, Co545Data, errors
    from ...published.benchmarks.diversity import diversity, report
    from ...published.benchmarks.predictions import HeadChoice
    from ...published.benchmarks.scoring import Criterion

    data = Co545Data(options.data, options.truth_unit, options.truth_landmark_vertices)
    names = [image.name for image in data.images()]
    predictions = _predictions(options, HeadChoice.EXPRESSIONS)
    board = _score(options, data, predictions, Criterion.RMS, scaling=True)
    print(f"{READING}\n\n{errors(board)}\n")
    ours = any(predictions.reconstruction(name) for name in names)
    for kind in HeadChoice if ours else (HeadChoice.EXPRESSIONS,):
        found = diversity(_predictions(options, kind), names)
        print("\n".join(report(found, f"Diversity of {kind if ours else 'heads'}")))
    _name_missing(board.missing)
    return 0


def _predictions(options: argparse.Namespace, kind: str) -> Predictions:
    from ...published.benchmarks.predictions import HeadChoice, Predictions

    return Predictions(
        options.predictions,
        HeadChoice(kind),
        options.unit,
        options.landmark_vertices,
        options.heads,
        options.home,
    )


def _score(
    options: argparse.Namespace,
    data: Dataset,
    predictions: Predictions,
    criterion: Criterion,
    scaling: bool,
) -> Scoreboard:
    from ...published.benchmarks.predictions import mean_head
    from ...published.benchmarks.scoring import Method, score

    if options.mean_head:
        mean = predictions.plain(options.mean_head)
    else:
        mean = mean_head(options.pack, options.home)
    return score(data, Method(predictions, mean, scaling, criterion), options.processes, _show)


def _show(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of} images", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _name_missing(missing: list[str]) -> None:
    if missing:
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        print(f"\n{len(missing)} images have no prediction and do not count: {some}")
