"""`batch FOLDER|LIST --out DIR`: many photos of many people, each with a result of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..client import stopping
from ..contract.errors import ErrorCode, OferError
from ..contract.files.claimed_name import held_mark
from ..contract.files.whole_file import check_place
from ..contract.sampling import SamplingParams
from ..contract.sentence import readable
from .counts import positive
from .machine import add_machine_options
from .sampling import add_sampling_options, sampling_params
from .terminal import show_line

if TYPE_CHECKING:
    from ..batch.photo_list import Task
    from ..batch.results import TableResults
    from ..batch.run import Summary
    from ..batch.settings import BatchSettings
    from ..batch.workers import Workers

_LOCK: Final = ".ofer-batch.lock"


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("batch", help="many photos in, a result for each out")
    parser.add_argument(
        "source",
        type=Path,
        metavar="FOLDER|LIST",
        help="photos, also in folders below; or a list of them: .txt with one a line, .csv or"
        " .parquet with a column photo and perhaps one called name",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="folder for the results"
    )
    images = "folder that the list's paths start from (default: the list's own)"
    parser.add_argument("--images", type=Path, metavar="DIR", help=images)
    table = "coefficients in one Parquet file, heads.parquet, in place of a folder for each photo"
    parser.add_argument("--table", action="store_true", help=table)
    pack = "networks and head (default: open); `packs list` names those that are ready"
    parser.add_argument("--pack", metavar="ID", default="open", help=pack)
    add_sampling_options(parser, identities=100, keep=10)
    drawn = "expressions drawn for each photo (default: 15)"
    parser.add_argument("--expressions", type=int, metavar="N", default=15, help=drawn)
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="photos that are worked on at once (default: one for each processor; with --ray, as"
        " many as the cluster has room for)",
    )
    parser.add_argument(
        "--ray",
        metavar="auto|ADDRESS",
        help="work on a Ray cluster (docs/batch.md), which opens ports; nothing else of ours does",
    )
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ..batch.photo_list import read_photo_list
    from ..batch.results import ERRORS, FolderResults, TableResults
    from ..batch.run import run_batch

    tasks = read_photo_list(options.source, options.images)
    if not tasks:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There are no photos in {name}.",
            "Choose another folder or list.",
            name=options.source.name,
        )
    settings = _settings(options)
    if options.table:
        _check_table()
    check_place(options.out)
    with _alone(options.out), _workers(settings, options, len(tasks)) as workers:
        results = TableResults(settings) if options.table else FolderResults(settings)
        summary = run_batch(
            tasks, workers, results, options.out / ERRORS, lambda s: show_line(s.line(len(tasks)))
        )
    show_line("")
    if isinstance(results, TableResults):
        print(_write_table(options.out, tasks, settings, results, summary))
    _say(summary, options.out)
    return 1 if summary.failed else 0


def _settings(options: argparse.Namespace) -> BatchSettings:
    """Raises OferError(BAD_REQUEST | WEIGHTS_MISSING) before any photo is opened."""
    from ..batch.settings import BatchSettings
    from ..handlers.validation import check_sampling
    from ..pack_registry import pack_record

    sampling = SamplingParams(**sampling_params(options))
    check_sampling(sampling)
    pack = pack_record(options.pack, options.home)
    threads = options.threads or 1
    return BatchSettings(
        pack, sampling, options.out.absolute(), options.table, options.home, options.device, threads
    )


def _check_table() -> None:
    """Raises OferError(ENGINE_MISSING) before long work, not after it."""
    from ..requirements import PinGroup, required

    required("pyarrow", "A table in Parquet", PinGroup.BATCH)


@contextmanager
def _workers(
    settings: BatchSettings, options: argparse.Namespace, tasks: int
) -> Generator[Workers]:
    from ..batch.local_workers import LocalWorkers
    from ..batch.ray_workers import RayWorkers

    if options.ray:
        workers: Workers = RayWorkers(settings, options.ray, options.workers)
    else:
        workers = LocalWorkers(settings, min(options.workers or os.cpu_count() or 1, tasks))
    try:
        yield workers
    finally:
        workers.close()


@contextmanager
def _alone(out: Path) -> Generator[None]:
    """Make the folder, which goes if nothing came into it. Raises OferError(BAD_REQUEST) where
    another batch writes into it, or something else has the names of ours."""
    from ..batch.results import check_own

    missing = [each for each in (out, *out.parents) if not os.path.lexists(each)]
    try:
        with ExitStack() as stack:
            with stopping.blocked():  # a signal between two of these would leave the lock
                out.mkdir(parents=True, exist_ok=True)
                check_own(out)
                ours = stack.enter_context(held_mark(out / _LOCK, written=True))
            if not ours:
                raise OferError(
                    ErrorCode.BAD_REQUEST,
                    "Another batch is writing into {name}.",
                    "Wait for it, or choose another folder for the results.",
                    name=out.name,
                )
            yield
    finally:
        for each in missing:
            with suppress(OSError):  # results are in it, or it was not made
                each.rmdir()


def _write_table(
    out: Path,
    tasks: Sequence[Task],
    settings: BatchSettings,
    results: TableResults,
    summary: Summary,
) -> Path:
    from ..batch.table import table_of, write_table

    def rows() -> Iterator[dict[str, Any]]:
        for task in tasks:
            sha256 = summary.photos[task.number]
            failure = summary.errors.get(task.number)
            error = "" if failure is None else str(failure.message)
            named = {"photo": readable(task.photo), "name": readable(task.name), "sha256": sha256}
            named["error"] = error
            yield {**(results.row(sha256) or {}), **named}

    made_with = {"pack": settings.pack.id, "version": settings.pack.version}
    made_with |= {"licence": settings.pack.licence, "fingerprint": settings.pack.fingerprint}
    path = table_of(out, {readable(task.photo) for task in tasks})
    write_table(path, rows(), made_with)
    return path


def _say(summary: Summary, out: Path) -> None:
    from ..batch.results import ERRORS

    print(f"{summary.done} photos done, {summary.earlier} done before, {summary.failed} failed")
    if summary.failed:
        print(f"why: {out / ERRORS}")
