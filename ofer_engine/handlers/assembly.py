"""From drawn coefficients to a finished reconstruction: meshes, order, pictures, record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arkit.six_joints import SixJoints
from ..batch_sizes import LARGE
from ..contract.protocol import HypothesisReady
from ..contract.reconstruction import Reconstruction
from ..contract.records import Hypothesis, Show
from ..contract.sentence import Sentence
from ..heads.part_masks import part_masks
from ..packs.pack import Pack
from ..pipeline import Person, Ranking, Reconstructor
from ..preview.thumbnails import Look, picturable, thumbnail
from ..progress import Progress, Work
from ..ranking.diverse import most_different
from .certainty import (
    identity_modes,
    identity_spread,
    plain_heads,
    shape_spreads,
    vertex_visible,
)
from .draft import Draft
from .hint_arrays import hint_arrays
from .reconstruction_arrays import ReconstructionArrays

PICTURING: Final = "Rendering the pictures"


@dataclass(frozen=True)
class DrawnHeads:
    """identities : (N, K); ranking : of them; expressions : (E, X) for each photo, the most typical
    first."""

    identities: np.ndarray
    ranking: Ranking
    expressions: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class ShownHeads:
    """Hypotheses of one kind and their heads: the row of the first in the folder's array of them,
    and vertices (n, V, 3), metres."""

    kind: str
    hypotheses: tuple[Hypothesis, ...]
    first: int
    vertices: np.ndarray


def rows_to_show(
    pack: Pack, drawn: DrawnHeads, keep: int, show: str, check: Callable[[], None]
) -> np.ndarray:
    """(keep,) rows of the candidates to choose from. show : a `Show`; check : called now and again,
    may raise to stop."""
    order = drawn.ranking.order
    if show == Show.LIKELY:
        return order[:keep]
    points = pack.head.rank_vertices
    parts = np.array_split(drawn.identities, -(-len(order) // LARGE.heads))
    shapes = []
    for part in parts:
        check()
        shapes.append(plain_heads(pack, part)[:, points])  # which are of the skin, not of the teeth
    return most_different(order, np.concatenate(shapes), keep)


def identity_hypotheses(
    ranking: Ranking, rows: np.ndarray, shown: int = 0, candidates: int = 0, draw: int = 0
) -> tuple[Hypothesis, ...]:
    """Some heads of one draw. rows : of its candidates, as they are to be shown; shown, candidates
    : how many there were of each before this draw."""
    return tuple(
        Hypothesis(
            f"identity_{shown + rank:02d}",
            rank,
            float(ranking.chances[row]),
            candidates + int(row),
            draw,
        )
        for rank, row in enumerate(rows, 1)
    )


def expression_hypotheses(expressions: Sequence[np.ndarray]) -> tuple[Hypothesis, ...]:
    """All of them, photo by photo. expressions : (E, X) for each photo."""
    found: list[Hypothesis] = []
    for view, drawn in enumerate(expressions):
        for rank in range(1, len(drawn) + 1):
            row = len(found)
            found.append(Hypothesis(f"expression_{row + 1:02d}", rank, 0.0, row, 0, view))
    return tuple(found)


def neutral_heads(
    pack: Pack, identities: np.ndarray, check: Callable[[], None], heads: int = LARGE.heads
) -> np.ndarray:
    """(n, V, 3) float32 metres of coefficients (n, K). check : called now and again, may raise to
    stop; heads : computed at once."""
    found = _empty_heads(pack, len(identities))
    for first in range(0, len(identities), heads):
        part = identities[first : first + heads]
        found[first : first + heads] = _withdrawn(pack, plain_heads(pack, part), check)
    return found


def expressive_heads(
    pack: Pack,
    identity: np.ndarray,
    expressions: np.ndarray,
    check: Callable[[], None],
    heads: int = LARGE.heads,
) -> np.ndarray:
    """(E, V, 3) float32 metres: one head (K,) with each expression (E, X). check : called now and
    again, may raise to stop; heads : computed at once."""
    found = _empty_heads(pack, len(expressions))
    for first in range(0, len(expressions), heads):
        part = expressions[first : first + heads]
        repeated = np.broadcast_to(identity, (len(part), len(identity)))
        found[first : first + heads] = _withdrawn(pack, pack.head.vertices(repeated, part), check)
    return found


def _withdrawn(pack: Pack, heads: np.ndarray, check: Callable[[], None]) -> np.ndarray:
    """Heads (n, V, 3) with teeth behind the skin, in place: each takes a while."""
    for row in range(len(heads)):
        check()
        heads[row] = pack.head.teeth_withdrawn(heads[row : row + 1])[0]
    return heads


def _empty_heads(pack: Pack, count: int) -> np.ndarray:
    return np.empty((count, *pack.head.template.shape), np.float32)


def head_model_arrays(pack: Pack) -> dict[str, np.ndarray]:
    """The arrays that are the same for every head of a pack, by name."""
    arrays = {name: getattr(pack.head, name) for name in ("polygons", "uv", "part")}
    arrays["skin_weights"] = SixJoints.of(pack.head).skin_weights
    if pack.head.annotated is not None:
        arrays["part_masks"] = part_masks(pack.head.annotated)
    correctives = pack.head.jaw_correctives()
    return arrays if correctives is None else arrays | {"jaw_correctives": correctives}


def evidence_arrays(person: Person) -> dict[str, np.ndarray]:
    """The arrays of what the photos show, by name: enough to draw again without them."""
    photos = person.photos
    contexts = {
        f"context_{name}": getattr(person.contexts, name).cpu().numpy()
        for name in ("identity", "ranking", "expression")
    }
    return contexts | {
        "evidence_points": np.stack([photo.points for photo in photos]),
        "evidence_deviation": np.stack([photo.deviation for photo in photos]),
        "evidence_visible": np.stack([photo.visible for photo in photos]),
        "evidence_vertices": photos[0].vertices,
        "expression_shift": np.stack([photo.shift for photo in photos]),
    }


def candidate_arrays(
    reconstructor: Reconstructor,
    coefficients: np.ndarray,
    scores: np.ndarray,
    free: np.ndarray,
    check: Callable[[], None],
) -> dict[str, np.ndarray]:
    """The arrays of all candidates, by name.

    coefficients : (N, K); scores : (N,); free : (N,) bool, those of which the photos alone tell:
    they say what is open; check : called now and again, may raise to stop.
    """
    pack = reconstructor.pack
    order = Ranking.of(scores).order
    best = neutral_heads(pack, coefficients[order[:1]], check)[0]
    from_photos = coefficients[free]
    spread = identity_spread(pack, from_photos, check, reconstructor.batch_sizes.heads)
    check()
    with_photo, without = shape_spreads(pack, from_photos)
    check()
    hints = hint_arrays(pack, coefficients, from_photos, reconstructor.person.photos)
    check()
    modes = identity_modes(pack, from_photos)
    check()
    return {
        "identity_coefficients": coefficients,
        "identity_scores": scores,
        "identity_order": order.astype(np.int32),
        "identity_spread": spread,
        "identity_modes": modes,
        "shape_spread": with_photo,
        "prior_spread": without,
        "vertex_visible": vertex_visible(pack, reconstructor.person.photos, best),
    } | hints


def assemble(
    reconstructor: Reconstructor,
    record: Reconstruction,
    drawn: DrawnHeads,
    check: Callable[[], None],
) -> ReconstructionArrays:
    """The arrays of a first draw, but for the ARKit units. check : may raise to stop."""
    pack = reconstructor.pack
    kept = drawn.identities[[hypothesis.candidate for hypothesis in record.identities]]
    expressions = np.concatenate(drawn.expressions)
    heads = reconstructor.batch_sizes.heads
    return ReconstructionArrays.of(
        head_model_arrays(pack)
        | evidence_arrays(reconstructor.person)
        | {
            "identity_vertices": neutral_heads(pack, kept, check, heads),
            "identity_joints": SixJoints.of(pack.head).joints(kept),
            "expression_vertices": expressive_heads(pack, kept[0], expressions, check, heads),
            "expression_coefficients": expressions,
        }
        | candidate_arrays(
            reconstructor,
            drawn.identities,
            drawn.ranking.scores,
            np.ones(len(drawn.identities), bool),
            check,
        )
    )


def shown_heads(
    record: Reconstruction, arrays: ReconstructionArrays
) -> tuple[ShownHeads, ShownHeads]:
    """What is to be pictured of a first draw."""
    return (
        ShownHeads("identity", record.identities, 0, arrays.identity_vertices),
        ShownHeads("expression", record.expressions, 0, arrays.expression_vertices),
    )


def size_notes(pack: Pack, shown: Sequence[ShownHeads]) -> tuple[str, ...]:
    """One sentence where heads are larger than heads are, so that they cannot be pictured."""
    look = Look.of_head(pack.head)
    heads = [vertices for group in shown for vertices in group.vertices]
    strange = sum(not picturable(vertices, look) for vertices in heads)
    if not strange:
        return ()
    return (
        Sentence(
            "{strange} of {heads} heads are not pictured: no head is as large. Import the "
            "weights again, unless they are meant to be invented.",
            strange=strange,
            heads=len(heads),
        ),
    )


def picture(
    draft: Draft,
    pack: Pack,
    shown: Sequence[ShownHeads],
    work: Work,
    progress: Progress,
    iris: np.ndarray | None = None,
) -> None:
    """Picture heads one by one and tell the client of each at once. iris : (3,) sRGB, if known."""
    look = Look.of_head(pack.head)
    if iris is not None:
        look = look.with_irises(iris)
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
