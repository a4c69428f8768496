"""Published weight files that a user has obtained: whose they are, and taking them over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..client.launch import default_home
from ..contract import protocol
from ..contract.errors import OferError
from ..contract.sentence import Sentence
from ..progress import Progress, Work
from ..published.catalogue import CATALOGUE, PACK_ID, Part
from ..published.conversion import read_published
from ..published.imported_files import import_files, pack_home, weight_files
from ..session import Session

_SECONDS_A_FILE = 10.0
_INSPECTING = "Reading the weights"
_INSTALLING = "Installing the weights"


def inspect(
    session: Session, request: protocol.InspectWeights, work: Work
) -> protocol.WeightsInspected:
    """What decides is the content of a file, so every file is read whole."""
    paths, progress = _files(request.paths, _INSPECTING, work)
    seen = []
    for number, path in enumerate(paths):
        progress.step(_INSPECTING, number, len(paths))
        seen.append(_inspected(path))
    return protocol.WeightsInspected(request.id, tuple(seen))


def install(session: Session, request: protocol.InstallWeights, work: Work) -> protocol.Result:
    """Raises OferError of the first file where none could be taken over."""
    home = session.home or default_home()
    paths, progress = _files(request.paths, _INSTALLING, work)
    done = iter(range(len(paths)))
    report = import_files(
        paths, home, on_file=lambda _: progress.step(_INSTALLING, next(done), len(paths))
    )
    if report.refused and not report.imported:
        raise report.refused[0].error
    notes = [
        Sentence("Installed: {title}.", title=CATALOGUE[Part(record.part)].title)
        for record in report.imported
    ]
    notes += [
        Sentence("{name} was refused: {error}", name=refused.path.name, error=refused.error)
        for refused in report.refused
    ]
    if report.complete:
        notes.append(Sentence("The pack {id} is complete: choose it under Options.", id=PACK_ID))
    elif report.missing:
        named = ", ".join(CATALOGUE[part].usual_name for part in report.missing)
        notes.append(Sentence("The pack {id} still lacks {named}.", id=PACK_ID, named=named))
    return protocol.Result(request.id, str(pack_home(home)), tuple(notes))


def _files(paths: Sequence[str], stage: str, work: Work) -> tuple[list[Path], Progress]:
    found = list(weight_files([Path(path) for path in paths]))
    return found, work.progress({stage: _SECONDS_A_FILE * max(len(found), 1)})


def _inspected(path: Path) -> protocol.WeightFile:
    try:
        file = CATALOGUE[read_published(path).part]
    except OferError as error:
        return protocol.WeightFile(str(path), path.name, "", False, error.sentence)
    return protocol.WeightFile(str(path), file.title, file.licence, file.commercial)
