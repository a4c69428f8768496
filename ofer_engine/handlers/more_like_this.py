"""New heads near one of a reconstruction, ranked and added to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..arkit.six_joints import SixJoints
from ..contract import protocol
from ..contract.files.replacement import sweep
from ..contract.files.whole_file import check_place
from ..contract.names import check_name, free_name
from ..contract.reconstruction import ARRAYS, OPTIONAL_ARRAYS, SUFFIX, Reconstruction
from ..contract.records import Addition
from ..contract.sampling import SamplingParams
from ..pipeline import Ranking, Reconstructor
from ..progress import Progress, Work
from ..session import Session
from .assembly import ShownHeads, candidate_arrays, identity_hypotheses, neutral_heads, picture
from .draft import Draft, state_of
from .pinned import are_free, pinned
from .reconstruction_arrays import ReconstructionArrays
from .resume import blended, open_earlier, person_of
from .stages import DRAWING, LOADING, RANKING, WRITING, plan_of_more
from .validation import check_hints, check_sampling, check_share


def answer(session: Session, request: protocol.MoreLikeThis, work: Work) -> protocol.Result:
    """Raises OferError; then the earlier reconstruction is as it was."""
    check_name(request.name)
    params = SamplingParams.of(request)
    check_sampling(params)
    check_share("strength", request.strength)
    check_hints(request.hints)
    check_place(Path(request.out))
    request = _placed(request)
    sweep(Path(request.folder))
    state = state_of(Path(request.folder))
    progress = work.progress(plan_of_more(request))
    progress.step(LOADING, 0, 1)
    earlier, reconstructor = open_earlier(session, request.folder)
    reconstructor.person = person_of(earlier, session.device)
    if request.hints.given:
        reconstructor.set_hints(request.hints)
    head = blended(earlier, request.rows, request.weights)
    measured = pinned(reconstructor.pack, earlier, request.pins) if request.pins else None
    progress.step(LOADING, 1, 1)
    candidates = reconstructor.near(
        head,
        request.strength,
        params,
        lambda i, n: progress.step(DRAWING, i, n),
        work.check,
        measured,
    )
    ranking = reconstructor.rank(candidates)
    progress.step(RANKING, 1, 1)
    draft = Draft(
        Path(request.out) / (request.name + SUFFIX), replace=_is_added(request), earlier=state
    )
    finished = _write(draft, reconstructor, earlier, request, candidates, ranking, work, progress)
    return protocol.Result(request.id, str(finished.folder), finished.notes)


def _placed(request: protocol.MoreLikeThis) -> protocol.MoreLikeThis:
    """The folder's own place, wherever a link to it lies, or another name that nothing has.
    Raises OferError(READ_ONLY | DISK_FULL)."""
    folder = Path(request.folder).resolve()
    if not (_is_added(request) and folder.name.endswith(SUFFIX)):
        name = free_name(Path(request.out), request.name, (SUFFIX,))
        return dataclasses.replace(request, name=name)
    check_place(folder.parent)
    name = folder.name.removesuffix(SUFFIX)
    return dataclasses.replace(request, out=str(folder.parent), name=name)


def _is_added(request: protocol.MoreLikeThis) -> bool:
    """The folder itself grows."""
    wanted = Path(request.out) / (request.name + SUFFIX)
    return wanted.resolve() == Path(request.folder).resolve()


def _write(
    draft: Draft,
    reconstructor: Reconstructor,
    earlier: Reconstruction,
    request: protocol.MoreLikeThis,
    candidates: np.ndarray,
    ranking: Ranking,
    work: Work,
    progress: Progress,
) -> Reconstruction:
    record = _record(earlier, request, ranking, len(earlier.array("identity_scores")))
    added = record.identities[len(earlier.identities) :]
    kept = candidates[ranking.order[: request.keep]]
    heads = neutral_heads(reconstructor.pack, kept, work.check)
    with draft:
        draft.keep_rest(earlier, added)
        for hypothesis in (*earlier.identities, *earlier.expressions):
            draft.thumbnail(hypothesis.name, earlier.picture(hypothesis))
        coefficients = earlier.array("identity_coefficients")
        scores = earlier.array("identity_scores")
        computed = candidate_arrays(
            reconstructor,
            np.concatenate([coefficients, candidates]),
            np.concatenate([scores, ranking.scores]),
            are_free(record, len(coefficients) + len(candidates)),
            work.check,
        )
        joints = SixJoints.of(reconstructor.pack.head).joints(kept)
        for name, rows in (("identity_vertices", heads), ("identity_joints", joints)):
            computed[name] = np.concatenate([earlier.array(name), rows])
        draft.arrays(ReconstructionArrays.of(_unchanged(earlier, computed) | computed))
        shown = ShownHeads("identity", added, len(earlier.identities), heads)
        iris = earlier.array("iris_colour") if earlier.has("iris_colour") else None
        picture(draft, reconstructor.pack, [shown], work, progress, iris)
        progress.step(WRITING, 0, 1)
        finished = draft.finish(record)
    progress.step(WRITING, 1, 1)
    return finished


def _record(
    earlier: Reconstruction, request: protocol.MoreLikeThis, ranking: Ranking, candidates: int
) -> Reconstruction:
    addition = Addition(
        seed=request.seed,
        sampler=request.sampler,
        steps=request.steps,
        identities=request.identities,
        keep=request.keep,
        strength=request.strength,
        guidance=request.guidance,
        rows=request.rows,
        weights=request.weights,
        first=candidates,
        pins=request.pins,
        hints=request.hints,
    )
    additions = (*earlier.additions, addition)
    new = identity_hypotheses(
        ranking, ranking.order[: request.keep], len(earlier.identities), candidates, len(additions)
    )
    return dataclasses.replace(
        earlier,
        name=request.name,
        identities=(*earlier.identities, *new),
        additions=additions,
        folder=Path(request.out) / (request.name + SUFFIX),
    )


def _unchanged(
    earlier: Reconstruction, computed: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The earlier arrays, by name, but those that were computed again."""
    optional = [name for name in OPTIONAL_ARRAYS if earlier.has(name)]
    names = [name for name in (*ARRAYS, *optional) if name not in computed]
    return {name: earlier.array(name) for name in names}
