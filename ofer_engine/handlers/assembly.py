"""From drawn coefficients to a finished reconstruction: meshes, order, pictures, record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arkit.six_joints import SixJoints
from ..contract.protocol import HypothesisReady
from ..contract.reconstruction import Reconstruction
from ..contract.records import Hypothesis
from ..heads.open_head import OpenHead
from ..heads.teeth import Teeth
from ..packs.pack import Pack
from ..pipeline import Person, Ranking, Reconstructor
from ..portion import LARGE
from ..preview.thumbnails import Look, picturable, thumbnail
from ..progress import Progress, Work
from ..published.flame import FlameHead
from .certainty import identity_spread, vertex_visible
from .draft import Draft

PICTURING: Final = "Picturing the hypotheses"


@dataclass(frozen=True)
class Drawn:
    """identities : (N, K); ranking : of them; expressions : (E, X) for each photo, the most typical
    first."""

    identities: np.ndarray
    ranking: Ranking
    expressions: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Shown:
    """Hypotheses of one kind and their heads: the row of the first in the folder's array of them,
    and vertices (n, V, 3), metres."""

    kind: str
    hypotheses: tuple[Hypothesis, ...]
    first: int
    vertices: np.ndarray


def identity_hypotheses(
    ranking: Ranking, keep: int, shown: int = 0, candidates: int = 0, draw: int = 0
) -> tuple[Hypothesis, ...]:
    """The best of one draw. shown, candidates : how many there were of each before this draw."""
    return tuple(
        Hypothesis(
            f"identity_{shown + rank:02d}",
            rank,
            float(ranking.chances[row]),
            candidates + int(row),
            draw,
        )
        for rank, row in enumerate(ranking.order[:keep], 1)
    )


def expression_hypotheses(expressions: Sequence[np.ndarray]) -> tuple[Hypothesis, ...]:
    """All of them, photo by photo. expressions : (E, X) for each photo."""
    found: list[Hypothesis] = []
    for view, drawn in enumerate(expressions):
        for rank in range(1, len(drawn) + 1):
            row = len(found)
            found.append(Hypothesis(f"expression_{row + 1:02d}", rank, 0.0, row, 0, view))
    return tuple(found)


def neutral_heads(pack: Pack, identities: np.ndarray, heads: int = LARGE.heads) -> np.ndarray:
    """(n, V, 3) float32 metres of coefficients (n, K). heads : computed at once."""
    found = _room(pack, len(identities))
    for first in range(0, len(identities), heads):
        part = identities[first : first + heads]
        still = np.zeros((len(part), pack.expressions), np.float32)
        found[first : first + heads] = _mouths_mended(pack, pack.head.vertices(part, still))
    return found


def expressive_heads(
    pack: Pack, identity: np.ndarray, expressions: np.ndarray, heads: int = LARGE.heads
) -> np.ndarray:
    """(E, V, 3) float32 metres: one head (K,) with each expression (E, X). heads : at once."""
    found = _room(pack, len(expressions))
    for first in range(0, len(expressions), heads):
        part = expressions[first : first + heads]
        repeated = np.broadcast_to(identity, (len(part), len(identity)))
        found[first : first + heads] = _mouths_mended(pack, pack.head.vertices(repeated, part))
    return found


def _room(pack: Pack, count: int) -> np.ndarray:
    return np.empty((count, *pack.head.template.shape), np.float32)


def _mouths_mended(pack: Pack, heads: np.ndarray) -> np.ndarray:
    """Heads (n, V, 3) whose teeth stay behind the skin: the model's own sums push them through."""
    teeth = Teeth.of(pack.head) if isinstance(pack.head, OpenHead) else None
    if teeth is None or not len(heads):
        return heads
    return np.stack([teeth.withdrawn(each) for each in heads])


def write_head_model(draft: Draft, pack: Pack) -> None:
    """The arrays that are the same for every head of a pack."""
    for name in ("polygons", "uv", "part"):
        draft.array(name, getattr(pack.head, name))
    draft.array("skin_weights", SixJoints.of(pack.head).skin_weights)
    if isinstance(pack.head, FlameHead):
        draft.array("jaw_correctives", pack.head.jaw_correctives())


def write_person(draft: Draft, person: Person) -> None:
    """The arrays of what the photos show: enough to draw again without them."""
    photos = person.photos
    draft.array("evidence_points", np.stack([photo.points for photo in photos]))
    draft.array("evidence_deviation", np.stack([photo.deviation for photo in photos]))
    draft.array("evidence_visible", np.stack([photo.visible for photo in photos]))
    draft.array("evidence_vertices", photos[0].vertices)
    draft.array("expression_shift", np.stack([photo.shift for photo in photos]))
    for name in ("identity", "ranking", "expression"):
        draft.array(f"context_{name}", getattr(person.contexts, name).cpu().numpy())


def write_candidates(
    draft: Draft,
    reconstructor: Reconstructor,
    coefficients: np.ndarray,
    scores: np.ndarray,
    check: Callable[[], None],
) -> None:
    """The arrays of all candidates. coefficients : (N, K); scores : (N,); check may raise."""
    pack = reconstructor.pack
    order = Ranking.of(scores).order
    best = neutral_heads(pack, coefficients[order[:1]])[0]
    spread = identity_spread(pack, coefficients, check, reconstructor.portion.heads)
    draft.array("identity_coefficients", coefficients)
    draft.array("identity_scores", scores)
    draft.array("identity_order", order.astype(np.int32))
    draft.array("identity_spread", spread)
    draft.array("vertex_visible", vertex_visible(pack, reconstructor.person.photos, best))


def write_drawn(
    draft: Draft,
    reconstructor: Reconstructor,
    record: Reconstruction,
    drawn: Drawn,
    check: Callable[[], None],
) -> tuple[Shown, Shown]:
    """The arrays of a first draw. Returns what is to be pictured; check may raise to stop."""
    pack = reconstructor.pack
    kept = drawn.identities[[hypothesis.candidate for hypothesis in record.identities]]
    expressions = np.concatenate(drawn.expressions)
    heads = reconstructor.portion.heads
    neutral = neutral_heads(pack, kept, heads)
    expressive = expressive_heads(pack, kept[0], expressions, heads)
    draft.array("identity_vertices", neutral)
    draft.array("identity_joints", SixJoints.of(pack.head).joints(kept))
    draft.array("expression_vertices", expressive)
    draft.array("expression_coefficients", expressions)
    write_candidates(draft, reconstructor, drawn.identities, drawn.ranking.scores, check)
    return (
        Shown("identity", record.identities, 0, neutral),
        Shown("expression", record.expressions, 0, expressive),
    )


def size_notes(pack: Pack, shown: Sequence[Shown]) -> tuple[str, ...]:
    """One sentence where heads are larger than heads are, so that they cannot be pictured."""
    look = Look.of_head(pack.head)
    heads = [vertices for group in shown for vertices in group.vertices]
    strange = sum(not picturable(vertices, look) for vertices in heads)
    if not strange:
        return ()
    return (
        f"{strange} of {len(heads)} heads are not pictured: no head is as large. Import the "
        "weights again, unless they are meant to be invented.",
    )


def picture(
    draft: Draft, pack: Pack, shown: Sequence[Shown], work: Work, progress: Progress
) -> None:
    """Picture heads one by one and tell the client of each at once."""
    look = Look.of_head(pack.head)
    of = sum(len(group.hypotheses) for group in shown)
    number = 0
    for group in shown:
        for row, hypothesis in enumerate(group.hypotheses):
            draft.thumbnail(hypothesis.name, thumbnail(group.vertices[row], look))
            number += 1
            ready = HypothesisReady(
                work.id,
                str(draft.place),
                group.kind,
                hypothesis.name,
                group.first + row,
                hypothesis.rank,
                hypothesis.score,
                number,
                of,
            )
            work.send(ready)
            progress.step(PICTURING, number, of)
