"""Photos of one person → a `NAME.ofer` with ranked heads and expressions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import torch

from .. import __version__
from ..arkit.six_joints import SixJoints
from ..arkit.unit_library import tongue_note, unit_arrays
from ..contract import protocol
from ..contract.errors import ErrorCode, OferError
from ..contract.files.whole_file import check_place
from ..contract.names import check_name, free_name, kept_note
from ..contract.reconstruction import SUFFIX, Reconstruction
from ..contract.records import Mode, SettingsRecord, Show
from ..contract.sampling import SamplingParams
from ..contract.sentence import Sentence
from ..packs.pack import Pack
from ..pipeline import Ranking, Reconstructor
from ..progress import Progress, Work
from ..published.catalogue import PACK_ID
from ..published.published_pack import PUBLISHED_CANDIDATES, PUBLISHED_EXPRESSIONS
from ..session import Session
from .as_made import is_reconstruction
from .assembly import (
    DrawnHeads,
    assemble,
    expression_hypotheses,
    identity_hypotheses,
    picture,
    rows_to_show,
    shown_heads,
    size_notes,
)
from .disagreement import disagreement
from .draft import Draft
from .read_face import FaceReading, read_face
from .stages import (
    DRAWING,
    EXPRESSING,
    FINDING,
    LOADING,
    RANKING,
    UNITS,
    WRITING,
    plan_of_reconstruct,
)
from .validation import check_hints, check_sampling

_MOST_PHOTOS: Final = 16


def answer(session: Session, request: protocol.Reconstruct, work: Work) -> protocol.Result:
    """Raises OferError; then nothing is left on disk."""
    finished = reconstruct(session, request, work)
    return protocol.Result(request.id, str(finished.folder), finished.notes)


def reconstruct(session: Session, request: protocol.Reconstruct, work: Work) -> Reconstruction:
    """As `answer`, giving the record."""
    _check(request)
    check_place(Path(request.out))
    request, renamed = _named(request)
    progress = work.progress(plan_of_reconstruct(session, request))
    progress.step(LOADING, 0, 1)
    reconstructor = session.reconstructor(request.pack)
    progress.step(LOADING, 1, 1)
    readings: list[FaceReading] = []
    for number, photo in enumerate(request.photos, 1):
        readings.append(read_face(session, reconstructor.pack, photo, work))
        progress.step(FINDING, number, len(request.photos))
    evidence = [reading.evidence for reading in readings]
    reconstructor.set_evidence(evidence, request.hints)
    doubts = disagreement(reconstructor.pack, evidence, work)
    drawn = _draw(reconstructor, request, progress)
    record = _record(session, request, reconstructor.pack, readings, drawn, work)
    with Draft(record.folder, request.overwrite) as draft:
        arrays = replace(
            assemble(reconstructor, record, drawn, work.check), iris_colour=_iris_colour(readings)
        )
        work.check()
        draft.arrays(arrays)
        work.check()
        shown = shown_heads(record, arrays)
        picture(draft, reconstructor.pack, shown, work, progress, arrays.iris_colour)
        progress.step(UNITS, 0, 2)
        units = session.units.model(reconstructor.pack.head, work.check)
        progress.step(UNITS, 1, 2)
        best, expressive = arrays.identity_vertices[0], arrays.expression_vertices
        draft.arrays(replace(arrays, **unit_arrays(units, best, expressive, work.check)))
        progress.step(UNITS, 2, 2)
        sizes = size_notes(reconstructor.pack, shown)
        notes = (*renamed, *doubts, *record.notes, *tongue_note(units), *sizes)
        finished = draft.finish(replace(record, notes=tuple(map(Sentence, notes))))
    progress.step(WRITING, 1, 1)
    return finished


def _named(request: protocol.Reconstruct) -> tuple[protocol.Reconstruct, tuple[str, ...]]:
    """With a name that nothing has, and a note where that is not the one wished for.

    Raises OferError(BAD_REQUEST) where what is to be replaced is no reconstruction.
    """
    out, name = Path(request.out), request.name
    folder = out / (name + SUFFIX)
    if not request.overwrite:
        free = free_name(out, name, (SUFFIX,))
        return replace(request, name=free), kept_note(name, free)
    check_reconstruction(folder)
    return request, ()


def check_reconstruction(folder: Path) -> None:
    """Raises OferError(BAD_REQUEST) where something is there that is no reconstruction."""
    if os.path.lexists(folder) and not is_reconstruction(folder):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no reconstruction, and is not replaced.",
            "Choose another name.",
            name=folder.name,
        )


def _draw(
    reconstructor: Reconstructor, request: protocol.Reconstruct, progress: Progress
) -> DrawnHeads:
    if request.mode == Mode.AS_PUBLISHED:
        return _draw_as_published(reconstructor, progress)
    how = (request.seed, request.sampler, request.steps)
    faces = len(request.photos)
    identities = reconstructor.identities(
        request.identities,
        *how,
        lambda i, n: progress.step(DRAWING, i, n),
        request.guidance,
        progress.check,
    )
    ranking = reconstructor.rank(identities)
    progress.step(RANKING, 1, 1)
    expressions = tuple(
        reconstructor.expressions(
            request.expressions,
            *how,
            lambda i, n, view=view: progress.step(EXPRESSING, view * n + i, faces * n),
            view,
        )
        for view in range(faces)
    )
    return DrawnHeads(identities, ranking, expressions)


def _draw_as_published(reconstructor: Reconstructor, progress: Progress) -> DrawnHeads:
    """The published demo's draws for one photo; only the published pack has them."""

    def on_step(done: int, of: int) -> None:
        progress.step(DRAWING if of < 1000 else EXPRESSING, done, of)

    pack = reconstructor.pack
    result = pack.sample_as_published(reconstructor.person.contexts, on_step)
    if result is None:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The pack {id} was never published with OFER: it has no such mode.",
            "Choose the mode {corrected}, or the pack {published}.",
            id=pack.record.id,
            corrected=Mode.CORRECTED,
            published=PACK_ID,
        )
    return DrawnHeads(result.identities, Ranking.of(result.scores), (result.expressions,))


def _record(
    session: Session,
    request: protocol.Reconstruct,
    pack: Pack,
    readings: Sequence[FaceReading],
    drawn: DrawnHeads,
    work: Work,
) -> Reconstruction:
    rig = SixJoints.of(pack.head)
    rows = rows_to_show(pack, drawn, request.keep, _show(request), work.check)
    notes = dict.fromkeys(note for reading in readings for note in reading.notes)
    return Reconstruction(
        name=request.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        views=tuple(reading.view for reading in readings),
        pack=pack.record,
        settings=_settings(session, request),
        identities=identity_hypotheses(drawn.ranking, rows),
        expressions=expression_hypotheses(drawn.expressions),
        expression_names=pack.expression_names,
        joints=rig.names,
        joint_parents=rig.parents,
        parts=pack.head.part_names,
        notes=tuple(map(Sentence, (*session.notes, *notes))),
        folder=Path(request.out) / (request.name + SUFFIX),
    )


def _iris_colour(readings: Sequence[FaceReading]) -> np.ndarray | None:
    """(3,) of the first photo whose eyes are seen well enough."""
    return next((one.iris_colour for one in readings if one.iris_colour is not None), None)


def _settings(session: Session, request: protocol.Reconstruct) -> SettingsRecord:
    return SettingsRecord(
        **asdict(SamplingParams.of(request)),
        device=str(session.device),
        threads=session.threads,
        engine=__version__,
        torch=torch.__version__,
        mode=request.mode,
        hints=request.hints,
        show=_show(request),
    )


def _show(request: protocol.Reconstruct) -> str:
    """A `Show`; the published demo knows one."""
    return Show.LIKELY if request.mode == Mode.AS_PUBLISHED else request.show


def _check(request: protocol.Reconstruct) -> None:
    """Raises OferError(BAD_REQUEST) where the request makes no sense."""
    if request.mode not in tuple(Mode):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There is no mode {mode}.",
            "Choose one of {choices}.",
            mode=repr(request.mode),
            choices=", ".join(Mode),
        )
    if request.show not in tuple(Show):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "Heads cannot be shown as {show}.",
            "Choose one of {choices}.",
            show=repr(request.show),
            choices=", ".join(Show),
        )
    if not 1 <= len(request.photos) <= _MOST_PHOTOS:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "A person cannot be made from {photos} photos.",
            "Choose 1 to {most} photos of one person.",
            photos=len(request.photos),
            most=_MOST_PHOTOS,
        )
    check_name(request.name)
    check_sampling(SamplingParams.of(request))
    check_hints(request.hints)
    if request.mode == Mode.AS_PUBLISHED:
        _check_as_published(request)


def _check_as_published(request: protocol.Reconstruct) -> None:
    published = (PUBLISHED_CANDIDATES, PUBLISHED_EXPRESSIONS)
    if (request.identities, request.expressions) != published:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The mode as-published draws 100 heads and 15 expressions, no other numbers.",
            "Leave both numbers, or choose the mode {corrected}.",
            corrected=Mode.CORRECTED,
        )
    if len(request.photos) > 1 or request.guidance > 0 or request.hints.given:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The mode as-published takes one photo, without hints or guidance.",
            "Give one photo without hints or guidance, or choose the mode {corrected}.",
            corrected=Mode.CORRECTED,
        )
