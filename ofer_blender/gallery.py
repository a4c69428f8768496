"""The gallery of a head: its hypotheses with pictures, best first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from ..ofer_engine.contract.reconstruction import Hypothesis
from . import disagreement, hypotheses, kept_folder, previews
from .delivery import Delivery
from .frame import to_blender


def fill(head: bpy.types.Object, delivery: Delivery) -> None:
    """List all hypotheses of a reconstruction, and the expression `neutral`, on a new head."""
    reconstruction = delivery.record
    head.ofer.is_head = True
    head.ofer.folder = str(Path(reconstruction.folder).absolute())
    head.ofer.basis = head.ofer.expressions_of = reconstruction.identities[0].name
    _list_identities(head, delivery, reconstruction.identities)
    neutral = head.ofer.expressions.add()
    neutral.name = hypotheses.NEUTRAL
    best = head.ofer.identities[head.ofer.basis]
    previews.keep(neutral, best.picture)
    for hypothesis in reconstruction.expressions:
        _describe(head.ofer.expressions.add(), delivery, hypothesis)
    disagreement.colour(head, delivery.arrays.identity_spread)
    kept_folder.keep(head, delivery)


def add_draw(head: bpy.types.Object, delivery: Delivery) -> list[str]:
    """Add the identities drawn last to a head, as keys, sorted into its gallery; gives their names.

    Those that the head has, or had and lost to the artist's hand, are left alone.
    """
    reconstruction, arrays = delivery.record, delivery.arrays
    latest = max(hypothesis.draw for hypothesis in reconstruction.identities)
    new = []
    for hypothesis, shape in zip(reconstruction.identities, arrays.identity_vertices, strict=True):
        if hypothesis.draw == latest and hypothesis.name not in head.ofer.identities:
            key = head.shape_key_add(name=hypothesis.name, from_mix=False)
            hypotheses.set_points(key, shape)
            key.value = 0.0
            new.append(hypothesis)
    _list_identities(head, delivery, new)
    head.ofer.folder = str(Path(reconstruction.folder).absolute())
    disagreement.colour(head, arrays.identity_spread)
    kept_folder.keep(head, delivery)
    return [hypothesis.name for hypothesis in new]


def renew_expressions(head: bpy.types.Object, shapes: np.ndarray) -> None:
    """Give each expression the shape computed for the head as it is; strengths stay.

    shapes : (E, V, 3) float32, metres, Blender frame, in the order of the candidates.
    """
    for item in head.ofer.expressions:
        key = head.data.shape_keys.key_blocks.get(item.name)
        if key and item.name != hypotheses.NEUTRAL and item.candidate < len(shapes):
            hypotheses.set_points(key, shapes[item.candidate])
    head.ofer.expressions_of = head.ofer.basis
    head.data.update()


def expressions_off(head: bpy.types.Object, shapes: np.ndarray) -> float:
    """Metres by which the expression keys differ at most from shapes as `renew_expressions`."""
    worst = 0.0
    for item in head.ofer.expressions:
        key = head.data.shape_keys.key_blocks.get(item.name)
        if key and item.name != hypotheses.NEUTRAL and item.candidate < len(shapes):
            off = np.abs(hypotheses.points(key) - shapes[item.candidate]).max()
            worst = max(worst, float(off))
    return worst


def read_expressions(path: Path) -> np.ndarray:
    """(E, V, 3) float32, metres, Blender frame, of the engine's answer to `Express`."""
    with np.load(path, allow_pickle=False) as answer:
        return to_blender(answer["expression_vertices"])


def _list_identities(head: bpy.types.Object, delivery: Delivery, new: Sequence[Hypothesis]) -> None:
    """Add to the list, keep it best first by the ranking network's score, and renew all shares:
    candidates drawn later are part of the same competition."""
    ranking = delivery.arrays.identity_scores
    chances = np.exp(ranking.astype(np.float64) - ranking.max())
    chances /= chances.sum()
    head.ofer.candidates = len(ranking)
    chosen, shown = hypotheses.chosen_identity(head), hypotheses.identity_values(head)
    for hypothesis in new:
        item = head.ofer.identities.add()
        _describe(item, delivery, hypothesis)
        item.ranking = float(ranking[hypothesis.candidate])
    _sort(head)
    for rank, item in enumerate((i for i in head.ofer.identities if i.candidate >= 0), 1):
        item.rank, item.score = rank, float(chances[item.candidate])
    if chosen:
        head.ofer.identity_index = head.ofer.identities.find(chosen)  # which shows just that one
        hypotheses.set_identities(head, shown)


def _describe(item: bpy.types.PropertyGroup, delivery: Delivery, hypothesis: Hypothesis) -> None:
    item.name, item.rank, item.draw = hypothesis.name, hypothesis.rank, hypothesis.draw
    item.score, item.candidate = hypothesis.score, hypothesis.candidate
    previews.keep(item, delivery.pictures[hypothesis.name])


def _sort(head: bpy.types.Object) -> None:
    """Blends first, then by the ranking network, those of equal score as they were drawn."""
    items = head.ofer.identities
    wanted = sorted(items, key=lambda i: (i.candidate >= 0, -i.ranking, i.draw, i.rank))
    for place, name in enumerate([item.name for item in wanted]):
        items.move(items.find(name), place)
