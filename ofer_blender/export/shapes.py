"""The shapes that a file carries: a neutral one, and named keys that move it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ...ofer_engine.contract.arkit import ARKIT_52
from .. import hypotheses, jaw_correctives
from .names import names
from .plan import Keys, Plan, identifier


@dataclass(frozen=True, eq=False)
class Shapes:
    """basis : (V, 3) float32 metres, object frame; names : of the keys in the file;
    moves : (K, V, 3) float32, what each key moves."""

    basis: np.ndarray
    names: tuple[str, ...]
    moves: np.ndarray


def gather(head: bpy.types.Object, plan: Plan) -> Shapes:
    """Units first and in Apple's order, then identities, then expressions, each as it ranks.

    Where what is shown is baked, its keys move the baked shape as they moved the Basis, identities
    become the whole way to their shape.
    """
    keys = head.data.shape_keys
    rest = hypotheses.points(keys.reference_key)
    basis = _shown(head, rest) if plan.bake else rest
    named: dict[str, np.ndarray] = {}
    for source, name in chosen(head, plan):
        shape = hypotheses.points(keys.key_blocks[source])
        is_identity = source in head.ofer.identities
        named[name] = shape - (basis if is_identity else rest)
    moves = np.stack(list(named.values())) if named else np.zeros((0, *basis.shape), np.float32)
    return Shapes(basis, tuple(named), moves)


def chosen(head: bpy.types.Object, plan: Plan) -> list[tuple[str, str]]:
    """(key in the scene, name in the file) of what is shipped."""
    if not plan.preset.keys:
        return []
    there = head.data.shape_keys.key_blocks
    found: list[tuple[str, str]] = []
    if plan.keys in (Keys.ARKIT, Keys.ALL):
        found += zip(ARKIT_52, names(plan.preset.table), strict=True)
    if plan.keys in (Keys.HYPOTHESES, Keys.ALL):
        listed = (*head.ofer.identities.keys(), *head.ofer.expressions.keys())
        found += [(name, identifier(name)) for name in listed]
    return [(source, name) for source, name in found if source in there]


def _shown(head: bpy.types.Object, rest: np.ndarray) -> np.ndarray:
    """(V, 3): the Basis with every key that is on and not muted, but what an open jaw bone adds,
    since the bones rest."""
    shown = rest.astype(np.float64)
    for key in head.data.shape_keys.key_blocks[1:]:
        if key.value and not key.mute and key.name not in jaw_correctives.NAMES:
            shown += key.value * (hypotheses.points(key) - hypotheses.points(key.relative_key))
    return shown.astype(np.float32)
