"""Template, identity modes and expression units of the open head, in real metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .drawn_head import DrawnHead
from .expression_units import load_units, narrow_eyes
from .human_prior import SliderPrior
from .identity_basis import identity_basis, without_similarity
from .lash_trim import lash_trim
from .makehuman import MakeHuman

MODES: Final = 60
LID_REST: Final = 0.13
_OUTER_TRUST: Final = 0.25
_INNER_TRUST: Final = 0.05


@dataclass(frozen=True)
class OpenHeadShape:
    """template : (V, 3) float64 metres, origin at the head joint; identity : (K, V, 3) per 1 sd;
    expression : (52, V, 3); joints : (6, 3); joints_identity : (K, 6, 3); share : (K,) of the
    variance up to each mode; lost : mean metres on the face beyond the K modes."""

    template: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    joints: np.ndarray
    joints_identity: np.ndarray
    share: np.ndarray
    lost: float


def shape_open_head(makehuman: MakeHuman, drawn: DrawnHead, prior: SliderPrior) -> OpenHeadShape:
    """Mean person, principal modes and units. Raises ValueError for a prior of other sliders."""
    head = drawn.sliders
    if prior.names != head.names:
        raise ValueError("The slider prior was measured on other sliders.")
    count, scale = head.vertex_count, prior.metric_scale
    mean = scale * (head.average + np.tensordot(prior.mean, head.columns, 1))
    mean = (mean + mean[head.mirror] * [-1, 1, 1]) / 2
    face = np.flatnonzero(drawn.front)
    columns = scale * np.tensordot(prior.factor.T, head.columns, 1)
    columns = without_similarity(mean, columns, face)
    weights = np.full(len(mean), _INNER_TRUST)
    weights[:count][drawn.outer] = _OUTER_TRUST
    weights[face] = 1
    basis = identity_basis(columns, head.mirror, weights, face, MODES)
    units = scale * load_units(makehuman, head.cut)
    template, units = narrow_eyes(mean[:count], units, LID_REST)
    trim = lash_trim(head.cut, template)
    return OpenHeadShape(
        trim(template),
        trim(basis.modes[:, :count]),
        trim(units),
        mean[count:],
        basis.modes[:, count:],
        basis.share,
        basis.lost,
    )
