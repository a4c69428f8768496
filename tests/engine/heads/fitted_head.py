"""The bundled head under one camera, and what its expression is fitted to."""

from __future__ import annotations

import numpy as np

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.expression_fit import fitted_expression
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED

HEAD = OpenHead.load(BUNDLED / "open" / "head.npz")
SHAPE = HEAD.template.astype(float)
UNITS = HEAD.expression.astype(float)
SEEN = HEAD.point_vertices
CAMERA = Camera(900.0, np.array([256.0, 256.0]), np.eye(3), np.array([0, 0, -1.0]), 512, 512)


def unit_weights(**given):
    """(52,) of the units whose names begin so."""
    weights = np.zeros(52)
    for stem, value in given.items():
        for number, name in enumerate(ARKIT_52):
            weights[number] = value if name.startswith(stem) else weights[number]
    return weights


def points_of(weights):
    """(P, 2) pixels of the evidence points."""
    return CAMERA.project((SHAPE + np.tensordot(weights, UNITS, 1))[SEEN])


def fitted(points, regressed, *openings, precision):
    """The fit to points, each of one precision, and openings."""
    return fitted_expression(
        SHAPE[SEEN], UNITS[:, SEEN], points, np.full(len(SEEN), precision), regressed,
        np.full(52, 0.1), CAMERA.focal, CAMERA.centre, (512, 512), openings=openings,
    )  # fmt: skip
