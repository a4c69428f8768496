"""The gallery of a head: its hypotheses with pictures, best first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from ...ofer_engine.client.reconstruction_reader import LoadedReconstruction
from ...ofer_engine.contract import expression_words
from ...ofer_engine.contract.reconstruction import Hypothesis
from ...ofer_engine.geometry.photo_views import refuted_expressions
from . import certainty, hypotheses, packed_reconstruction, previews, shape_keys
from .head_frame import HeadFrame


def fill(head: bpy.types.Object, loaded: LoadedReconstruction) -> None:
    """List all hypotheses of a reconstruction, and the expression `neutral`, on a new head."""
    reconstruction = loaded.record
    head.ofer.is_head = True
    head.ofer.folder = str(Path(reconstruction.folder).absolute())
    head.ofer.basis = head.ofer.expressions_of = reconstruction.identities[0].name
    _list_identities(head, loaded, reconstruction.identities)
    neutral = head.ofer.expressions.add()
    neutral.name = hypotheses.NEUTRAL
    best = head.ofer.identities[head.ofer.basis]
    previews.keep(neutral, best.picture)
    for hypothesis in reconstruction.expressions:
        _describe(head.ofer.expressions.add(), loaded, hypothesis)
    name_expressions(head, loaded)
    head.ofer.takes_hints = reconstruction.has("hint_pushes")
    certainty.keep(head, loaded.arrays)
    packed_reconstruction.keep(head, loaded)


def name_expressions(head: bpy.types.Object, loaded: LoadedReconstruction) -> None:
    """Call each expression by what moves in it, and hide those that the photo's points speak
    against or that look like an earlier one."""
    arrays, items = loaded.arrays, head.ofer.expressions
    hidden = refuted_expressions(loaded.record)
    meets, neutral = np.flatnonzero(~hidden), arrays.identity_vertices[0]
    rows = np.array([each.candidate for each in loaded.record.expressions], int)
    hidden[meets] = expression_words.alike(arrays.expression_vertices[rows[meets]], neutral)
    for row, hypothesis in enumerate(loaded.record.expressions):
        item = items[hypothesis.name]
        item.hidden = bool(hidden[row])
        if arrays.expression_arkit is not None:
            words = expression_words.words(arrays.expression_arkit[row])
            item.feature, item.second, item.side = words.feature, words.second, words.side


def add_draw(head: bpy.types.Object, loaded: LoadedReconstruction, frame: HeadFrame) -> list[str]:
    """Add the identities drawn last to a head, as keys, sorted into its gallery; gives their names.

    They are laid on the head as it is, sculpted and moved. Those that it has, or had and lost to
    the artist's hand, are left alone.
    """
    reconstruction, arrays = loaded.record, loaded.arrays
    latest = max(hypothesis.draw for hypothesis in reconstruction.identities)
    new = []
    for hypothesis, shape in zip(reconstruction.identities, arrays.identity_vertices, strict=True):
        if hypothesis.draw == latest and hypothesis.name not in head.ofer.identities:
            hypotheses.free_name(head, hypothesis.name)
            key = head.shape_key_add(name=hypothesis.name, from_mix=False)
            shape_keys.set_points(key, frame.shape(shape))
            key.value = 0.0
            new.append(hypothesis)
    _list_identities(head, loaded, new)
    head.ofer.folder = str(Path(reconstruction.folder).absolute())
    certainty.keep(head, arrays)
    packed_reconstruction.keep(head, loaded)
    return [hypothesis.name for hypothesis in new]


def picture_anew(head: bpy.types.Object, folder: Path, painted: bool) -> bool:
    """Give the hypotheses of a head the pictures NAME.png of a folder, and its blends, and the
    neutral expression, those that follow from them; False where nothing changed.

    painted : the pictures show skin; those in clay are kept beside them.
    """
    before = _pictures(head)
    for item in (*head.ofer.identities, *head.ofer.expressions):
        picture = folder / f"{item.name}.png"
        if picture.is_file():
            clay = previews.unpainted(item) if painted else b""
            previews.keep(item, picture.read_bytes(), clay)
    drawn = {item.candidate: item for item in head.ofer.identities if item.candidate >= 0}
    for item in (each for each in head.ofer.identities if each.candidate < 0):
        parts = [(drawn[s.row], s.weight) for s in item.shares if s.row in drawn]
        if len(parts) == len(item.shares):
            previews.keep_mixed(item, parts)
    best, neutral = head.ofer.identities.get(head.ofer.expressions_of), head.ofer.expressions
    if best and hypotheses.NEUTRAL in neutral:
        previews.keep(neutral[hypotheses.NEUTRAL], best.picture, best.clay)
    return before != _pictures(head)


def _pictures(head: bpy.types.Object) -> list[tuple[str, str]]:
    items = (*head.ofer.identities, *head.ofer.expressions)
    return [(item.picture_key, item.clay_key) for item in items]


def _list_identities(
    head: bpy.types.Object, loaded: LoadedReconstruction, new: Sequence[Hypothesis]
) -> None:
    """Add to the list, keep it best first by the ranking network's score, and renew all shares:
    candidates drawn later are part of the same competition."""
    ranking = loaded.arrays.identity_scores
    chances = np.exp(ranking.astype(np.float64) - ranking.max())
    chances /= chances.sum()
    head.ofer.candidates = len(ranking)
    chosen = hypotheses.chosen_identity(head)
    for hypothesis in new:
        item = head.ofer.identities.add()
        _describe(item, loaded, hypothesis)
        item.ranking = float(ranking[hypothesis.candidate])
    _sort(head)
    for rank, item in enumerate((i for i in head.ofer.identities if i.candidate >= 0), 1):
        item.rank, item.score = rank, float(chances[item.candidate])
    if chosen:
        with hypotheses.still(head):
            head.ofer.identity_index = head.ofer.identities.find(chosen)


def _describe(
    item: bpy.types.PropertyGroup, loaded: LoadedReconstruction, hypothesis: Hypothesis
) -> None:
    item.name, item.rank, item.draw = hypothesis.name, hypothesis.rank, hypothesis.draw
    item.score, item.candidate = hypothesis.score, hypothesis.candidate
    previews.keep(item, loaded.pictures[hypothesis.name])


def _sort(head: bpy.types.Object) -> None:
    """Blends first, then by the ranking network, those of equal score as they were drawn."""
    items = head.ofer.identities
    wanted = sorted(items, key=lambda i: (i.candidate >= 0, -i.ranking, i.draw, i.rank))
    for place, name in enumerate([item.name for item in wanted]):
        items.move(items.find(name), place)
